# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds the collection, installs the tarball where nothing else lies, and looks at what a user then has.

``python3 package.py`` checks it and ends with "N passed, N failed"; install() is what the demo and the bench
use.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import env

NAME = "webmedic.php_fpm"
NEVER_SHIPPED = ("tests/", "molecule/", ".ci/", ".cache/", "requirements/", "Makefile", "pyproject.toml")


def build(home: Path) -> Path:
    """The tarball of the checkout as it is now."""
    target = env.WORK / "dist"
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


def install(home: Path) -> Path:
    """Where the freshly built tarball is now installed: a collections path with nothing else in it."""
    tarball = build(home)
    target = env.WORK / "installed"
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


def main() -> int:
    home = env.venv("dev", env.controller())
    installed = install(home)
    with tarfile.open(next((env.WORK / "dist").glob("*.tar.gz"))) as archive:
        shipped = archive.getnames()
    here = installed / env.COLLECTION
    modules = {"%s.%s" % (NAME, path.stem) for path in (env.CHECKOUT / "plugins" / "modules").glob("*.py")}
    roles = {
        "%s.%s" % (NAME, path.parent.parent.name)
        for path in (env.CHECKOUT / "roles").glob("*/meta/argument_specs.yml")
    }
    playbooks = sorted(path.name for path in (env.CHECKOUT / "playbooks").glob("*.yml"))
    verified = subprocess.run(
        [
            str(home / "bin" / "ansible-galaxy"),
            "collection",
            "verify",
            "--offline",
            NAME,
            "-p",
            str(installed),
        ],
        env=env.environ(home, installed),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    checks = {
        "the installed files are those of the tarball": verified.returncode == 0,
        "only what a user needs is shipped": not [name for name in shipped if name.startswith(NEVER_SHIPPED)],
        "every module is documented": bool(modules)
        and modules == set(documentation(home, installed, "module")),
        "every role is documented": bool(roles) and roles == set(documentation(home, installed, "role")),
        "the licence, the changelog and the README are there": all(
            (here / name).exists() for name in ("LICENSE", "CHANGELOG.md", "README.md")
        ),
    }
    for name in playbooks:
        syntax = subprocess.run(
            [
                str(home / "bin" / "ansible-playbook"),
                "--syntax-check",
                "-i",
                "localhost,",
                "%s.%s" % (NAME, name[:-4]),
            ],
            env=env.environ(home, installed),
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        checks["playbook %s is found by its full name" % name] = syntax.returncode == 0
    for text, held in checks.items():
        print("%s %s" % ("ok    " if held else "FAILED", text))
    failed = list(checks.values()).count(False)
    print("%d passed, %d failed" % (len(checks) - failed, failed))
    return int(failed > 0)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
