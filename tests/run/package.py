# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection, installs the tarball where nothing else lies, and looks at what a user then has.

``python3 -m tests.run.package`` checks it and ends with "N passed, N failed"; install() is what the demo and
the bench use.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.run import env
from tests.run.checks import Check, print_checks

NAME = "webmedic.php_fpm"
NEVER_SHIPPED = (
    "tests/",
    "molecule/",
    "examples/",
    ".github/",
    ".ci/",
    ".cache/",
    "requirements/",
    "Makefile",
    "pyproject.toml",
)


def build(home: Path, target: Path = env.WORK / "dist") -> Path:
    """The tarball of the checkout as it is now, alone in the directory target."""
    shutil.rmtree(target, ignore_errors=True)
    root = env.tree()
    env.sh(
        [
            home / "bin" / "ansible-galaxy",
            "collection",
            "build",
            "--output-path",
            target,
            root / env.COLLECTION,
        ],
        env=env.environ(home),
    )
    return next(target.glob("*.tar.gz"))


def install(home: Path, name: str = "installed") -> Path:
    """Where the freshly built tarball is now installed: a collections path with nothing else in it.

    name: of the directory. A runner beside which others install has one of its own.
    """
    tarball = build(home, env.WORK / ("dist-" + name))
    target = env.WORK / name
    shutil.rmtree(target, ignore_errors=True)
    env.sh(
        [home / "bin" / "ansible-galaxy", "collection", "install", "--offline", "-p", target, tarball],
        env=env.environ(home, target),
    )
    return target


def documentation(home: Path, collections: Path, kind: str) -> dict[str, object]:
    done = subprocess.run(
        [str(home / "bin" / "ansible-doc"), "-t", kind, "--json", "--list", NAME],
        env=env.environ(home, collections),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return json.loads(done.stdout) if done.returncode == 0 else {}


def syntax(home: Path, collections: Path, playbook: str) -> bool:
    done = subprocess.run(
        [
            str(home / "bin" / "ansible-playbook"),
            "--syntax-check",
            "-i",
            "localhost,",
            "%s.%s" % (NAME, playbook),
        ],
        env=env.environ(home, collections),
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode == 0


def verified(home: Path, collections: Path) -> str | None:
    """What ansible-galaxy says of files that are not the tarball's; None when all are."""
    argv = [
        str(home / "bin" / "ansible-galaxy"),
        *("collection", "verify", "--offline", NAME, "-p", str(collections)),
    ]
    done = subprocess.run(
        argv,
        env=env.environ(home, collections),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode else None


def named(names: Iterable[object]) -> str | None:
    return ", ".join(sorted(map(str, names))) or None


def prove() -> Iterator[Check]:
    home = env.venv("dev", env.controller())
    installed = install(home)
    [tarball] = (env.WORK / "dist-installed").glob("*.tar.gz")
    with tarfile.open(tarball) as archive:
        shipped = archive.getnames()
    modules = {"%s.%s" % (NAME, path.stem) for path in (env.CHECKOUT / "plugins" / "modules").glob("*.py")}
    roles = {
        "%s.%s" % (NAME, path.parent.parent.name)
        for path in (env.CHECKOUT / "roles").glob("*/meta/argument_specs.yml")
    }
    yield Check(NAME, "the installed files are those of the tarball", verified(home, installed))
    yield Check(
        NAME,
        "only what a user needs is shipped",
        named(name for name in shipped if name.startswith(NEVER_SHIPPED)),
    )
    callbacks = {"%s.%s" % (NAME, path.stem) for path in (env.CHECKOUT / "plugins" / "callback").glob("*.py")}
    for kind, expected in (("module", modules), ("role", roles), ("callback", callbacks)):
        documented = set(documentation(home, installed, kind))
        yield Check(NAME, "every %s is documented" % kind, named(expected ^ documented))
    extensions = (
        "extensions/eda/rulebooks/cure.yml",
        "extensions/eda/plugins/event_filter/alertmanager_hosts.py",
    )
    yield Check(NAME, "the rulebook and its filter are shipped", named(set(extensions) - set(shipped)))
    missing = [
        name
        for name in ("LICENSE", "CHANGELOG.md", "README.md")
        if not (installed / env.COLLECTION / name).exists()
    ]
    yield Check(NAME, "the licence, the changelog and the README are there", named(missing))
    for path in sorted((env.CHECKOUT / "playbooks").glob("*.yml")):
        known = syntax(home, installed, path.stem)
        yield Check(path.stem, "the playbook is found by its full name", None if known else "it is not")


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove()))
