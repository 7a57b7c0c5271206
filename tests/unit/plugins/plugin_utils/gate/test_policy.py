# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate's judgement: what closes it, what does not, and what may be tolerated."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.policy import complaints
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.judging import (
    BLOG,
    BOTH,
    ILL,
    WAIVER,
    decided,
    judged,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    missing,
    unreachable,
)


class TestDefaults:
    @pytest.mark.parametrize(
        "result,verdict",
        [
            (answer(), "pass"),
            (answer("not_applicable"), "warn"),
            (ILL, "fail"),
            (answer("degraded", finding(confidence="possible")), "warn"),
            (answer("degraded", finding(severity="warning")), "warn"),
            (answer("recovered", finding(state="recovered")), "warn"),
            (answer("healthy", finding(state="latent")), "warn"),
            (answer("healthy", finding(severity="info", state="latent")), "pass"),
            (answer("unknown", missing=[missing("procs", None, "no root")]), "fail"),
            (unreachable(), "fail"),
            ({"failed": True, "msg": "no python"}, "fail"),
            ({"status": "fine"}, "fail"),
            (answer("failing"), "fail"),
            (answer("degraded"), "fail"),
            (answer("failing", finding(state="recovered")), "fail"),
        ],
    )
    def test_what_closes_it(self, result: Any, verdict: str) -> None:
        assert judged({"a": result})["verdict"] == verdict

    def test_a_host_that_was_not_looked_at_closes_it(self) -> None:
        gate = judged({"a": answer()}, batch=["a", "b"])
        assert ("b", "host_unknown", "fail") in decided(gate) and gate["ill"] == ["b"]

    def test_a_deploy_that_serves_nothing_closes_it(self) -> None:
        none = {"a": answer("not_applicable"), "b": answer("not_applicable")}
        for more in ({"since": NOW - 60}, {"before": none}):
            assert (None, "nothing_served", "fail") in decided(judged(none, **more))
        near_miss = judged({**none, "b": answer()}, since=NOW - 60)
        assert "nothing_served" not in str(decided(near_miss))

    def test_each_host_fails_with_its_own_cause(self) -> None:
        gate = judged({"a": answer(), "b": ILL, "c": unreachable("No route")})
        words = complaints(gate, ["a", "b", "c"])
        assert set(words) == {"b", "c"}
        assert "(fpm_not_running/stopped)" in words["b"] and "Fix: systemctl start" in words["b"]
        assert "No route" in words["c"]

    def test_hosts_of_other_batches_are_not_judged(self) -> None:
        gate = judged({"a": ILL, "b": answer()}, batch=["b"])
        assert gate["verdict"] == "pass" and gate["judged"] == 1


class TestRules:
    def test_the_first_that_fits_decides(self) -> None:
        rules = [{"reason": "stopped", "decision": "pass"}, {"cause": "fpm_not_running", "decision": "warn"}]
        assert judged({"a": ILL}, {"rules": rules})["verdict"] == "pass"
        assert judged({"a": ILL}, {"rules": rules[::-1]})["verdict"] == "warn"

    @pytest.mark.parametrize(
        "match,fits",
        [
            ({"severity": "critical"}, True), ({"severity": ["warning", "info"]}, False),
            ({"confidence": "certain", "state": "active"}, True), ({"state": "latent"}, False),
            ({"site": "shop.*"}, True), ({"site": "blog.*"}, False), ({"pool": "w?w"}, True),
            ({"pool": "blog"}, False), ({"host": "a"}, True), ({"host": "b*"}, False),
            ({"new": True}, False), ({"new": False}, False), ({}, True),
        ],
    )  # fmt: skip
    def test_what_a_rule_is_about(self, match: Any, fits: bool) -> None:
        gate = judged({"a": ILL}, {"rules": [{**match, "decision": "pass"}]})
        assert (gate["verdict"] == "pass") is fits

    def test_no_rule_for_one_site_lets_pass_what_harms_two(self) -> None:
        let = {"rules": [{"site": "blog.example", "decision": "pass"}]}
        assert judged({"a": BOTH}, let)["verdict"] == "fail"
        assert judged({"a": BLOG}, let)["verdict"] == "pass"
        strict = {"rules": [{"site": "blog.*", "decision": "fail"}, {"decision": "pass"}]}
        assert judged({"a": BOTH}, strict)["verdict"] == "fail"

    def test_a_host_that_was_not_seen_can_be_let_pass(self) -> None:
        rules = [{"cause": ["host_unknown", "host_unreachable"], "decision": "warn"}]
        assert judged({"a": unreachable(), "b": answer("unknown")}, {"rules": rules})["verdict"] == "warn"


class TestScope:
    def test_the_broken_site_of_another_team_does_not_stop_us(self) -> None:
        gate = judged({"a": BLOG}, {"scope": {"sites": ["shop.*"]}})
        assert gate["verdict"] == "pass" and "outside the scope" in gate["reasons"][0]["why"]

    def test_near_miss_it_harms_ours_as_well(self) -> None:
        assert judged({"a": BOTH}, {"scope": {"sites": ["shop.*"]}})["verdict"] == "fail"
        assert judged({"a": BLOG}, {"scope": {"sites": ["shop.*"], "pools": ["blog"]}})["verdict"] == "fail"
        assert judged({"a": BLOG}, {"scope": {"pools": ["shop"]}})["verdict"] == "pass"

    def test_sites_that_are_not_named_may_be_ours(self) -> None:
        many = ["s%d.example" % number for number in range(20)]
        ill = {"a": answer("failing", finding(site=many[0], sites=many, sites_left=5))}
        strict = {"rules": [{"severity": ["critical"], "site": ["shop.*"], "decision": "fail"}]}
        lax = {"rules": [{"severity": ["critical"], "site": ["s*"], "decision": "pass"}]}
        assert judged(ill, {"scope": {"sites": ["shop.*"]}})["verdict"] == "fail"
        assert judged(ill, strict)["verdict"] == judged(ill, lax)["verdict"] == "fail"
        every = {"rules": [{"severity": ["critical"], "site": ["*"], "decision": "pass"}]}
        assert judged(ill, every)["verdict"] == "pass"

    def test_what_is_about_no_site_is_about_all(self) -> None:
        whole = finding(site=None, sites=[], servers=[], pool=None)
        assert judged({"a": answer("failing", whole)}, {"scope": {"sites": ["shop.*"]}})["verdict"] == "fail"
        assert judged({"a": unreachable()}, {"scope": {"sites": ["shop.*"]}})["verdict"] == "fail"

    def test_a_scope_that_no_host_knows_closes_it(self) -> None:
        snapshot = {"nginx": {"routes": [{"site": "shop.example", "server_names": ["www.shop.example"]}]}}
        results = {"a": answer(snapshot=snapshot)}
        gate = judged(results, {"scope": {"sites": ["shpo.*"]}})
        assert decided(gate) == [(None, "scope_empty", "fail")]
        assert set(complaints(gate, ["a"])) == {"a"}
        assert judged(results, {"scope": {"sites": ["www.shop.*"]}})["verdict"] == "pass"
        assert judged({"a": answer()}, {"scope": {"sites": ["shop.*"]}})["verdict"] == "pass"
        unknown = judged({"a": answer()}, {"scope": {"sites": ["shop.*"]}}, snapshots=False)
        assert decided(unknown) == [(None, "scope_empty", "fail")]
        gate = judged(results, {"scope": {"sites": ["shop.*", "pay.exmaple"]}})
        assert decided(gate) == [(None, "scope_empty", "fail")] and "pay.exmaple" in gate["reasons"][0]["why"]


class TestWaivers:
    def test_it_lets_pass_and_says_who(self) -> None:
        gate = judged({"a": ILL}, {"waivers": [WAIVER]})
        assert gate["verdict"] == "pass"
        assert gate["reasons"][0]["waiver"] == "waived by ops until 2999-12-31: it moves"

    def test_its_last_day_counts(self) -> None:
        assert judged({"a": ILL}, {"waivers": [{**WAIVER, "until": "2026-04-02"}]})["verdict"] == "pass"
        over = judged({"a": ILL}, {"waivers": [{**WAIVER, "until": "2026-04-01"}]})
        assert ("a", "fpm_not_running", "fail") in decided(over)

    def test_one_that_is_over_fails_even_where_all_is_well(self) -> None:
        gate = judged({"a": answer()}, {"waivers": [{**WAIVER, "until": "2020-01-31"}]})
        assert decided(gate) == [(None, "waiver_expired", "fail")]
        assert "gate_policy.waivers[0] of ops" in complaints(gate, ["a"])["a"]

    def test_near_miss_it_is_for_another_site(self) -> None:
        assert judged({"a": BOTH}, {"waivers": [{**WAIVER, "site": "blog.*"}]})["verdict"] == "fail"


class TestThresholds:
    FOUR = {"a": ILL, "b": answer(), "c": answer(), "d": answer()}

    @pytest.mark.parametrize(
        "thresholds,verdict",
        [
            ({"hosts": 1}, "warn"), ({"hosts": 0}, "fail"), ({"hosts_percent": 25}, "warn"),
            ({"hosts_percent": 24.9}, "fail"), ({"hosts": 1, "hosts_percent": 10}, "fail"),
            ({"hosts": 0, "hosts_percent": 50}, "fail"), ({"lost_requests": 100}, "fail"),
        ],
    )  # fmt: skip
    def test_how_many_hosts_may_fail(self, thresholds: Any, verdict: str) -> None:
        assert judged(self.FOUR, {"thresholds": thresholds})["verdict"] == verdict

    def test_hosts_of_earlier_batches_count(self) -> None:
        results = {"a": ILL, "b": ILL, "c": answer(), "d": answer()}
        assert judged(results, {"thresholds": {"hosts": 1}}, batch=["b"])["verdict"] == "fail"
        assert judged(results, {"thresholds": {"hosts": 1}}, batch=["c"])["verdict"] == "pass"

    def test_what_earlier_batches_lost_counts(self) -> None:
        warned = finding(cause="client_abort", reason=None, severity="warning", count=3, since=NOW - 60)
        lost, policy = answer("degraded", warned), {"thresholds": {"lost_requests": 8}}
        looked = {"a": lost, "b": lost}
        assert judged(looked, policy, since=NOW - 300, batch=["b"])["verdict"] == "warn"
        gate = judged({**looked, "c": lost, "d": answer()}, policy, since=NOW - 300, batch=["c", "d"])
        assert gate["ill"] == ["c"] and "3 of 9 requests lost" in str(gate["reasons"])

    def test_no_number_of_hosts_tolerates_a_waiver_that_is_over(self) -> None:
        policy = {"thresholds": {"hosts": 4}, "waivers": [{**WAIVER, "until": "2020-01-31"}]}
        assert judged(self.FOUR, policy)["verdict"] == "fail"
