# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of runners on a few hosts: start them, prove something on them, remove them."""

import os
from collections.abc import Callable, Iterable, Iterator

from tests.lab.data import Spec
from tests.lab.engine import execute
from tests.lab.fleet import Fleet
from tests.run import hosts
from tests.run.checks import Check, print_checks


class FewHosts:
    """The hosts of one fleet, by their names."""

    def __init__(self, fleet: str) -> None:
        self.fleet = Fleet(fleet)
        self.specs: dict[str, Spec] = {spec.host: spec for spec in self.fleet.specs()}

    def script(self, host: str, text: str) -> str:
        """Run bash in a host, with its suite's variables. Returns its standard output."""
        spec = self.specs[host]
        return execute(self.fleet.container(spec), "set -eu\n%s\n%s\n" % (spec.suite.exports(), text))


def run(
    fleet: str, patterns: str, prove: Callable[[FewHosts], Iterable[Check]], symptoms: bool = False
) -> int:
    """Start these hosts, prove something on them, remove them. symptoms: break them, too."""

    def work() -> Iterator[Check]:
        hosts.lab("fleet" if symptoms else "up", fleet, "--hosts", patterns, quiet=True)
        yield from prove(FewHosts(fleet))

    return on_fleet(Fleet(fleet), work)


def on_fleet(fleet: Fleet, prove: Callable[[], Iterable[Check]]) -> int:
    """Prints the checks. No host of the fleet is there before; none afterwards, unless FLEET_KEEP=1."""
    fleet.down()
    try:
        return print_checks(prove())
    finally:
        if not os.environ.get("FLEET_KEEP"):
            fleet.down()
