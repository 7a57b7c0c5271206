# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many workers a site gets: by the bounds of plan/sizing.py, within what all other pools leave.

It is chosen once. Later the number stays, whoever has raised or lowered it, unless it does not fit any more:
two runs give the same. More is the matter of pool_size_set, which sees the demand.
"""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from ..parse.number import MIB
from ..plan.memory_room import Room, cost_of, mib, needed, room_of
from ..plan.sizing import LEAST_BY_CPU, PER_CORE, settings
from ..work.step import Refusal

if TYPE_CHECKING:
    from ...plugin_utils.shapes.capacity import Capacity, PoolUse
    from ...plugin_utils.shapes.site import SiteSize

ASSUMED = 64 * MIB  # of a worker, until some have served the site
LEAST = 2  # with one, each visitor waits for the one before


class Wish(NamedTuple):
    """The pool that is to be."""

    config: str  # of its master
    name: str
    pm: str  # dynamic or ondemand
    workers: int  # that a person wants; 0: as many as are right
    process_max: int  # of its master, 0: no limit


def _wanted(wish: Wish, own: "Optional[PoolUse]", uss_kb: List[int]) -> "PoolUse":
    return {
        "config": wish.config,
        "pool": wish.name,
        "pm": wish.pm,
        "max_children": (own["max_children"] if own else None) or LEAST,
        "start_servers": own["start_servers"] if own else None,
        "min_spare": own["min_spare"] if own else None,
        "max_spare": own["max_spare"] if own else None,
        "process_max": wish.process_max,
        "workers": own["workers"] if own else 0,
        "measured": len(uss_kb),
        "uss_kb": uss_kb,
        "rss_kb": [],
        "shared_kb": own["shared_kb"] if own else 0,
        "held_kb": 0,
        "cpu_share": None,
    }


def _dearest(facts: "Capacity") -> int:
    """What a worker of the site may take before one was measured: no less than any other of the host."""
    costs = [ASSUMED]
    for pool in facts["pools"]:
        try:
            costs.append(cost_of(facts, pool))
        except Refusal:
            break  # no worker of the whole host could be measured
    return max(costs)


def _room(facts: "Capacity", wish: Wish, own: "Optional[PoolUse]") -> Tuple[Room, str]:
    """(the room, where the cost of a worker comes from)."""
    enough = needed((own["max_children"] if own else None) or LEAST)
    if own and len(own["uss_kb"]) >= enough:
        costs, source = own["uss_kb"], "p95 of %d measured" % len(own["uss_kb"])
    else:
        costs, source = [_dearest(facts) // 1024] * enough, "assumed, until some have served the site"
    pool = _wanted(wish, own, costs)
    return room_of({**facts, "pools": [*facts["pools"], pool]}, pool), source


def _bounds(
    facts: "Capacity", wish: Wish, own: "Optional[PoolUse]"
) -> Tuple[List[Tuple[int, str]], List[str]]:
    """(each bound with its name, lines that say where they come from)."""
    bounds: List[Tuple[int, str]] = []
    words: List[str] = []
    if facts["cores"] is None:
        words.append("cpu: unknown")
    else:
        by_cpu = max(LEAST_BY_CPU, int(PER_CORE * facts["cores"]))
        bounds.append((by_cpu, "cpu"))
        words.append("cpu: %g cores: %d workers" % (facts["cores"], by_cpu))
    try:
        room, source = _room(facts, wish, own)
    except Refusal as refusal:
        bounds.append((LEAST, "memory"))
        words.append("memory: unknown, %s" % refusal)
    else:
        fits = max(0, room.room // room.cost)
        bounds.append((fits, "memory"))
        text = (
            "memory: %s (%s) - %s kept free - %s of other services - %s of other pools = %d MiB, one worker "
            "takes %s (%s): %d workers"
        )
        parts = (mib(room.limit), room.limit_from, mib(room.reserve), mib(room.others), mib(room.ceilings))
        words.append(text % (parts + (room.room // MIB, mib(room.cost), source, fits)))
    if wish.process_max:
        others = sum(pool["max_children"] or 0 for pool in facts["pools"] if pool["config"] == wish.config)
        bounds.append((max(0, wish.process_max - others), "process.max"))
        words.append("process.max: %d, of which other pools may take %d" % (wish.process_max, others))
    return bounds, words


def settings_of(value: int, pm: str) -> List[List[str]]:
    """The directives of a new pool."""
    wish = Wish("", "", pm, value, 0)
    return [list(pair) for pair in settings(_wanted(wish, None, []), value)]


def size_site(facts: "Capacity", wish: Wish) -> "SiteSize":
    """facts: with the pool as it is now, be it of another php-fpm. It never refuses: where nothing fits, it
    warns.
    """
    mine = [pool for pool in facts["pools"] if pool["pool"] == wish.name]
    own = next((pool for pool in mine if pool["config"] == wish.config), mine[0] if mine else None)
    others: "Capacity" = {**facts, "pools": [pool for pool in facts["pools"] if pool["pool"] != wish.name]}
    bounds, words = _bounds(others, wish, own)
    most, bound = min(bounds, key=lambda entry: entry[0])
    value = max(LEAST, most)
    if wish.workers:
        value, bound = wish.workers, "asked"
    elif own and own["max_children"] and own["max_children"] <= value:
        value, bound = own["max_children"], "kept"
    warning = None
    fits = [number for number, name in bounds if name in ("memory", "process.max")]
    if value > min(fits):
        warning = (
            "pool %s gets %d workers, and the pools together may want more than there is: lower "
            "pm.max_children of another one, or give the host more; %s" % (wish.name, value, "; ".join(words))
        )
    return {
        "max_children": value,
        "bound": bound,
        "pool_settings": [list(pair) for pair in settings(_wanted(wish, own, []), value)],
        "explain": words,
        "warning": warning,
    }
