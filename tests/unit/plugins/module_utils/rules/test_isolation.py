# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A part of the diagnosis that raises costs its own answer: the others stand, and the host is reported."""

import os
from functools import lru_cache, wraps
from typing import Any, Callable, Dict, List, Set, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange import reply
from ansible_collections.webmedic.php_fpm.plugins.module_utils.exchange.reply import sendable
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.redact import clean
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan import plan
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules import case, diagnose, engine, group
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.connect import no_access, not_there
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.master import not_running
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.missing import first_answer
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import HOST_RULES, RULES
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.nginx import test_nginx_own
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.test_registry import (
    RULES_FOLDER,
    RULES_PACKAGE,
    modules,
    rows,
    snapshots,
)

OWN_CAUSES = {
    **{rule.name: {cause.id for cause in rule.causes} for rule in RULES},
    **{rule.name: {cause.id for cause in rule.causes} for rule in HOST_RULES},
}
NAMES = list(OWN_CAUSES)
# A verdict that says no more than what was seen, or less.
NOT_BETTER_THAN_UNKNOWN = ("failing", "degraded", "unknown")


def defect(*_arguments: Any, **_more: Any) -> None:
    raise KeyError("a defect")


def fail(monkeypatch: Any, *names: str) -> None:
    """Makes these rules raise."""
    for registry, rules in (("RULES", RULES), ("HOST_RULES", HOST_RULES)):
        broken = [rule._replace(asks=(defect,)) if rule.name in names else rule for rule in rules]
        monkeypatch.setattr(diagnose, registry, tuple(broken))


def failures(verdict: Dict[str, Any]) -> List[Tuple[str, str]]:
    """(part, why) of those that failed."""
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
        own = OWN_CAUSES[name]
        snapshots = [hosts.fixture(path)["snapshot"] for path in hosts.FILES]
        whole = [findings(hosts.verdict(snapshot), own) for snapshot in snapshots]
        fail(monkeypatch, name)
        for path, snapshot, others in zip(hosts.FILES, snapshots, whole):
            assert others <= findings(hosts.verdict(snapshot), own), os.path.basename(path)

    @pytest.mark.parametrize("name", NAMES)
    def test_the_host_is_never_better_than_unknown(self, name: str, monkeypatch: Any) -> None:
        fail(monkeypatch, name)
        failed = 0
        for path in hosts.FILES:
            verdict = hosts.verdict(hosts.fixture(path)["snapshot"])
            if failures(verdict):
                failed += 1
                assert verdict["status"] in NOT_BETTER_THAN_UNKNOWN, os.path.basename(path)
        assert failed

    @pytest.mark.parametrize("name", NAMES)
    def test_a_healthy_host_is_unknown_by_the_name_of_the_rule(self, name: str, monkeypatch: Any) -> None:
        fail(monkeypatch, name)
        verdict = hosts.verdict(a_host("plain"))
        assert verdict["status"] == "unknown"
        assert failures(verdict) == [(name + ".defect", "KeyError: 'a defect'")]

    def test_nothing_is_planned_after_a_rule_that_failed(self, monkeypatch: Any) -> None:
        """It may stand for the root cause."""
        snapshot = a_host("stopped")
        assert hosts.actions(snapshot)
        fail(monkeypatch, "impostor")
        assert hosts.causes(snapshot) == [("fpm_not_running", "stopped", "active")]
        assert hosts.actions(snapshot) == []
        assert [item["confidence"] for item in hosts.verdict(snapshot)["findings"]] == ["possible"]

    def test_a_rule_about_the_host_is_named_as_well(self, monkeypatch: Any) -> None:
        fail(monkeypatch, "writable_config")
        verdict = hosts.verdict(a_host("stopped"))
        assert failures(verdict) == [("writable_config.defect", "KeyError: 'a defect'")]
        assert [item["cause"] for item in verdict["findings"]] == ["fpm_not_running"]


def of_hosts() -> List[Any]:
    """The predicates of host rules: what judges a Group. Some are bound to more by functools.partial."""
    found = []
    for module in modules(RULES_PACKAGE, RULES_FOLDER):
        for value in vars(module).values():
            notes = getattr(value, "__annotations__", {})
            of_group = any("group" in name and "Group" in str(note) for name, note in notes.items())
            if of_group and "Match" in str(notes.get("return")) and value.__module__ == module.__name__:
                found.append(value)
    return found


# Not asked by the engine: they work for a predicate.
HELPERS = ("filled", "match", "found_again")
ROWS = [
    (module, row) for module in (not_running, no_access, not_there) for row in dict.fromkeys(rows(module))
]
PREDICATES = [each for rule in RULES for each in rule.asks] + [
    each for each in of_hosts() if each.__name__.strip("_") not in HELPERS
]
MOST = 4  # snapshots on which each is made to raise


def predicate_of(ask: Any) -> Any:
    return getattr(ask, "func", ask)


def spying(spy: Callable[[Any, Any], Any], ask: Any) -> Callable[[Any], Any]:
    @wraps(predicate_of(ask))
    def answer(subject: Any) -> Any:
        return spy(ask, subject)

    return answer


def spied(spy: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """first_answer(), in which spy(ask, subject) answers in the place of each predicate."""

    def first(missing: Any, rule: str, predicates: Any, subject: Any) -> Any:
        return first_answer(missing, rule, [spying(spy, ask) for ask in predicates], subject)

    return first


@lru_cache(maxsize=None)
def each_asked() -> Dict[Any, Dict[int, bool]]:
    """By predicate: whether it answers, by the number of a snapshot for which it is asked."""
    seen: Dict[Any, Dict[int, bool]] = {}
    number, made = 0, all_snapshots()  # some are diagnosed as they are made

    def spy(ask: Any, subject: Any) -> Any:
        answer = ask(subject)
        of_this = seen.setdefault(predicate_of(ask), {})
        of_this[number] = of_this.get(number, False) or bool(answer)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "first_answer", spied(spy))
        patch.setattr(group, "first_answer", spied(spy))
        for number in range(len(made)):
            hosts.verdict(made[number])
    return seen


@lru_cache(maxsize=None)
def all_snapshots() -> List[Any]:
    return snapshots()


def names_of(item: Any) -> str:
    return "%s.%s" % (item.__module__.rpartition(".")[2], item.__name__.strip("_"))


def is_known(item: Any, others: List[Any]) -> bool:
    key = ("cause", "reason", "endpoint", "summary")
    return any(all(item[name] == other[name] for name in key) for other in others)


def assert_its_own_answer_alone(before: Any, after: Any, name: str) -> None:
    assert [path for path, _why in failures(after) if path.endswith(name)], name
    assert after["status"] in NOT_BETTER_THAN_UNKNOWN
    rule = failures(after)[0][0].partition(".")[0]
    assert findings(before, OWN_CAUSES[rule]) <= findings(after, OWN_CAUSES[rule])
    for item in after["findings"]:
        # What only shows because another predicate gave no answer is never sure of itself.
        assert is_known(item, before["findings"]) or (item["confidence"], item["remedy"]) == ("possible", [])


class TestEachPredicateMadeToRaise:
    @pytest.mark.parametrize("predicate", PREDICATES, ids=map(names_of, PREDICATES))
    def test_it_costs_its_own_answer_alone(self, predicate: Any, monkeypatch: Any) -> None:
        numbers = each_asked()[predicate]
        chosen = sorted(numbers, key=lambda number: not numbers[number])[:MOST]
        whole = [hosts.verdict(all_snapshots()[number]) for number in chosen]

        def spy(ask: Any, subject: Any) -> Any:
            return defect() if predicate_of(ask) is predicate else ask(subject)

        monkeypatch.setattr(engine, "first_answer", spied(spy))
        monkeypatch.setattr(group, "first_answer", spied(spy))
        for number, before in zip(chosen, whole):
            after = hosts.verdict(all_snapshots()[number])
            assert_its_own_answer_alone(before, after, "." + predicate.__name__.strip("_"))

    @pytest.mark.parametrize("module, row", ROWS, ids=[row for _module, row in ROWS])
    def test_a_row_of_reasons_costs_its_own_alone(self, module: Any, row: str, monkeypatch: Any) -> None:
        first_reason = module.first_reason

        def broken(cause: Any, reasons: Any, subject: Any) -> Any:
            table = [(name, defect if name == row else predicate) for name, predicate in reasons]
            return first_reason(cause, table, subject)

        failed = 0
        for path in hosts.FILES[:: len(hosts.FILES) // 60]:
            snapshot = hosts.fixture(path)["snapshot"]
            before = hosts.verdict(snapshot)
            with monkeypatch.context() as patch:
                patch.setattr(module, "first_reason", broken)
                after = hosts.verdict(snapshot)
            if failures(after):
                failed += 1
                assert_its_own_answer_alone(before, after, "." + row)
        assert failed

    def test_behind_it_nobody_of_its_rule_is_asked(self, monkeypatch: Any) -> None:
        """A gate that raises does not let the next one answer."""
        rule = next(rule for rule in RULES if rule.name == "fpm_not_running")
        broken = [each._replace(asks=(defect, *each.asks[1:])) if each is rule else each for each in RULES]
        monkeypatch.setattr(diagnose, "RULES", tuple(broken))
        assert hosts.causes(a_host("stopped")) == []

    def test_another_question_of_a_host_rule_is_answered(self, monkeypatch: Any) -> None:
        """But what follows is possible at most: it may ask what was found before."""
        rule = next(rule for rule in HOST_RULES if rule.name == "nginx_errors")
        snapshot = test_nginx_own.HITS["index_missing"]()
        before = hosts.only(snapshot)
        broken = rule._replace(asks=(defect, *rule.asks))
        monkeypatch.setattr(diagnose, "HOST_RULES", (broken,))
        after = hosts.only(snapshot)
        assert (before["confidence"], after["confidence"]) == ("likely", "possible")
        assert failures(hosts.verdict(snapshot)) == [("nginx_errors.defect", "KeyError: 'a defect'")]


# Each part beside the rules: its module, its function there, its name in missing.
PARTS = [
    (case, "routes_by_endpoint", "cases"),
    (case, "Seen", "cases"),
    (case, "Case", "cases"),
    (diagnose, "_answering", "answering"),
    (diagnose, "_unexplained", "unexplained"),
    (diagnose, "_spared", "spared"),
    (diagnose, "_merged", "merged"),
    (diagnose, "_mapped", "mapped"),
    (diagnose, "_of_no_endpoint", "of_no_endpoint"),
    *((diagnose, "NOTES." + part, part) for part in diagnose.NOTES),
    (diagnose, "unscathed", "unscathed"),
    (diagnose, "unexplained_pages", "failed_pages"),
    (diagnose, "earlier", "earlier"),
    (diagnose, "status_of", "status"),
    (diagnose, "left_to_a_person", "owners"),
    (plan, "plan", "plan"),
    (plan, "running", "running"),
]
# What only a finding or an action calls for.
ON_DEMAND = ("_unexplained", "left_to_a_person", "plan", "running")
EACH = pytest.mark.parametrize(("module", "function", "part"), PARTS, ids=[each[1] for each in PARTS])


def break_part(monkeypatch: Any, module: Any, function: str) -> None:
    table, _point, broken = function.rpartition(".")
    if table:
        monkeypatch.setitem(getattr(module, table), broken, defect)
    else:
        monkeypatch.setattr(module, function, defect)


@EACH
class TestEachOtherPartMadeToRaise:
    def test_the_host_is_reported_with_the_name_of_the_part(
        self, module: Any, function: str, part: str, monkeypatch: Any
    ) -> None:
        fault = {"_unexplained": "segfault", "earlier": "plain"}.get(function, "stopped")
        break_part(monkeypatch, module, function)
        verdict = hosts.verdict(a_host(fault))
        assert failures(verdict) == [(part, "KeyError: 'a defect'")]
        assert verdict["status"] in NOT_BETTER_THAN_UNKNOWN

    def test_no_saved_host_is_better_than_unknown(
        self, module: Any, function: str, part: str, monkeypatch: Any
    ) -> None:
        break_part(monkeypatch, module, function)
        failed = 0
        for path in hosts.FILES:
            verdict = hosts.verdict(hosts.fixture(path)["snapshot"])
            if failures(verdict):
                failed += 1
                assert verdict["status"] in NOT_BETTER_THAN_UNKNOWN, os.path.basename(path)
        assert failed

    def test_the_findings_stand(self, module: Any, function: str, part: str, monkeypatch: Any) -> None:
        """Unless the part makes what they are found in."""
        before = hosts.causes(a_host("stopped"))
        break_part(monkeypatch, module, function)
        assert hosts.causes(a_host("stopped")) == ([] if part == "cases" else before)

    def test_a_healthy_host_is_unknown(self, module: Any, function: str, part: str, monkeypatch: Any) -> None:
        break_part(monkeypatch, module, function)
        verdict = hosts.verdict(a_host())
        assert verdict["status"] == ("healthy" if function in ON_DEMAND[1:] else "unknown")


class TestWhatAPartThatFailedCosts:
    def test_one_case_costs_no_other_endpoint(self, monkeypatch: Any) -> None:
        """The host is not called failing: nobody looked at the other endpoint."""
        snapshot = a_host("one_vhost_wrong")
        broken = next(name for name in snapshot["endpoints"] if name.endswith("php8.2-fpm.sock"))
        made = case.Case

        def make(seen: Any, key: str, routes: Any) -> Any:
            return defect() if key == broken else made(seen, key, routes)

        monkeypatch.setattr(case, "Case", make)
        verdict = hosts.verdict(snapshot)
        assert [item["cause"] for item in verdict["findings"]] == ["socket_path_mismatch"]
        assert (verdict["status"], failures(verdict)) == ("degraded", [("cases", "KeyError: 'a defect'")])

    def test_without_a_plan_nothing_is_done(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(plan, "plan", defect)
        assert hosts.actions(a_host("stopped")) == []

    def test_an_action_of_unknown_cost_stays_in_the_plan(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(plan, "running", defect)
        actions = hosts.verdict(a_host("stopped"))["plan"]
        assert [(action["id"], action["running"]) for action in actions] == [("unit_start", None)]

    def test_unknown_owners_leave_it_to_a_person(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(diagnose, "left_to_a_person", defect)
        assert hosts.only(a_host("stopped"))["remedy"] == [] and hosts.actions(a_host("stopped")) == []

    def test_what_was_lost_is_no_longer_explained(self, monkeypatch: Any) -> None:
        snapshot = a_host().nginx_said("ng-premature-header", 60.0)
        monkeypatch.setattr(diagnose, "_unexplained", defect)
        assert [entry["what"] for entry in hosts.verdict(snapshot)["missing"]] == ["rule_failed"]


def broken_for(*texts: str) -> Callable[[Any], Any]:
    """A redaction that fails for these texts, and so for all that holds one."""

    def fails(value: Any) -> Any:
        if any(text in repr(value) for text in texts):
            raise KeyError(repr(value))
        return clean(value)

    return fails


class TestRedactionMadeToRaise:
    def test_a_text_that_fails_is_left_out(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(reply, "clean", broken_for("hunter2"))
        verdict = hosts.verdict(a_host("stopped"))
        verdict["findings"][0]["evidence"][0]["text"] = "the word hunter2"
        verdict["findings"][0]["summary"] = "It has password=sesame."
        shown = sendable(verdict)
        finding = shown["findings"][0]
        assert "hunter2" not in repr(shown) and finding["evidence"][0]["text"] == "[redacted]"
        assert finding["summary"] == "It has password=[redacted]"
        assert shown["missing"][-1]["path"] == "redaction" and shown["status"] == "failing"

    def test_without_any_redaction_the_verdict_is_told(self, monkeypatch: Any) -> None:
        verdict = hosts.verdict(a_host("stopped"))
        monkeypatch.setattr(reply, "clean", defect)
        shown = sendable(verdict)
        finding, entry = shown["findings"][0], shown["missing"][-1]
        assert (shown["status"], finding["cause"], finding["reason"]) == (
            "failing",
            "fpm_not_running",
            "stopped",
        )
        assert [action["id"] for action in shown["plan"]] == ["unit_start"]
        assert finding["summary"] == finding["endpoint"] == "[redacted]"
        assert (entry["what"], entry["path"], entry["why"]) == (
            "collector_failed",
            "redaction",
            "KeyError: texts were left out",
        )

    @pytest.mark.parametrize("fault", ["plain", "was_down", "no_php"])
    def test_no_host_is_better_than_unknown(self, fault: str, monkeypatch: Any) -> None:
        verdict = hosts.verdict(a_host(fault))
        verdict["findings"] += hosts.verdict(a_host("was_down"))["findings"]
        monkeypatch.setattr(reply, "clean", defect)
        assert sendable(verdict)["status"] == "unknown"

    def test_a_snapshot_says_so_in_missing(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(reply, "clean", defect)
        shown = sendable(a_host())
        assert [entry["what"] for entry in shown["missing"]] == ["collector_failed"]
        assert shown["nginx"]["config"] == "[redacted]"

    def test_a_secret_in_the_words_of_the_failure_stays(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(reply, "clean", broken_for("hunter2"))
        assert "hunter2" not in repr(sendable({"missing": [], "text": "hunter2"}))


class TestSeveralFailures:
    def test_all_rules_may_fail(self, monkeypatch: Any) -> None:
        fail(monkeypatch, *NAMES)
        verdict = hosts.verdict(a_host("plain"))
        assert (verdict["status"], verdict["findings"]) == ("unknown", [])
        assert [rule for rule, _why in failures(verdict)] == [name + ".defect" for name in NAMES]

    def test_many_endpoints_name_a_rule_once(self, monkeypatch: Any) -> None:
        fail(monkeypatch, "impostor")
        snapshot = a_host("one_vhost_wrong")
        assert len(snapshot["endpoints"]) > 1
        verdict = hosts.verdict(snapshot)
        assert len(failures(verdict)) == 1 and verdict["findings"]

    def test_a_finding_says_which_rule_could_not_answer(self, monkeypatch: Any) -> None:
        fail(monkeypatch, "impostor")
        assert [entry["path"] for entry in hosts.only(a_host("stopped"))["missing"]] == ["impostor.defect"]

    def test_a_rule_that_answers_nonsense_is_one_that_failed(self, monkeypatch: Any) -> None:
        rule = RULES[0]
        nonsense = rule._replace(asks=(lambda case: [("no", "match")],))
        monkeypatch.setattr(diagnose, "RULES", (nonsense,) + RULES[1:])
        verdict = hosts.verdict(a_host("stopped"))
        assert [name for name, _why in failures(verdict)] == [rule.name]
        assert [item["cause"] for item in verdict["findings"]] == ["fpm_not_running"]
