# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what would be done, in which order, each once."""

import os
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.bundles import bundles
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.plan import plan
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.findings import finding
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.model import Cause, Reason, Remedy
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

UNIT = {"unit": "php8.2-fpm.service"}


def active(cause: str, reason: str, *remedies: Remedy) -> Dict[str, Any]:
    return finding(Cause(cause, ()), reason, Reason("a sentence.", [], remedy=remedies))


def ids(findings: List[Dict[str, Any]]) -> List[str]:
    return [action["id"] for action in plan(findings, "web01")]


class TestOrder:
    def test_it_is_that_of_the_list_for_any_order_of_findings(self) -> None:
        findings = [
            active(
                "socket_path_mismatch",
                "other_socket",
                Remedy("fastcgi_pass_repoint", {"file": "/etc/nginx/a", "line": 2}),
            ),
            active(
                "fpm_not_running",
                "start_limit_hit",
                Remedy("unit_start", UNIT),
                Remedy("unit_reset_failed", UNIT),
            ),
        ]
        assert (
            ids(findings)
            == ids(findings[::-1])
            == ["unit_reset_failed", "unit_start", "fastcgi_pass_repoint"]
        )

    def test_every_action_is_known_once_with_known_words(self) -> None:
        assert len({action.id for action in ACTIONS}) == len(ACTIONS)
        assert {action.risk for action in ACTIONS} <= {"low", "medium", "high"} and {
            action.disruption for action in ACTIONS
        } <= {"none", "reload", "restart"}

    def test_an_unknown_action_is_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match="no action is called socket_delete; known are .*unit_start"):
            plan([active("fpm_not_running", "stopped", Remedy("socket_delete", UNIT))], "web01")


class TestOnce:
    def test_what_two_findings_ask_for_is_done_once(self) -> None:
        findings = [
            active("fpm_not_running", "stopped", Remedy("unit_start", UNIT)),
            active("fpm_not_running", "crashed", Remedy("unit_start", UNIT)),
        ]
        assert [
            (action["id"], action["because"], action["findings"]) for action in plan(findings, "web01")
        ] == [("unit_start", ["fpm_not_running/stopped", "fpm_not_running/crashed"], [0, 1])]

    def test_the_same_reason_twice_is_named_once(self) -> None:
        findings = [active("fpm_not_running", "stopped", Remedy("unit_start", UNIT))] * 2
        action = plan(findings, "web01")[0]
        assert (action["because"], action["findings"]) == (["fpm_not_running/stopped"], [0, 1])

    def test_the_same_action_on_two_units_is_two(self) -> None:
        assert (
            ids(
                [
                    active(
                        "fpm_not_running",
                        "stopped",
                        Remedy("unit_start", UNIT),
                        Remedy("unit_start", {"unit": "php8.3-fpm.service"}),
                    )
                ]
            )
            == ["unit_start"] * 2
        )


class TestCost:
    @pytest.mark.parametrize(
        "arguments, disruption",
        [({}, "reload"), ({"drop_backlog": True}, "restart"), ({"drop_backlog": False}, "reload")],
    )
    def test_an_argument_may_raise_it(self, arguments: Dict[str, Any], disruption: str) -> None:
        planned = plan(
            [
                active(
                    "max_children_exhausted",
                    "max_children",
                    Remedy("pool_size_set", dict({"config": "/c", "pool": "www"}, **arguments)),
                )
            ],
            "web01",
        )
        assert [action["disruption"] for action in planned] == [disruption]

    def test_an_action_says_it(self) -> None:
        action = plan(
            [active("socket_path_mismatch", "config_not_loaded", Remedy("unit_restart", UNIT))], "web01"
        )[0]
        assert action == {
            "id": "unit_restart",
            "host": "web01",
            "target": "php8.2-fpm.service",
            "arguments": UNIT,
            "because": ["socket_path_mismatch/config_not_loaded"],
            "findings": [0],
            "risk": "medium",
            "reversible": False,
            "disruption": "restart",
        }

    @pytest.mark.parametrize(
        "arguments, target",
        [
            (UNIT, "php8.2-fpm.service"),
            ({"file": "/etc/nginx/a", "line": 3}, "/etc/nginx/a"),
            ({"config": "/etc/php.conf", "unit": None}, "/etc/php.conf"),
            ({"path": "/run/php"}, "/run/php"),
            ({}, None),
        ],
    )
    def test_the_target_is_the_unit_or_else_the_file(self, arguments: Dict[str, Any], target: str) -> None:
        assert (
            plan([active("fpm_not_running", "stopped", Remedy("unit_start", arguments))], "web01")[0][
                "target"
            ]
            == target
        )


class TestFindings:
    @pytest.mark.parametrize("state", ["recovered", "latent"])
    def test_what_is_not_active_plans_nothing(self, state: str) -> None:
        item = active("fpm_not_running", "stopped", Remedy("unit_start", UNIT))
        assert plan([dict(item, state=state)], "web01") == []

    def test_an_action_names_the_active_ones_that_ask_for_it(self) -> None:
        findings = [dict(FULL, state="recovered"), KILLED, dict(FULL, remedy=[]), FULL]
        other = active(
            "max_children_exhausted", "max_children", Remedy("pool_size_set", dict(PLACE, pool="x"))
        )
        named = {
            action["id"]: action["findings"] for action in plan([*findings[:1], other, findings[2]], "web01")
        }
        assert named == {"pool_size_set": [1]}

    @pytest.mark.parametrize("path", hosts.FILES, ids=os.path.basename)
    def test_the_numbers_of_real_hosts_say_what_because_says(self, path: str) -> None:
        verdict = hosts.verdict(hosts.fixture(path)["snapshot"])
        for action in verdict["plan"]:
            named = [verdict["findings"][number] for number in action["findings"]]
            assert {"%(cause)s/%(reason)s" % item for item in named} == set(action["because"])
            assert named and all(item["state"] == "active" for item in named)


PLACE = {"config": "/etc/php-fpm.conf", "pool": "www", "unit": "php8.2-fpm.service"}
FULL = active("max_children_exhausted", "max_children", Remedy("pool_size_set", PLACE))
KILLED = active("worker_oom_killed", "cgroup", Remedy("memory_fit", dict(PLACE, peak_kb=9)))


class TestGivesWay:
    def test_a_pool_short_of_memory_gets_no_more_workers(self) -> None:
        assert ids([FULL, KILLED]) == ["memory_fit"]
        assert plan([FULL, KILLED], "web01")[0]["findings"] == [1], "it does not mend the other"

    def test_near_miss_another_pool_may_have_more_workers(self) -> None:
        other = active(
            "max_children_exhausted", "max_children", Remedy("pool_size_set", dict(PLACE, pool="blog"))
        )
        assert ids([other, KILLED]) == ["memory_fit", "pool_size_set"]

    def test_a_restart_serves_the_finding_of_a_reload_too(self) -> None:
        deleted = active("socket_path_mismatch", "socket_deleted", Remedy("unit_restart", UNIT))
        unread = active("socket_path_mismatch", "config_not_loaded", Remedy("unit_reload", UNIT))
        planned = plan([deleted, unread], "web01")
        assert [action["id"] for action in planned] == ["unit_restart"]
        assert planned[0]["because"] == [
            "socket_path_mismatch/socket_deleted",
            "socket_path_mismatch/config_not_loaded",
        ]
        assert planned[0]["findings"] == [0, 1]

    def test_near_miss_the_restart_of_another_unit_stays(self) -> None:
        deleted = active(
            "socket_path_mismatch", "socket_deleted", Remedy("unit_restart", {"unit": "php8.3-fpm.service"})
        )
        unread = active("socket_path_mismatch", "config_not_loaded", Remedy("unit_reload", UNIT))
        assert ids([deleted, unread]) == ["unit_restart", "unit_reload"]

    def test_of_two_addresses_for_one_line_neither_is_taken(self) -> None:
        def pointed(to: str) -> Dict[str, Any]:
            return active(
                "socket_path_mismatch",
                "other_socket",
                Remedy("fastcgi_pass_repoint", {"file": "/etc/nginx/a", "line": 3, "from": "x", "to": to}),
            )

        assert ids([pointed("unix:/run/a.sock"), pointed("unix:/run/b.sock")]) == []
        assert ids([pointed("unix:/run/a.sock"), pointed("unix:/run/a.sock")]) == ["fastcgi_pass_repoint"]


class TestBundles:
    def test_what_a_unit_needs_in_order_to_start_is_one_bundle(self) -> None:
        down = active(
            "fpm_not_running",
            "start_limit_hit",
            Remedy("unit_reset_failed", UNIT),
            Remedy("unit_start", UNIT),
            Remedy("unit_enable", UNIT),
        )
        elsewhere = active("fpm_not_running", "stopped", Remedy("unit_start", {"unit": "php8.3-fpm.service"}))
        planned = [
            [(action["id"], action["arguments"]["unit"][3:6]) for action in bundle]
            for bundle in bundles(plan([elsewhere, FULL, down], "web01"))
        ]
        assert planned == [
            [("pool_size_set", "8.2")],
            [("unit_reset_failed", "8.2"), ("unit_start", "8.2"), ("unit_enable", "8.2")],
            [("unit_start", "8.3")],
        ]


class TestRealHosts:
    @pytest.mark.parametrize(
        "fault, planned",
        [
            ("start_limit_hit", ["unit_reset_failed", "unit_start"]),
            ("runtime_dir_missing", ["runtime_directory_create", "unit_start"]),
            ("stopped", ["unit_start"]),
            ("masked", []),
            ("pool_syntax", []),
            ("socket_deleted", ["unit_restart"]),
            ("old_socket", []),
            ("tcp_vs_unix", ["fastcgi_pass_repoint"]),
            ("stopped_disabled", ["unit_start", "unit_enable"]),
            ("exhausted_static", ["pool_size_set"]),
            ("slow_http", []),
            ("worker_oom", ["memory_fit", "memory_limit_set"]),
            ("segfault", []),
            ("plain", []),
            ("was_down", []),
            ("nginx_other_user", []),
        ],
    )
    def test_they_get_their_plan(self, fault: str, planned: List[str]) -> None:
        assert hosts.actions(seen(fault)) == planned

    def test_to_start_what_somebody_disabled_is_a_high_risk(self) -> None:
        assert {action["risk"] for action in hosts.verdict(seen("stopped_disabled"))["plan"]} == {"high"}
        assert {action["risk"] for action in hosts.verdict(seen("stopped"))["plan"]} == {"low"}

    @pytest.mark.parametrize(
        "state", ["static", "indirect", "linked", "generated", "alias", "enabled-runtime", "transient", None]
    )
    def test_near_miss_a_unit_that_no_link_enables_is_not_disabled(self, state: Optional[str]) -> None:
        snapshot = seen("stopped")
        hosts.unit(snapshot)["enabled"] = state
        assert [(action["id"], action["risk"]) for action in hosts.verdict(snapshot)["plan"]] == [
            ("unit_start", "low")
        ]
