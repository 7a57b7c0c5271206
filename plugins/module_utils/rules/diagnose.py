# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshot in, verdict out: one host's findings, its status, and the plan that follows."""

from functools import partial
from typing import TYPE_CHECKING, Dict, Hashable, List, NamedTuple, Optional, Sequence, Set

from ..signatures.lookup import meaning_of
from ..signatures.nginx import LOST
from .case import Case, cases
from .engine import Examined, doubted, examine, examine_host, not_mended
from .missing import FAILED, attempt, unseen
from .model import SEVERITIES, STATES, Loss, evidence, span
from .notes import NOTES, earlier, unexplained_pages, unscathed
from .registry import CAUSES, HOST_RULES, RULES
from .status import NEEDED_FOR_HEALTH, is_silent, status_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Verdict
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.snapshot import Snapshot

MOST_STRANGERS = 20


class Judged(NamedTuple):
    """What is said of one endpoint. perhaps, counted: see engine.Examined."""

    case: Case
    findings: List["Finding"]
    missing: List["Missing"]
    perhaps: Sequence[Loss]
    counted: Set[int]


def _unexplained(case: Case, examined: Examined) -> List["Missing"]:
    """The entry of missing for what no rule explains."""
    active = [item["severity"] for item in examined.findings if item["state"] == "active"]
    if "critical" in active or (active and not is_silent(case)):
        return []
    notes = [_without_cause(examined.left, case.key)] if examined.left and not active else []
    seen = case.answers or any(entry["what"] in NEEDED_FOR_HEALTH for entry in examined.missing)
    if seen or (notes and not is_silent(case)):
        return notes
    connect = case.connect.get("error") or case.connect["result"]
    why = "no rule explains it: connecting gave %s, the probe %s" % (connect, case.probe["result"])
    if case.connect["result"] == "timeout" and not case.endpoint.get("path"):
        why += "; a packet filter that drops, a route that leads nowhere, or an address that no host has"
    return [*notes, unseen("live_probe", case.key, why)]


def _without_cause(lost: Sequence[Loss], endpoint: Optional[str]) -> "Missing":
    why, count = "no evidence shows the cause of %d lost requests, such as: %s", len(lost)
    if all(loss.event["source"] == "nginx_access" for loss in lost):
        why, count = "the access log has %d lost requests, and no error log tells why: %s", span(lost).number
    return unseen("cause_of_losses", endpoint, why % (count, lost[-1].event["sample"]["text"]))


def _of_no_endpoint(judged: Sequence[Judged]) -> List["Missing"]:
    """Losses by an access log that no endpoint's rules explain. Where one of these endpoints is ill, they are
    its.
    """
    among_these = [judgement for judgement in judged if judgement.case.perhaps]
    if not among_these or any(
        item["state"] == "active" for judgement in among_these for item in judgement.findings
    ):
        return []
    left = [{(id(loss.event), loss.at): loss for loss in judgement.perhaps} for judgement in among_these]
    lost = [loss for key, loss in left[0].items() if all(key in other for other in left)]
    from .losses.access_losses import elsewhere

    notes, ours = elsewhere(among_these[0].case, lost)
    return ([_without_cause(ours, None)] if ours else []) + notes


def _unplaced(
    snapshot: "Snapshot", judged: Sequence[Judged], findings: Sequence["Finding"]
) -> List["Missing"]:
    taken = set().union(*[judgement.counted for judgement in judged])
    for judgement in judged:
        taken.update(id(loss.event) for loss in judgement.case.losses + judgement.case.passed)
    if all(id(event) in taken or meaning_of(event) not in LOST for event in snapshot["logs"]["events"]):
        return []
    from .losses.unplaced import unplaced

    return unplaced(snapshot, taken, findings)


def _judge(case: Case, answering: Dict[int, List[str]]) -> Judged:
    """answering: see _answering()."""
    examined = examine(case, RULES)
    missing = list(examined.missing)
    missing += attempt(missing, "unexplained", partial(_unexplained, case, examined)) or []
    findings: List["Finding"] = [
        {**item, "ruled_out": list(examined.ruled_out), "missing": list(missing)}
        for item in examined.findings
    ]
    if findings and all("$" in target["written"] for route in case.routes for target in route["endpoints"]):
        from .losses.mapped import by_request

        judged = attempt(missing, "by_request", partial(by_request, case, findings))
        findings = judged or list(map(doubted, findings))
    if not case.owners and any(each["master_config"] for each in case.endpoint.get("listeners") or ()):
        from .connect.older_pool import configured_no_more

        missing += attempt(missing, "configured_no_more", partial(configured_no_more, case)) or []
    if "name_source" in case.endpoint:
        from .connect.older_name import by_older_name

        doubts = attempt(missing, "older_name", partial(by_older_name, case, findings))
        findings, notes = doubts or (list(map(doubted, findings)), [])
        missing += notes
    findings = attempt(missing, "spared", partial(_spared, case, answering, findings)) or findings
    return Judged(case, findings, missing, examined.perhaps, examined.counted)


def _answering(snapshot: "Snapshot", examined: Sequence[Case]) -> Dict[int, List[str]]:
    """Up to two servers that answer, by the id() of the route that dials them. All, where tries are few."""
    answers = {case.key for case in examined if case.answers}
    servers = {}
    for route in snapshot["nginx"]["routes"]:
        targets = [target["endpoint"] for target in route["endpoints"] if not target["down"]]
        most = None if "next_tries" in route else 2
        servers[id(route)] = list(dict.fromkeys(key for key in targets if key in answers))[:most]
    return servers


def _spared(case: Case, answering: Dict[int, List[str]], findings: List["Finding"]) -> List["Finding"]:
    """nginx goes on to an upstream's next server: while that answers, a dead one costs time, and a dead
    backup nothing.
    """
    if not findings or not all(set(answering.get(id(route), ())) - {case.key} for route in case.routes):
        return findings
    from .losses.spared import spared

    return spared(case, answering, findings)


def _merged(findings: List["Finding"]) -> List["Finding"]:
    """A stopped unit with three pools is one cause. The finding that can be mended stands for all."""
    same: Dict[Hashable, List["Finding"]] = {}
    shared = {cause.id for cause in CAUSES if cause.of_unit}
    for item in sorted(findings, key=lambda item: item["cause"] in shared and not item["remedy"]):
        whole = item["cause"] in shared and item["unit"]
        name = (item["reason"], item["unit"], item["state"]) if whole else id(item)
        same.setdefault(name, []).append(item)
    if not findings:
        return []
    from .findings import union

    return [items[0] if len(items) == 1 else union(items) for items in same.values()]


def left_to_a_person(snapshot: "Snapshot", item: "Finding") -> "Finding":
    """The finding without remedies that would load what others than root can write."""
    if not item["remedy"]:
        return item
    from ..plan.plan import remedy_refusal

    why = [remedy_refusal(snapshot, remedy) for remedy in item["remedy"]]
    if not any(why):
        return item
    text = "%s: nothing of it is tried, loaded or restarted from here" % next(filter(None, why))
    return {**not_mended(item), "evidence": item["evidence"] + [evidence("file", text)]}


def _mapped(snapshot: "Snapshot") -> "Snapshot":
    """The snapshot with a route to each place where requests were lost and a map, or a request, leads."""
    if all(route["endpoints"] for route in snapshot["nginx"]["routes"]):
        return snapshot
    from .losses.mapped import with_lost_ways

    return with_lost_ways(snapshot)


def _plan(
    snapshot: "Snapshot", findings: Sequence["Finding"], host: str, missing: List["Missing"]
) -> List["Planned"]:
    if not findings:
        return []
    from ..plan.plan import plan, running

    actions = attempt(missing, "plan", partial(plan, findings, host)) or []
    return [
        {**action, "running": attempt(missing, "running", partial(running, snapshot, action))}
        for action in actions
    ]


def diagnose(snapshot: "Snapshot", host: str = "localhost") -> "Verdict":
    """The verdict on one host, pure and repeatable. Whatever part of it raises costs its own answer alone.

    host: its name in the plan.
    """
    missing = list(snapshot["missing"])
    snapshot = attempt(missing, "mapped", partial(_mapped, snapshot)) or snapshot
    examined = cases(snapshot, missing)
    answering = attempt(missing, "answering", partial(_answering, snapshot, examined)) or {}
    judged = [_judge(case, answering) for case in examined]
    by_endpoint = [item for judgement in judged for item in judgement.findings]
    for judgement in judged:
        missing += [entry for entry in judgement.missing if entry["what"] != FAILED or entry not in missing]
    missing += attempt(missing, "of_no_endpoint", partial(_of_no_endpoint, judged)) or []
    missing += attempt(missing, "unplaced", partial(_unplaced, snapshot, judged, by_endpoint)) or []
    findings = attempt(missing, "merged", partial(_merged, by_endpoint)) or by_endpoint
    for part, note in NOTES.items():
        missing += attempt(missing, part, partial(note, snapshot)) or []
    missing += attempt(missing, "unscathed", partial(unscathed, snapshot, examined, findings)) or []
    of_host = examine_host(snapshot, HOST_RULES, missing)
    findings = [
        attempt(missing, "owners", partial(left_to_a_person, snapshot, item)) or not_mended(item)
        for item in findings + of_host
    ]
    missing += attempt(missing, "failed_pages", partial(unexplained_pages, snapshot, findings)) or []
    if not findings and not any(entry["what"] == "cause_of_losses" for entry in missing):
        missing[:0] = attempt(missing, "earlier", partial(earlier, snapshot)) or []
    findings.sort(key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])))
    actions = _plan(snapshot, findings, host, missing)
    # What makes a host unknown comes first.
    missing.sort(key=lambda entry: (entry["what"] not in NEEDED_FOR_HEALTH, entry["what"] != "nginx_running"))
    strangers = snapshot.get("strangers") or []
    return {
        "status": attempt(missing, "status", partial(status_of, snapshot, examined, findings, missing))
        or "unknown",
        "findings": findings,
        "plan": actions,
        "missing": missing,
        "strangers": strangers[:MOST_STRANGERS],
        "strangers_total": len(strangers),
    }
