# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate sees beside the findings of the moment: what is new, lost, nearer, and what others answered."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate_answers
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.looks import Refused
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.judging import (
    ILL,
    decided,
    judged,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)


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
            answer("unknown", finding()),
            answer("failing", finding(reason="masked")),
        ],
    )
    def test_what_is_new_closes_it(self, before: Any) -> None:
        gate = judged({"a": ILL}, before={"a": before})
        assert gate["verdict"] == "fail" and gate["reasons"][0]["new"] is True

    FEW = [f"s{number:02}.example" for number in range(20)]

    @pytest.mark.parametrize(
        "before,after",
        [
            ({"severity": "warning"}, {"severity": "critical"}),
            ({"severity": "info"}, {"severity": "critical"}),
            ({}, {"sites": ["shop.example", "blog.example"]}),
            ({}, {"sites": ["blog.example", "shop.example"], "site": "blog.example"}),
            ({"sites": ["shop.example", "old.example"]}, {"sites": ["shop.example", "blog.example"]}),
            ({"sites": []}, {"sites": ["shop.example", "blog.example"]}),
            ({"sites": FEW}, {"sites": FEW, "sites_left": 1}),
            ({"sites": FEW, "sites_left": 5}, {"sites": FEW, "sites_left": 6}),
            (
                {"sites": [*FEW[1:], "x.example"], "sites_left": 1},
                {"sites": ["y.example", "z.example", *FEW]},
            ),
        ],
    )
    def test_what_is_worse_than_before_closes_it(self, before: Any, after: Any) -> None:
        gate = judged(
            {"a": answer("failing", finding(**after))}, before={"a": answer("failing", finding(**before))}
        )
        assert gate["verdict"] == "fail" and gate["reasons"][0]["new"] is True

    @pytest.mark.parametrize(
        "before,after",
        [
            ({"severity": "critical"}, {"severity": "warning"}),
            ({"sites": ["shop.example", "blog.example"]}, {}),
            ({"sites": ["blog.example", "shop.example"]}, {"sites": ["shop.example", "blog.example"]}),
            ({"sites": []}, {"sites": ["shop.example"]}),
            ({"sites": ["shop.example"]}, {"sites": []}),
            ({"sites": [], "site": None}, {"sites": [], "site": None}),
            ({"sites": FEW, "sites_left": 5}, {"sites": FEW, "sites_left": 4}),
            ({"sites": FEW, "sites_left": 1}, {"sites": [*FEW[1:], "x.example"]}),
        ],
    )
    def test_near_miss_what_is_no_worse_than_before(self, before: Any, after: Any) -> None:
        gate = judged(
            {"a": answer("failing", finding(**after))}, before={"a": answer("failing", finding(**before))}
        )
        assert gate["verdict"] == "warn" and gate["reasons"][0]["new"] is False

    def test_a_twin_of_what_was_so_before_is_new(self) -> None:
        twin = answer("failing", finding(unit="php8.3-fpm.service"), finding())
        assert judged({"a": twin}, before={"a": ILL})["verdict"] == "fail"

    def test_a_host_that_the_baseline_lacks_has_no_excuse(self) -> None:
        gate = judged({"a": ILL}, before={"b": ILL})
        assert gate["verdict"] == "fail" and gate["reasons"][0]["new"] is None

    def test_a_host_that_is_still_dark_stays_a_failure(self) -> None:
        assert judged({"a": unreachable()}, before={"a": unreachable()})["verdict"] == "fail"

    def test_a_site_that_is_gone_closes_it(self) -> None:
        static = {"a": answer("not_applicable"), "b": answer()}
        gate = judged(static, before={"a": answer(), "b": answer()})
        assert decided(gate) == [("a", "route_gone", "fail")]
        assert judged(static, before=static)["verdict"] == "pass"

    def test_one_site_of_several_that_is_gone_closes_it(self) -> None:
        def served(*names: str) -> Any:
            routes = [{"site": name, "server_names": [name]} for name in names]
            return answer(snapshot={"nginx": {"routes": routes}})

        both, blog = served("shop.example", "blog.example"), served("blog.example")
        gate = judged({"a": blog}, before={"a": both})
        assert decided(gate) == [("a", "route_gone", "fail")] and gate["reasons"][0]["site"] == "shop.example"
        assert judged({"a": both}, before={"a": blog})["verdict"] == "pass"
        assert judged({"a": answer()}, before={"a": both})["verdict"] == "pass"

    def test_no_route_and_no_baseline_is_a_warning(self) -> None:
        static = {"a": answer("not_applicable"), "b": answer()}
        assert decided(judged(static, since=NOW - 60)) == [("a", "route_gone", "warn")]


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

    @staticmethod
    def at(begin: float, step: int, *counts: int, more: int = 0) -> Any:
        """A host that lost requests in these steps, and so many more of which no time is known."""
        timeline = {"begin": begin, "step": step, "counts": list(counts)}
        count = sum(counts) + more
        return answer("recovered", finding(state="recovered", since=begin, count=count, timeline=timeline))

    def test_a_step_that_began_before_counts_where_no_baseline_tells(self) -> None:
        coarse = self.at(NOW - 800, 700, 400)
        for before in (None, {"b": answer()}, {"a": unreachable()}):
            assert judged({"a": coarse}, before=before, since=NOW - 300)["lost"] == 400

    def test_near_miss_a_step_that_ended_before(self) -> None:
        assert judged({"a": self.at(NOW - 800, 500, 400)}, since=NOW - 300)["lost"] == 0

    @pytest.mark.parametrize(
        "before,after,lost",
        [
            (at(NOW - 800, 700, 100), at(NOW - 800, 700, 500), 400),  # of steps that are long
            (at(NOW - 800, 700, 100), at(NOW - 800, 700, 100), 0),
            (answer(), at(NOW - 4000, 60, *[20] * 30), 600),  # by a clock that is behind
            (at(NOW - 4000, 60, 50), at(NOW - 4000, 60, 50, *[20] * 30), 600),
            (answer(), at(NOW - 800, 60, 1, more=6), 7),  # at times that nobody knows
            (at(NOW - 800, 60, 100), at(NOW - 280, 60, 7), 7),  # where the old ones are forgotten
            (at(NOW - 800, 60, 100), at(NOW - 310, 60, 7), 7),  # and the step had begun before
            (at(NOW - 900, 60, 100), at(NOW - 900, 60, 95, *[0] * 10, 5), 5),
        ],
    )
    def test_the_baseline_tells_what_was_lost_before(self, before: Any, after: Any, lost: int) -> None:
        assert judged({"a": after}, before={"a": before})["lost"] == lost
        strict = {"thresholds": {"lost_requests": 0}}
        assert (judged({"a": after}, strict, before={"a": before})["verdict"] == "fail") is bool(lost)

    def test_what_was_lost_between_the_baseline_and_the_deploy(self) -> None:
        after = self.at(NOW - 280, 60, 4, 0, 0, 3)
        assert judged({"a": after}, before={"a": answer()}, since=NOW - 150)["lost"] == 3
        assert judged({"a": after}, before={"a": answer()}, since=NOW - 250)["lost"] == 7

    @pytest.mark.parametrize("accepted,verdict", [(6, "fail"), (7, "warn")])
    def test_the_threshold_blames_those_that_lost(self, accepted: int, verdict: str) -> None:
        results = {"a": answer("recovered", self.LOST), "b": answer()}
        gate = judged(results, {"thresholds": {"lost_requests": accepted}}, since=NOW - 200)
        assert gate["verdict"] == verdict and gate["ill"] == (["a"] if verdict == "fail" else [])

    def test_requests_outside_the_scope_do_not_count(self) -> None:
        policy = {"thresholds": {"lost_requests": 0}, "scope": {"sites": ["blog.*"]}}
        results = {"a": answer("recovered", self.LOST)}
        assert judged(results, policy, since=NOW - 200)["verdict"] == "pass"


def busy(workers: int) -> Any:
    """A host of which so many of ten workers are busy."""
    pool = {"name": "www", "endpoint": "unix:/x", "max_children": 10}
    return answer(
        snapshot={
            "nginx": {"routes": []},
            "fpm": {"masters": [{"config": "/x.conf", "pools": [pool]}]},
            "workers": [{"config": "/x.conf", "pool": "www", "busy": True}] * workers,
            "endpoints": {"unix:/x": {"queue": 0, "backlog": 100}},
        }
    )


class TestSaturation:
    @pytest.mark.parametrize(
        "before,after,reason", [(2, 8, "nearer"), (2, 10, "full"), (2, 7, None), (9, 9, None)]
    )
    def test_a_pool_that_is_nearer_to_its_limit(self, before: int, after: int, reason: str | None) -> None:
        gate = judged({"a": busy(after)}, before={"a": busy(before)})
        assert [item["reason"] for item in gate["reasons"]] == ([reason] if reason else [])
        assert gate["verdict"] == ("warn" if reason else "pass")

    def test_near_miss_without_a_baseline_nothing_is_nearer(self) -> None:
        assert judged({"a": busy(10)})["verdict"] == "pass"


class TestOtherLooks:
    FINE = {"verdict": "fine", "msg": "", "problems": [], "services": [], "cuts": [], "missing": []}
    PAGE = {
        "site": "shop.example",
        "url": "http://shop.example/",
        "asked": True,
        "ok": False,
        "why": "It answered 502.",
        "status": 502,
        "endpoints": [],
    }
    CUT = {"unit": "php8.2-fpm.service", "config": "/etc/php-fpm.conf", "grace": 0.0}

    REFUSED = {
        "kind": "config_refused",
        "at": ["restart"],
        "program": "php-fpm",
        "files": [],
        "severity": "critical",
        "confidence": "certain",
        "already": False,
        "pool": "shop",
        "sites": ["shop.example"],
        "summary": "php8.2-fpm.service refuses its configuration.",
        "fix": "Mend it.",
    }
    DISABLED = {**REFUSED, "kind": "unit_disabled", "severity": "warning", "pool": None}

    def seen(self, restart: Any = None, pages: Any = None, **more: Any) -> Any:
        looks = {
            "restart": {"a": gate_answers.restart(restart, "a")} if restart is not None else None,
            "pages": {"a": gate_answers.pages(pages, "a")} if pages is not None else None,
        }
        return judged({"a": answer()}, **more, **looks)

    def answered(self, *pages: Any, ok: bool = False, msg: str = "") -> Any:
        return {
            "ok": ok, "msg": msg, "asked": 1, "bad": 0, "not_asked": 0, "pages": list(pages), "missing": [],
        }  # fmt: skip

    def test_nothing_wrong_passes(self) -> None:
        fine = self.answered({**self.PAGE, "ok": True}, ok=True)
        assert self.seen(self.FINE, fine)["verdict"] == "pass"

    @pytest.mark.parametrize(
        "answered",
        [
            {}, {"failed": True, "msg": "x"}, {"skipped": True}, {"unreachable": True, "msg": "x"},
            {"verdict": "well"}, {**FINE, "verdict": "unknown"}, {**FINE, "delegated_to": "b"},
            {**FINE, "failed": True}, {**FINE, "skipped": True}, {**FINE, "unreachable": True},
            {**FINE, "problems": None, "cuts": 5},
        ],
    )  # fmt: skip
    def test_no_answer_closes_it(self, answered: Any) -> None:
        assert self.seen(restart=answered)["verdict"] == "fail"

    @pytest.mark.parametrize(
        "answered", [{}, {"failed": True, "msg": "x"}, {"ok": True, "msg": "", "pages": [PAGE]}]
    )
    def test_no_answer_on_pages_closes_it(self, answered: Any) -> None:
        assert self.seen(pages=answered)["verdict"] == "fail"

    @pytest.mark.parametrize("wrong", [{"asked": False}, {"ok": None}, {"url": 5, "ok": True}])
    def test_a_page_that_was_not_asked_closes_it(self, wrong: Any) -> None:
        assert self.seen(pages=self.answered({**self.PAGE, **wrong}, ok=True))["verdict"] == "fail"
        assert self.seen(pages=self.answered(msg="no site"))["verdict"] == "fail"

    @pytest.mark.parametrize("many", [200, 499, 999])
    def test_a_bad_page_after_many_good_ones_closes_it(self, many: int) -> None:
        good = [{**self.PAGE, "site": "s%d" % number, "ok": True, "status": 200} for number in range(many)]
        gate = self.seen(pages=self.answered(*good, self.PAGE))
        assert decided(gate) == [("a", "page_fails", "fail")]

    @pytest.mark.parametrize("good", [0, 1, 1500])
    def test_bad_pages_that_are_not_told_close_it(self, good: int) -> None:
        pages = [{**self.PAGE, "ok": True, "status": 200}] * good
        gate = self.seen(pages=self.answered(*pages, msg="1 of them answered 502."))
        assert decided(gate) == [("a", "page_unknown", "fail")]
        assert gate["reasons"][0]["why"] == "1 of them answered 502."

    def test_the_last_of_many_sites_is_in_the_scope(self) -> None:
        sites = ["s%d.example" % number for number in range(400)] + ["shop.example"]
        problem = {**self.REFUSED, "kind": "socket_denied", "sites": sites}
        refused = {**self.FINE, "verdict": "fails", "problems": [problem]}
        assert self.seen(refused, policy={"scope": {"sites": ["shop.example"]}})["verdict"] == "fail"

    @pytest.mark.parametrize("verdict", ["fails", "risky"])
    def test_a_bad_restart_without_a_problem_closes_it(self, verdict: str) -> None:
        gate = self.seen({**self.FINE, "verdict": verdict, "msg": "php-fpm would not start."})
        assert decided(gate) == [("a", "restart_unknown", "fail")]
        assert gate["reasons"][0]["why"] == "php-fpm would not start."

    def test_a_page_that_failed_before_is_a_warning(self) -> None:
        pages = self.answered(self.PAGE)
        assert self.seen(pages=pages, before={"a": answer()})["verdict"] == "fail"
        known = frozenset([Refused("a", "page_fails", "server_error", "shop.example", None)])
        assert self.seen(pages=pages, before={"a": answer()}, kept={"refused": known})["verdict"] == "warn"

    def test_a_page_that_was_missing_is_no_excuse_for_a_502(self) -> None:
        missing = frozenset([Refused("a", "page_fails", "wrong_status", "shop.example", None)])
        gate = self.seen(pages=self.answered(self.PAGE), before={"a": answer()}, kept={"refused": missing})
        assert gate["verdict"] == "fail"

    def test_a_page_that_is_missing_still_is_a_warning(self) -> None:
        pages = self.answered({**self.PAGE, "status": 404})
        known = frozenset([Refused("a", "page_fails", "wrong_status", "shop.example", None)])
        assert self.seen(pages=pages, before={"a": answer()}, kept={"refused": known})["verdict"] == "warn"

    def test_another_problem_of_the_restart_is_no_excuse(self) -> None:
        refused = {**self.FINE, "verdict": "fails", "problems": [self.REFUSED]}
        replaced = frozenset([Refused("a", "restart_fails", "program_replaced", "shop.example", "shop")])
        same = frozenset([Refused("a", "restart_fails", "config_refused", "shop.example", "shop")])
        for earlier, verdict in ((frozenset[Refused](), "fail"), (replaced, "fail"), (same, "warn")):
            gate = self.seen(refused, before={"a": answer()}, kept={"refused": earlier})
            assert gate["verdict"] == verdict

    def test_a_warning_does_not_hide_what_was_not_tested(self) -> None:
        missing = [{"what": "nginx_test", "why": "no answer", "needs": None}]
        risky = {**self.FINE, "verdict": "risky", "problems": [self.DISABLED], "missing": missing}
        assert self.seen({**risky, "missing": []})["verdict"] == "warn"
        assert self.seen(risky)["verdict"] == "fail"

    def test_cuts_that_nobody_counted_are_no_cuts_of_none(self) -> None:
        unknown = {
            **self.FINE,
            "cuts": [{**self.CUT, "running": None, "reload_cuts": None}],
        }
        assert self.seen(unknown)["verdict"] == "warn"
        assert self.seen(unknown, policy={"thresholds": {"cut_requests": 0}})["verdict"] == "fail"

    def test_a_scope_of_pools_keeps_what_names_none(self) -> None:
        ours = {"scope": {"pools": ["shop"]}}
        pages = self.answered(self.PAGE)
        assert self.seen(pages=pages, policy=ours)["verdict"] == "fail"
        other = {**self.REFUSED, "pool": "blog", "sites": ["blog.example"]}
        refused = {**self.FINE, "verdict": "fails", "problems": [other]}
        assert self.seen(refused, policy=ours)["verdict"] == "fail"
        theirs = {**refused, "problems": [{**other, "kind": "socket_denied"}]}
        assert self.seen(theirs, policy=ours)["verdict"] == "pass"

    def test_a_host_that_was_not_asked_closes_it(self) -> None:
        assert judged({"a": answer()}, restart={})["verdict"] == "fail"
        assert judged({"a": answer()}, pages={})["verdict"] == "fail"
        assert "page" not in str(decided(judged({"a": answer("not_applicable")}, pages={})))

    def test_a_reload_that_cuts_is_a_warning(self) -> None:
        cut = {**self.CUT, "running": 9, "reload_cuts": 7}
        gate = self.seen(restart={**self.FINE, "cuts": [cut]})
        assert gate["verdict"] == "warn" and "would cut 7 of 9" in gate["reasons"][0]["why"]
        assert self.seen(restart={**self.FINE, "cuts": [{**cut, "reload_cuts": 0}]})["verdict"] == "pass"
        strict = {"thresholds": {"cut_requests": 6}}
        assert self.seen(restart={**self.FINE, "cuts": [cut]}, policy=strict)["verdict"] == "fail"
