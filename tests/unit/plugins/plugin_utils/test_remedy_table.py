# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a remediation: first what was mended, then what was not, then what a person has to do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import (
    layout,
    remedy_headline,
    report,
    table,
    text,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import (
    action,
    became,
    remedied,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)

MASKED = finding("fpm_not_running", "masked")
WAIT = finding("max_children_exhausted", "max_children")
POOL = "/etc/php/8.2/fpm/pool.d/www.conf"
WELL = remedied("escalated", status="healthy", findings=[])


def rendered(results: dict[str, Any], **more: Any) -> list[str]:
    lines = [
        line
        for line, _color in table.render(
            report.build(results, 900, NOW, **more), NOW, "Report: /x/report.json"
        )
    ]
    assert max(map(text.width, lines)) <= layout.WIDTH
    assert all(char.isprintable() for line in lines for char in line)
    return lines


def block(results: dict[str, Any], **more: Any) -> list[str]:
    """The lines of the remediation, without heading and rule."""
    lines = [line.rstrip() for line in rendered(results, **more)]
    start = next(number for number, line in enumerate(lines) if line.startswith("REMEDY"))
    lines = lines[start : lines.index("", start)]
    return [line for line in lines if "RESULT" not in line and set(line) != {"-"}]


def color(results: dict[str, Any], **more: Any) -> str | None:
    return remedy_headline.title(report.build(results, 900, NOW, **more)["hosts"])[0][1]


def test_it_stands_before_the_causes_and_only_where_there_was_one() -> None:
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


def test_it_says_how_many_of_how_many_and_how_long_until_the_first_good_answer() -> None:
    results = {
        "a": remedied("done", answered_after=1.24),
        "b": remedied("done", answered_after=4.8),
        "c": remedied("escalated", MASKED),
        "d": WELL,
    }
    assert (
        block(results)[0]
        == "REMEDY  2 of 3 findings fixed; 2 of 3 hosts answer again, 1.2 to 4.8 s after the diagnosis"
    )
    assert (
        block({"a": remedied("done")})[0]
        == "REMEDY  1 of 1 finding fixed; 1 of 1 host answers again, 1.2 s after the diagnosis"
    )


def test_a_host_with_one_of_two_findings_fixed_does_not_answer_again() -> None:
    findings = [became("fixed", finding()), became("escalated", MASKED)]
    half = remedied("done", finding(), MASKED, status="failing", findings=findings, answered_after=None)
    assert block({"a": half})[0] == "REMEDY  1 of 2 findings fixed; 0 of 1 host answers again"
    assert (
        block({"a": {**half, "status": "degraded"}})[0]
        == "REMEDY  1 of 2 findings fixed; 0 of 1 host answers again, 1 in part"
    )
    assert (
        block({"a": remedied("done", status="failing", answered_after=None)})[0]
        == "REMEDY  1 of 1 finding fixed; 0 of 1 host answers again"
    )


def test_a_host_that_answered_throughout_does_not_answer_again() -> None:
    calm = {"probe": "answered", "http": 200, "queue": 0}
    item = finding("worker_oom_killed", "cgroup")
    mended = remedied("done", item, findings=[became("fixed", item, before=calm)], answered_after=None)
    assert block({"a": mended})[0] == "REMEDY  1 of 1 finding fixed; 1 host answered throughout"
    assert block({"a": mended, "b": remedied("done")})[0] == (
        "REMEDY  2 of 2 findings fixed; 1 host answered throughout; 1 of 1 host answers again, 1.2 s after"
    )


@pytest.mark.parametrize("new, word", [(True, "new"), (False, "still ill")])
def test_what_is_wrong_now_and_was_no_finding_before_is_shown(new: bool, word: str) -> None:
    item = finding("socket_path_mismatch", "other_socket", endpoint="unix:/never")
    still = [
        {
            **{name: item[name] for name in ("cause", "reason", "site", "endpoint", "pool")},
            "summary": "nginx dials /never.",
            "new": new,
        }
    ]
    lines = block({"a": remedied("done", still=still)})
    assert (
        lines[2].split("  ")[1] == word
        and "socket_path_mismatch/other_socket" in lines[2]
        and lines[3].strip() == "why  nginx dials /never."
    )


def test_what_is_still_so_of_the_findings_of_before_is_told_by_hand_alone() -> None:
    still = [
        {
            **{name: MASKED[name] for name in ("cause", "reason", "site", "endpoint", "pool")},
            "summary": "It is masked.",
            "new": False,
        }
    ]
    lines = block({"a": remedied("escalated", MASKED, still=still)})
    assert sum("masked" in line for line in lines) == 1 and lines[1].split()[:2] == ["by", "hand"]


def test_in_check_mode_it_says_would_and_that_nothing_was_changed() -> None:
    results = {"a": remedied("would"), "b": remedied("escalated", MASKED, check_mode=True, status_after=None)}
    lines = block(results)
    assert lines[0] == "REMEDY  would fix 1 of 2 findings, on 1 of 2 hosts; nothing was changed"
    assert lines[1].split() == ["would", "do", "unit_start", "php8.2-fpm.service", "a"]
    assert lines[2] == "    run  systemctl start php8.2-fpm.service"
    assert not any("done" in line or "fixed" in line for line in lines)


def test_what_is_not_safe_and_what_is_not_needed_are_told_apart() -> None:
    nothing = remedied("escalated", MASKED, check_mode=True, status_after=None)
    assert (
        block({"a": nothing})[0]
        == "REMEDY  nothing is safe to do: 1 finding on 1 host left to a person; nothing was changed"
    )
    assert block({"a": WELL}) == ["REMEDY  nothing to do"]
    assert block({"a": remedied("would", findings=[], actions=[], outcome="nothing_to_do")}) == [
        "REMEDY  nothing to do; nothing was changed"
    ]


def test_a_run_that_was_stopped_tells_what_was_not_tried() -> None:
    lines = block(
        {
            "a": remedied("rolled_back", why="the probe was refused"),
            "b": remedied("would"),
            "c": remedied("would"),
        }
    )
    assert lines[0] == "REMEDY  0 of 3 findings fixed; 0 of 3 hosts answer again; 2 not tried yet"
    assert [line.split()[0] for line in lines[1:] if line[2] != " "] == ["rolled", "would", "by"]


def test_hosts_that_did_not_finish_are_in_the_first_line() -> None:
    results = {"a": remedied("done", answered_after=None), "b": {"failed": True, "msg": "Timed out"}}
    assert (
        block(results, remediated=["a", "b"])[0]
        == "REMEDY  1 of 1 finding fixed; 1 of 1 host answers again; 1 host did not finish"
    )
    assert block({"b": results["b"]}, remediated=["b"]) == ["REMEDY  1 host did not finish"]


def test_equal_actions_are_one_row_with_the_longest_time() -> None:
    lines = block(
        {"web%d" % number: remedied("done", deed=action(seconds=number + 0.5)) for number in range(1, 40)}
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
def test_what_loads_or_restarts_says_how_many_requests_it_cuts(
    result: str, more: dict[str, Any], words: str
) -> None:
    assert any(words in line for line in block({"a": remedied(result, deed=action(result, **more))}))


def test_near_miss_what_disturbs_nobody_says_nothing_of_it() -> None:
    assert not any(
        "running request" in line
        for line in block({"a": remedied("done", deed=action("done", disruption="none"))})
    )


def test_an_action_that_wants_different_things_on_every_host_folds_by_its_name() -> None:
    many = {
        "web%d" % number: remedied("done", deed=action(target="/etc/p%d.conf" % number))
        for number in range(40)
    }
    lines = block(many)
    assert lines[1].split()[:5] == ["done", "unit_start", "/etc/p0.conf", "+39", "more"]
    assert len(lines) < 6


def test_what_was_rolled_back_says_why_and_where_to_look_next() -> None:
    lines = block(
        {
            "a": remedied(
                "rolled_back",
                WAIT,
                why="12 still waited",
                deed=action("rolled_back", "pool_size_set", POOL, why="12 still waited"),
            )
        }
    )
    assert lines[1].split() == ["rolled", "back", "pool_size_set", POOL, "a", "1.9", "s"]
    assert lines[2] == "    why  12 still waited"
    assert lines[3].split() == ["by", "hand", "max_children_exhausted/max_children", "a"]
    assert lines[4].startswith("    do   First ask why requests are slow: ")
    assert sum("12 still waited" in line for line in lines) == 1


def test_what_is_for_a_person_says_why_and_the_exact_commands() -> None:
    assert block(
        {
            "a": remedied("escalated", MASKED, why="no safe action"),
            "b": remedied("escalated", MASKED, why="no safe action"),
        }
    )[1:] == [
        "  by hand      fpm_not_running/masked                                      a, b",
        "    why  no safe action",
        "    do   systemctl unmask php8.2-fpm.service && systemctl start php8.2-fpm.service",
    ]


def test_a_refused_action_is_told_once_where_it_is_left_to_a_person() -> None:
    lines = block({"a": remedied("refused", why="www.conf is generated by a panel")})
    assert [line.split()[0] for line in lines[1:]] == ["by", "why", "do"]


def test_an_action_whose_undoing_failed_stands_first() -> None:
    lines = block({"a": remedied("done"), "b": remedied("failed", why="read-only file system")})
    assert lines[1].split()[0] == "FAILED"
    assert lines[2] == "    why  read-only file system"


def left_open(fate: str, **more: Any) -> dict[str, Any]:
    return {
        "name": "pool_size_set",
        "target": POOL,
        "at": NOW,
        "files": ["/etc/a"],
        "fate": fate,
        "why": "",
        "by_hand": [],
        **more,
    }


def test_what_a_killed_run_had_left_is_told() -> None:
    undone = left_open("put_back", why="nothing had read its files")
    lines = block({"a": remedied("done", undone=undone)})
    assert lines[1].split() == ["taken", "back", "pool_size_set", POOL, "a"]
    assert (
        lines[2]
        == "    why  a run that was killed had begun it; it was taken back: nothing had read its files: "
        "/etc/a"
    )
    assert "it would be taken back" in block({"a": remedied("would", undone=undone)})[2]


def test_what_a_killed_run_had_finished_is_said_to_be_kept() -> None:
    lines = block(
        {
            "a": remedied(
                "done", undone=left_open("kept", files=[], why="requests are taken at unix:/run/a.sock")
            )
        }
    )
    assert lines[1].split() == ["kept", "pool_size_set", POOL, "a"]
    assert " ".join(line.strip() for line in lines[2:4]) == (
        "why  a run that was killed had finished its work; it was kept: requests are taken at "
        "unix:/run/a.sock"
    )


def test_what_is_left_to_a_person_says_what_would_take_it_back() -> None:
    lines = block(
        {
            "a": remedied(
                "done",
                undone=left_open(
                    "left", why="it is 5 days old", by_hand=["cp /var/0 /etc/a", "systemctl reload x"]
                ),
            )
        }
    )
    assert lines[1].split() == ["by", "hand", "pool_size_set", POOL, "a"]
    assert "it was left to a person: it is 5 days old" in lines[2]
    assert [line.strip() for line in lines if "undo" in line] == ["undo cp /var/0 /etc/a; systemctl reload x"]


def test_a_host_with_another_remediation_at_work_is_nothing_for_a_person() -> None:
    result = remedied("escalated", outcome="busy")
    result["remediation"]["why"] = "pid 812 holds the lock"
    lines = block({"a": result})
    assert (
        lines[1].split() == ["busy", "a"]
        and lines[2] == "    why  pid 812 holds the lock"
        and len(lines) == 3
    )


def test_a_mended_host_is_not_among_the_failing_and_none_is_lost() -> None:
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


def test_the_fix_is_not_said_twice() -> None:
    lines = rendered({"a": remedied("escalated", MASKED)})
    assert sum("systemctl unmask" in line for line in lines) == 1
    assert any(line.startswith("    not  ") for line in lines)


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
def test_the_colour_is_that_of_the_worst(results: dict[str, Any], expected: str | None) -> None:
    assert color(results, remediated=["a", "b"]) == expected


def test_a_fleet_without_two_equal_hosts_gives_a_bounded_table() -> None:
    many: dict[str, Any] = {}
    for number in range(300):
        item = finding("fpm_not_running", "r%d" % number, unit="u%d.service" % number)
        many["a%d" % number] = remedied("escalated", item, why="reason of %s" % ("x" * number))
        many["b%d" % number] = remedied(
            "rolled_back", item, deed=action("rolled_back", "act_%d" % number, "t%d" % number)
        )
    lines = block(many)
    assert len(lines) < 60
    assert any("rows more in the report, on " in line for line in lines)


HOSTILE = [
    "\x1b[2J\x1b[H",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "日本語" * 200,
    "{{ 7 * 7 }}{% raw %}",
    "a" * 5000,
    "e\u0301" * 300,
    "\n\n\nREMEDY",
    "",
]


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_text_of_a_host_breaks_a_line_or_reaches_the_terminal(evil: str) -> None:
    item = finding(site=evil, pool=evil, unit=evil, endpoint=evil)
    undone = {
        "name": evil,
        "target": evil,
        "at": 1,
        "files": [evil],
        "fate": "left",
        "why": evil,
        "by_hand": [evil],
    }
    results = {
        word: remedied(
            word,
            item,
            why=evil,
            undone=undone,
            deed=action(word, evil, evil, why=evil, commands=[evil], seconds=1e19),
        )
        for word in ("done", "would", "rolled_back", "failed", "refused")
    }
    aside = {
        word: remedied("escalated", item, outcome=word, findings=[], answered_after=1e19)
        for word in ("busy", "left_alone")
    }
    for result in aside.values():
        result["remediation"]["why"] = evil
    lines = rendered({**results, **aside})
    assert sum(line.startswith("REMEDY") for line in lines) == 1
