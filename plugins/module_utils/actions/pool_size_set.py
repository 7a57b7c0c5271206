# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More workers for a pool whose workers are all busy: as many as memory, CPU and demand allow together, see
sizing.py.
"""

from typing import List, NamedTuple, Optional, Tuple

from ..plan.sizing import needed_by, size
from ..verdict.action import ARRIVALS, MEMORY, Action, GivesWay, Raised
from ..verdict.step import Refusal, Step
from .backlog import Drop, demand, over, verb
from .steps import pool_step
from .view import View, master_of, memory_of, pool_of

ACTION = Action(
    "pool_size_set",
    "medium",
    True,
    "reload",
    raised=(Raised("drop_backlog", disruption="restart"),),
    gives_way=GivesWay("memory_fit", ("config", "pool"), mends=False),
    needs=(MEMORY, ARRIVALS),
)


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: Optional[str]  # that starts php-fpm; None: none
    drop_backlog: bool = False  # the queue goes with the socket: a restart


def resolve(view: View, arguments: Arguments) -> Step:
    config, name = arguments.config, arguments.pool
    pool = pool_of(master_of(view, config), name)
    endpoint = pool["endpoint"] or ""
    drop = Drop(config, arguments.unit, arguments.drop_backlog)
    wanted = demand(view, endpoint)
    value = pool["max_children"] or 0
    settings: List[Tuple[str, str]] = []
    try:
        if over(view, endpoint, wanted):
            raise Refusal(
                "nobody waits for pool %s any more, and nobody comes: more workers are not needed" % name
            )
        sizing = size(memory_of(view), (config, name), wanted)
        value, settings, words = sizing.value, sizing.settings, sizing.explain
    except Refusal as refusal:
        # A dropped queue helps without more workers, where those that are there keep up with who comes.
        if verb(view, drop, endpoint, value)[0] == "reload" or needed_by(wanted) > value:
            raise
        words = [str(refusal), "only the queue is dropped"]
    how, notes = verb(view, drop, endpoint, value)
    return pool_step(view, ACTION.id, config, name, settings, how)._replace(notes=words + notes)
