# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why nginx asks no server of an upstream.

ngx_http_upstream_get_round_robin_peer(): it asks none that is marked down, none that has max_conns
connections, and for fail_timeout none that failed max_fails times. An only server is never taken out for
failures. A reload forgets them.
"""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...parse.endpoint import parse
from ...parse.timestamps import LOG_SECOND
from ...signatures.nginx import LOST
from ..group import Group, Question, of_nginx
from ..losses.cured import changed
from ..losses.tries import Server, counts_alone, is_of, servers_of
from ..model import Match, Reason, evidence, likely, sample, state_of
from .no_server import CAUSE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.nginx import Route, Target
    from ....plugin_utils.shapes.snapshot import Snapshot

LEAST_LEFT = 10.0  # seconds, nginx's own fail_timeout: what ends sooner is over when it is read
MOST_SHOWN = 3
DOUBT = "its file is changed and loaded since; nothing shows that max_conns was smaller before"


def _written(target: "Target", what: str) -> "Evidence":
    return evidence("nginx", "server %s %s" % (target["written"], what), target["file"], target["line"])


def _name(group: Group) -> str:
    return group.routes[0]["upstream"] or ""


def _all_down(group: Group) -> Optional[Match]:
    targets = group.routes[0]["endpoints"]
    if not targets or not all(target["down"] for target in targets):
        return None
    words = "Each server of upstream %s is marked down, so nginx answers 502 itself." % _name(group)
    proof = [_written(target, "down") for target in targets[:MOST_SHOWN]]
    reason = Reason(words, proof)
    loaded = group.snapshot["nginx"].get("loaded")
    newer = set(loaded["newer_files"]) if loaded else set()
    if newer & {target["file"] for target in targets} and not group.events:
        reason = reason._replace(
            summary=words.replace("so nginx answers", "and once it has loaded that, nginx will answer"),
            state="latent",
            severity="warning",
            confidence="likely",
        )
    elif loaded and {target["file"] for target in targets} & set(loaded.get("perhaps_newer", [])):
        reason = reason._replace(confidence="certain" if group.events else "likely")
    return Match(CAUSE, "all_down", reason)


def _takes_any(group: Group, at: float) -> bool:
    """Whether nginx has loaded a server since that it asks however many connections that has. What it counted
    before is forgotten then. A name may have had no address.
    """
    nginx = group.snapshot["nginx"]
    loaded = nginx["loaded"]["at"] if "loaded" in nginx else None
    return (
        loaded is not None
        and loaded > at
        and nginx["config_newer"] is False
        and any(
            not target["down"] and "max_conns" not in target and parse(target["endpoint"]).family != "name"
            for target in group.routes[0]["endpoints"]
        )
    )


def _refused(group: Group) -> Optional[Match]:
    """No server had failed before."""
    if not group.events or not counts_alone(group.snapshot, group.routes[0]):
        return None
    limited = [
        target for target in group.routes[0]["endpoints"] if "max_conns" in target and not target["down"]
    ]
    at = group.newest["last"] + LOG_SECOND
    over = _takes_any(group, at)
    if limited:
        words = (
            "Each server of upstream %s had max_conns connections, and nginx answered 502 itself."
            % _name(group)
        )
        proof = [_written(target, "max_conns=%d" % target["max_conns"]) for target in limited[:MOST_SHOWN]]
        if not over and any(changed(group.snapshot["nginx"], target["file"], at) for target in limited):
            proof.append(evidence("file", DOUBT, limited[0]["file"]))
        reason_id, reason = "max_conns", likely(words, proof, severity="warning")
    else:
        words = "nginx had no server of upstream %s to ask, and answered 502 itself." % _name(group)
        reason_id, reason = "none_left", Reason(words, [], severity="warning", confidence="possible")
    return Match(CAUSE, reason_id, reason._replace(state=state_of(over)))


def _last_failure(snapshot: "Snapshot", server: Server) -> Optional[float]:
    """When a worker that still runs last counted a failure. None: too few to take the server out."""
    workers = set(snapshot["nginx"]["workers"])
    failed = [
        event
        for event in of_nginx(snapshot, LOST)
        if event["endpoint"] in server.names and workers & set(event["pids"])
    ]
    if not server.out or sum(event["count"] for event in failed) < server.fails:
        return None
    return max(event["last"] for event in failed)


def _taken_out(group: Group) -> Optional[Match]:
    snapshot, workers = group.snapshot, set(group.snapshot["nginx"]["workers"])
    servers = servers_of(snapshot, group.routes[0])
    of_now = [event for event in group.events if workers & set(event["pids"])]
    if not of_now or not any(server.answers for server in servers):
        return None
    ends: List[float] = []
    for server in servers:
        failed = _last_failure(snapshot, server)
        if failed is None:
            return None
        ends.append(failed + server.out)
    until = min(ends)
    if until <= snapshot["taken_at"] + LEAST_LEFT or max(event["last"] for event in of_now) >= until:
        return None
    minute = int(until + snapshot["host"]["utc_offset"]) // 60 % 1440
    words = "nginx asks no server of upstream %s until %02d:%02d, since each failed; %s answers again."
    answering = next(server.key for server in servers if server.answers)
    targets = [target for target in group.routes[0]["endpoints"] if "fail_timeout" in target]
    proof = [_written(target, "fail_timeout=%gs" % target["fail_timeout"]) for target in targets[:MOST_SHOWN]]
    reason = likely(
        words % (_name(group), minute // 60, minute % 60, answering),
        [*proof, sample(group.newest)],
        [],  # what was lost counts where the first server failed,
        since=max(ends) - max(server.out for server in servers),
    )
    return Match(CAUSE, "taken_out", reason)


def questions(snapshot: "Snapshot", found: Sequence["Event"]) -> List[Question]:
    """found: "no live upstreams"."""
    upstreams: Dict[str, List[Route]] = {}
    for route in snapshot["nginx"]["routes"]:
        if route["upstream"]:
            upstreams.setdefault(route["upstream"].lower(), []).append(route)
    return [
        Question(
            Group(snapshot, routes, [event for event in found if is_of(event, routes[0])]),
            (_all_down, _refused, _taken_out),
        )
        for routes in upstreams.values()
    ]
