# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which suite proves which fault in `make test`."""

from __future__ import annotations

from collections import Counter

from tests.lab.data import Fault, load_faults, load_suites
from tests.lab.spread import spread, ways

SUITES = load_suites()
FAULTS = load_faults()


def places(faults: list[Fault]) -> list[tuple[str, str]]:
    return [(spec.fault.name, spec.suite.name) for spec in spread(faults, SUITES)]


def by_family() -> dict[str, list[Fault]]:
    return {
        family: [fault for fault in FAULTS.values() if fault.family == family]
        for family in {fault.family for fault in FAULTS.values()}
    }


class TestFaults:
    """Where each fault is proven."""

    def test_each_is_proven_once_for_each_way_that_it_has(self) -> None:
        proven = places(list(FAULTS.values()))
        assert Counter(name for name, _suite in proven) == {
            name: len(ways(fault, SUITES)) for name, fault in FAULTS.items()
        }
        for name, fault in FAULTS.items():
            for way in ways(fault, SUITES):
                assert sum((name, suite) in proven for suite in way) == 1, name

    def test_each_is_proven_where_it_can_be(self) -> None:
        assert all(suite in FAULTS[name].suites for name, suite in places(list(FAULTS.values())))

    def test_another_truth_on_a_suite_is_proven_there_too(self) -> None:
        everywhere = places(list(FAULTS.values()))
        for fault in FAULTS.values():
            proven = {suite for name, suite in everywhere if name == fault.name}
            assert proven >= set(fault.expected_on) and (
                not fault.expected_on or proven - set(fault.expected_on)
            ), fault.name

    def test_what_asks_for_the_layout_is_proven_on_both_layouts(self) -> None:
        asking = [fault for fault in FAULTS.values() if "$LAYOUT" in fault.script]
        assert asking
        everywhere = places(list(FAULTS.values()))
        for fault in asking:
            proven = {SUITES[suite].variables["LAYOUT"] for name, suite in everywhere if name == fault.name}
            assert proven == {SUITES[suite].variables["LAYOUT"] for suite in fault.suites}, fault.name


class TestShares:
    """How even the suites are."""

    def test_no_suite_is_more_than_two_from_its_even_share(self) -> None:
        played = [place for place in places(list(FAULTS.values())) if not FAULTS[place[0]].variation_of]
        shares = Counter(suite for _name, suite in played)
        share = sum(shares.values()) / len(SUITES)
        assert set(shares) == set(SUITES) and all(abs(count - share) <= 2 for count in shares.values()), (
            shares
        )

    def test_every_family_is_spread_over_two_suites_or_more(self) -> None:
        for family, members in by_family().items():
            shares = Counter(suite for _name, suite in places(members))
            bound = sum(len(way) == 1 for fault in members for way in ways(fault, SUITES))
            assert len(shares) >= 2, family
            assert max(shares.values()) - min(shares[suite] for suite in SUITES) <= max(1, bound), (
                family,
                shares,
            )

    def test_a_new_fault_moves_no_other(self) -> None:
        before = places(list(FAULTS.values()))
        for family, members in by_family().items():
            added = members[-1]._replace(name="added", suites=tuple(SUITES), script="", expected_on={})
            catalogue = [
                item
                for fault in FAULTS.values()
                for item in ((fault, added) if fault is members[-1] else (fault,))
            ]
            assert [place for place in places(catalogue) if place[0] != "added"] == before, family
