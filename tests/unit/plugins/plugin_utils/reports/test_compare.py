# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two reports: the same finding is known again, and what nobody saw is not called gone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.compare import changes
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.changes import Changes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)

BEFORE = float(int(NOW))
AFTER = BEFORE + 600


def compared(before: dict[str, Any], after: dict[str, Any], since: float | None = None) -> Changes:
    return changes(report.build(before, 900, BEFORE), report.build(after, 900, AFTER), since)


def differences(before: Any, after: Any) -> dict[str, list[str]]:
    """The lists of one host's findings, as "was>now"."""
    made = compared({"a": before}, {"a": after})
    lists = {"new": made["new"], "gone": made["gone"], "same": made["same"], "unknown": made["unknown"]}
    return {
        name: ["%s>%s" % (item["was"], item["now"]) for item in items]
        for name, items in lists.items()
        if items
    }


class TestIdentity:
    """A finding is known again by what it is, not by what was counted."""

    @pytest.mark.parametrize(
        "other",
        [
            {"count": 99, "since": NOW - 5, "summary": "pid 99 at 12:00 is stopped."},
            {"severity": "warning", "confidence": "likely", "unit": None, "evidence": []},
            {"servers": [], "sites": ["shop.example", "blog.example"]},
            {"site": "blog.example", "sites": ["blog.example", "shop.example"]},
            {"pool": None},
        ],
    )
    def test_what_may_differ_between_two_looks(self, other: dict[str, Any]) -> None:
        assert differences(answer("failing", finding()), answer("failing", finding(**other))) == {
            "same": ["active>active"]
        }

    @pytest.mark.parametrize(
        "other",
        [
            {"reason": "masked"},
            {"cause": "worker_oom_killed"},
            {"endpoint": "unix:/run/php/php8.3-fpm.sock"},
            {"site": "blog.example", "sites": ["blog.example"]},
        ],
    )
    def test_what_makes_another_finding(self, other: dict[str, Any]) -> None:
        assert differences(answer("failing", finding()), answer("failing", finding(**other))) == {
            "new": ["None>active"],
            "gone": ["active>None"],
        }

    def test_the_same_on_another_host_is_another(self) -> None:
        made = compared(
            {"a": answer("failing", finding()), "b": answer()},
            {"a": answer(), "b": answer("failing", finding())},
        )
        assert [item["host"] for item in made["new"]] == ["b"]
        assert [item["host"] for item in made["gone"]] == ["a"]
        assert made["hosts"] == [
            {"host": "b", "was": "healthy", "now": "failing"},
            {"host": "a", "was": "failing", "now": "healthy"},
        ]

    def test_each_finding_has_one_partner(self) -> None:
        twins = [finding(pool="www"), finding(pool="blog")]
        assert differences(answer("failing", *twins), answer("failing", twins[1], twins[1])) == {
            "same": ["active>active", "active>active"]
        }
        assert differences(answer("failing", twins[0]), answer("failing", *twins)) == {
            "new": ["None>active"],
            "same": ["active>active"],
        }


class TestStates:
    @pytest.mark.parametrize(
        ("was", "now", "where"),
        [
            ("active", "recovered", "gone"),
            ("latent", "recovered", "gone"),
            ("recovered", "active", "new"),
            ("latent", "active", "new"),
            ("recovered", "latent", "new"),
            ("recovered", "recovered", "same"),
            ("active", "latent", "same"),
        ],
    )
    def test_it_begins_and_ends(self, was: str, now: str, where: str) -> None:
        seen = differences(answer("failing", finding(state=was)), answer("failing", finding(state=now)))
        assert seen == {where: ["%s>%s" % (was, now)]}

    def test_what_came_and_went_between_two_looks_is_new(self) -> None:
        over = answer("recovered", finding(state="recovered"))
        assert differences(answer(), over) == {"new": ["None>recovered"]}

    def test_what_was_over_before_may_leave_in_silence(self) -> None:
        assert differences(answer("recovered", finding(state="recovered")), answer()) == {}

    def test_what_a_remediation_has_ended_is_not_there(self) -> None:
        assert differences(remedied("done"), answer("failing", finding())) == {"new": ["None>active"]}
        assert differences(answer("failing", finding()), remedied("done")) == {"gone": ["active>None"]}


class TestBlindness:
    """No look proves nothing."""

    @pytest.mark.parametrize("later", [unreachable(), None, answer("unknown")])
    def test_what_cannot_be_seen_any_more_is_not_gone(self, later: Any) -> None:
        assert differences(answer("failing", finding()), later) == {"unknown": ["active>None"]}

    def test_a_host_that_went_takes_nothing_away(self) -> None:
        made = compared({"a": answer("failing", finding()), "b": answer()}, {"b": answer(), "c": answer()})
        assert not made["gone"] and [item["host"] for item in made["unknown"]] == ["a"]
        assert (made["came"], made["went"]) == (["c"], ["a"])
        assert {"host": "a", "was": "failing", "now": None} in made["hosts"]

    @pytest.mark.parametrize("earlier", [{"a": unreachable()}, {"a": answer("unknown")}, {}])
    def test_new_on_a_host_nobody_saw_before_says_so(self, earlier: dict[str, Any]) -> None:
        (new,) = compared(earlier, {"a": answer("failing", finding())})["new"]
        assert not new["looked"]

    def test_near_miss_a_host_that_was_seen(self) -> None:
        (new,) = compared({"a": answer()}, {"a": answer("failing", finding())})["new"]
        assert new["looked"]


class TestLost:
    def lost(self, before: Any, after: Any, since: float | None = None) -> tuple[int, int, int]:
        lost = compared({"a": before}, {"a": after}, since)["lost"]
        return lost["at_least"], lost["at_most"], lost["unread"]

    def test_all_of_what_began_since_counts(self) -> None:
        assert self.lost(answer(), answer("failing", finding(since=BEFORE + 1, count=7))) == (7, 7, 0)

    def test_what_was_counted_before_may_be_counted_again(self) -> None:
        old = finding(since=BEFORE - 60, count=3)
        more = finding(since=BEFORE - 60, count=10)
        assert self.lost(answer("failing", old), answer("failing", more)) == (7, 10, 0)
        assert self.lost(unreachable(), answer("failing", more)) == (0, 10, 0)

    def test_what_the_later_report_forgot_is_not_counted_twice(self) -> None:
        line = {"begin": BEFORE - 800, "step": 60, "counts": [100, 2]}
        old = finding(since=BEFORE - 800, count=103, timeline=line)
        more = finding(since=BEFORE - 740, count=10)
        assert self.lost(answer("failing", old), answer("failing", more)) == (7, 10, 0)

    def test_a_window_that_begins_later_leaves_a_gap(self) -> None:
        old = finding(since=BEFORE - 9000, count=10)
        assert self.lost(answer(), answer("failing", old), BEFORE - 3600) == (10, 10, 3300)

    def test_before_a_time_of_the_callers_nothing_is_known(self) -> None:
        old = finding(since=BEFORE - 60, count=3)
        more = finding(since=BEFORE - 60, count=10)
        assert self.lost(answer("failing", old), answer("failing", more), BEFORE + 60) == (0, 10, 0)

    def test_times_of_losses_tell_what_is_since(self) -> None:
        """A minute a step, 5 before, 1 in the minute of that time, 4 after it; of 2 no time is known."""
        line = {"begin": BEFORE - 90, "step": 60, "counts": [5, 1, 4]}
        more = finding(since=BEFORE - 90, count=12, timeline=line)
        assert self.lost(unreachable(), answer("failing", more)) == (4, 7, 0)
        assert self.lost(unreachable(), answer("failing", more), BEFORE + 3600) == (0, 2, 0)

    def test_a_shorter_window_before_proves_less(self) -> None:
        more = finding(since=BEFORE - 290, count=10)
        before = report.build({"a": answer("failing", finding(count=3))}, 60, BEFORE)
        after = report.build({"a": answer("failing", more)}, 900, AFTER)
        assert changes(before, after)["lost"]["at_least"] == 0

    def test_losses_stand_by_cause_the_most_first(self) -> None:
        few, many = finding(count=1), finding("worker_oom_killed", "cgroup", count=5)
        lost = compared({"a": answer()}, {"a": answer("failing", few, many)})["lost"]
        assert list(lost["causes"].items()) == [("worker_oom_killed", 5), ("fpm_not_running", 1)]
        assert lost["since"] == BEFORE
