# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy lets be done about the findings of a host. What it does not say is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts import decision, event, policy
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.alert_policy_schema import (
    alert_policy_schema,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    schema,
)

ONLY = ["unit_start", "unix:/run/php/php8.2-fpm.sock"]
STOPPED = {"decision": "mend", "cause": "fpm_not_running"}


def planned(*findings: int, name: str = "unit_start", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "host": "",
        "target": "php8.2-fpm.service",
        "arguments": {},
        "because": [],
        "findings": list(findings),
        "risk": "low",
        "reversible": True,
        "disruption": "none",
        "running": 0,
        **more,
    }


def alert(name: str | None = "WebmedicSiteErrors") -> Any:
    entry = {"name": name, "pool": None, "cause": None, "since": None, "fingerprint": None}
    return event.read({"host": "web01", "status": "firing", "alerts": [entry], "refused": []})


def decided(rules: list[Any], *findings: Any, plan: Any = None, status: str = "failing") -> Any:
    plan = [planned(number) for number in range(len(findings))] if plan is None else plan
    entry = report.build({"web01": answer(status, *findings, plan=plan)}, 900, 0)["hosts"]["web01"]
    return decision.decide(policy.read({"rules": rules}), entry, "web01", alert())


def words(made: Any) -> list[str]:
    return [item["decision"] for item in made["judged"]]


class TestRead:
    def test_nothing_is_allowed_by_an_empty_one(self) -> None:
        nothing = {"rules": [], "throttle": policy.THROTTLE, "wrong": ""}
        assert policy.read(None) == policy.read({}) == nothing

    def test_with_a_wrong_one_hosts_are_looked_at_and_asked(self) -> None:
        read = policy.read_or_ask({"rules": [STOPPED, {"decision": "mend", "cause": "x"}]})
        entry = report.build({"web01": answer("failing", finding(), plan=[planned(0)])}, 900, 0)["hosts"][
            "web01"
        ]
        made = decision.decide(read, entry, "web01", alert())
        assert (made["only"], made["decision"]) == ([], "ask")
        assert made["judged"][0]["why"].startswith("respond_policy.rules[1].cause: x: there is no cause")

    @pytest.mark.parametrize(
        "value,place",
        [
            (7, "respond_policy must be a dict"),
            ({"rule": []}, "respond_policy.rule: there is no such key, did you mean rules?"),
            ({"rules": {}}, "respond_policy.rules must be a list"),
            ({"rules": [{}]}, "respond_policy.rules[0].decision must be one of mend, ask, leave"),
            ({"rules": [{"decision": "fix"}]}, "respond_policy.rules[0].decision"),
            (
                {"rules": [{**STOPPED, "cause": "fpm_not_runing"}]},
                "cause: fpm_not_runing: there is no cause of this name, did",
            ),
            ({"rules": [{**STOPPED, "cause": []}]}, "rules[0].cause is an empty list"),
            ({"rules": [{**STOPPED, "pool": 7}]}, "rules[0].pool must be a word"),
            ({"rules": [{**STOPPED, "max_risk": "lowest"}]}, "rules[0].max_risk must be one of low"),
            ({"rules": [{**STOPPED, "max_cut": -1}]}, "rules[0].max_cut must be a whole number"),
            ({"rules": [{**STOPPED, "max_cut": True}]}, "rules[0].max_cut must be a whole number"),
            ({"rules": [{"decision": "ask", "max_risk": "low"}]}, "max_risk goes with decision: mend alone"),
            ({"rules": [{**STOPPED, "state": "active"}]}, "rules[0].state: there is no such key"),
            ({"throttle": {"host_runs": 1}}, "respond_policy.throttle.host_runs: there is no such key"),
            ({"throttle": {"host_responses": "many"}}, "throttle.host_responses must be a whole number"),
            ({"throttle": {"host_responses": None}}, "throttle.host_responses must be a whole number"),
            ({"rules": [{**STOPPED, "max_cut": []}]}, "rules[0].max_cut must be a whole number"),
        ],
    )
    def test_what_it_does_not_know_is_an_error(self, value: Any, place: str) -> None:
        with pytest.raises(policy.PolicyError) as error:
            policy.read(value)
        assert place in str(error.value)

    def test_numbers_of_extra_variables_are_texts(self) -> None:
        read = policy.read({"throttle": {"host_responses": "2"}, "rules": [{**STOPPED, "max_cut": "3"}]})
        assert read["throttle"]["host_responses"] == 2 and read["rules"][0]["max_cut"] == 3


class TestSchema:
    def test_it_is_that_of_the_reader(self) -> None:
        assert json.loads(alert_policy_schema()) == schema("alert_policy")

    @pytest.mark.parametrize(
        "value,fits",
        [
            ({}, True),
            (
                {"rules": [{**STOPPED, "max_cut": 3, "site": ["a*", "b"]}], "throttle": {"fleet_mends": 1}},
                True,
            ),
            ({"rules": [{"decision": "leave", "alert": "X"}]}, True),
            ({"rules": [{"cause": "fpm_not_running"}]}, False),
            ({"rules": [{**STOPPED, "cause": "x"}]}, False),
            ({"rules": [{"decision": "ask", "max_cut": 1}]}, False),
            ({"rules": [{**STOPPED, "state": "active"}]}, False),
            ({"throttle": {"host_runs": 1}}, False),
        ],
    )
    def test_reader_and_schema_agree(self, value: Any, fits: bool) -> None:
        jsonschema = pytest.importorskip("jsonschema")
        assert jsonschema.Draft202012Validator(schema("alert_policy")).is_valid(value) is fits
        try:
            policy.read(value)
        except policy.PolicyError:
            assert not fits
        else:
            assert fits


class TestDecide:
    def test_a_rule_lets_its_cause_be_mended_and_no_other(self) -> None:
        made = decided([STOPPED], finding())
        assert (made["decision"], made["only"]) == ("mend", ONLY)
        assert "fpm_not_running" not in made["skip"] and "worker_oom_killed" in made["skip"]
        assert (made["max_risk"], made["max_disruption"], made["max_cut"]) == ("low", "none", 0)

    def test_without_a_rule_a_person_is_asked(self) -> None:
        made = decided([], finding())
        assert (made["decision"], made["only"], words(made)) == ("ask", [], ["ask"])

    def test_the_first_rule_that_fits_decides(self) -> None:
        assert words(decided([{"decision": "ask", "host": "web*"}, STOPPED], finding())) == ["ask"]
        assert words(decided([{"decision": "ask", "host": "db*"}, STOPPED], finding())) == ["mend"]
        assert decided([{"decision": "leave"}], finding())["decision"] == "leave"

    @pytest.mark.parametrize(
        "match,fits",
        [
            ({"reason": "stopped"}, True),
            ({"reason": "masked"}, False),
            ({"severity": ["warning", "critical"]}, True),
            ({"confidence": "likely"}, False),
            ({"alert": "Webmedic*"}, True),
            ({"alert": "Other"}, False),
            ({"pool": ["x", "w?w"]}, True),
            ({"pool": "blog"}, False),
            ({"site": "shop.*"}, True),
            ({"site": "blog.*"}, False),
        ],
    )
    def test_each_word_of_a_rule_must_fit(self, match: Any, fits: bool) -> None:
        assert words(decided([{**STOPPED, **match}], finding())) == ["mend" if fits else "ask"]

    def test_what_mends_one_site_must_be_allowed_for_all(self) -> None:
        both = finding(sites=["shop.example", "blog.example"])
        assert words(decided([{**STOPPED, "site": "shop.*"}], both)) == ["ask"]
        assert words(decided([{**STOPPED, "site": ["shop.*", "blog.*"]}], both)) == ["mend"]
        many = finding(sites_left=9)
        assert words(decided([{**STOPPED, "site": "*"}], many)) == ["ask"]

    def test_a_veto_holds_where_nobody_knows_the_pool(self) -> None:
        for word in ("ask", "leave"):
            made = decided([{"decision": word, "pool": "shop"}, STOPPED], finding(pool=None))
            assert words(made) == ["ask"] and "nobody knows" in made["judged"][0]["why"]

    @pytest.mark.parametrize("limit", [{"risk": "medium"}, {"disruption": "reload"}])
    def test_an_action_beyond_the_limits_is_asked(self, limit: Any) -> None:
        made = decided([STOPPED], finding(), plan=[planned(0, **limit)])
        assert (made["decision"], made["only"]) == ("ask", []) and "beyond max_" in made["judged"][0]["why"]
        wider = {**STOPPED, "max_risk": "medium", "max_disruption": "reload"}
        assert decided([wider], finding(), plan=[planned(0, **limit)])["only"] == ONLY

    def test_nothing_to_do_is_asked(self) -> None:
        made = decided([STOPPED], finding(), plan=[])
        assert (made["decision"], made["judged"][0]["why"]) == ("ask", decision.UNMENDABLE)

    def test_an_action_for_another_finding_too_is_not_done(self) -> None:
        other = finding("worker_oom_killed", "cgroup")
        made = decided([STOPPED], finding(), other, plan=[planned(0, 1)])
        assert (words(made), made["only"]) == (["ask", "ask"], [])

    def test_one_refused_takes_all_of_its_id(self) -> None:
        """The remediation is told ids: it would do both."""
        pools = [finding(pool="shop"), finding(pool="blog")]
        made = decided([{**STOPPED, "pool": "shop"}], *pools)
        assert (words(made), made["only"]) == (["ask", "ask"], [])

    def test_near_miss_other_actions_go_on(self) -> None:
        other = finding("worker_oom_killed", "cgroup")
        plan = [planned(0), planned(1, name="pool_size_set")]
        made = decided([STOPPED], finding(), other, plan=plan)
        assert (made["decision"], words(made), made["only"]) == ("mend", ["mend", "ask"], ONLY)

    def test_a_finding_is_mended_whole_or_not(self) -> None:
        plan = [planned(0), planned(0, name="unit_enable", risk="high")]
        assert decided([STOPPED], finding(), plan=plan)["only"] == []

    @pytest.mark.parametrize("state,word", [("latent", "ask"), ("recovered", "ask")])
    def test_only_what_is_active_is_mended(self, state: str, word: str) -> None:
        assert words(decided([STOPPED], finding(state=state))) == [word]

    def test_what_is_over_is_left_alone_without_a_rule(self) -> None:
        made = decided([], finding(state="recovered"), status="recovered")
        assert (made["decision"], words(made)) == ("leave", ["leave"])

    @pytest.mark.parametrize(
        "status,word", [("healthy", "leave"), ("recovered", "leave"), ("failing", "ask"), ("unknown", "ask")]
    )
    def test_a_host_without_findings(self, status: str, word: str) -> None:
        assert decided([STOPPED], status=status)["decision"] == word

    def test_what_a_second_look_finds_elsewhere_is_left(self) -> None:
        """The remediation is told the endpoints. Without one it would mend the same for all pools."""
        assert decided([STOPPED], finding(endpoint="127.0.0.1:9000"))["only"] == [
            "unit_start",
            "127.0.0.1:9000",
        ]
        made = decided([STOPPED], finding(endpoint=None))
        assert (words(made), made["only"]) == (["ask"], [])

    @pytest.mark.parametrize("endpoint", ["unix:/run/{{ x }}", "unix:/run/a b", "x", "unix:/run/\u202e", ""])
    def test_an_endpoint_without_a_plain_name_is_handed_to_nobody(self, endpoint: str) -> None:
        made = decided([STOPPED], finding(endpoint=endpoint))
        assert (words(made), made["only"]) == (["ask"], [])

    def test_the_smallest_cut_of_all_rules_holds(self) -> None:
        rules = [{**STOPPED, "max_cut": 5}, {"decision": "mend", "cause": "worker_oom_killed", "max_cut": 2}]
        plan = [planned(0), planned(1, name="pool_size_set")]
        assert decided(rules, finding(), finding("worker_oom_killed", "cgroup"), plan=plan)["max_cut"] == 2

    def test_a_host_that_was_not_reached_is_asked(self) -> None:
        entry = report.build({"web01": {"unreachable": True, "msg": "no route"}}, 900, 0)["hosts"]["web01"]
        made = decision.decide(policy.read({"rules": [STOPPED]}), entry, "web01", alert())
        assert made["decision"] == "ask" and "no route" in made["why"]
