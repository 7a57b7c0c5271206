# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which risks a prevention takes away, on which hosts, and how that is proven."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.prevent import run as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.prevent.run import (
    RiskProof,
    Wanted,
    judged,
    name,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.reply import (
    Diagnosis,
    Done,
    reply,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    UNIT,
    foreseen,
    restart,
    well_set_up,
    with_risks,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

BOOT, OOM = Wanted("restart_at_risk", "unit_not_enabled"), Wanted("restart_at_risk", "oom_stops_unit")
ALL = Wanted("restart_at_risk")


def at_risk() -> Any:
    """By a boot and by an OOM kill."""
    return well_set_up(restart=restart(foreseen("unit_disabled"))).with_unit(oom_policy="stop", restart="no")


def planned(snapshot: Any, *wanted: Wanted) -> List[str]:
    return [action["id"] for action in judged(snapshot, wanted)["plan"]]


class TestChosen:
    @pytest.mark.parametrize(
        "wanted, actions",
        [
            ([], []),
            ([BOOT], ["unit_enable"]),
            ([OOM], ["unit_oom_policy"]),
            ([ALL], ["unit_oom_policy", "unit_enable"]),
            ([Wanted("capacity_at_risk")], []),
        ],
    )
    def test_what_the_policy_names_is_planned(self, wanted: List[Wanted], actions: List[str]) -> None:
        assert planned(at_risk(), *wanted) == actions

    def test_an_action_names_the_risks_by_their_places(self) -> None:
        verdict = judged(at_risk(), [OOM])
        (action,) = verdict["plan"]
        assert [verdict["findings"][number]["reason"] for number in action["findings"]] == ["oom_stops_unit"]

    @pytest.mark.parametrize("fault", ["stopped", "segfault", "one_vhost_wrong"])
    def test_a_host_that_is_ill_is_left_alone(self, fault: str) -> None:
        host = with_risks(a_host(fault), restart=restart(foreseen("unit_disabled")))
        verdict = judged(host, [ALL])
        assert verdict["plan"] == []
        assert {item["state"] for item in verdict["findings"] if item["cause"] == ALL.cause} == {"latent"}


class TestTold:
    def answer(self, *done: str, **changes: Any) -> Dict[str, Any]:
        """The module's reply after these actions were done, and a last look at a host as it is then."""
        first = judged(at_risk(), [ALL])
        taken: Any = [
            {**action, "result": "done", "why": "", "files": [], "commands": [], "cut": 0, "seconds": 1.0}
            for action in first["plan"]
            if action["id"] in done
        ]
        last = judged(at_risk().with_unit(**changes), [ALL])
        made = reply(
            Diagnosis(at_risk(), first, 1.0, 900, False), Done(taken, [], None, last, {}, {}, None), name
        )
        return dict(subject._as_latent(made, [ALL]))

    def test_one_risk_is_over_while_another_of_its_cause_is_not(self) -> None:
        answer = self.answer("unit_oom_policy", oom_policy="continue")
        results = {item["reason"]: item["result"] for item in answer["remediation"]["findings"]}
        assert results == {"oom_stops_unit": "fixed", "unit_not_enabled": "escalated"}

    def test_what_is_still_so_is_not_called_fixed(self) -> None:
        answer = self.answer("unit_oom_policy")
        results = {item["reason"]: item["result"] for item in answer["remediation"]["findings"]}
        assert results["oom_stops_unit"] == "escalated"

    def test_risks_are_told_as_latent(self) -> None:
        answer = self.answer("unit_oom_policy", oom_policy="continue")
        assert {item["state"] for item in answer["findings"]} == {"latent"}
        assert (answer["status"], answer["remediation"]["still"]) == ("healthy", [])

    def test_options_have_the_names_of_this_role(self) -> None:
        assert (subject.Prevention.prefix, subject.Run.prefix) == ("prevent_", "remediate_")


class TestProof:
    def left(self, monkeypatch: Any, now: Any, *wanted: str) -> Any:
        monkeypatch.setattr(subject, "take_with_risks", lambda *how: now)
        proof = RiskProof.__new__(RiskProof)
        proof.host = FakeHost()
        proof.policy = type("Options", (), {"window": 900, "probe_timeout": 1.0})()
        items = [item for item in judged(at_risk(), [ALL])["findings"] if item["reason"] in wanted]
        return proof._left(items)

    def test_a_risk_that_is_gone_is_proven(self, monkeypatch: Any) -> None:
        now = at_risk().with_unit(oom_policy="continue")
        assert self.left(monkeypatch, now, "oom_stops_unit") is None

    def test_a_risk_that_is_still_there_is_not(self, monkeypatch: Any) -> None:
        assert "it is still so: One OOM kill stops " + UNIT in self.left(
            monkeypatch, at_risk(), "oom_stops_unit"
        )

    def test_what_hurts_now_is_no_proof(self, monkeypatch: Any) -> None:
        assert "something is wrong now" in self.left(monkeypatch, a_host("stopped"), "oom_stops_unit")

    def test_what_could_not_be_looked_at_again_is_no_proof(self, monkeypatch: Any) -> None:
        now = well_set_up()
        now["risks"]["missing"] = [{"what": "risk_unseen", "path": "restart", "why": "x", "needs": None}]
        assert "could not be looked at again" in self.left(monkeypatch, now, "oom_stops_unit")
