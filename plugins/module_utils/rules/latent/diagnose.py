# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on one host, with what will be its next outage."""

from functools import partial
from typing import TYPE_CHECKING, List

from ...plan.preventive import make_known
from ..diagnose import diagnose, left_to_a_person
from ..engine import finding, not_mended, with_commands
from ..missing import attempt, part_of
from ..model import SEVERITIES, STATES
from .model import LatentRule
from .registry import RULES

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding, Verdict
    from ....plugin_utils.shapes.missing import Missing
    from ....plugin_utils.shapes.snapshot import Snapshot

make_known()
# A rule that failed, by its name in missing. Unlike rule_failed it says nothing about the host's health now.
FAILED = "risk_failed"


def _ask(rule: LatentRule, snapshot: "Snapshot", failed: "List[Missing]") -> "List[Finding]":
    """Each adds what it finds, and takes nothing for granted: where one raises, the others go on."""
    return [
        with_commands(finding(rule.cause, risk.reason_id, risk.reason, risk.endpoint), snapshot)
        for ask in rule.asks
        for risk in attempt(failed, part_of(rule.name, ask), partial(ask, snapshot)) or ()
    ]


def risks_of(snapshot: "Snapshot", missing: "List[Missing]") -> "List[Finding]":
    """missing: gets the entries of what failed."""
    findings: List[Finding] = []
    failed: List[Missing] = []
    for rule in RULES:
        findings += attempt(failed, rule.name, partial(_ask, rule, snapshot, failed)) or []
    findings = [
        attempt(failed, "owners", partial(left_to_a_person, snapshot, item)) or not_mended(item)
        for item in findings
    ]
    for entry in failed:
        missing.append({**entry, "what": FAILED})
    return findings


def diagnose_ahead(snapshot: "Snapshot", host: str = "localhost") -> "Verdict":
    """The same as diagnose() of a snapshot for which nobody looked at risks. Else the risks are among the
    findings, and the status and the plan are the same.

    host: its name in the plan.
    """
    verdict = diagnose(snapshot, host)
    risks = snapshot.get("risks")
    if risks is None:
        return verdict
    missing = verdict["missing"] + [entry for entry in risks["missing"] if entry not in verdict["missing"]]
    findings = verdict["findings"] + risks_of(snapshot, missing)
    # The plan names its findings by their places: the active ones stay in front, in their order.
    findings.sort(key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])))
    return {**verdict, "findings": findings, "missing": missing}
