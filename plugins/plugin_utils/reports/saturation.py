# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How near each pool is to its limit in two reports. Pure.

Only a snapshot tells. Without one it is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..answers.snapshot import by_name, several
from ..answers.untrusted import Mismatch, count, flag, optional, record, text
from ..shapes.changes import PoolLoad, Saturation
from ..shapes.report import HostEntry, Report

# What one look differs from the next by chance: a tenth of the workers, or of the queue.
CHANCE = 0.1

_POOL = record(name=text, endpoint=optional(text), max_children=optional(count))
_SEEN = record(
    fpm=record(masters=several(record(config=text, pools=several(_POOL)))),
    workers=several(record(config=optional(text), pool=text, busy=optional(flag))),
)
_QUEUES = by_name(record(queue=optional(count), backlog=optional(count)))


class PoolKey(NamedTuple):
    config: str  # of its master
    pool: str
    endpoint: str | None


def saturation(before: Report, after: Report) -> tuple[list[Saturation], list[str]]:
    """(pools of hosts in both reports, the nearest to their limit first; hosts of which nobody knows)."""
    found: list[Saturation] = []
    unknown: list[str] = []
    for host in (name for name in after["hosts"] if name in before["hosts"]):
        earlier, later = loads(before["hosts"][host]), loads(after["hosts"][host])
        if earlier is None or later is None:
            unknown.append(host)
            continue
        for key, load in later.items():
            found.append(
                {
                    "host": host,
                    "config": key.config,
                    "pool": key.pool,
                    "endpoint": key.endpoint,
                    "before": earlier.get(key),
                    "after": load,
                    "trend": trend(earlier.get(key), load),
                }
            )
    return sorted(found, key=lambda item: -(nearness(item["after"]) or 0.0)), unknown


def loads(entry: HostEntry) -> dict[PoolKey, PoolLoad] | None:
    """Each pool of a host with its load. None without a snapshot, or with one that cannot be read."""
    try:
        snapshot: Mapping[str, Any] = entry.get("snapshot") or {}
        seen = _SEEN(snapshot, "snapshot")
        endpoints = snapshot.get("endpoints") or {}
        queues = dict(zip(endpoints, _QUEUES(endpoints, "endpoints"), strict=True))
    except Mismatch:
        return None
    busy: dict[tuple[str | None, str], list[bool | None]] = {}
    for worker in seen["workers"]:
        busy.setdefault((worker["config"], worker["pool"]), []).append(worker["busy"])
    return {
        PoolKey(master["config"], pool["name"], pool["endpoint"]): _load(
            pool["max_children"],
            busy.get((master["config"], pool["name"]), []),
            queues.get(pool["endpoint"]) or {},
        )
        for master in seen["fpm"]["masters"]
        for pool in master["pools"]
    }


def _load(limit: int | None, busy: list[bool | None], queue: Mapping[str, Any]) -> PoolLoad:
    return {
        "busy": None if None in busy else sum(map(bool, busy)),
        "max_children": limit,
        "queue": queue.get("queue"),
        "backlog": queue.get("backlog"),
    }


def nearness(load: PoolLoad | None) -> float | None:
    """0 for an idle pool, 1 for one whose workers are all busy, up to 2 with a full queue. None: unknown."""
    if load is None or load["busy"] is None or not load["max_children"]:
        return None
    workers = min(1.0, load["busy"] / load["max_children"])
    queue = min(1.0, load["queue"] / load["backlog"]) if load["queue"] and load["backlog"] else 0.0
    return workers + queue


def trend(before: PoolLoad | None, after: PoolLoad | None) -> str:
    """nearer, farther, same or unknown."""
    was, now = nearness(before), nearness(after)
    if was is None or now is None:
        return "unknown"
    if now - was > CHANCE:
        return "nearer"
    return "farther" if was - now > CHANCE else "same"
