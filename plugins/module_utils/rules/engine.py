# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the rules about one endpoint and makes findings of their answers."""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Tuple

from .case import Case
from .losses import span
from .model import LONGEST_TEXT, NOWHERE, Answer, Cause, Clear, Loss, Match, Reason, Unclear

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, RuledOut
    from ...plugin_utils.shapes.snapshot import Missing, Snapshot


class Rule(NamedTuple):
    """name: of its file. causes: all that it can find."""

    name: str
    causes: Tuple[Cause, ...]
    examine: Callable[[Case], Answer]


class HostRule(NamedTuple):
    """The same, about a host as a whole. examine: of a snapshot."""

    name: str
    causes: Tuple[Cause, ...]
    examine: Callable[["Snapshot"], List[Match]]


class Examined(NamedTuple):
    """What the rules say of one endpoint. ruled_out: {cause, why}. left: the losses that none explains."""

    findings: List["Finding"]
    ruled_out: List["RuledOut"]
    missing: List["Missing"]
    left: Sequence[Loss]


def unseen(what: str, path: Optional[str], why: str) -> "Missing":
    """An entry of missing."""
    return {"what": what, "path": path, "why": why, "needs": None}


def failed(rule: str, error: Exception) -> "Missing":
    """An entry of missing for a rule that raised. rule: its name."""
    return unseen("rule_failed", rule, ("%s: %s" % (type(error).__name__, error))[:LONGEST_TEXT])


def finding(cause: Cause, reason_id: str, reason: Reason, endpoint: Optional[str] = None) -> "Finding":
    """A finding of the report. servers: the sites that are hit (parse/nginx/sites.py); sites: their names;
    since: epoch seconds; count: the lost requests in the window.
    """
    first, count = span(reason.losses)
    over = "warning" if reason.state == "recovered" else cause.severity
    place = reason.place or NOWHERE
    servers = list(reason.servers or ())
    sites = list(dict.fromkeys(site["name"] for site in servers))
    return {
        "cause": cause.id,
        "code": cause.code,
        "reason": reason_id,
        "severity": reason.severity or over,
        "confidence": reason.confidence,
        "state": reason.state,
        "site": next(iter(sites), None),
        "sites": sites,
        "servers": servers,
        "endpoint": endpoint,
        "pool": place.pool,
        "unit": place.unit,
        "since": first if reason.since is None else reason.since,
        "count": count,
        "summary": reason.summary,
        "evidence": list(reason.proof),
        "ruled_out": [],
        "missing": [],
        "remedy": [{"action": item.action, "arguments": item.arguments} for item in reason.remedy],
    }


def _found(case: Case, match: Match) -> "Finding":
    """Fills in what a reason leaves to the endpoint."""
    reason = match.reason
    if reason.place is None and case.owner:
        reason = reason._replace(place=case.owner.place)
    if reason.servers is None:
        reason = reason._replace(servers=case.servers)
    return finding(match.cause, match.reason_id, reason, case.key)


def _matches(answer: Answer) -> List[Match]:
    if isinstance(answer, Match):
        return [answer]
    return answer if isinstance(answer, list) else []


def examine(case: Case, rules: Sequence[Rule]) -> Examined:
    """Each rule sees only the losses that those before it left unexplained. One that raises costs its own
    answer.
    """
    findings: List["Finding"] = []
    ruled_out: List["RuledOut"] = []
    missing: List["Missing"] = []
    for rule in rules:
        try:
            answer = rule.examine(case)
            matches = _matches(answer)
            found: List["Finding"] = [_found(case, match) for match in matches]
        except Exception as error:  # pylint: disable=broad-except
            missing.append(failed(rule.name, error))
            continue
        if isinstance(answer, Clear):
            ruled_out.append({"cause": rule.name, "why": answer.why})
        elif isinstance(answer, Unclear):
            missing.append(unseen(answer.what, case.key, answer.why))
        if any(entry["what"] == "rule_failed" for entry in missing):
            # The rule that failed may stand for the root cause: what follows from it is told, and not mended.
            found = [{**item, "remedy": []} for item in found]
        findings += found
        for match in matches:
            case = case.without(match.reason.claims)
        if any(match.cause.rules_out_others and match.reason.state == "active" for match in matches):
            break
    return Examined(findings, ruled_out, missing, case.losses)


def examine_host(snapshot: "Snapshot", rules: Sequence[HostRule]) -> Examined:
    """The same for what is not about one endpoint."""
    findings: List["Finding"] = []
    missing: List["Missing"] = []
    for rule in rules:
        try:
            findings += [finding(*match) for match in rule.examine(snapshot)]
        except Exception as error:  # pylint: disable=broad-except
            missing.append(failed(rule.name, error))
    return Examined(findings, [], missing, ())
