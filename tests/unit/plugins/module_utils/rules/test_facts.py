# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The facts of a finding: what the rule knows, and the line that decides."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules import findings
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.model import Cause, Reason, evidence
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.losses.test_tries import (
    DEAD,
    REFUSED,
    with_dead_server,
)


def found(*proof: Any, **facts: Any) -> Dict[str, Any]:
    named: Any = facts
    reason = Reason("It is so.", proof, facts=named)
    return dict(findings.finding(Cause("x", ("y",)), "y", reason)["facts"] or {})


class TestSpare:
    def test_hit_the_line_of_the_dead_server_and_who_answers(self) -> None:
        host = with_dead_server().nginx_said(REFUSED, 60.0, endpoint=DEAD)
        item = hosts.only(host)
        route = host["nginx"]["routes"][0]
        target = next(each for each in route["endpoints"] if each["endpoint"] == DEAD)
        assert (item["facts"]["file"], item["facts"]["line"]) == (target["file"], target["line"])
        assert item["facts"]["answering"] in {each["endpoint"] for each in route["endpoints"]} - {DEAD}

    def test_near_miss_no_other_server_answers(self) -> None:
        host = with_dead_server(["off"]).nginx_said(REFUSED, 60.0, endpoint=DEAD)
        assert "answering" not in hosts.only(host)["facts"]


class TestFindings:
    LINE = evidence("php-fpm", "x", "/etc/a.conf", 3)

    def test_the_first_line_of_a_configuration_decides(self) -> None:
        other = evidence("php-fpm", "x", "/etc/b.conf", 4)
        plain = evidence("file", "x", "/srv/a")
        assert found(plain, self.LINE, other) == {"file": "/etc/a.conf", "line": 3}

    def test_near_miss_the_rule_names_another_line(self) -> None:
        assert found(self.LINE, file="/etc/b.conf", line=4) == {"file": "/etc/b.conf", "line": 4}

    @pytest.mark.parametrize("piece", [evidence("file", "x", "/srv/a"), evidence("x", "x", None, 3)])
    def test_near_miss_a_proof_without_a_line(self, piece: Any) -> None:
        assert found(piece) == {}

    def test_what_is_not_known_is_left_out(self) -> None:
        assert found(path=None, account="", pids=[], user="caddy") == {"user": "caddy"}

    def test_all_pids_or_none(self) -> None:
        most = list(range(1, findings.MOST_PIDS + 1))
        assert found(pids=most) == {"pids": most}
        assert found(pids=[*most, 4711]) == {}


NOT_LOADED = (
    "[29-Nov-2026 11:23:58] ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:491] unknown entry 'pm.max_childern'",
    "[29-Nov-2026 11:23:58] ERROR: failed to load configuration file '/etc/php/8.2/fpm/php-fpm.conf'",
)


class TestRefused:
    """Files that php-fpm -t refuses, and that the master which runs has not loaded."""

    def test_hit_a_restart_would_end_what_runs(self) -> None:
        item = hosts.only(hosts.a_host("socket_deleted").tested(78, *NOT_LOADED))
        assert item["facts"]["refused"] == "/etc/php/8.2/fpm/pool.d/www.conf:491"
        assert "pm.max_childern" in item["evidence"][-1]["text"]

    @pytest.mark.parametrize("rc, output", [(0, ()), (-11, ()), (127, ("php-fpm8.2: not found",))])
    def test_near_miss_the_test_refuses_no_file(self, rc: int, output: Any) -> None:
        assert "refused" not in hosts.only(hosts.a_host("socket_deleted").tested(rc, *output))["facts"]

    @pytest.mark.parametrize("unit", ["nginx.service", None])
    def test_near_miss_of_another_unit(self, unit: Optional[str]) -> None:
        host = hosts.a_host("socket_deleted").tested(78, *NOT_LOADED)
        item: Any = dict(hosts.only(host), unit=unit, facts={})
        assert "refused" not in findings.with_commands(item, host)["facts"]

    def test_decoy_it_does_not_run_so_that_is_the_cause(self) -> None:
        item = hosts.only(hosts.a_host("pool_syntax"))
        assert item["reason"] == "config_invalid" and "refused" not in item["facts"]

    def test_decoy_what_is_over_needs_no_load(self) -> None:
        item = hosts.only(hosts.a_host("was_down").tested(78, *NOT_LOADED))
        assert item["state"] == "recovered" and "refused" not in item["facts"]
