# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Risks taken away by the engine of the remediation: tried, done, proven, kept or put back.

A risk that the policy names is to the engine what an active finding is. It is proven otherwise: nothing got
worse, and a new look does not find the risk any more.
"""

from functools import partial
from typing import TYPE_CHECKING, Hashable, List, NamedTuple, Optional, Sequence, Tuple

from ..ahead.risks import take_with_risks
from ..change.disk import Disk
from ..change.lock import STATE
from ..collect.host import Host
from ..plan.plan import plan, running
from ..plan.policy import Policy
from ..remediate.compare import worse
from ..remediate.proof import PAUSE, Proof
from ..remediate.reply import Done, reply
from ..remediate.run import Run, remediate
from ..rules.latent.diagnose import diagnose_ahead
from ..work.step import PREVENT, Refused

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Verdict
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.remediation import Remediation, Reply, Undone
    from ...plugin_utils.shapes.snapshot import Snapshot

SECONDS = 120.0  # that a look may take
# A host that is ill is mended first: a change would be proven against losses that it did not bring.
WELL = ("healthy", "recovered")


class Wanted(NamedTuple):
    """A risk that is to be taken away. reason: None for each of the cause."""

    cause: str
    reason: Optional[str] = None

    def names(self, item: "Finding") -> bool:
        return item["cause"] == self.cause and self.reason in (None, item["reason"])


def name(item: "Finding") -> Hashable:
    """Equal for the same risk of two looks."""
    return item["cause"], item["reason"], item["unit"], item["pool"], item["endpoint"], item["site"]


def _is_named(item: "Finding", wanted: Sequence[Wanted]) -> bool:
    return item["state"] == "latent" and any(each.names(item) for each in wanted)


def judged(snapshot: "Snapshot", wanted: Sequence[Wanted]) -> "Verdict":
    """The verdict in which the risks that are named are active, and planned for."""
    verdict = diagnose_ahead(snapshot)
    if verdict["status"] not in WELL:
        return {**verdict, "plan": []}
    findings: List[Finding] = [
        {**item, "state": "active"} if _is_named(item, wanted) else item for item in verdict["findings"]
    ]
    actions: List[Planned] = [
        {**action, "running": running(snapshot, action)} for action in plan(findings, "localhost")
    ]
    return {**verdict, "findings": findings, "plan": actions}


def _look(host: Host, policy: Policy) -> "Snapshot":
    return take_with_risks(host, policy.window, policy.probe_timeout, SECONDS)


class RiskProof(Proof):
    def problem(self, items: "Sequence[Finding]", actions: "Sequence[Planned]") -> Optional[str]:
        """None when what was done is to stay."""
        deadline = self.host.monotonic() + self.policy.verify_timeout
        while True:
            over = self.host.monotonic() >= deadline
            self._look([], over)
            hurt = worse(self.before, self.now, ())
            if not hurt:
                return self._left(items)
            if over:
                return "something got worse through it: %s" % hurt
            self.host.sleep(PAUSE)

    def _left(self, items: "Sequence[Finding]") -> Optional[str]:
        """What a new look still finds of these risks, or what it finds that hurts now."""
        verdict, wanted = diagnose_ahead(_look(self.host, self.policy)), {name(item) for item in items}
        for item in verdict["findings"]:
            if item["state"] == "active":
                return "something is wrong now: %s" % item["summary"]
            if name(item) in wanted:
                return "it is still so: %s" % item["summary"]
        unseen = [entry for entry in verdict["missing"] if entry["what"] in ("risk_unseen", "risk_failed")]
        return "it could not be looked at again: %s" % unseen[0]["why"] if unseen else None


class Prevention(Run):
    prefix = PREVENT

    def __init__(
        self,
        wanted: Sequence[Wanted],
        host: Host,
        disk: Disk,
        policy: Policy,
        check_mode: bool,
        state: str,
    ) -> None:
        self.wanted = wanted
        super().__init__(host, disk, policy, check_mode, state)

    def look(self) -> "Tuple[Snapshot, Verdict]":
        snapshot = _look(self.host, self.policy)
        return snapshot, judged(snapshot, self.wanted)

    def reserve(self) -> Optional[Refused]:
        status = self.verdict["status"]
        if status == "failing" or status == "degraded":
            why = "it is %s: what is wrong now comes first, see the playbook remediate" % status
            return Refused(status, why)
        return super().reserve()

    def make_proof(self) -> Proof:
        findings, planned = self.verdict["findings"], self.verdict["plan"]
        return RiskProof(self.host, self.policy, self.snapshot, findings, planned, not self.check_mode)

    def reply(self, undone: "Optional[Undone]") -> "Reply":
        """All answered before and after: of a risk there is no such thing to show."""
        done: Done = self.look_again(undone)._replace(before={}, after={}, answered_at=None)
        return reply(self.diagnosis, done, name)


def prevent(
    host: Host,
    disk: Disk,
    policy: Policy,
    wanted: Sequence[Wanted],
    check_mode: bool,
) -> "Reply":
    """Takes away the risks that are named, or in check mode says exactly what would be done."""
    return _as_latent(remediate(host, disk, policy, check_mode, STATE, partial(Prevention, wanted)), wanted)


def _as_latent(answer: "Reply", wanted: Sequence[Wanted]) -> "Reply":
    """The risks are latent again, as they are told everywhere else."""
    remediation = answer["remediation"]
    latent: Remediation = {
        **remediation,
        "still": [
            item for item in remediation["still"] if not any(each.cause == item["cause"] for each in wanted)
        ],
    }
    well = remediation["status_before"] in WELL
    findings: List[Finding] = [
        {**item, "state": "latent"} if well and item["state"] == "active" else item
        for item in answer["findings"]
    ]
    return {**answer, "findings": findings, "remediation": latent}
