# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate's judgement: what closes it, what does not, and what may be tolerated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import gate_answers, policy_reader, report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.observed import Looks
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.policy import complaints, judge
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    missing,
    unreachable,
)

ILL = answer("failing", finding())
BLOG = answer("failing", finding(site="blog.example", sites=["blog.example"], pool="blog"))
BOTH = answer("failing", finding(sites=["shop.example", "blog.example"]))
WAIVER = {"cause": "fpm_not_running", "who": "ops", "why": "it moves", "until": "2999-12-31"}


def made(results: Any, at: float = NOW) -> Any:
    return report.build(results, 900, at, keep_snapshot=True)


def judged(
    results: Any,
    policy: Any = None,
    before: Any = None,
    batch: Sequence[str] | None = None,
    since: float | None = None,
    **looks: Any,
) -> Any:
    """since: by default the time of the report before."""
    baseline = made(before, NOW - 300) if before is not None else None
    seen = Looks(
        made(results), baseline, NOW - 300 if since is None and before is not None else since, **looks
    )
    return judge(seen, policy_reader.read(policy), NOW, list(results) if batch is None else batch)


def decided(gate: Any) -> list[tuple[Any, str, str]]:
    return [(reason["host"], reason["cause"], reason["decision"]) for reason in gate["reasons"]]


class TestDefaults:
    @pytest.mark.parametrize(
        "result,verdict",
        [
            (answer(), "pass"),
            (answer("not_applicable"), "pass"),
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

    def test_each_host_fails_with_its_own_cause(self) -> None:
        gate = judged({"a": answer(), "b": ILL, "c": unreachable("No route")})
        words = complaints(gate, ["a", "b", "c"])
        assert set(words) == {"b", "c"}
        assert "(fpm_not_running/stopped)" in words["b"] and "Fix: systemctl start" in words["b"]
        assert "No route" in words["c"]

    def test_hosts_of_other_batches_are_not_judged(self) -> None:
        gate = judged({"a": ILL, "b": answer()}, batch=["b"])
        assert gate["verdict"] == "pass" and gate["judged"] == 1


class TestBaseline:
    def test_what_was_so_before_is_not_the_deploys_fault(self) -> None:
        assert judged({"a": ILL}, before={"a": ILL})["verdict"] == "warn"

    @pytest.mark.parametrize(
        "before",
        [
            answer(),
            answer("recovered", finding(state="recovered")),
            answer("healthy", finding(state="latent")),
            unreachable(),
            answer("unknown"),
            answer("failing", finding(reason="masked")),
        ],
    )
    def test_what_is_new_closes_it(self, before: Any) -> None:
        gate = judged({"a": ILL}, before={"a": before})
        assert gate["verdict"] == "fail" and gate["reasons"][0]["new"] is True

    def test_a_host_that_the_baseline_lacks_has_no_excuse(self) -> None:
        gate = judged({"a": ILL}, before={"b": ILL})
        assert gate["verdict"] == "fail" and gate["reasons"][0]["new"] is None

    def test_a_host_that_is_still_dark_stays_a_failure(self) -> None:
        assert judged({"a": unreachable()}, before={"a": unreachable()})["verdict"] == "fail"

    def test_a_site_that_is_gone_closes_it(self) -> None:
        gate = judged({"a": answer("not_applicable")}, before={"a": answer()})
        assert decided(gate) == [("a", "route_gone", "fail")]
        assert judged({"a": answer("not_applicable")}, before={"a": answer("not_applicable")})["verdict"] == (
            "pass"
        )


class TestLost:
    LOST = finding(state="recovered", count=7, since=NOW - 100)
    OLD = finding(state="recovered", count=7, since=NOW - 800)

    def test_requests_since_the_deploy_are_counted(self) -> None:
        gate = judged({"a": answer("recovered", self.LOST)}, since=NOW - 200)
        assert gate["lost"] == 7 and (None, "requests_lost", "warn") in decided(gate)

    def test_requests_from_before_are_not(self) -> None:
        old = answer("recovered", self.OLD)
        assert judged({"a": old}, before={"a": old})["lost"] == 0
        timed = finding(
            **{**self.OLD, "timeline": {"begin": NOW - 800, "step": 100, "counts": [4] + [0] * 6 + [3]}}
        )
        assert judged({"a": answer("recovered", timed)}, since=NOW - 200)["lost"] == 3

    @pytest.mark.parametrize("accepted,verdict", [(6, "fail"), (7, "warn")])
    def test_the_threshold_blames_those_that_lost(self, accepted: int, verdict: str) -> None:
        results = {"a": answer("recovered", self.LOST), "b": answer()}
        gate = judged(results, {"thresholds": {"lost_requests": accepted}}, since=NOW - 200)
        assert gate["verdict"] == verdict and gate["ill"] == (["a"] if verdict == "fail" else [])

    def test_requests_outside_the_scope_do_not_count(self) -> None:
        policy = {"thresholds": {"lost_requests": 0}, "scope": {"sites": ["blog.*"]}}
        results = {"a": answer("recovered", self.LOST)}
        assert judged(results, policy, since=NOW - 200)["verdict"] == "pass"


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
        assert judged({"a": answer()}, {"scope": {"sites": ["shpo.*"]}})["verdict"] == "pass"


class TestWaivers:
    def test_it_lets_pass_and_says_who(self) -> None:
        gate = judged({"a": ILL}, {"waivers": [WAIVER]})
        assert gate["verdict"] == "pass"
        assert gate["reasons"][0]["waiver"] == "waived by ops until 2999-12-31: it moves"

    def test_its_last_day_counts(self) -> None:
        assert judged({"a": ILL}, {"waivers": [{**WAIVER, "until": "2026-04-02"}]})["verdict"] == "pass"
        assert judged({"a": ILL}, {"waivers": [{**WAIVER, "until": "2026-04-01"}]})["verdict"] == "fail"

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

    def test_no_number_of_hosts_tolerates_a_waiver_that_is_over(self) -> None:
        policy = {"thresholds": {"hosts": 4}, "waivers": [{**WAIVER, "until": "2020-01-31"}]}
        assert judged(self.FOUR, policy)["verdict"] == "fail"


class TestOtherLooks:
    FINE = {"verdict": "fine", "msg": "", "problems": [], "cuts": [], "missing": []}
    PAGE = {
        "site": "shop.example",
        "url": "http://shop.example/",
        "asked": True,
        "ok": False,
        "why": "It answered 502.",
        "status": 502,
    }

    def seen(self, restart: Any = None, pages: Any = None, **more: Any) -> Any:
        looks = {
            "restart": {"a": gate_answers.restart(restart, "a")} if restart is not None else None,
            "pages": {"a": gate_answers.pages(pages, "a")} if pages is not None else None,
        }
        return judged({"a": answer()}, **more, **looks)

    def test_nothing_wrong_passes(self) -> None:
        assert self.seen(self.FINE, {"ok": True, "msg": "", "pages": [{**self.PAGE, "ok": True}]})[
            "verdict"
        ] == ("pass")

    @pytest.mark.parametrize(
        "answered",
        [
            {}, {"failed": True, "msg": "x"}, {"skipped": True}, {"unreachable": True, "msg": "x"},
            {"verdict": "well"}, {**FINE, "verdict": "unknown"}, {**FINE, "delegated_to": "b"},
            {**FINE, "problems": None, "cuts": 5},
        ],
    )  # fmt: skip
    def test_no_answer_closes_it(self, answered: Any) -> None:
        assert self.seen(restart=answered)["verdict"] == "fail"

    @pytest.mark.parametrize(
        "answered",
        [
            {}, {"failed": True, "msg": "x"}, {"ok": False, "msg": "no site", "pages": []},
            {"ok": True, "msg": "", "pages": [{"site": "x", "asked": False}]},
            {"ok": True, "msg": "", "pages": [{"site": "x", "asked": True, "ok": None}]},
        ],
    )  # fmt: skip
    def test_no_answer_on_pages_closes_it(self, answered: Any) -> None:
        assert self.seen(pages=answered)["verdict"] == "fail"

    def test_a_page_that_failed_before_is_a_warning(self) -> None:
        pages = {"ok": False, "msg": "", "pages": [self.PAGE]}
        assert self.seen(pages=pages, before={"a": answer()})["verdict"] == "fail"
        known = frozenset([("a", "page_fails", "shop.example")])
        assert self.seen(pages=pages, before={"a": answer()}, earlier=known)["verdict"] == "warn"

    def test_a_host_that_was_not_asked_closes_it(self) -> None:
        assert judged({"a": answer()}, restart={})["verdict"] == "fail"
        assert judged({"a": answer()}, pages={})["verdict"] == "fail"
        assert judged({"a": answer("not_applicable")}, pages={})["verdict"] == "pass"

    def test_a_reload_that_cuts_is_a_warning(self) -> None:
        cut = {"unit": "php8.2-fpm.service", "running": 9, "reload_cuts": 7}
        gate = self.seen(restart={**self.FINE, "cuts": [cut]})
        assert gate["verdict"] == "warn" and "would cut 7 of 9" in gate["reasons"][0]["why"]
        assert self.seen(restart={**self.FINE, "cuts": [{**cut, "reload_cuts": 0}]})["verdict"] == "pass"
        strict = {"thresholds": {"cut_requests": 6}}
        assert self.seen(restart={**self.FINE, "cuts": [cut]}, policy=strict)["verdict"] == "fail"
