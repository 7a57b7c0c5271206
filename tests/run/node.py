# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The browser for the report's page, Debian's Chromium, and what drives it: the packages of
tests/integration/page/package-lock.json, installed once for each content of that file.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.run import env

PROGRAMS = env.CHECKOUT / "tests" / "integration" / "page"


def program(name: str, package: str) -> str:
    """Its path; installed where it is missing."""
    if not shutil.which(name):
        env.apt(package)
    return shutil.which(name) or name


def packages() -> Path:
    """The directory that has node_modules."""
    lock = PROGRAMS / "package-lock.json"
    home = env.WORK / "node" / hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    if not (home / "done").exists():
        npm = program("npm", "npm")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PROGRAMS / name, home / name)
        env.sh([npm, "ci", "--prefix", home, "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
        (home / "done").touch()
    return home


def browse(name: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Runs a program of tests/integration/page with Chromium."""
    environment = {
        **os.environ,
        "NODE_PATH": str(packages() / "node_modules"),
        "CHROMIUM": program("chromium", "chromium"),
    }
    argv = [program("node", "nodejs"), str(PROGRAMS / name), *map(str, words)]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=600, check=False)
