# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The differences on a screen: short for a large fleet, and true about what is not known."""

from __future__ import annotations

from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.compare import changes
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import changes_table, layout, text
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.reports.test_saturation import seen
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)

ILL = answer("failing", finding())


def shown(before: dict[str, Any], after: dict[str, Any], later: float = 600) -> list[str]:
    made = changes(report.build(before, 900, NOW, True), report.build(after, 900, NOW + later, True))
    lines = [line for line, _color in changes_table.render(made, "Compared: x with y")]
    assert max(map(text.width, lines)) <= layout.WIDTH
    return lines


class TestTable:
    def test_each_list_has_its_block(self, utc: None) -> None:
        before = {"new": answer(), "gone": ILL, "same": ILL, "dark": ILL, "went": answer()}
        after = {"new": ILL, "gone": answer(), "same": ILL, "dark": unreachable(), "came": answer()}
        lines = shown(before, after)
        assert lines[0] == "Findings: 1 new, 1 gone, 1 the same, 1 not seen any more"
        heads = [line.split("  ")[0] for line in lines if line[:1].isupper()]
        assert [head for head in heads if head.isupper()] == ["NEW", "GONE", "NOT SEEN", "THE SAME"]
        at = lines.index("    on   new")
        assert lines[at + 1].startswith("    at   shop.example, pool www, since ")
        assert lines[at + 2].startswith("    fix  systemctl start")
        assert "came         1  came" in lines and "went         1  went" in lines
        assert "failing, was healthy: new" in lines and "unreachable, was failing: dark" in lines

    def test_nothing_new_says_so_in_few_lines(self) -> None:
        lines = shown({"a": answer(), "b": answer()}, {"a": answer(), "b": answer()})
        assert lines[0] == "Findings: 0 new, 0 gone, 0 the same"
        assert lines[2] == "No request was lost since then."
        assert len(lines) < 9

    def test_a_large_fleet_takes_few_lines(self) -> None:
        hosts = ["web%04d" % number for number in range(2000)]
        lines = shown(dict.fromkeys(hosts, answer()), dict.fromkeys(hosts, ILL))
        assert len(lines) < 20

    def test_many_causes_are_cut(self) -> None:
        many = [finding("cause_%d" % number) for number in range(40)]
        lines = shown({"a": answer()}, {"a": answer("failing", *many)})
        assert "  and 28 more causes" in lines

    def test_sites_that_are_not_named_are_counted(self) -> None:
        many = ["s%02d.example" % number for number in range(20)]
        lines = shown({"a": answer()}, {"a": answer("failing", finding(sites=many, sites_left=480))})
        assert any("s00.example, s01.example +498 more" in line for line in lines)

    def test_what_may_be_older_says_so(self) -> None:
        lines = shown({"a": unreachable()}, {"a": ILL})
        assert "NEW  perhaps older on a: the earlier report could not look there" in lines

    def test_the_time_that_no_log_was_read_of(self) -> None:
        lines = shown({"a": answer()}, {"a": ILL}, 86400)
        assert (
            "3 requests lost since then, as far as the logs were read; of 23 h of that time nothing was read."
            in lines
        )

    def test_losses_between_bounds(self) -> None:
        old = answer("failing", finding(count=10, since=NOW - 60))
        assert "7 to 10 requests lost since then." in shown({"a": ILL}, {"a": old})


class TestPools:
    def test_one_that_came_nearer_to_its_limit(self) -> None:
        before = {"a": answer(snapshot=seen([True] * 2))}
        after = {"a": answer(snapshot=seen([True] * 10, queue=5))}
        line = "nearer to its limit: a, pool www: 10 of 10 workers busy, was 2 of 10; queue 5 of 100, was 0"
        assert line in shown(before, after)

    def test_unknown_without_snapshots(self) -> None:
        assert any("is unknown on 1 host: it takes" in line for line in shown({"a": ILL}, {"a": ILL}))
