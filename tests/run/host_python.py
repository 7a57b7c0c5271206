# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit tests on one Python of hosts: ``python3 -m tests.run.host_python 3.6 [--few] [pytest options]``.
With --few those of what asks a host, reads what it says or changes it: all else is the same arithmetic.

They see what a host has: that Python, its standard library, and the engine's module_utils. The output is
pytest's own.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.run import env

# The engine that manages hosts with this Python: ansible-core 2.17 left 3.6 behind, 2.18 left 3.7.
OLD = ("3.6", "3.7")
TESTS = ("tests/unit/plugins/module_utils", "tests/unit/plugins/modules")
# With --few not these: they ask nothing of the host's Python but its syntax, which a test of each file holds.
PURE = ("actions", "bundle", "plan", "rules", "signatures")
# How work grows with its input is a property of the algorithm: it is measured on the controller's Python.
MEASURED_ONCE = (
    "tests/unit/plugins/module_utils/test_growth.py",
    "tests/unit/plugins/module_utils/test_scale.py",
)
# Of what is generated, all is tried on the controller's Python, a part on each other one.
BATCHES = "2"


def controller_of(version: str) -> Path:
    return env.venv("core-2.16" if version in OLD else "dev", env.controller())


def engine_for_units(home: Path) -> Path:
    """A directory with the engine's module_utils alone, as a host sees them; the rest needs the controller's
    Python.
    """
    target = env.WORK / "target-engine" / home.name
    package = target / "ansible"
    with env.locked("target-engine"):
        if not package.exists():
            package.mkdir(parents=True)
            original = next(home.glob("lib/python3.*/site-packages/ansible"))
            (package / "__init__.py").touch()  # empty on a host, too
            shutil.copy(original / "release.py", package)
            (package / "module_utils").symlink_to(original / "module_utils")
    return target


def main(argv: Sequence[str]) -> None:
    version, *options = argv
    left_out = ["--ignore=" + path for path in MEASURED_ONCE]
    if "--few" in options:
        options.remove("--few")
        left_out += ["-m", "not long"]
        left_out += ["--ignore=%s/%s" % (TESTS[0], name) for name in PURE]
    python = env.interpreter(version)
    if not python:
        sys.exit("no Python %s here" % version)
    home, tree = env.venv("target", python), env.tree()
    path = "%s:%s" % (tree, engine_for_units(controller_of(version)))
    program = str(home / "bin" / "python")
    os.chdir(tree / env.COLLECTION)
    os.execve(
        program,
        [program, "-m", "pytest", "-q", *options, *left_out, *TESTS],
        dict(env.environ(home), PYTHONPATH=path, WEBMEDIC_BATCHES=BATCHES),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
