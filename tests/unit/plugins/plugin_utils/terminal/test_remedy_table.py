# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The block of a remediation: first what was mended, then what was not, then what a person has to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import (
    POOL_FILE,
    action,
    left_open,
    remedied,
    still_ill,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    unreachable,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import (
    HOSTILE,
    remedy_lines,
    rendered,
)

MASKED = finding("fpm_not_running", "masked")
WAIT = finding("max_children_exhausted", "max_children")
WELL = remedied("escalated", status="healthy", findings=[])


class TestActions:
    """What was done."""

    def test_in_check_mode_it_says_would(self) -> None:
        results = {
            "a": remedied("would"),
            "b": remedied("escalated", MASKED, check_mode=True, status_after=None),
        }
        lines = remedy_lines(results)
        assert lines[0] == "REMEDY  would fix 1 of 2 findings, on 1 of 2 hosts; nothing was changed"
        assert lines[1].split() == ["would", "do", "unit_start", "php8.2-fpm.service", "a"]
        assert lines[2] == "    run  systemctl start php8.2-fpm.service"
        assert not any("done" in line or "fixed" in line for line in lines)

    def test_equal_actions_are_one_row_with_the_longest_time(self) -> None:
        lines = remedy_lines(
            {
                "web%d" % number: remedied("done", taken=action(seconds=number + 0.5))
                for number in range(1, 40)
            }
        )
        assert lines[1].split() == ["done", "unit_start", "php8.2-fpm.service", "39", "hosts", "39.5", "s"]
        assert lines[2].startswith("    on   web1, web2, ")
        assert len(lines) == 4

    @pytest.mark.parametrize(
        ("result", "more", "words"),
        [
            ("would", {"disruption": "reload", "running": 4}, "cuts up to 4 running requests"),
            (
                "would",
                {"disruption": "restart", "running": None},
                ("cuts an unknown number of running requests, and who comes while it restarts"),
            ),
            ("done", {"disruption": "restart", "running": 4, "cut": 1}, "cut  1 running request"),
            ("done", {"disruption": "reload", "running": 4}, "cut  0 running requests"),
        ],
    )
    def test_a_reload_says_how_many_requests_it_cuts(
        self, result: str, more: dict[str, Any], words: str
    ) -> None:
        assert any(
            words in line for line in remedy_lines({"a": remedied(result, taken=action(result, **more))})
        )

    def test_near_miss_what_cuts_none_says_nothing(self) -> None:
        assert not any(
            "running request" in line
            for line in remedy_lines({"a": remedied("done", taken=action("done", disruption="none"))})
        )

    def test_an_action_with_many_targets_folds_by_its_name(self) -> None:
        many = {
            "web%d" % number: remedied("done", taken=action(target="/etc/p%d.conf" % number))
            for number in range(40)
        }
        lines = remedy_lines(many)
        assert lines[1].split()[:5] == ["done", "unit_start", "/etc/p0.conf", "+39", "more"]
        assert len(lines) < 6

    def test_what_was_rolled_back_says_where_to_look_next(self) -> None:
        lines = remedy_lines(
            {
                "a": remedied(
                    "rolled_back",
                    WAIT,
                    why="12 still waited",
                    taken=action("rolled_back", "pool_size_set", POOL_FILE, why="12 still waited"),
                )
            }
        )
        assert lines[1].split() == ["rolled", "back", "pool_size_set", POOL_FILE, "a", "1.9", "s"]
        assert lines[2] == "    why  12 still waited"
        assert lines[3].split() == ["by", "hand", "max_children_exhausted/max_children", "a"]
        assert lines[4].startswith("    do   First ask why requests are slow: ")
        assert sum("12 still waited" in line for line in lines) == 1

    def test_an_action_whose_undoing_failed_stands_first(self) -> None:
        lines = remedy_lines({"a": remedied("done"), "b": remedied("failed", why="read-only file system")})
        assert lines[1].split()[0] == "FAILED"
        assert lines[2] == "    why  read-only file system"


class TestForAPerson:
    """What is left to do."""

    @pytest.mark.parametrize("new, word", [(True, "new"), (False, "still ill")])
    def test_what_is_wrong_only_now_is_shown(self, new: bool, word: str) -> None:
        item = finding("socket_path_mismatch", "other_socket", endpoint="unix:/never")
        still = [still_ill(item, "nginx dials /never.", new)]
        lines = remedy_lines({"a": remedied("done", still=still)})
        assert (
            lines[2].split("  ")[1] == word
            and "socket_path_mismatch/other_socket" in lines[2]
            and lines[3].strip() == "why  nginx dials /never."
        )

    def test_near_miss_what_was_a_finding_before_is_shown_once(self) -> None:
        still = [still_ill(MASKED, "It is masked.")]
        lines = remedy_lines({"a": remedied("escalated", MASKED, still=still)})
        assert sum("masked" in line for line in lines) == 1 and lines[1].split()[:2] == ["by", "hand"]

    def test_it_says_why_with_the_exact_commands(self) -> None:
        assert remedy_lines(
            {
                "a": remedied("escalated", MASKED, why="no safe action"),
                "b": remedied("escalated", MASKED, why="no safe action"),
            }
        )[1:] == [
            "  by hand      fpm_not_running/masked                                      a, b",
            "    why  no safe action",
            "    do   systemctl unmask php8.2-fpm.service && systemctl start php8.2-fpm.service",
        ]

    def test_a_refused_action_is_shown_once(self) -> None:
        lines = remedy_lines({"a": remedied("refused", why="www.conf is generated by a panel")})
        assert [line.split()[0] for line in lines[1:]] == ["by", "why", "do"]

    def test_hosts_left_alone_for_one_kind_of_reason_share_a_row(self) -> None:
        whys = ["process 812 is changing this host", "process of unknown number is changing this host"]
        busy = [
            remedied("escalated", outcome="busy", refusal_kind="busy", why_left_alone=why) for why in whys
        ]
        lines = remedy_lines({"a": busy[0], "b": busy[1]})
        assert [line.split()[:3] for line in lines[1:]] == [["busy", "a,", "b"], ["why", "a:", "process"]]

    def test_a_busy_host_is_nothing_for_a_person(self) -> None:
        busy = remedied("escalated", outcome="busy", why_left_alone="pid 812 holds the lock")
        lines = remedy_lines({"a": busy})
        assert (
            lines[1].split() == ["busy", "a"]
            and lines[2] == "    why  pid 812 holds the lock"
            and len(lines) == 3
        )


class TestLeftOpen:
    """What a killed run had left."""

    def test_what_was_taken_back(self) -> None:
        undone = left_open("put_back", why="nothing had read its files")
        lines = remedy_lines({"a": remedied("done", undone=undone)})
        assert lines[1].split() == ["taken", "back", "pool_size_set", POOL_FILE, "a"]
        assert (
            lines[2]
            == "    why  a run that was killed had begun it; it was taken back: nothing had read its files: "
            "/etc/a"
        )
        assert "it would be taken back" in remedy_lines({"a": remedied("would", undone=undone)})[2]

    def test_what_was_finished_is_said_to_be_kept(self) -> None:
        lines = remedy_lines(
            {
                "a": remedied(
                    "done", undone=left_open("kept", files=[], why="requests are taken at unix:/run/a.sock")
                )
            }
        )
        assert lines[1].split() == ["kept", "pool_size_set", POOL_FILE, "a"]
        assert " ".join(line.strip() for line in lines[2:4]) == (
            "why  a run that was killed had finished its work; it was kept: requests are taken at "
            "unix:/run/a.sock"
        )

    def test_what_is_left_says_what_would_take_it_back(self) -> None:
        lines = remedy_lines(
            {
                "a": remedied(
                    "done",
                    undone=left_open(
                        "left", why="it is 5 days old", by_hand=["cp /var/0 /etc/a", "systemctl reload x"]
                    ),
                )
            }
        )
        assert lines[1].split() == ["by", "hand", "pool_size_set", POOL_FILE, "a"]
        assert "it was left to a person: it is 5 days old" in lines[2]
        assert [line.strip() for line in lines if "undo" in line] == [
            "undo cp /var/0 /etc/a; systemctl reload x"
        ]


class TestInTheTable:
    """The block among the others."""

    def test_it_stands_before_the_causes(self) -> None:
        lines = rendered({"a": remedied("rolled_back"), "b": answer()})
        assert [line.split()[0] for line in lines if line and line[0].isalnum()] == [
            "2",
            "looked",
            "REMEDY",
            "FAILING",
            "healthy",
            "Report:",
        ]
        assert not any(
            "REMEDY" in line or "RESULT" in line for line in rendered({"a": answer("failing", finding())})
        )

    def test_a_mended_host_is_not_among_the_failing(self) -> None:
        results = {
            "mended": remedied("done"),
            "degraded": remedied("done", status="degraded"),
            "undone": remedied("rolled_back"),
            "masked": remedied("escalated", MASKED),
            "gone": unreachable(),
            "well": WELL,
        }
        lines = rendered(results)
        below = lines[next(number for number, line in enumerate(lines) if "SITES / POOL" in line) :]
        assert [
            line for line in below if line.startswith(("recovered", "degraded", "unreachable", "healthy"))
        ] == [
            "degraded           1  degraded",
            "unreachable        1  gone",
            "recovered          1  mended",
            "healthy            1  well",
        ]
        assert not any("mended" in line for line in below if line.startswith("  "))
        assert sum(line.startswith("FAILING") for line in below) == 2

    def test_the_fix_is_not_said_twice(self) -> None:
        lines = rendered({"a": remedied("escalated", MASKED)})
        assert sum("systemctl unmask" in line for line in lines) == 1
        assert any(line.startswith("    not  ") for line in lines)

    @pytest.mark.long
    def test_a_fleet_without_two_equal_hosts_gives_a_bounded_table(self) -> None:
        many: dict[str, Any] = {}
        for number in range(300):
            item = finding("fpm_not_running", "r%d" % number, unit="u%d.service" % number)
            many["a%d" % number] = remedied("escalated", item, why="reason of %s" % ("x" * number))
            many["b%d" % number] = remedied(
                "rolled_back", item, taken=action("rolled_back", "act_%d" % number, "t%d" % number)
            )
        lines = remedy_lines(many)
        assert len(lines) < 60
        assert any("rows more in the report, on " in line for line in lines)

    @pytest.mark.parametrize("evil", HOSTILE)
    def test_no_text_of_a_host_acts_on_the_terminal(self, evil: str) -> None:
        item = finding(site=evil, pool=evil, unit=evil, endpoint=evil)
        undone = left_open("left", name=evil, target=evil, at=1, files=[evil], why=evil, by_hand=[evil])
        results = {
            word: remedied(
                word,
                item,
                why=evil,
                undone=undone,
                taken=action(word, evil, evil, why=evil, commands=[evil], seconds=1e19),
            )
            for word in ("done", "would", "rolled_back", "failed", "refused")
        }
        aside = {
            word: remedied(
                "escalated", item, outcome=word, findings=[], answered_after=1e19, why_left_alone=evil
            )
            for word in ("busy", "left_alone")
        }
        lines = rendered({**results, **aside})
        assert sum(line.startswith("REMEDY") for line in lines) == 1
