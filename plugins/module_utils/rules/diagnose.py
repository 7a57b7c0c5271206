# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshot in, verdict out: one host's findings, its status, and the plan that follows."""

from typing import Any, Dict, FrozenSet, List, Optional, Set, Tuple

from ..parse.nginx.sites import place, sites_of
from ..plan.plan import left_to_a_person, plan, running
from .case import Case, cases
from .model import Clear, Match, Unclear, evidence, finding
from .registry import NOTHING_GETS_THROUGH, RULES

# What "healthy" depends on, by its name in missing.
NEEDED_FOR_HEALTH = frozenset(
    (
        "nginx_config",
        "nginx_log",
        "fpm_config",
        "connect_as_nginx",
        "live_probe",
        "nginx_route",
        "nginx_running",
    )
)
SEVERITIES = ("critical", "warning", "info")
STATES = ("active", "latent", "recovered")
MOST_STRANGERS = 20


def _unseen(what: str, path: Optional[str], why: str) -> dict:
    return {"what": what, "path": path, "why": why, "needs": None}


def _examine(case: Case) -> Tuple[List[dict], List[dict]]:
    """(findings, missing) of one endpoint. Each rule sees only what those before it left unexplained."""
    found: List[dict] = []
    cleared: List[dict] = []
    missing: List[dict] = []
    for cause, examine in RULES:
        outcome = examine(case)
        for answer in outcome if isinstance(outcome, list) else [outcome]:
            if isinstance(answer, Clear):
                cleared.append({"cause": cause, "why": answer.why})
            elif isinstance(answer, Unclear):
                missing.append(_unseen(answer.what, case.key, answer.why))
            elif isinstance(answer, Match):
                found.append(answer.finding)
                explained = {id(loss) for loss in answer.explained}
                case.losses = [loss for loss in case.losses if id(loss) not in explained]
        if any(item["cause"] in NOTHING_GETS_THROUGH and item["state"] == "active" for item in found):
            break
    active = any(item["state"] == "active" for item in found)
    if case.losses and not active:
        why = "no evidence shows the cause of %d lost requests, such as: %s" % (
            len(case.losses),
            case.losses[-1].event["sample"]["text"],
        )
        missing.append(_unseen("cause_of_losses", case.key, why))
    elif not (case.answers or active or any(entry["what"] in NEEDED_FOR_HEALTH for entry in missing)):
        why = "no rule explains it: connecting gave %s, the probe %s" % (
            case.connect.get("error") or case.connect["result"],
            case.probe["result"],
        )
        missing.append(_unseen("live_probe", case.key, why))
    for item in found:
        item["ruled_out"] = list(cleared)
        item["missing"] = list(missing)
    return found, missing


def _spare(case: Case, answering: Dict[int, List[str]], found: List[dict]) -> None:
    """nginx goes on to an upstream's next server: while that answers, a dead one costs time, and a dead
    backup nothing.

    answering: up to two of each route's servers.
    """
    if not found or not all(set(answering[id(route)]) - {case.key} for route in case.routes):
        return
    spare = all(
        target["backup"]
        for route in case.routes
        for target in route["endpoints"]
        if target["endpoint"] == case.key
    )
    for item in found:
        if item["state"] == "active" and item["severity"] == "critical":
            item.update(severity="warning", state="latent" if spare else "active")


def _merge(findings: List[dict]) -> List[dict]:
    """One finding for one thing: a stopped unit with three pools is one cause, not three. What can be mended
    stands for all.
    """
    merged: List[dict] = []
    stopped: Dict[Any, dict] = {}
    sites: Dict[int, Dict[Any, dict]] = {}
    for item in sorted(findings, key=lambda item: item["cause"] == "fpm_not_running" and not item["remedy"]):
        one = (item["reason"], item["unit"], item["state"])
        same = stopped.setdefault(one, item) if item["cause"] == "fpm_not_running" and item["unit"] else item
        if same is item:
            merged.append(item)
            continue
        sites.setdefault(id(same), {place(site): site for site in same["servers"]}).update(
            (place(site), site) for site in item["servers"]
        )
        same["severity"] = min(same["severity"], item["severity"], key=SEVERITIES.index)
        same["count"] += item["count"]
        same["since"] = min(
            [moment for moment in (same["since"], item["since"]) if moment is not None], default=None
        )
    for item in merged:
        item["servers"] = list(sites.get(id(item), {}).values()) or item["servers"]
        item["sites"] = list(dict.fromkeys(site["name"] for site in item["servers"]))
    return merged


def _leave(snapshot: dict, findings: List[dict]) -> None:
    """Takes away the remedies that would load what others than root can write."""
    for item in findings:
        why = [left_to_a_person(snapshot, remedy) for remedy in item["remedy"]]
        if any(why):
            item["remedy"] = []
            item["evidence"].append(
                evidence(
                    "file",
                    "%s: nothing of it is tried, loaded or restarted from here" % next(filter(None, why)),
                )
            )


def _writable(snapshot: dict) -> List[dict]:
    """Who can write what root loads becomes root with the next reload."""
    sites = sites_of(snapshot["nginx"]["routes"])
    found = []
    for reason, part in [("nginx", snapshot["nginx"])] + [
        ("fpm", master) for master in snapshot["fpm"]["masters"]
    ]:
        writable = part.get("writable")
        if writable and sites:
            text = "%s can write %s" % (writable["who"], writable["path"])
            found.append(
                finding(
                    "writable_config",
                    reason,
                    "%s, which %s loads as root." % (text, part["config"]),
                    [evidence("file", text, path=writable["path"])],
                    severity="warning",
                    state="latent",
                    servers=sites,
                    unit=part["unit"],
                )
            )
    return found


def _status(snapshot: dict, examined: List[Case], findings: List[dict], missing: List[dict]) -> str:
    grave = [item for item in findings if item["state"] == "active" and item["severity"] == "critical"]
    places = {item["endpoint"] for item in grave}
    hit: Dict[Any, Set[FrozenSet[Any]]] = {}
    for sites in {frozenset(map(place, item["servers"])) for item in grave}:
        for site in sites:
            hit.setdefault(site, set()).add(sites)
    dead = {
        case.key
        for case in examined
        if case.key in places
        or (
            not case.answers
            and any(
                sites.issuperset(map(place, case.servers)) for sites in hit.get(place(case.servers[0]), ())
            )
        )
    }
    if dead and all(case.key in dead for case in examined):
        return "failing"
    if dead or any(item["state"] == "active" for item in findings):
        return "degraded"
    if any(entry["what"] == "cause_of_losses" for entry in missing):
        return "degraded"
    if any(entry["what"] in NEEDED_FOR_HEALTH for entry in missing):
        return "unknown"
    if any(item["state"] == "recovered" for item in findings):
        return "recovered"
    if not snapshot["nginx"]["routes"]:
        return "not_applicable"
    return "healthy"


def diagnose(snapshot: dict, host: str = "localhost") -> dict:
    """The verdict on one host: {status, findings, plan, missing, strangers, strangers_total}, pure and
    repeatable. host: its name in the plan.
    """
    examined = cases(snapshot)
    findings: List[dict] = []
    missing = list(snapshot["missing"])
    answers = {case.key for case in examined if case.answers}
    answering = {
        id(route): list(
            dict.fromkeys(
                target["endpoint"]
                for target in route["endpoints"]
                if target["endpoint"] in answers and not target["down"]
            )
        )[:2]
        for route in snapshot["nginx"]["routes"]
    }
    for case in examined:
        found, unseen = _examine(case)
        _spare(case, answering, found)
        findings += found
        missing += unseen
    for route in snapshot["nginx"]["routes"]:
        if not route["endpoints"]:
            why = "line %s: where fastcgi_pass %s leads is decided at run time" % (
                route["line"],
                route["pass"],
            )
            missing.append(_unseen("nginx_route", route["file"], why))
    if snapshot["nginx"]["routes"] and not snapshot["nginx"]["running"]:
        missing.append(
            _unseen(
                "nginx_running",
                snapshot["nginx"]["config"],
                "nginx does not run: no request comes to php-fpm",
            )
        )
    findings = _merge(findings) + _writable(snapshot)
    _leave(snapshot, findings)
    findings.sort(key=lambda item: (STATES.index(item["state"]), SEVERITIES.index(item["severity"])))
    missing.sort(
        key=lambda entry: entry["what"] not in NEEDED_FOR_HEALTH
    )  # what makes a host unknown comes first
    strangers = snapshot.get("strangers") or []
    planned = [dict(action, running=running(snapshot, action)) for action in plan(findings, host)]
    return {
        "status": _status(snapshot, examined, findings, missing),
        "findings": findings,
        "plan": planned,
        "missing": missing,
        "strangers": strangers[:MOST_STRANGERS],
        "strangers_total": len(strangers),
    }
