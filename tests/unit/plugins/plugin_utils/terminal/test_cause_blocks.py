# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The block of a cause: equal things once, worst first, with its proof and its fix."""

from __future__ import annotations

import re

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    evidence,
    finding,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import rendered


@pytest.fixture(autouse=True)
def _zone(utc: None) -> None:
    """Times are shown in the zone of the one who reads."""


def at(lines: list[str], start: str) -> int:
    return next(number for number, line in enumerate(lines) if line.startswith(start))


class TestBlock:
    """A cause in the table."""

    def test_it_shows_place_time_loss_evidence_and_fix(self) -> None:
        lines = rendered({"web1": answer("failing", finding())})
        start = at(lines, "FAILING")
        assert lines[start].split("  ")[1] == "PHP-FPM is not running: stopped"
        assert lines[start].endswith("fpm_not_running/stopped  1 host")
        assert lines[start + 1].split() == [
            "web1",
            "shop.example",
            "(80)",
            "/",
            "www",
            *["14:13:17,", "10", "min", "ago", "3"],
        ]
        assert (
            lines[start + 2]
            == "    why  systemd: php8.2-fpm.service is inactive (dead), result success, enabled"
        )
        assert lines[start + 3] == "    fix  systemctl start php8.2-fpm.service"
        assert lines[start + 4].startswith("    not  delete or link socket files: ")

    def test_a_risk_says_what_it_would_look_like(self) -> None:
        found = finding("restart_at_risk", "unit_not_enabled", code=None, state="latent")
        lines = rendered({"web1": answer("healthy", found)})
        assert lines[at(lines, "LATENT") + 3].startswith("    then The machine boots, ")

    def test_two_sites_of_one_name_have_their_addresses(self) -> None:
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

    def test_a_report_from_before_0_4_shows_the_names(self) -> None:
        assert any(
            "old.example / www" in line
            for line in rendered({"web1": answer("failing", finding(sites=["old.example"], servers=[]))})
        )

    def test_doubt_is_marked(self) -> None:
        assert any(
            line.startswith("    why? ")
            for line in rendered({"a": answer("degraded", finding(confidence="likely"))})
        )

    def test_what_nobody_counted_is_no_zero(self) -> None:
        lines = rendered({"a": answer("failing", finding(since=None, count=0))})
        assert lines[at(lines, "FAILING") + 1].split()[-2:] == ["-", "-"]

    def test_the_stamp_of_a_log_line_is_not_repeated(self) -> None:
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
                        finding(evidence=[evidence("nginx_log", "/var/log/x", stamp + "the message")]),
                    )
                }
            )
            assert "    why  /var/log/x: the message" in lines

    def test_evidence_of_a_file_has_its_line(self) -> None:
        lines = rendered(
            {
                "a": answer(
                    "failing",
                    finding(evidence=[evidence("nginx", "/etc/nginx/a", "fastcgi_pass unix:/x", line=14)]),
                )
            }
        )
        assert "    why  /etc/nginx/a:14: fastcgi_pass unix:/x" in lines


class TestRows:
    """Equal things once."""

    def test_equal_findings_are_one_row_with_their_sum(self) -> None:
        results = {
            "web%d" % number: answer("failing", finding(since=NOW - number, count=number))
            for number in range(1, 5)
        }
        lines = rendered(results)
        start = at(lines, "FAILING")
        assert lines[start + 1].split("  ")[1] == "web1, web2, web3, web4"
        assert lines[start + 1].endswith("14:23:13, 4 s ago             10")
        assert sum("why" in line for line in lines) == 1

    def test_many_hosts_get_lines_of_their_own(self) -> None:
        lines = rendered(
            {"web%03d.prod.example" % number: answer("failing", finding()) for number in range(1, 401)}
        )
        start = at(lines, "FAILING")
        assert lines[start + 1].startswith("  400 hosts ")
        assert lines[start + 2].startswith("    on   web001.prod.example, web002.prod.example, ")
        assert re.search(r"web\d+\.prod\.example \+39\d more$", lines[start + 3])
        assert len(lines) < 20

    def test_different_evidence_is_shown_row_by_row(self) -> None:
        other = finding(
            unit="php7.4-fpm.service",
            pool="old",
            evidence=[evidence("systemd", None, "another thing")],
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

    def test_evidence_that_differs_within_a_row_has_its_host(self) -> None:
        other = finding(evidence=[evidence("journal", None, "told so")])
        assert "    why  web1: systemd: php8.2" in "\n".join(
            rendered({"web1": answer("failing", finding()), "web2": answer("failing", other)})
        )

    def test_sites_of_many_hosts_fold_before_the_table_gets_long(self) -> None:
        servers = [[dict(finding()["servers"][0], name="s%d.example" % number)] for number in range(40)]
        many = {
            "web%d" % number: answer(
                "failing", finding(site=blocks[0]["name"], sites=[blocks[0]["name"]], servers=blocks)
            )
            for number, blocks in enumerate(servers)
        }
        lines = rendered(many)
        assert len(lines) < 20
        assert any("s0.example (80) +39 more / www" in line for line in lines)

    def test_a_fleet_without_equal_findings_gets_few_rows(self) -> None:
        many = {
            "web%d" % number: answer("failing", finding(unit="u%d.service" % number, pool="p%d" % number))
            for number in range(45)
        }
        lines = rendered(many)
        assert len(lines) < 50
        assert any(line.startswith("  and 37 rows more in the report, on web8, web9, ") for line in lines)

    def test_worse_and_more_frequent_causes_come_first(self) -> None:
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
