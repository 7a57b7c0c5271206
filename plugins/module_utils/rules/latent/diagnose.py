# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on one host, with what will be its next outage."""

from functools import partial
from typing import TYPE_CHECKING, List

from ...parse.nginx.sites import sites_of
from ...plan.preventive import make_known
from ..diagnose import diagnose, left_to_a_person
from ..engine import not_mended
from ..findings import finding, with_commands
from ..missing import attempt, part_of
from ..model import SEVERITIES, STATES, Cause, Place
from .model import LatentRule, Risk
from .registry import RULES
from .served import Served, sites_of_master

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding, Site, Verdict
    from ....plugin_utils.shapes.missing import Missing
    from ....plugin_utils.shapes.snapshot import Snapshot

make_known()
# A rule that failed, by its name in missing. Unlike rule_failed it says nothing about the host's health now.
FAILED = "risk_failed"


def _sites(risk: Risk, snapshot: "Snapshot") -> "List[Site]":
    about = risk.about
    if isinstance(about, Served):
        return about.sites
    return sites_of_master(snapshot, about["config"]) if about else sites_of(snapshot["nginx"]["routes"])


def _finding(cause: Cause, risk: Risk, snapshot: "Snapshot") -> "Finding":
    """With the place, the sites and the endpoint of what the risk is about."""
    reason, endpoint, about = risk.reason, risk.endpoint, risk.about
    if isinstance(about, Served):
        place, endpoint = about.place, about.pool["endpoint"]
    else:
        place = Place(None, about["unit"] if about else snapshot["nginx"]["unit"])
    servers = _sites(risk, snapshot) if reason.servers is None else reason.servers
    reason = reason._replace(place=reason.place or place, servers=servers)
    return with_commands(finding(cause, risk.reason_id, reason, endpoint), snapshot)


def _ask(rule: LatentRule, snapshot: "Snapshot", failed: "List[Missing]") -> "List[Finding]":
    """Each adds what it finds, and takes nothing for granted: where one raises, the others go on."""
    return [
        _finding(rule.cause, risk, snapshot)
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


def diagnose_ahead(snapshot: "Snapshot") -> "Verdict":
    """The same as diagnose() of a snapshot for which nobody looked at risks. Else the risks are among the
    findings, and the status and the plan are the same.
    """
    verdict = diagnose(snapshot)
    risks = snapshot.get("risks")
    if risks is None:
        return verdict
    missing = verdict["missing"] + [entry for entry in risks["missing"] if entry not in verdict["missing"]]
    findings = verdict["findings"] + risks_of(snapshot, missing)
    # The plan names its findings by their places: the active ones stay in front, in their order.
    findings.sort(key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])))
    return {**verdict, "findings": findings, "missing": missing}
