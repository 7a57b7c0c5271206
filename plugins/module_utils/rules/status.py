# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict in one word."""

from typing import TYPE_CHECKING, Dict, FrozenSet, Sequence, Set

from ..parse.nginx.sites import Place, place
from .case import Case, routes_by_endpoint
from .connect.no_server import CAUSE as NO_SERVER
from .missing import FAILED

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.shape import Status
    from ...plugin_utils.shapes.snapshot import Snapshot

# What "healthy" depends on, by its name in missing. Any rule may find an active cause, so none may fail.
NEEDED_FOR_HEALTH = frozenset(
    ("nginx_config", "nginx_log", "fpm_config", "connect_as_nginx", "live_probe", "nginx_route")
    + ("nginx_running", "nginx_workers", "visitors", "file_system", "older_configuration", FAILED)
)


def _out_of_reach(examined: Sequence[Case], findings: Sequence["Finding"]) -> Set[str]:
    """Endpoints that serve nobody: a critical finding is theirs, or names all their sites while they do not
    answer.
    """
    critical = [item for item in findings if item["state"] == "active" and item["severity"] == "critical"]
    endpoints = {item["endpoint"] for item in critical}
    hit: Dict[Place, Set[FrozenSet[Place]]] = {}
    for sites in {frozenset(map(place, item["servers"])) for item in critical}:
        for site in sites:
            hit.setdefault(site, set()).add(sites)

    def is_hit(case: Case) -> bool:
        sites = set(map(place, case.servers))
        return any(others.issuperset(sites) for others in hit.get(place(case.servers[0]), ()))

    return {case.key for case in examined if case.key in endpoints or (not case.answers and is_hit(case))}


def _shut(findings: Sequence["Finding"]) -> Set[Place]:
    """Sites of whose upstreams nginx asks no server, whatever that would answer."""
    return {
        place(site)
        for item in findings
        if item["cause"] == NO_SERVER.id and item["state"] == "active" and item["severity"] == "critical"
        for site in item["servers"]
    }


def _leads_on(snapshot: "Snapshot") -> bool:
    """Whether a map, or a part of the request, leads somewhere else as well, where a worker answers."""
    routes = [route for route in snapshot["nginx"]["routes"] if not route["endpoints"]]
    places = {target["endpoint"] for route in routes for target in route.get("candidates", [])}
    written = {route["pass"] for route in routes if "candidates" not in route}
    if written:
        from ..parse.nginx.captured import can_become

        places.update(key for key in snapshot["endpoints"] if any(can_become(text, key) for text in written))
    seen = [snapshot["endpoints"].get(place) for place in places]
    return any(facts and facts["probe"]["result"] == "answered" for facts in seen)


def is_silent(case: Case) -> bool:
    """Whether the endpoint was asked as nginx asks it, and gave no answer. To refuse somebody else says
    nothing.
    """
    as_nginx = case.connect.get("as_user") is not None or case.connect["result"] == "ok"
    return as_nginx and case.connect.get("tried", False) and not case.answers


def _served(examined: Sequence[Case]) -> Set[str]:
    """Endpoints in whose place another server of each upstream answers."""
    answering = {case.key for case in examined if case.answers}
    return {
        case.key
        for case in examined
        if all(
            any(target["endpoint"] in answering for target in route["endpoints"] if not target["down"])
            for route in case.routes
        )
    }


def status_of(
    snapshot: "Snapshot",
    examined: Sequence[Case],
    findings: Sequence["Finding"],
    missing: Sequence["Missing"],
) -> "Status":
    """failing, degraded, unknown, recovered, not_applicable or healthy: the first that applies."""
    shut = _shut(findings)
    dead = _out_of_reach(examined, findings)
    dead.update(case.key for case in examined if shut.issuperset(map(place, case.servers)))
    not_seen = {entry["what"] for entry in missing}
    states = {item["state"] for item in findings}
    silent = {case.key for case in examined if is_silent(case)} - dead - _served(examined)
    if (dead or shut) and not _leads_on(snapshot) and dead.issuperset(routes_by_endpoint(snapshot)):
        return "failing"
    if silent and not dead:
        return "unknown"
    if dead or "active" in states or "cause_of_losses" in not_seen:
        return "degraded"
    if not_seen & NEEDED_FOR_HEALTH:
        return "unknown"
    if "recovered" in states:
        return "recovered"
    return "healthy" if snapshot["nginx"]["routes"] else "not_applicable"
