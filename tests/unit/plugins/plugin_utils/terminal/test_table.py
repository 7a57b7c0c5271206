# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table: the whole fleet, never wider than the terminal, and deaf to what hosts write into it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import table
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    evidence,
    finding,
    missing,
    stranger,
    unreachable,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE, rendered


@pytest.fixture(autouse=True)
def _zone(utc: None) -> None:
    """Times are shown in the zone of the one who reads."""


class TestFleet:
    """The rest of the fleet."""

    def test_it_begins_with_the_counts_and_ends_with_the_path(self) -> None:
        lines = rendered(
            {"web1": answer("failing", finding()), "web2": answer(), "web3": answer(), "gone": unreachable()}
        )
        assert lines[0] == "4 hosts: 1 failing, 1 unreachable, 2 healthy"
        assert lines[1] == "looked back 15 min from 2026-04-02 14:23:17 UTC"
        assert lines[-1] == "Report: /x/report.json"

    @pytest.mark.parametrize(
        "what, name, words",
        [
            ("rule_failed", "impostor", "the rule impostor failed, please report it: KeyError: 'x'"),
            ("collector_failed", "host", "the look at host failed, please report it: KeyError: 'x'"),
        ],
    )
    def test_a_part_that_failed_is_named(self, what: str, name: str, words: str) -> None:
        lines = rendered({"web1": answer("unknown", missing=[missing(what, name, "KeyError: 'x'")])})
        assert any(line.strip() == words for line in lines)

    def test_a_loss_before_the_window_is_said_of_a_healthy_host(self) -> None:
        why = "last 502 at 13:02, 2 h ago; diagnose_window=10800 looks back to it"
        lines = rendered(
            {"web1": answer(missing=[missing("earlier_losses", "/var/log/nginx/error.log", why)])}
        )
        assert any(line.strip() == why for line in lines)

    def test_other_hosts_are_listed_by_status(self) -> None:
        blind = answer(
            "unknown",
            missing=[missing("nginx_log", "/var/log/nginx/error.log", "Permission denied", "root")],
        )
        lost = answer(
            "degraded",
            missing=[
                missing("cause_of_losses", "unix:/x", "no evidence shows the cause of 3 lost requests", None)
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
            " " * 22 + "missing nginx_log /var/log/nginx/error.log: Permission denied (needs root)",
            "unknown            1  dead",
            "                      the diagnosis did not run: no python",
            "recovered          1  back",
            "                      was fpm_not_running/stopped from 14:13:17, 10 min ago, 3 lost",
            "healthy            1  well",
            "not applicable     1  static",
        ]

    def test_no_host_is_lost_in_the_table(self) -> None:
        results: dict[str, Any] = {
            "h%d" % number: answer(status) for number, status in enumerate(sorted(bounds.ANSWERS))
        }
        results.update(gone=unreachable(), dropped=None)
        shown = "\n".join(rendered(results))
        assert all(re.search(r"\b%s\b" % name, shown) for name in results)

    def test_a_recovered_cause_stands_beside_an_active_one(self) -> None:
        lines = rendered(
            {"a": answer("degraded", finding("worker_oom_killed", "cgroup"), finding(state="recovered"))}
        )
        assert any("was fpm_not_running/stopped" in line for line in lines)

    def test_what_comes_back_by_itself_shows_its_cure(self) -> None:
        cut = finding("reload_interrupted", None, state="recovered", remedy=[])
        deploy = finding("socket_path_mismatch", "config_not_loaded", state="recovered", remedy=[])
        shown = " ".join(
            line.strip()
            for line in rendered({"a": answer("recovered", cut), "b": answer("recovered", deploy)})
        )
        assert "to keep it away: set process_control_timeout in [global] above the longest request;" in shown
        assert "to keep it away: let each deploy end with systemctl reload php8.2-fpm.service" in shown

    def test_a_note_is_shown_to_its_errno(self) -> None:
        why = "connecting to unix:/run/php/%s.sock as www-data: Permission denied (13)" % ("x" * 90)
        lines = rendered({"a": answer("unknown", missing=[missing("endpoint", None, why, None)])})
        assert any(line.endswith("Permission denied (13)") for line in lines)

    def test_an_empty_play_gives_a_table_too(self) -> None:
        assert rendered({})[0] == "0 hosts: nothing to report"


class TestTerminal:
    """What a host cannot do to it."""

    @pytest.mark.parametrize("evil", HOSTILE)
    def test_no_text_of_a_host_acts_on_the_terminal(self, evil: str) -> None:
        item = finding(
            site=evil,
            sites=[evil, evil + "2"],
            pool=evil,
            unit=evil,
            endpoint=evil,
            summary=evil,
            evidence=[evidence(evil, evil, evil)],
        )
        bare = finding(site=None, sites=[], pool=None, endpoint=evil, evidence=[], summary=evil)
        lines = rendered(
            {
                "a": answer("failing", item, bare),
                "b": answer("unknown", missing=[missing(evil, evil, evil, evil)]),
                "c": unreachable(evil),
                "d": {"failed": True, "msg": evil},
                "e": answer("recovered", finding(state="recovered", site=evil)),
            }
        )
        assert sum(line.startswith("FAILING") for line in lines) == 1

    def test_colours_mark_headings_only(self) -> None:
        lines = table.render(
            report.build({"web1": answer("failing", finding()), "web2": answer()}, 900, NOW), NOW, "Report: x"
        )
        assert {line.split()[0] for line, color in lines if color} == {"2", "FAILING", "healthy"}


class TestStrangers:
    """Processes that only call themselves a master."""

    def test_they_are_named_on_healthy_hosts_too(self) -> None:
        lines = rendered({"web1": answer(strangers=[stranger()], strangers_total=1), "web2": answer()})
        at = next(number for number, line in enumerate(lines) if line.startswith("strangers"))
        assert lines[at - 1].startswith("healthy")
        assert lines[at].startswith(
            'strangers          1  web1: pid 4711 of stranger calls itself "php-fpm: master process (/home/'
        )
        assert not any(line.startswith("strangers") for line in rendered({"web2": answer()}))

    def test_many_take_few_lines(self) -> None:
        lines = rendered(
            {"web%d" % number: answer(strangers=[stranger()] * 5, strangers_total=30) for number in range(4)}
        )
        at = next(number for number, line in enumerate(lines) if line.startswith("strangers        120"))
        assert lines[at + 8].strip() == "and 112 more, in the report"
        assert all(len(line) <= 100 for line in lines)

    def test_no_title_reaches_the_terminal(self) -> None:
        for evil in HOSTILE:
            lines = rendered(
                {
                    "web1": answer(
                        strangers=[stranger(title=evil, user=evil, why=evil, exe=evil)],
                        strangers_total=1,
                    )
                }
            )
            assert all(line.isprintable() for line in lines)
