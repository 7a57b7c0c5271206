# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module on every Python that this machine has: ``python3 -m tests.run.matrix [--few | VERSION ...]``.

All that hosts get is imported by each of them. A module runs in process, network and mount namespaces of its
own, where no web server is: it must say so and not fall over. --few: on the oldest, since hosts of the lab
have newer ones.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.run import env
from tests.run.checks import Check, print_checks
from tests.run.host_python import controller_of, engine_for_units

ANSWER = re.compile(r"^(\S+) \| (\S+) => (.*)$", re.M)
# What a module must be told, and has no default.
ARGUMENTS = {
    "fpm_ping": "endpoint=unix:/run/php/none.sock",
    "swap_file": "path=/none state=absent",
    "monitor_program": "path=/usr/none state=absent",
    "site_info": "name=none user=none",
    "site_pair": "name=none state=absent",
    "fpm_config": """{"pool": "none", "settings": {"pm": "static"}}""",
    "nginx_config": """{"context": [{"http": ""}], "directive": "sendfile", "args": ["on"]}""",
}
# What has nothing to change where no web server is, and says so as a failure.
REFUSES = {
    "fpm_config": "on this host: no php-fpm at all",
    "nginx_config": "there is no nginx on this host",
    "site_info": "nginx does not run on this host",
}


IMPORT = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
places = ["*/*/*/plugins/%s/**/*.py" % part for part in ("module_utils", "modules")]
paths = [path for place in places for path in root.glob(place)]
for path in sorted(paths):
    importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
print("%d files" % len(paths))
"""


def imports(version: str, python: str, tree: Path) -> Check:
    """All that hosts get, imported by that Python, with nothing but what hosts have."""
    done = subprocess.run(
        [python, "-c", IMPORT, str(tree)],
        cwd="/",
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH="%s:%s" % (tree, engine_for_units(controller_of(version)))),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Check(
        "Python " + version, "it imports all that hosts get", done.stdout if done.returncode else None
    )


def empty_place(version: str, python: str) -> Path:
    """An interpreter for Ansible that sees no process and no network of this machine."""
    script = env.WORK / "empty-place" / ("python" + version)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text('#!/bin/sh\nexec unshare --pid --fork --mount-proc --net -- %s "$@"\n' % python)
    script.chmod(0o755)
    return script


def verdict(module: str, status: str, answer: str) -> str | None:
    """What is wrong with the answer of a module on a host without a web server; None when nothing is."""
    if module in REFUSES:
        return (
            None
            if status == "FAILED" and REFUSES[module] in answer
            else "it does not refuse: %s" % answer[-2000:]
        )
    if status != "SUCCESS":
        return answer[-2000:]
    try:
        result = json.loads(answer)
    except ValueError:
        return "no JSON: %s" % answer[:500]
    if result.get("changed"):
        return "it says that it changed the host"
    if module == "diagnosis_info" and result.get("status") != "not_applicable":
        return "status is %s where no web server is" % result.get("status")
    return None


def modules(pythons: Mapping[str, str], home: Path, tree: Path) -> Iterator[Check]:
    """Each module once, on every one of these Pythons at once. home: of the engine that manages them."""
    inventory = env.WORK / ("matrix-%s.ini" % home.name)
    inventory.write_text(
        "".join(
            "python%s ansible_connection=local ansible_python_interpreter=%s\n"
            % (version, empty_place(version, python))
            for version, python in pythons.items()
        )
    )
    for path in sorted((tree / env.COLLECTION / "plugins" / "modules").glob("*.py")):
        if (path.parents[1] / "action" / path.name).exists():
            continue  # it runs on the controller
        module = path.stem
        output = ad_hoc(home, tree, inventory, module)
        answers = {host: (status.rstrip("!"), text) for host, status, text in ANSWER.findall(output)}
        for version in pythons:
            status, text = answers.get("python" + version, ("no answer", output))
            yield Check("Python " + version, "%s runs" % module, verdict(module, status, text))


def ad_hoc(home: Path, tree: Path, inventory: Path, module: str) -> str:
    """What ansible prints, one line a host."""
    options = ["-i", str(inventory), "-o", "-f", "2", "-m", "webmedic.php_fpm." + module]
    return subprocess.run(
        ["ansible", "all", *options, "-a", ARGUMENTS.get(module, "")],
        env=env.environ(
            home,
            tree,
            ANSIBLE_PIPELINING="true",
            ANSIBLE_DEPRECATION_WARNINGS="false",
            ANSIBLE_LOCALHOST_WARNING="false",
        ),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


def prove(wanted: Sequence[str]) -> Iterator[Check]:
    known = [version for version in env.TARGET_PYTHONS if env.interpreter(version)]
    versions = known[:1] if "--few" in wanted else wanted or known
    pythons = {version: python for version in versions for python in [env.interpreter(version)] if python}
    tree = env.tree()
    for version, python in pythons.items():
        yield imports(version, python, tree)
    engines = {version: controller_of(version) for version in pythons}
    for home in sorted(set(engines.values())):
        share = {version: python for version, python in pythons.items() if engines[version] == home}
        yield from modules(share, home, tree)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove(sys.argv[1:])))
