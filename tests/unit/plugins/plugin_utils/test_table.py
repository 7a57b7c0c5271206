# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table: worst first, equal things once, never wider than the terminal, and deaf to what hosts write into
it.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import bounds, report, table, text
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)


@pytest.fixture(autouse=True)
def _zone(utc: None) -> None:
    """Times are shown in the zone of the one who reads."""


def rendered(results: dict[str, Any], footer: str = "Report: /x/report.json") -> list[str]:
    lines = [line for line, _color in table.render(report.build(results, 900, NOW), NOW, footer)]
    assert max(map(text.width, lines)) <= table.WIDTH
    assert all(char.isprintable() for line in lines for char in line)
    return lines


def at(lines: list[str], start: str) -> int:
    return next(number for number, line in enumerate(lines) if line.startswith(start))


def test_it_begins_with_the_counts_and_ends_with_the_path() -> None:
    lines = rendered(
        {"web1": answer("failing", finding()), "web2": answer(), "web3": answer(), "gone": unreachable()}
    )
    assert lines[0] == "4 hosts: 1 failing, 1 unreachable, 2 healthy"
    assert lines[1] == "looked back 15 min from 2026-04-02 14:23:17 UTC"
    assert lines[-1] == "Report: /x/report.json"


def test_a_cause_shows_hosts_site_pool_since_lost_evidence_fix_and_the_wrong_fix() -> None:
    lines = rendered({"web1": answer("failing", finding())})
    start = at(lines, "FAILING")
    assert lines[start].split("  ")[1] == "PHP-FPM is not running: stopped"
    assert lines[start].endswith("fpm_not_running/stopped  1 host")
    assert lines[start + 1].split() == ["web1", "shop.example", "(80)", "/", "www", "14:13:17", "3"]
    assert (
        lines[start + 2] == "    why  systemd: php8.2-fpm.service is inactive (dead), result success, enabled"
    )
    assert lines[start + 3] == "    fix  systemctl start php8.2-fpm.service"
    assert lines[start + 4].startswith("    not  delete or link socket files: ")


def test_equal_findings_of_many_hosts_are_one_row_with_the_sum_and_the_earliest() -> None:
    results = {
        "web%d" % number: answer("failing", finding(since=NOW - number, count=number))
        for number in range(1, 5)
    }
    lines = rendered(results)
    start = at(lines, "FAILING")
    assert lines[start + 1].split("  ")[1] == "web1, web2, web3, web4"
    assert lines[start + 1].split()[-2:] == ["14:23:13", "10"]
    assert sum("why" in line for line in lines) == 1


def test_hosts_that_do_not_fit_their_column_get_lines_of_their_own() -> None:
    lines = rendered(
        {"web%03d.prod.example" % number: answer("failing", finding()) for number in range(1, 401)}
    )
    start = at(lines, "FAILING")
    assert lines[start + 1].startswith("  400 hosts ")
    assert lines[start + 2].startswith("    on   web001.prod.example, web002.prod.example, ")
    assert re.search(r"web\d+\.prod\.example \+39\d more$", lines[start + 3])
    assert len(lines) < 20


def test_different_evidence_of_one_cause_is_shown_row_by_row() -> None:
    other = finding(
        unit="php7.4-fpm.service",
        pool="old",
        evidence=[{"source": "systemd", "path": None, "text": "another thing"}],
    )
    lines = rendered({"web1": answer("failing", finding()), "web2": answer("failing", other)})
    assert [line for line in lines if "why" in line] == [
        "    why  systemd: php8.2-fpm.service is inactive (dead), result success, enabled",
        "    why  systemd: another thing",
    ]
    assert [line.strip() for line in lines if "fix" in line] == [
        "fix  systemctl start php8.2-fpm.service",
        "fix  systemctl start php7.4-fpm.service",
    ]


def test_evidence_that_differs_within_a_row_names_the_host_it_is_from() -> None:
    other = finding(evidence=[{"source": "journal", "path": None, "text": "told so"}])
    assert "    why  web1: systemd: php8.2" in "\n".join(
        rendered({"web1": answer("failing", finding()), "web2": answer("failing", other)})
    )


def test_two_sites_of_one_name_are_told_apart_by_their_addresses() -> None:
    both = [
        {"name": "_", "listen": listen, "file": "/etc/nginx/x", "line": line}
        for line, listen in ((1, "80"), (9, "127.0.0.1:8081"))
    ]
    lines = rendered(
        {
            "web1": answer(
                "failing",
                finding(site="_", sites=["_"], servers=both[:1], endpoint="a"),
                finding(site="_", sites=["_"], servers=both[1:], endpoint="b"),
            )
        }
    )
    assert any("_ (80) / www" in line for line in lines) and any(
        "_ (127.0.0.1:8081) / www" in line for line in lines
    )


def test_a_report_from_before_servers_were_kept_shows_the_names() -> None:
    assert any(
        "old.example / www" in line
        for line in rendered({"web1": answer("failing", finding(sites=["old.example"], servers=[]))})
    )


@pytest.mark.parametrize(
    "what, name, words",
    [
        ("rule_failed", "impostor", "the rule impostor failed, please report it: KeyError: 'x'"),
        ("collector_failed", "host", "the look at host failed, please report it: KeyError: 'x'"),
    ],
)
def test_a_part_that_failed_is_named(what: str, name: str, words: str) -> None:
    missing = [{"what": what, "path": name, "why": "KeyError: 'x'", "needs": None}]
    lines = rendered({"web1": answer("unknown", missing=missing)})
    assert any(line.strip() == words for line in lines)


def test_sites_of_many_hosts_fold_before_the_table_gets_long() -> None:
    servers = [[dict(finding()["servers"][0], name="s%d.example" % number)] for number in range(40)]
    many = {
        "web%d" % number: answer("failing", finding(site=one[0]["name"], sites=[one[0]["name"]], servers=one))
        for number, one in enumerate(servers)
    }
    lines = rendered(many)
    assert len(lines) < 20
    assert any("s0.example (80) +39 more / www" in line for line in lines)


def test_even_a_fleet_without_two_equal_findings_gives_a_bounded_table() -> None:
    many = {
        "web%d" % number: answer("failing", finding(unit="u%d.service" % number, pool="p%d" % number))
        for number in range(300)
    }
    lines = rendered(many)
    assert len(lines) < 50
    assert any(line.startswith("  and 292 rows more in the report, on web8, web9, ") for line in lines)


def test_worse_and_more_frequent_causes_come_first() -> None:
    lines = rendered(
        {
            "a": answer("degraded", finding("worker_oom_killed", "cgroup")),
            "b": answer("failing", finding("socket_path_mismatch", "other_socket")),
            "c": answer("failing", finding()),
            "d": answer("failing", finding()),
        }
    )
    assert [line.split()[-3] for line in lines if line.startswith(("FAILING", "DEGRADED"))] == [
        "fpm_not_running/stopped",
        "socket_path_mismatch/other_socket",
        "worker_oom_killed/cgroup",
    ]


def test_doubt_is_marked() -> None:
    assert any(
        line.startswith("    why? ")
        for line in rendered({"a": answer("degraded", finding(confidence="likely"))})
    )


def test_what_nobody_counted_is_no_zero() -> None:
    lines = rendered({"a": answer("failing", finding(since=None, count=0))})
    assert lines[at(lines, "FAILING") + 1].split()[-2:] == ["-", "-"]


def test_the_stamp_of_a_log_line_is_not_repeated() -> None:
    stamps = (
        "2026/04/02 14:23:17 [error] 1#1: *5 ",
        "[02-Apr-2026 14:23:17] ",
        "[02-Apr-2026 14:23:17.123456] ",
        "[423847.291] ",
    )
    for stamp in stamps:
        lines = rendered(
            {
                "a": answer(
                    "failing",
                    finding(
                        evidence=[
                            {"source": "nginx_log", "path": "/var/log/x", "text": stamp + "the message"}
                        ]
                    ),
                )
            }
        )
        assert "    why  /var/log/x: the message" in lines


def test_the_place_of_the_evidence_is_file_and_line_when_there_is_one() -> None:
    lines = rendered(
        {
            "a": answer(
                "failing",
                finding(
                    evidence=[
                        {
                            "source": "nginx",
                            "path": "/etc/nginx/a",
                            "line": 14,
                            "text": "fastcgi_pass unix:/x",
                        }
                    ]
                ),
            )
        }
    )
    assert "    why  /etc/nginx/a:14: fastcgi_pass unix:/x" in lines


def test_the_rest_of_the_fleet_is_listed_by_status() -> None:
    blind = answer(
        "unknown",
        missing=[
            {
                "what": "nginx_log",
                "path": "/var/log/nginx/error.log",
                "why": "Permission denied",
                "needs": "root",
            }
        ],
    )
    lost = answer(
        "degraded",
        missing=[
            {
                "what": "cause_of_losses",
                "path": "unix:/x",
                "why": "no evidence shows the cause of 3 lost requests",
                "needs": None,
            }
        ],
    )
    lines = rendered(
        {
            "well": answer(),
            "static": answer("not_applicable"),
            "back": answer("recovered", finding(state="recovered")),
            "blind1": blind,
            "blind2": blind,
            "lost": lost,
            "gone1": unreachable("ssh: connect to host gone1 port 22"),
            "gone2": unreachable("ssh: connect to host gone2 port 22"),
            "dead": {"failed": True, "msg": "no python"},
        }
    )
    assert [line for line in lines[3:-2] if line] == [
        "degraded           1  lost",
        "                      no evidence shows the cause of 3 lost requests",
        "unreachable        2  gone1, gone2",
        "                      ssh: connect to host gone1 port 22",
        "unknown            2  blind1, blind2",
        "                      missing nginx_log /var/log/nginx/error.log: Permission denied (needs root)",
        "unknown            1  dead",
        "                      the diagnosis did not run: no python",
        "recovered          1  back",
        "                      was fpm_not_running/stopped from 14:13:17 on, 3 lost",
        "healthy            1  well",
        "not applicable     1  static",
    ]


def test_no_host_is_lost_in_the_table() -> None:
    results: dict[str, Any] = {
        "h%d" % number: answer(status) for number, status in enumerate(sorted(bounds.ANSWERS))
    }
    results.update(gone=unreachable(), dropped=None)
    shown = "\n".join(rendered(results))
    assert all(re.search(r"\b%s\b" % name, shown) for name in results)


def test_a_recovered_cause_beside_an_active_one_is_told_as_well() -> None:
    lines = rendered(
        {"a": answer("degraded", finding("worker_oom_killed", "cgroup"), finding(state="recovered"))}
    )
    assert any("was fpm_not_running/stopped" in line for line in lines)


def test_an_empty_play_gives_a_table_too() -> None:
    assert rendered({})[0] == "0 hosts: nothing to report"


HOSTILE = [
    "\x1b[2J\x1b[H",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "日本語" * 200,
    "{{ 7 * 7 }}{% raw %}",
    "a" * 5000,
    "e\u0301" * 300,
    "\n\n\nFAILING",
    "",
]


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_text_of_a_host_breaks_a_line_or_reaches_the_terminal(evil: str) -> None:
    item = finding(
        site=evil,
        sites=[evil, evil + "2"],
        pool=evil,
        unit=evil,
        endpoint=evil,
        summary=evil,
        evidence=[{"source": evil, "path": evil, "text": evil}],
    )
    bare = finding(site=None, sites=[], pool=None, endpoint=evil, evidence=[], summary=evil)
    missing = [{"what": evil, "path": evil, "why": evil, "needs": evil}]
    lines = rendered(
        {
            "a": answer("failing", item, bare),
            "b": answer("unknown", missing=missing),
            "c": unreachable(evil),
            "d": {"failed": True, "msg": evil},
            "e": answer("recovered", finding(state="recovered", site=evil)),
        }
    )
    assert sum(line.startswith("FAILING") for line in lines) == 1


def test_colours_mark_headings_only() -> None:
    lines = table.render(
        report.build({"web1": answer("failing", finding()), "web2": answer()}, 900, NOW), NOW, "Report: x"
    )
    assert {line.split()[0] for line, color in lines if color} == {"2", "FAILING", "healthy"}


STRANGER = {
    "pid": 4711,
    "user": "stranger",
    "claims": "php-fpm",
    "title": "php-fpm: master process (/home/stranger/x.conf)",
    "exe": "/home/stranger/fpm",
    "why": "its uid is 1000, not 0",
}


def test_strangers_are_named_on_healthy_hosts_too() -> None:
    lines = rendered({"web1": answer(strangers=[STRANGER], strangers_total=1), "web2": answer()})
    at = next(number for number, line in enumerate(lines) if line.startswith("strangers"))
    assert lines[at - 1].startswith("healthy")
    assert lines[at].startswith(
        'strangers          1  web1: pid 4711 of stranger calls itself "php-fpm: master process (/home/'
    )
    assert not any(line.startswith("strangers") for line in rendered({"web2": answer()}))


def test_many_strangers_take_few_lines() -> None:
    lines = rendered(
        {"web%d" % number: answer(strangers=[STRANGER] * 5, strangers_total=30) for number in range(4)}
    )
    at = next(number for number, line in enumerate(lines) if line.startswith("strangers        120"))
    assert lines[at + 8].strip() == "and 112 more, in the report"
    assert all(len(line) <= 100 for line in lines)


def test_no_title_of_a_stranger_reaches_the_terminal() -> None:
    for evil in HOSTILE:
        lines = rendered(
            {
                "web1": answer(
                    strangers=[{**STRANGER, "title": evil, "user": evil, "why": evil, "exe": evil}],
                    strangers_total=1,
                )
            }
        )
        assert all(line.isprintable() for line in lines)
