# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each pool as it is now: how busy, who waits, for how long. Pure."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Tuple

from ..parse.linux.sock_table import Load
from ..parse.php_fpm.status import Status

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import WatchedMaster, WatchedPool

MOST_CONNECTIONS = 2000  # that are remembered of one endpoint

Seen = Dict[str, float]


class Pool(NamedTuple):
    """None: unknown."""

    config: str
    name: str
    workers: int
    max_children: Optional[int]
    busy: Optional[int]
    queue: Optional[int]
    backlog: Optional[int]
    saturated: Optional[bool]


def _limit(pool: "WatchedPool", master: "WatchedMaster", workers: int, of_master: int) -> int:
    """How many workers it can have now. process.max is for all pools of a master."""
    own = pool["max_children"] or max(1, workers)
    room = master["process_max"] - of_master if master["process_max"] else own
    return min(own, workers + max(0, room))


def pools_of(
    master: "WatchedMaster", workers: Dict[str, int], loads: Dict[str, Load], pages: Dict[str, Status]
) -> List[Pool]:
    """workers: by pool. pages: by name of the pool, where it has a status page."""
    of_master = sum(workers.values())
    found: List[Pool] = []
    for pool in master["pools"]:
        count = workers.get(pool["name"], 0)
        load = loads.get(pool["endpoint"] or "", Load([]))
        page = pages.get(pool["name"])
        seen = load.accepted if load.listeners else None
        busy = page.active if page else seen
        busy = None if busy is None else min(busy, count)
        limit = _limit(pool, master, count, of_master)
        full = busy is not None and count > 0 and busy >= limit
        found.append(
            Pool(
                master["config"],
                pool["name"],
                count,
                pool["max_children"],
                busy,
                load.queue,
                load.backlog,
                _saturated(full, busy, load),
            )
        )
    return found


def _saturated(full: bool, busy: Optional[int], load: Load) -> Optional[bool]:
    """Every worker that it may have is busy, and somebody waits. Where the queue cannot be seen, the first is
    enough: the next request has to wait.
    """
    if not load.listeners:
        return None
    if busy is None and load.queue is None:
        return None
    return full and load.queue != 0


def still(first: List[Pool], second: List[Pool]) -> List[Pool]:
    """The second look, where a pool is saturated only if it was so at the first one, too."""
    before = {(pool.config, pool.name): pool.saturated for pool in first}
    return [
        pool._replace(saturated=pool.saturated and before.get((pool.config, pool.name), pool.saturated))
        for pool in second
    ]


def oldest(load: Load, page: Optional[Status], seen: Seen, now: float) -> Tuple[Optional[float], Seen]:
    """(age of the oldest request in seconds, when each connection was first seen). The page knows it; else it
    is at least the age of a connection, from the first look that saw it.
    """
    names = [name for name in [*load.served, *(load.clients or ())] if name]
    keys = [name.hex() if isinstance(name, bytes) else str(name) for name in names[:MOST_CONNECTIONS]]
    known = {key: min(seen.get(key, now), now) for key in keys}
    if not load.listeners:
        return None, known
    if page and page.oldest is not None:
        return page.oldest, known
    return now - min(known.values(), default=now), known
