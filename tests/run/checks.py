# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every runner of ours proves, and how it is printed and counted."""

import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Check(NamedTuple):
    """One thing that holds, or does not.

    subject: the host, or what else was looked at. what: the thing that must hold. wrong: what was seen
    instead; None when it holds.
    """

    subject: str
    what: str
    wrong: str | None

    @property
    def line(self) -> str:
        """Of a check that failed, the first line says so. tests/run/suite.py looks for these lines."""
        if self.wrong is None:
            return "ok     %s: %s" % (self.subject, self.what)
        return "FAILED %s: %s: %s" % self


def differs(seen: object, wanted: object) -> str | None:
    """What is wrong with what was seen, for a Check."""
    return None if seen == wanted else "%r, not %r" % (seen, wanted)


def ran(argv: Sequence[object], cwd: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    """The exit code of a command, and all that it said."""
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        env=dict(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def complaint(argv: Sequence[object], cwd: Path, variables: Mapping[str, str]) -> str | None:
    """What a command that failed said; None when it did not fail."""
    rc, output = ran(argv, cwd, variables)
    return output[-3000:] if rc else None


def print_checks(checks: Iterable[Check]) -> int:
    """A line for each check as it comes, then their number. Returns the exit code of the runner.

    The last line is "N passed, N failed". A runner that proved nothing has failed.
    """
    began = time.monotonic()
    passed = failed = 0
    for check in checks:
        if check.wrong is None:
            passed += 1
        else:
            failed += 1
        print(check.line, flush=True)
    print("%.0f s" % (time.monotonic() - began))
    print("%d passed, %d failed" % (passed, failed))
    return int(failed > 0 or not passed)
