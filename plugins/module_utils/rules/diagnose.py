# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshot in, verdict out: one host's findings, its status, and the plan that follows."""

from functools import partial
from typing import TYPE_CHECKING, Dict, Hashable, List, Sequence, Tuple

from ..parse.nginx.sites import place
from ..plan.plan import plan, remedy_refusal, running
from .case import Case, cases
from .engine import Examined, examine, examine_host, not_mended
from .missing import FAILED, attempt, unseen
from .model import evidence
from .registry import HOST_RULES, RULES
from .status import NEEDED_FOR_HEALTH, status_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Verdict
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.snapshot import Missing, Snapshot

SEVERITIES = ("critical", "warning", "info")
STATES = ("active", "latent", "recovered")
MOST_STRANGERS = 20


def _unexplained(case: Case, examined: Examined) -> List["Missing"]:
    """The entry of missing for what no rule explains."""
    if any(item["state"] == "active" for item in examined.findings):
        return []
    lost = examined.left
    if lost:
        text = lost[-1].event["sample"]["text"]
        why = "no evidence shows the cause of %d lost requests, such as: %s" % (len(lost), text)
        return [unseen("cause_of_losses", case.key, why)]
    if case.answers or any(entry["what"] in NEEDED_FOR_HEALTH for entry in examined.missing):
        return []
    connect = case.connect.get("error") or case.connect["result"]
    why = "no rule explains it: connecting gave %s, the probe %s" % (connect, case.probe["result"])
    return [unseen("live_probe", case.key, why)]


def _judge(case: Case, answering: Dict[int, List[str]]) -> Tuple[List["Finding"], List["Missing"]]:
    """(findings, missing) of one endpoint. answering: see _answering()."""
    examined = examine(case, RULES)
    missing = list(examined.missing)
    missing += attempt(missing, "unexplained", partial(_unexplained, case, examined)) or []
    findings: List["Finding"] = [
        {**item, "ruled_out": list(examined.ruled_out), "missing": list(missing)}
        for item in examined.findings
    ]
    return attempt(missing, "spared", partial(_spared, case, answering, findings)) or findings, missing


def _answering(snapshot: "Snapshot", examined: Sequence[Case]) -> Dict[int, List[str]]:
    """Up to two servers that answer, by the id() of the route that dials them."""
    answers = {case.key for case in examined if case.answers}
    servers = {}
    for route in snapshot["nginx"]["routes"]:
        targets = [target["endpoint"] for target in route["endpoints"] if not target["down"]]
        servers[id(route)] = list(dict.fromkeys(key for key in targets if key in answers))[:2]
    return servers


def _spared(case: Case, answering: Dict[int, List[str]], findings: List["Finding"]) -> List["Finding"]:
    """nginx goes on to an upstream's next server: while that answers, a dead one costs time, and a dead
    backup nothing.
    """
    if not findings or not all(set(answering.get(id(route), ())) - {case.key} for route in case.routes):
        return findings
    targets = [target for route in case.routes for target in route["endpoints"]]
    spare = all(target["backup"] for target in targets if target["endpoint"] == case.key)
    state = "latent" if spare else "active"
    return [
        {**item, "severity": "warning", "state": state}
        if (item["state"], item["severity"]) == ("active", "critical")
        else item
        for item in findings
    ]


def _merged(findings: List["Finding"]) -> List["Finding"]:
    """A stopped unit with three pools is one cause. The finding that can be mended stands for all."""
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
    return {**not_mended(item), "evidence": item["evidence"] + [evidence("file", text)]}


def _nginx_gaps(nginx: "Nginx") -> List["Missing"]:
    """Entries of missing about nginx as a whole."""
    why = "line %s: where fastcgi_pass %s leads is decided at run time"
    gaps = [
        unseen("nginx_route", route["file"], why % (route["line"], route["pass"]))
        for route in nginx["routes"]
        if not route["endpoints"]
    ]
    if nginx["routes"] and not nginx["running"]:
        gaps.append(
            unseen("nginx_running", nginx["config"], "nginx does not run: no request comes to php-fpm")
        )
    return gaps


def _plan(
    snapshot: "Snapshot", findings: Sequence["Finding"], host: str, missing: List["Missing"]
) -> List["Planned"]:
    asked = attempt(missing, "plan", partial(plan, findings, host)) or []
    return [
        {**action, "running": attempt(missing, "running", partial(running, snapshot, action))}
        for action in asked
    ]


def diagnose(snapshot: "Snapshot", host: str = "localhost") -> "Verdict":
    """The verdict on one host, pure and repeatable. Whatever part of it raises costs its own answer alone.

    host: its name in the plan.
    """
    missing = list(snapshot["missing"])
    examined = cases(snapshot, missing)
    answering = attempt(missing, "answering", partial(_answering, snapshot, examined)) or {}
    by_endpoint: List["Finding"] = []
    for case in examined:
        of_case, not_seen = _judge(case, answering)
        by_endpoint += of_case
        missing += [entry for entry in not_seen if entry["what"] != FAILED or entry not in missing]
    findings = attempt(missing, "merged", partial(_merged, by_endpoint)) or by_endpoint
    missing += attempt(missing, "nginx_gaps", partial(_nginx_gaps, snapshot["nginx"])) or []
    of_host = examine_host(snapshot, HOST_RULES, missing)
    findings = [
        attempt(missing, "owners", partial(_left_to_a_person, snapshot, item)) or not_mended(item)
        for item in findings + of_host
    ]
    findings.sort(key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])))
    actions = _plan(snapshot, findings, host, missing)
    # What makes a host unknown comes first.
    missing.sort(key=lambda entry: entry["what"] not in NEEDED_FOR_HEALTH)
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
