# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors lost while something was done to their host, counted without a host."""

from __future__ import annotations

from tests.lab.visits import Visit, lost, parse, requests_cut

BEGAN, ENDED = 100.0, 110.0


def statuses(*visits: tuple[float, float, int]) -> list[tuple[float, int]]:
    return [(visit.came, visit.status) for visit in lost([Visit(*visit) for visit in visits], BEGAN, ENDED)]


class TestVisits:
    def test_a_line_that_is_not_whole_is_no_visit(self) -> None:
        assert parse("101.5 101.7 200\n100.1 100.2 502\n103.0 10") == [
            Visit(100.1, 100.2, 502),
            Visit(101.5, 101.7, 200),
        ]

    def test_who_was_there_between_beginning_and_end_counts(self) -> None:
        assert statuses((90, 91, 200), (99, 101, 502), (109, 120, 0)) == [(99, 502), (109, 0)]

    def test_near_miss_who_had_gone_before_or_came_after(self) -> None:
        assert statuses((98, 99, 200), (97, 98, 502), (110.5, 111, 502)) == []

    def test_a_site_that_was_down_counts_from_its_first_page_on(self) -> None:
        assert statuses((98, 99, 502), (101, 101.1, 502), (103, 103.2, 200), (105, 105.1, 502)) == [
            (105, 502)
        ]

    def test_a_site_that_never_answers_has_nothing_to_lose(self) -> None:
        assert statuses((98, 99, 502), (101, 101.1, 502), (105, 105.1, 0)) == []

    def test_a_site_that_answered_last_before_the_beginning_was_up(self) -> None:
        assert statuses((90, 91, 502), (98, 99, 200), (101, 101.1, 502)) == [(101, 502)]


class TestCuts:
    def test_only_actions_that_were_begun_cut_requests(self) -> None:
        actions = [
            {"result": "done", "cut": 3},
            {"result": "rolled_back", "cut": 1},
            {"result": "skipped", "cut": 9},
            {"result": "done"},
        ]
        assert requests_cut({"remediation": {"actions": actions}}) == 4
        assert requests_cut(None) == 0
