# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the runners on a few hosts share: a check and its line, and scripts in the hosts of a fleet."""

import os
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import hosts
from webmedic_lab.data import Spec
from webmedic_lab.engine import execute
from webmedic_lab.fleet import Fleet


class Check(NamedTuple):
    """wrong: what is not as it must be, None when all is."""

    host: str
    what: str
    wrong: str | None


class Ground:
    """The hosts of one fleet, by their names."""

    def __init__(self, fleet: str) -> None:
        self.fleet = Fleet(fleet)
        self.specs: dict[str, Spec] = {spec.host: spec for spec in self.fleet.specs()}

    def script(self, host: str, text: str) -> str:
        """Runs bash in a host, with its suite's variables; its standard output."""
        spec = self.specs[host]
        return execute(self.fleet.container(spec), "set -eu\n%s\n%s\n" % (spec.suite.exports(), text))


def run(fleet: str, patterns: str, prove: Callable[[Ground], Iterable[Check]], symptoms: bool = False) -> int:
    """These hosts from start to removal. symptoms: break them, too. FLEET_KEEP=1 leaves the hosts."""

    def work() -> Iterable[Check]:
        hosts.lab("fleet" if symptoms else "up", fleet, "--hosts", patterns, quiet=True)
        yield from prove(Ground(fleet))

    return tell(Fleet(fleet), work)


def tell(fleet: Fleet, prove: Callable[[], Iterable[Check]]) -> int:
    """A line for each check, and the sum; no host of the fleet before and after."""
    began = time.monotonic()
    passed = failed = 0
    fleet.down()
    try:
        for check in prove():
            passed, failed = passed + (check.wrong is None), failed + (check.wrong is not None)
            print(
                "ok     %s: %s" % check[:2] if check.wrong is None else "FAILED %s: %s: %s" % check,
                flush=True,
            )
    finally:
        if not os.environ.get("FLEET_KEEP"):
            fleet.down()
    print("%.0f s" % (time.monotonic() - began))
    print("%d passed, %d failed" % (passed, failed))
    return int(failed > 0 or not passed)
