# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator allows."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import (
    Policy,
    options_problem,
    policy_refusal,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import PREVENT

ALLOWED = Policy(900, 3.0, "medium", [], [], "/", 20.0, 2, 3600, "", "restart", 10, 10.0, "leave")
FINDINGS: Any = [{"cause": "fpm_not_running"}, {"cause": "worker_oom_killed"}]


def action(
    name: str = "unit_start", risk: str = "low", finding: int = 0, disruption: str = "none"
) -> Dict[str, Any]:
    return {"id": name, "risk": risk, "findings": [finding], "disruption": disruption}


def about(endpoint: str) -> Any:
    """A finding."""
    return {"cause": "fpm_not_running", "endpoint": endpoint}


def refusal(allowed: Policy, planned: Any) -> Optional[str]:
    refused = policy_refusal(allowed, planned, FINDINGS)
    return refused.why if refused else None


class TestRefusal:
    @pytest.mark.parametrize(
        "most, risk, allowed",
        [
            ("low", "low", True),
            ("low", "medium", False),
            ("medium", "medium", True),
            ("medium", "high", False),
            ("high", "high", True),
        ],
    )
    def test_a_risk_above_the_limit_is_left_to_a_person(self, most: str, risk: str, allowed: bool) -> None:
        assert (refusal(ALLOWED._replace(max_risk=most), action(risk=risk)) is None) is allowed

    @pytest.mark.parametrize(
        "most, disruption, allowed",
        [
            ("none", "none", True),
            ("none", "reload", False),
            ("reload", "reload", True),
            ("reload", "restart", False),
            ("restart", "restart", True),
        ],
    )
    def test_a_disruption_above_the_limit_is_left_to_a_person(
        self, most: str, disruption: str, allowed: bool
    ) -> None:
        assert (
            refusal(ALLOWED._replace(max_disruption=most), action(disruption=disruption)) is None
        ) is allowed

    def test_swap_is_made_only_when_its_size_is_given(self) -> None:
        swap = action("swap_add", "medium", 1)
        assert (
            "remediate_swap_size" in str(refusal(ALLOWED, swap))
            and refusal(ALLOWED._replace(swap_size="1G"), swap) is None
        )

    @pytest.mark.parametrize(
        ("allowed", "planned", "kind", "option"),
        [
            ({"skip": ["unit_start"]}, action(), "skip", ""),
            ({"only": ["unit_stop"]}, action(), "only", ""),
            ({"max_risk": "low"}, action(risk="high"), "max_risk", "prevent_max_risk=high"),
            ({"max_disruption": "none"}, action(disruption="reload"), "max_disruption", "prevent_max_dis"),
            ({}, action("swap_add", "medium", 1), "swap_size", "prevent_swap_size"),
        ],
    )
    def test_each_has_its_kind_and_names_the_roles_option(
        self, allowed: Dict[str, Any], planned: Any, kind: str, option: str
    ) -> None:
        refused = policy_refusal(ALLOWED._replace(**allowed), planned, FINDINGS, PREVENT)
        assert refused is not None and refused.kind == kind and option in refused.why


class TestSelection:
    """only and skip"""

    @pytest.mark.parametrize(
        "words", [["unit_start"], ["fpm_not_running"], ["read_timeout_set", "fpm_not_running"]]
    )
    def test_both_take_actions_and_causes(self, words: List[str]) -> None:
        assert refusal(ALLOWED._replace(only=words), action()) is None
        assert "remediate_skip" in str(refusal(ALLOWED._replace(skip=words), action()))

    def test_what_is_not_among_only_is_left_out(self) -> None:
        assert "remediate_only" in str(refusal(ALLOWED._replace(only=["socket_acl_add"]), action()))

    @pytest.mark.parametrize(
        "words, fits",
        [
            (["unix:/run/a"], True),
            (["unix:/run/a", "unix:/run/b"], True),
            (["unix:/run/b"], False),
            (["unit_start", "unix:/run/a"], True),
            (["unit_start", "unix:/run/b"], False),
            (["unit_restart", "unix:/run/a"], False),
        ],
    )
    def test_an_endpoint_lets_only_its_own_be_done(self, words: List[str], fits: bool) -> None:
        policy = ALLOWED._replace(only=words)
        found: Any = [about("unix:/run/a")]
        assert options_problem(policy, ["fpm_not_running"]) is None
        assert (policy_refusal(policy, action(), found) is None) is fits

    def test_an_action_for_two_endpoints_needs_both(self) -> None:
        policy = ALLOWED._replace(only=["unix:/run/a"])
        both: Any = dict(action(), findings=[0, 1])
        found: Any = [about("unix:/run/a"), about("unix:/run/b")]
        assert "another endpoint" in str(policy_refusal(policy, both, found))

    def test_skip_wins_over_only(self) -> None:
        assert refusal(ALLOWED._replace(only=["unit_start"], skip=["fpm_not_running"]), action())


class TestOptions:
    @pytest.mark.parametrize(
        "changed, words",
        [
            ({"only": ["unit_strat"], "skip": ["fpm_not_running", "unit_start"]}, "none called unit_strat."),
            ({"probe_path": "health"}, "starts with /"),
            ({"swap_size": "lots"}, "swap_size"),
            ({"max_cut": -1}, "max_cut"),
            ({"quiet_wait": -0.5}, "quiet_wait"),
        ],
    )
    def test_a_wrong_value_is_named(self, changed: Dict[str, Any], words: str) -> None:
        assert words in str(options_problem(ALLOWED._replace(**changed), ["fpm_not_running"]))

    @pytest.mark.parametrize(
        "changed", [{}, {"only": ["fpm_not_running"]}, {"probe_path": ""}, {"swap_size": "1G"}]
    )
    def test_near_miss_sound_values_pass(self, changed: Dict[str, Any]) -> None:
        assert options_problem(ALLOWED._replace(**changed), ["fpm_not_running"]) is None
