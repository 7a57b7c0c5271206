# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks the rules about one endpoint and makes findings of their answers."""

from functools import partial
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Set, Union, cast

from .case import Case
from .losses.timeline import timeline
from .missing import FAILED, attempt, first_answer, matches_of, part_of, unseen
from .model import NOWHERE, Cause, Clear, HostRule, Loss, Match, Place, Reason, Rule, Unclear, span

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Facts, Finding, RuledOut
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.snapshot import Snapshot

MOST_PIDS = 64  # to end a part of them alone would be wrong


class Examined(NamedTuple):
    """What the rules say of one endpoint."""

    findings: List["Finding"]
    ruled_out: List["RuledOut"]
    missing: List["Missing"]
    left: Sequence[Loss]  # that none explains
    perhaps: Sequence[Loss]  # of those that may be another endpoint's as well
    counted: Set[int]  # id() of the events that findings count


def _facts(reason: Reason) -> "Facts":
    """The first line of a configuration among the proof decides, unless the rule names another."""
    known = dict(reason.facts)
    if len(reason.facts.get("pids") or ()) > MOST_PIDS:
        del known["pids"]
    for piece in reason.proof:
        if piece["path"] and piece.get("line"):
            known = {"file": piece["path"], "line": piece["line"], **known}
            break
    return cast("Facts", {name: value for name, value in known.items() if value})


def finding(cause: Cause, reason_id: str, reason: Reason, endpoint: Optional[str] = None) -> "Finding":
    """A finding of the report, whose keys stand in plugin_utils/shapes/finding.py."""
    losses = reason.losses or ()
    first, count = span(losses)
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
        "sites_left": 0,
        "servers": servers,
        "endpoint": endpoint,
        "pool": place.pool,
        "unit": place.unit,
        "since": first if reason.since is None else reason.since,
        "count": count,
        "timeline": timeline(losses),
        "summary": reason.summary,
        "facts": _facts(reason),
        "evidence": list(reason.proof),
        "ruled_out": [],
        "missing": [],
        "remedy": [{"action": item.action, "arguments": item.arguments} for item in reason.remedy],
    }


def with_commands(item: "Finding", snapshot: "Snapshot") -> "Finding":
    """With what is not as usual in the commands that the catalogue names."""
    nginx, options = snapshot["nginx"], snapshot["nginx"].get("options") or {}
    # Root would load modules by a file that an ordinary account chose.
    options = {} if nginx.get("account") else options
    config = nginx["config"] if {"c", "p"}.intersection(options) else None
    units = [master["unit_state"] for master in snapshot["fpm"]["masters"] if master["unit"] == item["unit"]]
    facts: Dict[str, object] = {
        "nginx_unit": nginx["unit"] != "nginx.service" and nginx["unit"],
        "no_nginx_unit": nginx["running"] and not nginx["unit"],
        "nginx_config": config != "/etc/nginx/nginx.conf" and config,
        "nginx_prefix": "p" in options and nginx["prefix"],
        "no_reload": any(unit and unit.get("can_reload") is False for unit in units),
        **(item["facts"] or {}),
    }
    known = {name: value for name, value in facts.items() if value}
    return {**item, "facts": cast("Facts", known)}


def _finding(
    rule: Union[Rule, HostRule], match: Match, snapshot: "Snapshot", case: Optional[Case] = None
) -> "Finding":
    """The finding, with what its reason leaves to the rule and to the endpoint."""
    reason = match.reason
    place = case.place if case else NOWHERE
    if rule.of_nginx:
        place = Place(None, snapshot["nginx"]["unit"])
    reason = reason._replace(place=reason.place or place)
    if reason.servers is None and case:
        reason = reason._replace(servers=case.servers)
    return with_commands(finding(match.cause, match.reason_id, reason, case.key if case else None), snapshot)


def not_mended(item: "Finding") -> "Finding":
    return {**item, "remedy": []}


def doubted(item: "Finding") -> "Finding":
    """What stands behind a part that failed may follow from what that would have found."""
    return {**not_mended(item), "confidence": "possible"}


def _findings(rule: Rule, matches: Sequence[Match], case: Case) -> List["Finding"]:
    return [_finding(rule, match, case.snapshot, case) for match in matches]


def examine(case: Case, rules: Sequence[Rule]) -> Examined:
    """Each rule sees only the losses that those before it left unexplained. One that failed may stand for the
    root cause: what the rules after it find is possible at most, and not mended.
    """
    findings: List["Finding"] = []
    ruled_out: List["RuledOut"] = []
    missing: List["Missing"] = []
    counted: Set[int] = set()
    for rule in rules:
        answer = first_answer(missing, rule.name, rule.asks, case)
        matches = matches_of(answer)
        of_rule = attempt(missing, rule.name, partial(_findings, rule, matches, case))
        if of_rule is None:
            continue
        if isinstance(answer, Clear):
            ruled_out.append({"cause": rule.name, "why": answer.why})
        elif isinstance(answer, Unclear):
            missing.append(unseen(answer.what, case.key, answer.why))
        if any(entry["what"] == FAILED for entry in missing):
            of_rule = [doubted(item) for item in of_rule]
        findings += of_rule
        for match in matches:
            reason = match.reason
            losses = reason.losses or ()
            counted.update(id(loss.event) for loss in losses)
            case = case.without(losses if reason.explains is None else reason.explains)
        # A warning says that requests come through.
        if any(
            match.cause.rules_out_others
            and match.reason.state == "active"
            and match.reason.severity != "warning"
            for match in matches
        ):
            break
    return Examined(findings, ruled_out, missing, case.losses, case.perhaps, counted)


def _ask_of_host(rule: HostRule, snapshot: "Snapshot", missing: List["Missing"]) -> List["Finding"]:
    """A question that fails costs no other its answer. Behind it all is possible at most: some ask what was
    found before.
    """
    found: List[Match] = []
    findings: List["Finding"] = []
    failures: List["Missing"] = []
    for ask in rule.asks:
        questions = attempt(failures, part_of(rule.name, ask), partial(ask, snapshot)) or ()
        if questions:
            from .group import answered
        for question in questions:
            answer = partial(answered, rule.name, question, found, failures)
            matches = attempt(failures, rule.name, answer) or []
            found = found + matches
            made = [_finding(rule, match, snapshot) for match in matches]
            findings += map(doubted, made) if failures else made
    missing += failures
    return findings


def examine_host(
    snapshot: "Snapshot", rules: Sequence[HostRule], missing: List["Missing"]
) -> List["Finding"]:
    """The findings that are not about one endpoint. missing: gets the entries of what failed."""
    findings: List["Finding"] = []
    for rule in rules:
        findings += attempt(missing, rule.name, partial(_ask_of_host, rule, snapshot, missing)) or []
    return findings
