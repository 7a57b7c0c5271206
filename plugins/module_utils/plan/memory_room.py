# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much memory the workers of a pool may take: inside the tightest limit, beside other services and all
other pools (docs/sizing.md). Sizes are bytes, unless a name ends in _kb.
"""

import math
from typing import TYPE_CHECKING, NamedTuple, Optional, Sequence, Tuple

from ..parse.number import MIB
from ..parse.spread import spread
from ..work.step import Refusal

if TYPE_CHECKING:
    from ...plugin_utils.shapes.capacity import Capacity, PoolUse

LEAST_RESERVE = 16 * MIB
RESERVE = 0.05  # of the limit: page cache, and what grows between two looks
LEAST_COST = 4 * MIB  # a worker that has served nothing yet reads smaller than it will ever be again
SMALL = 8  # workers: of a larger pool, half of this many are enough to measure

PoolKey = Tuple[str, str]  # configuration, name


class Room(NamedTuple):
    """Where the memory of a limit goes, in bytes."""

    limit: int
    limit_from: str
    reserve: int  # left free
    others: int  # held by others than the pools' workers
    shared: int
    ceilings: int  # what all other pools may take, each at its own pm.max_children
    cost: int  # of a worker
    room: int  # left for the pool's own workers; below 0: too little for the others


def mib(size: int) -> str:
    return "%d MiB" % math.ceil(size / float(MIB))


def reserve(limit: int) -> int:
    return max(LEAST_RESERVE, int(math.ceil(limit * RESERVE)))


def needed(max_children: int) -> int:
    """How many workers must have been measured: half of the pool, at least two if it has two. Of a large pool
    half of SMALL.
    """
    return min(max_children, max(2, int(math.ceil(min(max_children, SMALL) / 2.0))))


def pool_of(facts: "Capacity", key: PoolKey) -> "PoolUse":
    for pool in facts["pools"]:
        if (pool["config"], pool["pool"]) == key:
            return pool
    raise Refusal("no running php-fpm master with the configuration %s has a pool %s" % key)


def ceiling(pool: str, max_children: Optional[int]) -> int:
    if not max_children or max_children < 1:
        raise Refusal("pm.max_children of pool %s could not be read" % pool)
    return max_children


def most_workers(pool: "PoolUse") -> int:
    return ceiling(pool["pool"], pool["max_children"])


def _worker_cost(uss_kb: Sequence[int]) -> int:
    """What one more worker takes: p95 in whole MiB, so that two looks within a moment agree."""
    ranks = spread(list(uss_kb))
    return max(LEAST_COST, int(math.ceil((ranks["p95"] if ranks else 0) / 1024.0)) * MIB)


def is_measured(pool: "PoolUse") -> bool:
    return len(pool["uss_kb"]) >= needed(most_workers(pool))


def cost_of(facts: "Capacity", pool: "PoolUse") -> int:
    """What a worker of the pool takes. Where too few were seen: as much as the dearest of the host."""
    if is_measured(pool):
        return _worker_cost(pool["uss_kb"])
    seen = [_worker_cost(other["uss_kb"]) for other in facts["pools"] if other["uss_kb"]]
    if not seen:
        raise Refusal("the memory of no worker could be measured%s" % why_missing(facts, "worker_memory"))
    return max(seen)


def why_missing(facts: "Capacity", what: str) -> str:
    entry = next((entry for entry in facts.get("missing") or [] if entry["what"] == what), None)
    return ": %s %s" % (entry["path"] or what, entry["why"]) if entry else ""


def _read(facts: "Capacity", size: Optional[int], whose: str, what: str) -> int:
    if size is None:
        raise Refusal("how much memory %s could not be read%s" % (whose, why_missing(facts, what)))
    return size


def _limit(facts: "Capacity") -> int:
    return _read(facts, facts["limit_bytes"], "php-fpm may use", "memory_limit")


def _others(facts: "Capacity") -> int:
    return _read(facts, facts["others_bytes"], "other services use", "memory_use")


def budget_of(facts: "Capacity") -> int:
    """The limit without its reserve, without what others hold, and without what all workers share."""
    limit = _limit(facts)
    return limit - reserve(limit) - _others(facts) - _shared(facts)


def _shared(facts: "Capacity") -> int:
    return 1024 * sum(pool["shared_kb"] for pool in facts["pools"])


def room_of(facts: "Capacity", pool: "PoolUse") -> Room:
    budget = budget_of(facts)
    if not is_measured(pool):
        most = most_workers(pool)
        raise Refusal(
            "only %d workers of pool %s could be measured, of at most %d; %d are needed to tell what one "
            "takes%s"
            % (len(pool["uss_kb"]), pool["pool"], most, needed(most), why_missing(facts, "worker_memory"))
        )
    ceilings = sum(
        most_workers(other) * cost_of(facts, other)
        for other in facts["pools"]
        if (other["config"], other["pool"]) != (pool["config"], pool["pool"])
    )
    limit = _limit(facts)
    return Room(
        limit,
        facts["limit_from"] or "",
        reserve(limit),
        _others(facts),
        _shared(facts),
        ceilings,
        _worker_cost(pool["uss_kb"]),
        budget - ceilings,
    )


def judge_files(facts: "Capacity", pool: "PoolUse", room: Room, fits: int) -> None:
    """Refuses where files in memory decide it: any account may lay some there."""
    files = facts.get("files_bytes", 0)
    without = (max(0, room.room) + files) // room.cost if files else fits
    if fits < most_workers(pool) and (without >= most_workers(pool) or 4 * without > 5 * fits):
        raise Refusal(
            "beside %s of tmpfs or shared memory (`df -t tmpfs`, `ipcs -m`) fit %d workers of pool %s, and "
            "without that %d" % (mib(files), fits, pool["pool"], without)
        )
