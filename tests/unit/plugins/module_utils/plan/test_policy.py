# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the operator allows."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan import policy
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy, mistake

ALLOWED = Policy(900, 3.0, "medium", [], [], "/", 20.0, 2, 3600, "", "restart", 10, 10.0, "leave")


FINDINGS: Any = [{"cause": "fpm_not_running"}, {"cause": "worker_oom_killed"}]


def action(
    name: str = "unit_start", risk: str = "low", finding: int = 0, disruption: str = "none"
) -> Dict[str, Any]:
    return {"id": name, "risk": risk, "findings": [finding], "disruption": disruption}


def objection(allowed: Policy, planned: Any) -> Optional[str]:
    return policy.objection(allowed, planned, FINDINGS)


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
def test_a_risk_above_the_limit_is_left_to_a_person(most: str, risk: str, allowed: bool) -> None:
    assert (objection(ALLOWED._replace(max_risk=most), action(risk=risk)) is None) is allowed


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
def test_a_disruption_above_the_limit_is_left_to_a_person(most: str, disruption: str, allowed: bool) -> None:
    assert (
        objection(ALLOWED._replace(max_disruption=most), action(disruption=disruption)) is None
    ) is allowed


@pytest.mark.parametrize(
    "words", [["unit_start"], ["fpm_not_running"], ["read_timeout_set", "fpm_not_running"]]
)
def test_only_and_skip_take_actions_and_causes(words: List[str]) -> None:
    assert objection(ALLOWED._replace(only=words), action()) is None
    assert "remediate_skip" in str(objection(ALLOWED._replace(skip=words), action()))


def test_what_is_not_among_only_is_left_out() -> None:
    assert "remediate_only" in str(objection(ALLOWED._replace(only=["socket_acl_add"]), action()))


def test_skip_wins_over_only() -> None:
    assert objection(ALLOWED._replace(only=["unit_start"], skip=["fpm_not_running"]), action())


def test_swap_is_made_only_when_its_size_is_given() -> None:
    swap = action("swap_add", "medium", 1)
    assert (
        "remediate_swap_size" in str(objection(ALLOWED, swap))
        and objection(ALLOWED._replace(swap_size="1G"), swap) is None
    )


@pytest.mark.parametrize(
    "changed, told",
    [
        ({"only": ["unit_strat"], "skip": ["fpm_not_running", "unit_start"]}, "none called unit_strat."),
        ({"probe_path": "health"}, "starts with /"),
        ({"swap_size": "lots"}, "swap_size"),
        ({"max_cut": -1}, "max_cut"),
        ({"quiet_wait": -0.5}, "quiet_wait"),
    ],
)
def test_a_mistake_in_the_options_is_told(changed: Dict[str, Any], told: str) -> None:
    assert told in str(mistake(ALLOWED._replace(**changed), ["fpm_not_running"]))


@pytest.mark.parametrize(
    "changed", [{}, {"only": ["fpm_not_running"]}, {"probe_path": ""}, {"swap_size": "1G"}]
)
def test_near_miss_sound_options_pass(changed: Dict[str, Any]) -> None:
    assert mistake(ALLOWED._replace(**changed), ["fpm_not_running"]) is None
