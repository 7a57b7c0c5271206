# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of a finding follows from the actions that serve it, and from what is found afterwards."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.compare import key
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.finding_results import (
    finding_results,
    still_active,
)

SOCKET = "unix:/run/php/a.sock"


def a_finding(**fields: Any) -> Dict[str, Any]:
    item = {
        "cause": "fpm_not_running",
        "reason": "stopped",
        "state": "active",
        "site": "a.example",
        "endpoint": SOCKET,
        "pool": "www",
        "summary": "It is stopped.",
    }
    return dict(item, **fields)


def an_action(result: str, why: str = "", **fields: Any) -> Dict[str, Any]:
    return dict({"id": "unit_start", "findings": [0], "result": result, "why": why}, **fields)


def an_endpoint(connect: str, probe: str) -> Dict[str, Any]:
    return {"connect": {"tried": True, "result": connect}, "probe": {"result": probe}}


def became(item: Dict[str, Any], actions: List[Dict[str, Any]], last: List[Dict[str, Any]]) -> Any:
    result = finding_results([item], actions, last, {}, {})[0]
    return result["result"], result["why"]


class TestResult:
    @pytest.mark.parametrize(
        "results, expected",
        [
            ([], ("escalated", "It is stopped.")),
            (["done"], ("fixed", "")),
            (["done", "failed"], ("rolled_back", "")),
            (["rolled_back"], ("rolled_back", "")),
            (["would", "refused"], ("would_fix", "")),
            (["refused"], ("escalated", "It is stopped.")),
        ],
    )
    def test_it_follows_from_the_actions(self, results: List[str], expected: Any) -> None:
        assert became(a_finding(), [an_action(result) for result in results], []) == expected

    @pytest.mark.parametrize("state, why", [("recovered", "it is over"), ("latent", "it hurts nobody now")])
    def test_what_is_not_active_needs_nothing(self, state: str, why: str) -> None:
        assert became(a_finding(state=state), [], []) == ("not_needed", why)

    def test_what_is_found_again_is_for_a_person(self) -> None:
        again = a_finding(summary="It stopped again.")
        assert became(a_finding(), [an_action("done")], [again]) == (
            "escalated",
            "it is so again, or still: It stopped again.",
        )
        assert became(a_finding(), [an_action("done")], [dict(again, state="recovered")])[0] == "fixed"

    def test_an_action_for_another_finding_does_not_count(self) -> None:
        assert became(a_finding(), [an_action("done", findings=[1])], [])[0] == "escalated"

    def test_each_of_several_reasons_is_told_with_its_action(self) -> None:
        actions = [an_action("refused", "a panel"), an_action("refused", "a panel")]
        assert became(a_finding(), actions, [])[1] == "unit_start: a panel"
        assert became(a_finding(), actions[:1], [])[1] == "a panel"

    def test_before_and_after_are_those_of_the_finding(self) -> None:
        before, after = {"probe": "missing", "http": 502}, {"probe": "answered", "http": 200}
        other = a_finding(endpoint="127.0.0.1:9000")
        results: Any = finding_results(
            [a_finding(), other], [], [], {key(a_finding()): before}, {key(a_finding()): after}
        )
        assert [(item["before"], item["after"]) for item in results] == [(before, after), (None, None)]


class TestStill:
    @pytest.mark.parametrize(
        "endpoint, new",
        [(an_endpoint("ok", "answered"), True), (an_endpoint("missing", "not_tried"), False)],
    )
    def test_it_is_new_where_the_endpoint_was_not_dead(self, endpoint: Any, new: bool) -> None:
        assert [item["new"] for item in still_active([], {SOCKET: endpoint}, [a_finding()])] == [new]

    def test_what_was_found_before_is_not_new(self) -> None:
        assert [item["new"] for item in still_active([a_finding()], {}, [a_finding()])] == [False]

    def test_only_what_is_active_is_told(self) -> None:
        assert not still_active([], {}, [a_finding(state="latent")])
