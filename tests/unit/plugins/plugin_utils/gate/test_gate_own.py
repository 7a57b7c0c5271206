# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate does not count the pages that it asked for itself among the requests that visitors lost."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate_own
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.judging import judged
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
)

NONE: dict[str, Any] = {"thresholds": {"lost_requests": 0}}
SHOP = ("a", "shop.example")
ENDPOINT = "unix:/run/php/php8.2-fpm.sock"


def lost(count: int, since: float = NOW - 100, **more: Any) -> Any:
    return answer("recovered", finding(state="recovered", count=count, since=since, **more))


def page(**more: Any) -> Any:
    return {"site": "shop.example", "by": "nginx", "endpoints": [ENDPOINT], "status": 502, **more}


class TestAsked:
    def test_a_page_that_nginx_had_to_answer_is_one(self) -> None:
        pages: Any = {"a": {"pages": [page()]}}
        assert gate_own.page_counts(pages) == {SHOP: 1}

    @pytest.mark.parametrize(
        "pages",
        [
            None,
            {"a": "no answer"},
            {"a": {"pages": [page(endpoints=[])]}},
            {"a": {"pages": [page(by="site")]}},
        ],
    )
    def test_near_miss_what_is_in_no_log_is_none(self, pages: Any) -> None:
        assert gate_own.page_counts(pages) == {}


class TestKnown:
    class HostVars(dict[str, Any]):
        def raw_get(self, name: str) -> Any:
            return self[name]

    def known(self, gate: Any, phase: str = "after") -> gate_own.Counts:
        variables = {"hostvars": self.HostVars({"a": {"report": {"gate": gate}}})}
        return gate_own.known(variables, "report", phase, ["a", "b"])

    OWN = gate_own.listed({SHOP: 2, ("b", "shop.example"): 1})

    def test_each_host_has_those_of_its_last_look(self) -> None:
        assert self.known({"phase": "after", "own": self.OWN}) == {SHOP: 2}

    @pytest.mark.parametrize("gate", [None, {"phase": "before", "own": OWN}, {"phase": "after", "own": [1]}])
    def test_near_miss_another_phase_or_nothing(self, gate: Any) -> None:
        assert self.known(gate) == {}

    def test_a_report_from_before_has_none(self) -> None:
        assert gate_own.read({"reasons": []}) == gate_own.read(None) == {}


class TestLost:
    def test_its_own_requests_are_no_loss(self) -> None:
        gate = judged({"a": lost(2)}, NONE, since=NOW - 300, own={SHOP: 2})
        assert gate["lost"] == 0 and gate["verdict"] == "warn"

    def test_near_miss_one_visitor_is(self) -> None:
        gate = judged({"a": lost(3)}, NONE, since=NOW - 300, own={SHOP: 2})
        assert gate["lost"] == 1 and gate["ill"] == ["a"]

    @pytest.mark.parametrize("other", [("a", "blog.example"), ("b", "shop.example")])
    def test_near_miss_those_of_another_host_or_site(self, other: Any) -> None:
        assert judged({"a": lost(2)}, NONE, since=NOW - 300, own={other: 2})["lost"] == 2

    def test_each_is_taken_away_once(self) -> None:
        two = answer(
            "recovered",
            finding(state="recovered", count=2, since=NOW - 100),
            finding(state="recovered", cause="invalid_response", reason="killed", count=2, since=NOW - 100),
        )
        assert judged({"a": two}, NONE, since=NOW - 300, own={SHOP: 3})["lost"] == 1

    def test_the_gate_before_counts_where_losses_reach_back_to_it(self) -> None:
        before = {"a": lost(1, NOW - 600)}
        old = {"a": lost(2, NOW - 600)}
        assert judged(old, NONE, before, kept={"own": {SHOP: 1}})["lost"] == 0
        assert judged({"a": lost(1)}, NONE, {"a": answer()}, kept={"own": {SHOP: 1}})["lost"] == 1
