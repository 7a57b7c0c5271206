# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rule that raises costs its own answer: the others stand, and the host is reported."""

import os
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import HOST_RULES, RULES
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

NAMES = [rule.name for rule in RULES]
# A verdict that says no more than what was seen, or less.
NOT_BETTER_THAN_UNKNOWN = ("failing", "degraded", "unknown")


def defect(_subject: Any) -> None:
    raise KeyError("a defect")


def fail(monkeypatch: Any, *names: str) -> None:
    """Makes these rules raise."""
    for registry, rules in (("RULES", RULES), ("HOST_RULES", HOST_RULES)):
        broken = [rule._replace(examine=defect) if rule.name in names else rule for rule in rules]
        monkeypatch.setattr(diagnose, registry, tuple(broken))


def failures(verdict: Dict[str, Any]) -> List[Tuple[str, str]]:
    """(rule, why) of those that failed."""
    return [(entry["path"], entry["why"]) for entry in verdict["missing"] if entry["what"] == "rule_failed"]


def findings(verdict: Dict[str, Any], but: Set[str]) -> Set[Tuple[str, str, str]]:
    """(cause, reason, endpoint) of all findings but those of some causes."""
    return {
        (item["cause"], item["reason"], item["endpoint"])
        for item in verdict["findings"]
        if item["cause"] not in but
    }


class TestEachRuleMadeToRaise:
    @pytest.mark.parametrize("name", NAMES)
    def test_the_findings_of_the_others_stand(self, name: str, monkeypatch: Any) -> None:
        own = {cause.id for rule in RULES if rule.name == name for cause in rule.causes}
        snapshots = [hosts.fixture(path)["snapshot"] for path in hosts.FILES]
        whole = [findings(hosts.verdict(snapshot), own) for snapshot in snapshots]
        fail(monkeypatch, name)
        for path, snapshot, others in zip(hosts.FILES, snapshots, whole):
            assert others <= findings(hosts.verdict(snapshot), own), os.path.basename(path)

    @pytest.mark.parametrize("name", NAMES)
    def test_the_host_is_never_better_than_unknown(self, name: str, monkeypatch: Any) -> None:
        fail(monkeypatch, name)
        asked = 0
        for path in hosts.FILES:
            verdict = hosts.verdict(hosts.fixture(path)["snapshot"])
            if failures(verdict):
                asked += 1
                assert verdict["status"] in NOT_BETTER_THAN_UNKNOWN, os.path.basename(path)
        assert asked

    @pytest.mark.parametrize("name", NAMES)
    def test_a_healthy_host_is_unknown_and_the_rule_is_named(self, name: str, monkeypatch: Any) -> None:
        fail(monkeypatch, name)
        verdict = hosts.verdict(hosts.seen("plain"))
        assert verdict["status"] == "unknown"
        assert failures(verdict) == [(name, "KeyError: 'a defect'")]

    def test_nothing_is_planned_after_a_rule_that_failed(self, monkeypatch: Any) -> None:
        """It may stand for the root cause."""
        snapshot = hosts.seen("stopped")
        assert hosts.actions(snapshot)
        fail(monkeypatch, "impostor")
        assert hosts.causes(snapshot) == [("fpm_not_running", "stopped", "active")]
        assert hosts.actions(snapshot) == []

    def test_a_rule_about_the_host_is_named_as_well(self, monkeypatch: Any) -> None:
        fail(monkeypatch, "writable_config")
        verdict = hosts.verdict(hosts.seen("stopped"))
        assert failures(verdict) == [("writable_config", "KeyError: 'a defect'")]
        assert [item["cause"] for item in verdict["findings"]] == ["fpm_not_running"]


class TestSeveralFailures:
    def test_all_rules_may_fail(self, monkeypatch: Any) -> None:
        fail(monkeypatch, *NAMES)
        verdict = hosts.verdict(hosts.seen("plain"))
        assert (verdict["status"], verdict["findings"]) == ("unknown", [])
        assert [rule for rule, _why in failures(verdict)] == NAMES

    def test_many_endpoints_name_a_rule_once(self, monkeypatch: Any) -> None:
        fail(monkeypatch, "impostor")
        snapshot = hosts.seen("one_vhost_wrong")
        assert len(snapshot["endpoints"]) > 1
        verdict = hosts.verdict(snapshot)
        assert len(failures(verdict)) == 1 and verdict["findings"]

    def test_a_finding_says_which_rule_could_not_answer(self, monkeypatch: Any) -> None:
        fail(monkeypatch, "impostor")
        assert [entry["path"] for entry in hosts.only(hosts.seen("stopped"))["missing"]] == ["impostor"]

    def test_a_rule_that_answers_nonsense_is_one_that_failed(self, monkeypatch: Any) -> None:
        rule = RULES[0]
        nonsense = rule._replace(examine=lambda case: [("no", "match")])
        monkeypatch.setattr(diagnose, "RULES", (nonsense,) + RULES[1:])
        verdict = hosts.verdict(hosts.seen("stopped"))
        assert [name for name, _why in failures(verdict)] == [rule.name]
        assert [item["cause"] for item in verdict["findings"]] == ["fpm_not_running"]
