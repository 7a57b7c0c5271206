# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first line of a remediation: how much was fixed, and who answers again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import remedy_headline
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import (
    finding_result,
    remedied,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, finding
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import remedy_lines

MASKED = finding("fpm_not_running", "masked")
WELL = remedied("escalated", status="healthy", findings=[])


def color(results: dict[str, Any], **more: Any) -> str | None:
    return remedy_headline.title(report.build(results, 900, NOW, **more)["hosts"])[0][1]


class TestHeadline:
    """The first line."""

    def test_it_counts_what_was_fixed_and_the_time_it_took(self) -> None:
        results = {
            "a": remedied("done", answered_after=1.24),
            "b": remedied("done", answered_after=4.8),
            "c": remedied("escalated", MASKED),
            "d": WELL,
        }
        assert (
            remedy_lines(results)[0]
            == "REMEDY  2 of 3 findings fixed; 2 of 3 hosts answer again, 1.2 to 4.8 s after the diagnosis"
        )
        assert (
            remedy_lines({"a": remedied("done")})[0]
            == "REMEDY  1 of 1 finding fixed; 1 of 1 host answers again, 1.2 s after the diagnosis"
        )

    def test_a_host_with_one_of_two_fixed_is_not_counted(self) -> None:
        findings = [finding_result("fixed", finding()), finding_result("escalated", MASKED)]
        half = remedied("done", finding(), MASKED, status="failing", findings=findings, answered_after=None)
        assert remedy_lines({"a": half})[0] == "REMEDY  1 of 2 findings fixed; 0 of 1 host answers again"
        assert (
            remedy_lines({"a": {**half, "status": "degraded"}})[0]
            == "REMEDY  1 of 2 findings fixed; 0 of 1 host answers again, 1 in part"
        )
        assert (
            remedy_lines({"a": remedied("done", status="failing", answered_after=None)})[0]
            == "REMEDY  1 of 1 finding fixed; 0 of 1 host answers again"
        )

    def test_a_host_that_answered_throughout_is_counted_apart(self) -> None:
        calm = {"probe": "answered", "http": 200, "queue": 0}
        item = finding("worker_oom_killed", "cgroup")
        mended = remedied(
            "done", item, findings=[finding_result("fixed", item, before=calm)], answered_after=None
        )
        assert remedy_lines({"a": mended})[0] == "REMEDY  1 of 1 finding fixed; 1 host answered throughout"
        assert remedy_lines({"a": mended, "b": remedied("done")})[0] == (
            "REMEDY  2 of 2 findings fixed; 1 host answered throughout; "
            "1 of 1 host answers again, 1.2 s after"
        )

    def test_a_host_that_was_not_asked_is_not_called_silent(self) -> None:
        """Nothing was tried there, and its sites answer in part."""
        item = finding("invalid_response", "segfault")
        left = remedied(
            "escalated",
            item,
            status="degraded",
            findings=[finding_result("escalated", item, before=None)],
            answered_after=None,
        )
        assert remedy_lines({"a": left})[0] == "REMEDY  0 of 1 finding fixed"
        silent = {**left, "status": "failing"}
        assert remedy_lines({"a": silent})[0] == "REMEDY  0 of 1 finding fixed; 0 of 1 host answers again"

    def test_not_safe_differs_from_not_needed(self) -> None:
        nothing = remedied("escalated", MASKED, check_mode=True, status_after=None)
        assert (
            remedy_lines({"a": nothing})[0]
            == "REMEDY  nothing is safe to do: 1 finding on 1 host left to a person; nothing was changed"
        )
        assert remedy_lines({"a": WELL}) == ["REMEDY  nothing to do"]
        assert remedy_lines({"a": remedied("would", findings=[], actions=[], outcome="nothing_to_do")}) == [
            "REMEDY  nothing to do; nothing was changed"
        ]

    def test_a_run_that_was_stopped_tells_what_was_not_tried(self) -> None:
        lines = remedy_lines(
            {
                "a": remedied("rolled_back", why="the probe was refused"),
                "b": remedied("would"),
                "c": remedied("would"),
            }
        )
        assert lines[0] == "REMEDY  0 of 3 findings fixed; 0 of 3 hosts answer again; 2 not tried yet"
        assert [line.split()[0] for line in lines[1:] if line[2] != " "] == ["rolled", "would", "by"]

    def test_hosts_that_did_not_finish_are_in_the_first_line(self) -> None:
        results = {"a": remedied("done", answered_after=None), "b": {"failed": True, "msg": "Timed out"}}
        assert (
            remedy_lines(results, remediated=["a", "b"])[0]
            == "REMEDY  1 of 1 finding fixed; 1 of 1 host answers again; 1 host did not finish"
        )
        assert remedy_lines({"b": results["b"]}, remediated=["b"]) == ["REMEDY  1 host did not finish"]

    @pytest.mark.parametrize(
        "results, expected",
        [
            ({"a": remedied("done"), "b": WELL}, "green"),
            ({"a": WELL}, None),
            ({"a": remedied("would")}, None),
            ({"a": remedied("done"), "b": remedied("escalated", MASKED)}, "yellow"),
            ({"a": remedied("done"), "b": remedied("rolled_back")}, "red"),
            ({"a": remedied("done"), "b": {"failed": True}}, "red"),
        ],
    )
    def test_the_colour_is_that_of_the_worst(self, results: dict[str, Any], expected: str | None) -> None:
        assert color(results, remediated=["a", "b"]) == expected
