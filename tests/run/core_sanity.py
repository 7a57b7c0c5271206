# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``ansible-test sanity`` of one release of ansible-core: ``python3 -m tests.run.core_sanity 2.16 [--few]``.

Its environment and its copy of the checkout are made when it runs. --few: without pylint, which takes nine
tenths of the time; ruff and mypy look for the same.
"""

import os
import sys
from collections.abc import Sequence

from tests.run import env

# The Python of each release. The first is that of the developer.
RELEASES = {"2.19": "3.11", "2.16": "3.11", "2.17": "3.11", "2.18": "3.11", "2.21": "3.12"}
DEVELOPERS = next(iter(RELEASES))


def main(argv: Sequence[str]) -> None:
    core, *words = argv
    version = RELEASES[core]
    python = env.interpreter(version)
    if not python:
        sys.exit("no Python %s here" % version)
    developers = core == DEVELOPERS
    home = env.venv("dev", env.controller()) if developers else env.venv("core-" + core, python)
    root = env.tree() if developers else env.tree("tree-" + core)
    program = str(home / "bin" / "python")
    os.chdir(root / env.COLLECTION)
    command = [program, str(home / "bin" / "ansible-test"), "sanity", "--local", "--python", version]
    command += ["--skip-test", "pylint"] if "--few" in words else []
    os.execve(program, command, env.environ(home, root))


if __name__ == "__main__":
    main(sys.argv[1:])
