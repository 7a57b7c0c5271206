# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshot in, verdict out: one host's findings, its status, and the plan that follows."""

from typing import TYPE_CHECKING, Dict, Hashable, List, Optional, Sequence, Tuple

from ..parse.nginx.sites import place
from ..plan.plan import plan, remedy_refusal, running
from .case import Case, cases
from .engine import examine, examine_host, unseen
from .model import Loss, evidence
from .registry import HOST_RULES, RULES
from .status import NEEDED_FOR_HEALTH, status_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Verdict
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.snapshot import Missing, Snapshot

SEVERITIES = ("critical", "warning", "info")
STATES = ("active", "latent", "recovered")
MOST_STRANGERS = 20


def _unexplained(
    case: Case, left: Sequence[Loss], active: bool, missing: Sequence["Missing"]
) -> Optional["Missing"]:
    """The entry of missing for what no rule explains. left: losses. active: whether a cause was found."""
    if active:
        return None
    if left:
        text = left[-1].event["sample"]["text"]
        why = "no evidence shows the cause of %d lost requests, such as: %s" % (len(left), text)
        return unseen("cause_of_losses", case.key, why)
    if case.answers or any(entry["what"] in NEEDED_FOR_HEALTH for entry in missing):
        return None
    why = "no rule explains it: connecting gave %s, the probe %s" % (
        case.connect.get("error") or case.connect["result"],
        case.probe["result"],
    )
    return unseen("live_probe", case.key, why)


def _judge(case: Case, answering: Dict[int, List[str]]) -> Tuple[List["Finding"], List["Missing"]]:
    """(findings, missing) of one endpoint. answering: see _answering()."""
    examined = examine(case, RULES)
    active = any(item["state"] == "active" for item in examined.findings)
    gap = _unexplained(case, examined.left, active, examined.missing)
    missing = examined.missing + ([gap] if gap else [])
    findings: List["Finding"] = [
        {**item, "ruled_out": list(examined.ruled_out), "missing": list(missing)}
        for item in examined.findings
    ]
    return _spared(case, answering, findings), missing


def _answering(snapshot: "Snapshot", examined: Sequence[Case]) -> Dict[int, List[str]]:
    """Up to two servers that answer, by the id() of the route that dials them."""
    answers = {case.key for case in examined if case.answers}
    servers = {}
    for route in snapshot["nginx"]["routes"]:
        alive = [
            target["endpoint"]
            for target in route["endpoints"]
            if target["endpoint"] in answers and not target["down"]
        ]
        servers[id(route)] = list(dict.fromkeys(alive))[:2]
    return servers


def _spared(case: Case, answering: Dict[int, List[str]], findings: List["Finding"]) -> List["Finding"]:
    """nginx goes on to an upstream's next server: while that answers, a dead one costs time, and a dead
    backup nothing.
    """
    if not findings or not all(set(answering[id(route)]) - {case.key} for route in case.routes):
        return findings
    targets = [target for route in case.routes for target in route["endpoints"]]
    spare = all(target["backup"] for target in targets if target["endpoint"] == case.key)
    spared: List["Finding"] = []
    for item in findings:
        if item["state"] == "active" and item["severity"] == "critical":
            item = {**item, "severity": "warning", "state": "latent" if spare else "active"}
        spared.append(item)
    return spared


def _merged(findings: List["Finding"]) -> List["Finding"]:
    """One finding for one thing: a stopped unit with three pools is one cause, not three. What can be mended
    stands for all.
    """
    same: Dict[Hashable, List["Finding"]] = {}
    for item in sorted(findings, key=lambda item: item["cause"] == "fpm_not_running" and not item["remedy"]):
        stopped = item["cause"] == "fpm_not_running" and item["unit"]
        name = (item["reason"], item["unit"], item["state"]) if stopped else id(item)
        same.setdefault(name, []).append(item)
    return [items[0] if len(items) == 1 else _union(items) for items in same.values()]


def _union(items: Sequence["Finding"]) -> "Finding":
    """The first of these findings, with the sites, the losses and the severity of all."""
    servers = list({place(site): site for item in items for site in item["servers"]}.values())
    return {
        **items[0],
        "servers": servers,
        "sites": list(dict.fromkeys(site["name"] for site in servers)),
        "severity": min([item["severity"] for item in items], key=SEVERITIES.index),
        "count": sum(item["count"] for item in items),
        "since": min([item["since"] for item in items if item["since"] is not None], default=None),
    }


def _left_to_a_person(snapshot: "Snapshot", item: "Finding") -> "Finding":
    """The finding without remedies that would load what others than root can write."""
    why = [remedy_refusal(snapshot, remedy) for remedy in item["remedy"]]
    if not any(why):
        return item
    text = "%s: nothing of it is tried, loaded or restarted from here" % next(filter(None, why))
    return {**item, "remedy": [], "evidence": item["evidence"] + [evidence("file", text)]}


def _nginx_gaps(nginx: "Nginx") -> List["Missing"]:
    """Entries of missing about nginx as a whole."""
    gaps = []
    for route in nginx["routes"]:
        if not route["endpoints"]:
            where = (route["line"], route["pass"])
            why = "line %s: where fastcgi_pass %s leads is decided at run time" % where
            gaps.append(unseen("nginx_route", route["file"], why))
    if nginx["routes"] and not nginx["running"]:
        why = "nginx does not run: no request comes to php-fpm"
        gaps.append(unseen("nginx_running", nginx["config"], why))
    return gaps


def diagnose(snapshot: "Snapshot", host: str = "localhost") -> "Verdict":
    """The verdict on one host, pure and repeatable. host: its name in the plan."""
    examined = cases(snapshot)
    answering = _answering(snapshot, examined)
    findings: List["Finding"] = []
    missing = list(snapshot["missing"])
    for case in examined:
        of_case, not_seen = _judge(case, answering)
        findings += of_case
        missing += [entry for entry in not_seen if entry["what"] != "rule_failed" or entry not in missing]
    of_host = examine_host(snapshot, HOST_RULES)
    missing += _nginx_gaps(snapshot["nginx"]) + of_host.missing
    findings = [_left_to_a_person(snapshot, item) for item in _merged(findings) + of_host.findings]
    findings.sort(key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])))
    # What makes a host unknown comes first.
    missing.sort(key=lambda entry: entry["what"] not in NEEDED_FOR_HEALTH)
    strangers = snapshot.get("strangers") or []
    return {
        "status": status_of(snapshot, examined, findings, missing),
        "findings": findings,
        "plan": [{**action, "running": running(snapshot, action)} for action in plan(findings, host)],
        "missing": missing,
        "strangers": strangers[:MOST_STRANGERS],
        "strangers_total": len(strangers),
    }
