# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More workers for a pool that is full. Where the queue holds requests that nobody waits for any more, it
restarts to drop them.

At worst: the memory of the new workers; more load on the database; with a restart, the running requests and
the queue.

As many as memory, CPU and demand allow together, see plan/sizing.py.
"""

from typing import List, Tuple

from ..plan.sizing import needed_by, size
from ..work.action import ARRIVALS, MEMORY, Action, GivesWay, Raised
from ..work.step import Refusal, Step
from .backlog import Arguments, crowd_has_left, demand, verb
from .steps import pool_step
from .view import View, master_of, memory_of, pool_of

ACTION = Action(
    "pool_size_set",
    risk="medium",
    reversible=True,
    disruption="reload",
    raised=(Raised("drop_backlog", disruption="restart"),),
    gives_way=GivesWay("memory_fit", ("config", "pool"), mends=False),
    needs=(MEMORY, ARRIVALS),
)


def resolve(view: View, arguments: Arguments) -> Step:
    config, name = arguments.config, arguments.pool
    pool = pool_of(master_of(view, config), name)
    endpoint = pool["endpoint"] or ""
    wanted = demand(view, endpoint)
    value = pool["max_children"] or 0
    settings: List[Tuple[str, str]] = []
    try:
        if crowd_has_left(view, endpoint, wanted):
            raise Refusal(
                "nobody waits for pool %s any more, and nobody comes: more workers are not needed" % name
            )
        sizing = size(memory_of(view), (config, name), wanted)
        value, settings, words = sizing.value, sizing.settings, sizing.explain
    except Refusal as refusal:
        # To drop the queue helps without more workers, where the present ones keep up with those who come.
        if verb(view, arguments, endpoint, value)[0] == "reload" or needed_by(wanted) > value:
            raise
        words = [str(refusal), "only the queue is dropped"]
    how, notes = verb(view, arguments, endpoint, value)
    return pool_step(view, ACTION.id, config, name, settings, how)._replace(notes=words + notes)
