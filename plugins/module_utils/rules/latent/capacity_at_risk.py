# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pool or nginx is set to that a rush of visitors turns into an outage."""

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ..case import Case, cases
from ..model import Cause, Confidence, evidence, ids
from ..seen import sockets_of
from ..workers.held import kept_room
from .model import LatentRule, Risk, risk
from .served import Served, served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.risks_capacity import PoolSettings, Written
    from ....plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause(
    "capacity_at_risk",
    ids(
        "backlog_above_somaxconn header_buffers_small keepalive_can_pin pools_exceed_memory static_silent "
        "workers_grow"
    ),
    severity="warning",
)
Settings = Dict[Tuple[str, str], "PoolSettings"]


def settings_of(snapshot: "Snapshot") -> Settings:
    """The settings by configuration and name of the pool. {}: nobody looked."""
    rows = snapshot["risks"].get("pool_settings") or []
    return {(row["config"], row["pool"]): row for row in rows}


def confidence_of(settings: "PoolSettings") -> Confidence:
    """What was changed since php-fpm loaded its files may be different in what runs."""
    return "likely" if settings["stale"] else "certain"


def directive(text: str, at: "Optional[Written]", served: Served) -> "Evidence":
    """A directive of a pool, or where its section begins."""
    pool = served.pool
    place = at or {"file": pool["file"], "line": pool["line"]}
    return evidence("php-fpm", text, place["file"], place["line"])


def _static(served: Served, settings: "PoolSettings") -> List[Risk]:
    """A status page on a listener of its own shows that all workers are busy, and the slow log who holds
    them.
    """
    pool = served.pool
    observed = pool["slowlog_timeout"] or (pool["status_path"] and settings["status_listen"])
    if pool["pm"] != "static" or observed:
        return []
    summary = "Pool %s is static: when all of its %s workers are busy, no log and no status page says so."
    page = "no pm.status_listen: the status page waits for a free worker as well"
    proof = [
        directive("pm = static: php-fpm logs nothing when such a pool is full", settings["mode"], served),
        directive(
            page if pool["status_path"] else "no pm.status_path: there is no status page", None, served
        ),
        directive("no request_slowlog_timeout: slow requests are not logged", None, served),
    ]
    return [
        risk(
            "static_silent",
            summary % (pool["name"], pool["max_children"]),
            proof,
            confidence=confidence_of(settings),
            severity="info",
            about=served,
        )
    ]


def _why_shorter(effective: int, wanted: int, somaxconn: Optional[int]) -> "Evidence":
    path = "/proc/sys/net/core/somaxconn"
    if somaxconn is None:
        return evidence("kernel", "net.core.somaxconn could not be read", path)
    words = "net.core.somaxconn = %d" % somaxconn
    if min(wanted, somaxconn) != effective:
        words += " now: the socket was opened under another limit, and keeps it until php-fpm restarts"
    return evidence("kernel", words, path)


def _backlog(served: Served, settings: "PoolSettings", snapshot: "Snapshot") -> List[Risk]:
    """A backlog below 0 asks for as much as there is."""
    pool = served.pool
    place: Optional["Endpoint"] = snapshot["endpoints"].get(pool["endpoint"] or "")
    wanted, effective = pool["backlog"], place["backlog"] if place else None
    if place is None or wanted is None or effective is None or wanted <= effective:
        return []
    if sockets_of(served.master["unit_state"]):
        return []  # Backlog= of that unit counts
    if not any(listener["fpm"] for listener in place["listeners"]):
        return []
    seen = snapshot["risks"].get("capacity")
    summary = "The queue of pool %s holds %d connections, and listen.backlog asks for %d."
    words = "%s listens with a backlog of %d, not %d"
    proof = [
        evidence("socket", words % (pool["endpoint"], effective, wanted)),
        directive("listen.backlog = %d" % wanted, settings["backlog"], served),
        _why_shorter(effective, wanted, seen["somaxconn"] if seen else None),
    ]
    return [
        risk(
            "backlog_above_somaxconn",
            summary % (pool["name"], effective, wanted),
            proof,
            confidence=confidence_of(settings),
            severity="info",
            about=served,
        )
    ]


def _kept(case: Case) -> List[Risk]:
    """As many idle connections as the pool has workers: nobody else gets one until nginx closes them."""
    owner = case.running[0] if case.running else None
    most = owner.pool["max_children"] if owner else None
    room, proof = kept_room(case)
    if owner is None or most is None or not room or room < most:
        return []
    if case.probe["result"] == "no_answer":
        return []  # the diagnosis says who holds the workers now
    summary = "nginx may keep %d idle connections to pool %s, and each takes one of its %d workers."
    text = "pm.max_children = %d, and nginx may keep %d connections idle" % (most, room)
    loaded = owner.master["config_newer"] or case.unloaded
    return [
        risk(
            "keepalive_can_pin",
            summary % (room, owner.pool["name"], most),
            [evidence("php-fpm", text, owner.pool["file"], owner.pool["line"])] + proof,
            confidence="likely" if loaded else "certain",
            place=owner.place,
            servers=case.servers,
            endpoint=case.key,
        )
    ]


def _pools(snapshot: "Snapshot") -> List[Risk]:
    settings, found = settings_of(snapshot), []
    for served in served_pools(snapshot):
        own = settings.get((served.master["config"], served.pool["name"]))
        if own:
            found += _static(served, own) + _backlog(served, own, snapshot)
    return found


def _endpoints(snapshot: "Snapshot") -> List[Risk]:
    return [found for case in cases(snapshot, []) for found in _kept(case)]


RULE = LatentRule("capacity_at_risk", CAUSE, (_pools, _endpoints))
