# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many workers a pool may have: by the room in memory (memory_room.py), by CPU and by demand
(docs/sizing.md).
"""

import math
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..work.step import Refusal
from .memory_room import (
    MIB,
    PoolKey,
    Room,
    budget_of,
    ceiling,
    cost_of,
    judge_files,
    mib,
    most_workers,
    pool_of,
    room_of,
    why_missing,
)

if TYPE_CHECKING:
    from ...plugin_utils.shapes.capacity import Capacity, PoolUse
    from ...plugin_utils.shapes.php_fpm import Master, Pool

PER_CORE = 8  # workers: dynamic pages wait for a database more than they compute
LEAST_BY_CPU = 4
HEADROOM = 1.25  # over the demand seen
Shares = Tuple[float, float]
GUIDE_SHARES = (0.1, 0.3)
# Of a pool that a crowd has filled: each second brings min_spare workers at most. With too few the queue
# fills again.
CROWD_SHARES = (0.25, 0.75)
LEAST_MEMORY_LIMIT = 32 * MIB  # with less, hardly an application starts
STATUS_WORKERS = 2  # that pm.status_listen adds to a pool (php-src:sapi/fpm/fpm/fpm_conf.c)


class Sizing(NamedTuple):
    value: int  # pm.max_children
    bound: str  # what decides it: memory, cpu, demand or process.max
    inputs: Dict[str, object]  # the numbers it comes from
    guide: Optional[int]  # workers by (total - reserved) / average RSS; None: unknown
    settings: List[Tuple[str, str]]  # directives to write, in order
    explain: List[str]  # lines for a person


def _guide(facts: "Capacity", pool: "PoolUse") -> Optional[int]:
    """Three quarters of the machine's memory, as in the guide's example, by the average resident size."""
    if not facts["mem_total"] or not sum(pool["rss_kb"]):
        return None
    return int(facts["mem_total"] * 0.75 * len(pool["rss_kb"]) / (1024.0 * sum(pool["rss_kb"])))


def settings(
    pool: "Union[PoolUse, Pool]", value: int, shares: Shares = GUIDE_SHARES
) -> List[Tuple[str, str]]:
    """The directives of a pool with that many workers. shares: of the least and the most spare workers of a
    dynamic pool. They do not fall below what is there, and are as php-fpm wants them:
    0 < min_spare <= start <= max_spare <= max_children (php-src:sapi/fpm/fpm/fpm_conf.c).
    """
    directives = [("pm.max_children", value)]
    if pool["pm"] == "dynamic":
        least = min(value, max(1, int(value * shares[0]), pool["min_spare"] or 0))
        most = min(value, max(least, int(value * shares[1]), pool["max_spare"] or 0))
        start = min(most, max(least + (most - least) // 2, pool["start_servers"] or 0))
        directives += [
            ("pm.start_servers", start),
            ("pm.min_spare_servers", least),
            ("pm.max_spare_servers", most),
        ]
    return [(key, str(number)) for key, number in directives]


def _memory_words(room: Room, fits: int, pool: "PoolUse") -> str:
    parts = (
        (room.reserve, "kept free"),
        (room.others, "of other services"),
        (room.shared, "shared by the workers"),
        (room.ceilings, "of other pools"),
    )
    return "memory: %s (%s)%s = %d MiB, one worker takes %s (p95 of %d measured): %d workers" % (
        mib(room.limit),
        room.limit_from,
        "".join(" - %s %s" % (mib(part), what) for part, what in parts if part),
        room.room // MIB,
        mib(room.cost),
        len(pool["uss_kb"]),
        fits,
    )


def _sizing(
    facts: "Capacity",
    pool: "PoolUse",
    value: int,
    bound: str,
    room: Room,
    fits: int,
    more: Dict[str, object],
    words: Sequence[str],
    shares: Shares = GUIDE_SHARES,
) -> Sizing:
    guide = _guide(facts, pool)
    explain = [
        "pm.max_children of pool %s: %d -> %d, bound by %s"
        % (pool["pool"], most_workers(pool), value, bound),
        _memory_words(room, fits, pool),
    ] + list(words)
    if guide is not None:
        explain.append(
            "for comparison, (total - a quarter) / average RSS: %d workers; it counts shared memory once "
            "for each, and no limit" % guide
        )
    inputs = dict(
        room._asdict(), max_children=most_workers(pool), measured=len(pool["uss_kb"]), memory=fits, **more
    )
    return Sizing(value, bound, inputs, guide, settings(pool, value, shares), explain)


def needed_by(demand: Dict[str, int]) -> int:
    """The workers that serve requests as fast as they come: arrivals x service time. 0: nobody counted.

    demand: busy: requests that workers serve; waiting: those whose clients wait; arrived, answered: those
    that came and were answered within one span of time. A request takes busy / answered such spans. Where
    none was answered yet it takes at least as many as workers are busy.
    """
    return int(math.ceil(demand["busy"] * demand["arrived"] / float(max(1, demand["answered"]))))


def size(facts: "Capacity", pool_key: PoolKey, demand: Dict[str, int]) -> Sizing:
    """More workers for an exhausted pool. demand: see needed_by(). Refusal when a number is missing, or when
    more workers would not help.
    """
    pool = pool_of(facts, pool_key)
    current = most_workers(pool)
    room = room_of(facts, pool)
    if facts["cores"] is None:
        raise Refusal("how many CPUs php-fpm may use could not be read%s" % why_missing(facts, "cores"))
    wanted = current
    coming = needed_by(demand)
    while wanted < math.ceil(max(demand["busy"] + demand["waiting"], coming) * HEADROOM):
        wanted *= 2  # by doubling, so that a few requests more or less give the same answer
    by_cpu = max(LEAST_BY_CPU, int(PER_CORE * facts["cores"]))
    fits = max(0, room.room // room.cost)
    bounds = [(wanted, "demand"), (by_cpu, "cpu"), (fits, "memory")] + (
        [(pool["process_max"], "process.max")] if pool["process_max"] else []
    )
    value, bound = min(bounds, key=lambda entry: entry[0])
    pace = (
        "; %(arrived)d came while %(answered)d were answered, which takes " % demand + "%d workers" % coming
    )
    words = {
        "demand": "demand: %d requests served and %d waiting%s, with a quarter on top: %d workers"
        % (demand["busy"], demand["waiting"], pace if coming else "", wanted),
        "cpu": "cpu: %g cores: %d workers" % (facts["cores"], by_cpu),
        "memory": _memory_words(room, fits, pool),
        "process.max": "process.max: %s" % pool["process_max"],
    }
    if value <= current:
        raise Refusal(
            "pool %s may have %d workers already, more would not help; %s"
            % (pool["pool"], current, words[bound])
        )
    more: Dict[str, object] = {
        "busy": demand["busy"],
        "waiting": demand["waiting"],
        "coming": coming,
        "demand": wanted,
        "cores": facts["cores"],
        "cpu": by_cpu,
        "cpu_share": pool["cpu_share"],
    }
    return _sizing(facts, pool, value, bound, room, fits, more, [words["cpu"], words["demand"]], CROWD_SHARES)


def fit(facts: "Capacity", pool_key: PoolKey, peak_bytes: Optional[int] = None) -> Sizing:
    """Fewer workers, where memory ran out. peak_bytes: of a killed worker; one worker counts with that size.
    Refusal when a number is missing, when all fit already, or when not even one fits.
    """
    pool = pool_of(facts, pool_key)
    current = most_workers(pool)
    room = room_of(facts, pool)
    peak = max(peak_bytes or 0, room.cost)
    fits = 1 + (room.room - peak) // room.cost if room.room >= peak else 0
    judge_files(facts, pool, room, fits)
    if not fits:
        raise Refusal(
            "no number of workers of pool %s fits, one alone takes %s: a script or its memory_limit is the "
            "matter, or what else runs here; %s" % (pool["pool"], mib(peak), _memory_words(room, fits, pool))
        )
    if fits >= current:
        raise Refusal(
            "all %d workers of pool %s fit already; %s"
            % (current, pool["pool"], _memory_words(room, fits, pool))
        )
    words = ["one of them with the %s of the worker that was killed" % mib(peak)] if peak > room.cost else []
    return _sizing(facts, pool, fits, "memory", room, fits, {"peak": peak}, words)


def fair_share(facts: "Capacity", pool_key: PoolKey) -> int:
    """The bytes that each worker of the pool may take, when as many run as may, or as fit if these are fewer.
    Refusal when a number is missing, or when the share is too small for the scripts of any application.
    """
    pool = pool_of(facts, pool_key)
    room = room_of(facts, pool)
    fits = max(0, room.room // room.cost)
    judge_files(facts, pool, room, fits)
    share = room.room // max(1, min(most_workers(pool), fits))
    if share < LEAST_MEMORY_LIMIT:
        raise Refusal(
            "a worker of pool %s would be left with %s, too little for a memory_limit; %s"
            % (pool["pool"], mib(share), _memory_words(room, fits, pool))
        )
    return share


def process_max(facts: "Capacity", master: "Master") -> int:
    """The least process.max with which all pools of a master reach their pm.max_children. 0, no limit, stays.
    Refusal when it has to be raised and the memory does not hold all these workers.
    """
    if not master["process_max"]:
        return 0
    names = {pool["name"] + "_status" for pool in master["pools"]}
    status = [name for config, name in facts["unlisted"] if config == master["config"] and name in names]
    most = sum(ceiling(pool["name"], pool["max_children"]) for pool in master["pools"])
    most += STATUS_WORKERS * len(status)
    if most > master["process_max"]:
        left = budget_of(facts) - sum(most_workers(pool) * cost_of(facts, pool) for pool in facts["pools"])
        if left < 0:
            raise Refusal(
                "process.max = %d keeps the pools from taking %s more memory than there is"
                % (master["process_max"], mib(-left))
            )
    return most
