# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate as a part of fleet_report: when it looks again, whom it judges, and who fails."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import played
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate_step
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report as fleet
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.action.test_fleet_report import HostVars
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.judging import ILL, judged
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, answer

AFTER = {"began": NOW, "phase": "after", "play": "1"}
OPTIONS = {
    "phase": "after", "terms": "terms", "report": "report", "looked": 0.0, "policy": {},
    "baseline": "", "since": NOW - 60, "restart": "",
    "pages": "", "path": "", "wait": 60.0, "delay": 1.0, "until": 0.0,
}  # fmt: skip


def at(seconds: float, made: Any = None) -> dict[str, Any]:
    return {**(made or answer()), "looked_at": NOW + seconds}


def play(answers: dict[str, Any], batch: str, left: str | None = None, **terms: Any) -> dict[str, Any]:
    """The variables of a step. left: the hosts that are still in the play. terms: by host, of AFTER."""
    known = {
        name: {"terms": {**AFTER, **terms.get(name, {})}, **({"seen": made} if made else {})}
        for name, made in answers.items()
    }
    return {
        "terms": AFTER,
        "hostvars": HostVars(known),
        "ansible_play_hosts_all": list(answers),
        "ansible_play_hosts": list(batch if left is None else left),
        "ansible_play_batch": list(batch),
    }


def step(variables: dict[str, Any], stops: bool = True, **options: Any) -> tuple[Any, Any]:
    """(the report, the step)."""
    chosen = {**OPTIONS, **options}
    look = played.look_of(variables, "terms", chosen["looked"])
    results = dict(played.collected(variables, "seen", look=look))
    report = fleet.build(results, 900, NOW + 2)
    unasked = [name for name, result in results.items() if result is None]
    return report, gate_step.step(report, chosen, variables, NOW + 2, unasked, stops)


class TestDelay:
    @pytest.mark.parametrize("wait,delay,seconds", [(0, 10, 10), (600, 0, 6), (3600, 1, 36), (60, 10, 10)])
    def test_there_are_at_most_a_hundred_looks(self, wait: float, delay: float, seconds: float) -> None:
        assert gate_step.delay_of({"wait": wait, "delay": delay}) == seconds


class TestOldAnswers:
    """What a host answered before this gate began is no look at it."""

    @pytest.mark.parametrize("old", [at(-1), answer(), None])
    def test_a_host_that_dropped_out_closes_it(self, old: Any) -> None:
        report, made = step(play({"a": at(1), "b": old}, "a"))
        assert report["hosts"]["b"]["status"] == "unknown" and report["gate"]["ill"] == ["b"]
        assert made.complaints["a"].startswith("b: ") and "not asked since this gate" in made.complaints["a"]
        assert not made.again

    @pytest.mark.parametrize("stops", [True, False])
    def test_for_one_that_a_condition_left_out_others_fail(self, stops: bool) -> None:
        report, made = step(play({"a": at(1), "b": at(-1)}, "ab"), stops)
        assert set(made.complaints) == {"a", "b"} and report["gate"]["ill"] == ["b"] and not made.again
        assert made.complaints["a"].startswith("b: ")

    def test_where_the_play_may_go_on_the_others_do(self) -> None:
        report, made = step(play({"a": at(1), "b": at(-1)}, "a"), stops=False)
        assert report["gate"]["verdict"] == "fail" and "a" not in made.complaints

    @pytest.mark.parametrize("phase,others", [("after", False), ("before", True)])
    def test_one_that_an_earlier_gate_failed_has_failed(self, phase: str, others: bool) -> None:
        variables = play({"a": at(1), "b": at(-1)}, "a")
        earlier = {"complaints": {"b": "ill"}, "gate": {"phase": phase}}
        variables["hostvars"].raw_get("b")["report"] = earlier
        report, made = step(variables)
        assert report["gate"]["ill"] == ["b"] and ("a" in made.complaints) == others

    def test_it_counts_for_the_thresholds(self) -> None:
        answers = {"a": at(1, ILL), "b": at(-1)}
        policy = {"thresholds": {"hosts": 1}}
        assert step(play(answers, "a"), policy=policy)[0]["gate"]["verdict"] == "fail"

    def test_it_dropped_out_between_two_looks(self) -> None:
        variables = play({"a": at(1), "b": at(0.2)}, "a")
        assert step(variables, looked=NOW + 0.5)[0]["gate"]["ill"] == ["b"]

    @pytest.mark.parametrize("other", [{"phase": "before"}, {"play": "0"}, {"began": NOW - 40}])
    def test_an_earlier_batch_was_not_asked_by_its_gate(self, other: Any) -> None:
        variables = play({"a": at(1), "b": at(-50)}, "a", b={"began": NOW - 60, **other})
        assert step(variables)[0]["gate"]["ill"] == ["b"]

    def test_near_miss_an_earlier_batch_was_asked(self) -> None:
        variables = play({"a": at(1), "b": at(-50)}, "a", "ab", b={"began": NOW - 60})
        report, made = step(variables)
        assert report["hosts"]["b"]["status"] == "healthy" and not made.complaints

    def test_near_miss_a_later_batch_is_no_part_yet(self) -> None:
        variables = play({"a": at(1), "b": at(-50)}, "a", "ab", b={"began": NOW - 60, "phase": "before"})
        report, _made = step(variables)
        assert list(report["hosts"]) == ["a"] and report["gate"]["verdict"] == "pass"

    def test_the_word_of_the_engine_stays(self) -> None:
        report, _made = step(play({"a": at(1), "b": {"failed": True, "msg": "too slow"}}, "ab"))
        assert "too slow" in report["hosts"]["b"]["error"]

    @pytest.mark.parametrize("terms", [None, {"skipped": True}])
    def test_without_a_beginning_there_is_no_gate(self, terms: Any) -> None:
        with pytest.raises(played.NotReported, match="no answer of gate_terms"):
            step({**play({"a": at(1)}, "a"), "terms": terms})


class TestAgain:
    """Who waits for the next look reads why, and each reason once."""

    WHY = "a: PHP-FPM is not running: stopped: php8.2-fpm.service is stopped (fpm_not_running/stopped)."

    def again(self, earlier: Any = None, **hosts: Any) -> Any:
        variables = play({"a": at(1, ILL), **hosts}, "a" + "".join(hosts))
        variables["hostvars"].raw_get("a")["report"] = earlier
        return step(variables, until=NOW + 60)[1]

    def test_it_says_what_closes_it_and_for_how_long(self) -> None:
        made = self.again(b=at(1, ILL))
        line = " ".join(line.strip() for line, _color in made.lines)
        assert made.again and line.startswith("Closed so far, it looks again for up to 58 s. " + self.WHY)
        assert line.endswith("And 1 more host.")

    def test_the_same_is_said_once(self) -> None:
        returned = self.again().returned
        assert self.again({**returned, "again": True}).lines == []

    @pytest.mark.parametrize(
        "earlier", [{"again": True, "why": "b: other"}, {"again": False, "why": "x"}, None]
    )
    def test_near_miss_another_reason_is_said(self, earlier: Any) -> None:
        assert self.again(earlier).lines != []


class TestGone:
    """A host of the baseline that the play does not know."""

    def test_it_closes_the_gate_and_names_the_limit(self) -> None:
        gate = judged({"a": answer()}, before={"a": answer(), "b": answer()}, batch=["a", "b"])
        (reason,) = gate["reasons"]
        assert (reason["host"], reason["cause"], reason["decision"]) == ("b", "host_gone", "fail")
        assert "--limit" in reason["why"]

    def test_a_rule_may_accept_it(self) -> None:
        policy = {"rules": [{"cause": "host_gone", "decision": "warn"}]}
        before = {"a": answer(), "b": answer()}
        assert judged({"a": answer()}, policy, before, batch=["a", "b"])["verdict"] == "warn"

    @pytest.mark.parametrize("stops", [True, False])
    def test_all_of_the_batch_fail_for_it(self, stops: bool, tmp_path: Any) -> None:
        path = gate_step.gate.keep(
            fleet.build({"a": answer(), "b": answer()}, 900, NOW - 60), str(tmp_path / "x")
        )
        report, made = step(play({"a": at(1)}, "a"), stops, baseline=path)
        assert report["gate"]["ill"] == ["b"] and list(made.complaints) == ["a"] and not made.again
        assert made.complaints["a"].startswith("b: A host of the baseline is missing")
