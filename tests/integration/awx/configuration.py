# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""examples/awx/controller: run against a fake controller, read against the documentation of its modules."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.integration.awx import rules
from tests.integration.awx.objects import Json
from tests.integration.awx.server import Fake
from tests.integration.awx.store import Store
from tests.run import env, hosts

PROJECT = env.CHECKOUT / "examples" / "awx"
DEPLOY = "deploy.yml"


class Unsafe(str):
    """A text that the engine must not template."""


class Loader(yaml.SafeLoader):
    """YAML with the engine's own tag."""


def unsafe(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Unsafe:
    return Unsafe(loader.construct_scalar(node))


Loader.add_constructor("!unsafe", unsafe)


class Configured(NamedTuple):
    rc: int
    output: str


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)


def playbooks() -> list[str]:
    """What AWX would offer of the project, as it finds it."""
    found = [path for path in sorted(PROJECT.rglob("*.yml")) if "tasks" not in path.parts]
    return [
        str(path.relative_to(PROJECT))
        for path in found
        if any(rules.PLAYBOOK.match(line) for line in path.read_text(encoding="utf-8").splitlines())
    ]


def controller() -> Store:
    """A controller with what names.yml takes for granted."""
    names = load(PROJECT / "controller" / "names.yml")
    store = Store([*playbooks(), DEPLOY])
    organization = store.add("organizations", name=names["awx_organization"])["id"]
    store.add("inventories", name=names["awx_inventory"], organization=organization)
    for name in names["awx_credentials"]:
        store.add("credentials", name=name, organization=organization)
    project = store.add("projects", name="apps", organization=organization)["id"]
    store.add(
        "job_templates",
        name=names["awx_deploy_template"],
        project=project,
        playbook=DEPLOY,
        organization=organization,
        ask_limit_on_launch=True,
    )
    return store


def configure(home: Path, collections: Path, fake: Fake, *words: str, project: Path = PROJECT) -> Configured:
    """As the guide says it. home: where ansible-core is."""
    done = subprocess.run(
        [str(home / "bin" / "ansible-playbook"), "-i", "localhost,", "controller/configure.yml", *words],
        cwd=project,
        env=env.environ(
            home,
            collections,
            CONTROLLER_HOST=fake.url,
            CONTROLLER_OAUTH_TOKEN="a-token-of-the-test",
            ANSIBLE_PIPELINING=hosts.ENGINE["ANSIBLE_PIPELINING"],
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Configured(done.returncode, done.stdout)


class Call(NamedTuple):
    """A task that calls a module of awx.awx, or what module_defaults give to it."""

    place: str
    module: str
    arguments: Json


def calls(project: Path = PROJECT) -> Iterator[Call]:
    (play,) = load(project / "controller" / "configure.yml")
    for module, arguments in play["module_defaults"].items():
        yield Call("module_defaults", module, arguments)
    for path in sorted((project / "controller" / "tasks").glob("*.yml")):
        for task in load(path):
            for word, arguments in task.items():
                if word.startswith("awx.awx."):
                    yield Call("%s: %s" % (path.name, task["name"]), word, arguments)


def documented(home: Path, collections: Path, modules: set[str]) -> Mapping[str, Json]:
    """The options of each module."""
    done = subprocess.run(
        [str(home / "bin" / "ansible-doc"), "-t", "module", "--json", *sorted(modules)],
        env=env.environ(home, collections),
        stdout=subprocess.PIPE,
        check=True,
    )
    return {name: found["doc"]["options"] for name, found in json.loads(done.stdout).items()}


def unknown(call: Call, options: Mapping[str, Json]) -> list[str]:
    """Arguments that the module does not have; those of an argument's own dictionary too, where its
    documentation names them.
    """
    names = {*options, *(alias for option in options.values() for alias in option.get("aliases", []))}
    wrong = [name for name in call.arguments if name not in names]
    for name, value in call.arguments.items():
        inner = (options.get(name) or {}).get("suboptions")
        if inner and isinstance(value, dict):
            wrong += ["%s.%s" % (name, key) for key in value if key not in inner]
    return wrong
