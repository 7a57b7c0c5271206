# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each guard of a gate is taken away from a scratch copy, and its test must fail.

``python3 -m tests.run.guards [WORD ...]``: the guards with one of these words in their names. The table is
guards.yml. First all tests must pass, or a failure would prove nothing.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.run import env
from tests.run.checks import Check, print_checks, ran
from tests.run.judges import by_last_line, by_pytest

TABLE = Path(__file__).with_suffix(".yml")
CASE = "gate: "  # of tests/integration/gate.py


class Guard(NamedTuple):
    """without: what stands in the file; instead: what stands there when the guard is removed. fails: a test
    of pytest, or CASE with the name of one.
    """

    name: str
    file: str
    without: str
    instead: str
    fails: str


def load() -> list[Guard]:
    return [Guard(**entry) for entry in yaml.safe_load(TABLE.read_text(encoding="utf-8"))]


class Copy:
    """A scratch copy of the checkout, whose tests can be run."""

    def __init__(self) -> None:
        self.root = env.tree("tree-guards")
        self.home = self.root / env.COLLECTION

    def failures(self, tests: Sequence[str]) -> tuple[int, str]:
        """(number of tests that ran and failed, output). A test that could not be run is none."""
        cases = [test.removeprefix(CASE) for test in tests if test.startswith(CASE)]
        units = [test for test in tests if not test.startswith(CASE)]
        failed, outputs = 0, []
        variables = env.environ(Path(sys.prefix), self.root, PYTHONPATH=str(self.root))
        if units:
            argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *units]
            rc, output = ran(argv, self.home, variables)
            failed += by_pytest(rc, output).failed if rc in (0, 1) and "\nERROR " not in output else 0
            outputs.append(output)
        if cases:
            argv = [sys.executable, "-m", "tests.integration.gate", *cases]
            rc, output = ran(argv, env.CHECKOUT, {**variables, "GATE_COLLECTIONS": str(self.root)})
            failed += by_last_line(rc, output).failed if "\nFAILED " in "\n" + output else 0
            outputs.append(output)
        return failed, "\n".join(outputs)

    def unnoticed(self, guard: Guard) -> str | None:
        """Why the guard's removal is not noticed, else None."""
        path = self.home / guard.file
        text = path.read_text(encoding="utf-8")
        if text.count(guard.without) != 1:
            return "%s has %d times: %s" % (guard.file, text.count(guard.without), guard.without)
        path.write_text(text.replace(guard.without, guard.instead), encoding="utf-8")
        try:
            failed, output = self.failures([guard.fails])
        finally:
            path.write_text(text, encoding="utf-8")
        return None if failed else "%s passes without it: %s" % (guard.fails, output[-1500:])


def prove(words: Sequence[str]) -> Iterator[Check]:
    guards = [guard for guard in load() if not words or any(word in guard.name for word in words)]
    copy = Copy()
    tests = list(dict.fromkeys(guard.fails for guard in guards))
    failed, output = copy.failures(tests)
    passed = by_pytest(0, output.split("\n\n", maxsplit=1)[0]).passed or by_last_line(0, output).passed
    yield Check("guards", "their tests pass", None if passed and not failed else output[-3000:])
    for guard in guards:
        yield Check(guard.name, "its test fails without it", copy.unnoticed(guard))


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(print_checks(prove(sys.argv[1:])))
