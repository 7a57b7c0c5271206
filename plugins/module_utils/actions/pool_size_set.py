# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More workers for a pool whose workers are all busy: as many as memory, CPU and demand allow together, see
sizing.py.
"""

from typing import Any, Dict

from ..plan.sizing import needed_by, size
from ..verdict.step import Refusal, Step
from .backlog import demand, over, verb
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    wanted = demand(view, pool["endpoint"])
    value, settings = pool["max_children"] or 0, []
    try:
        if over(view, pool["endpoint"], wanted):
            raise Refusal(
                "nobody waits for pool %s any more, and nobody comes: more workers are not needed"
                % pool["name"]
            )
        sizing = size(view.capacity(), (arguments["config"], arguments["pool"]), wanted)
        value, settings, words = sizing.value, sizing.settings, sizing.explain
    except Refusal as refusal:
        # A dropped queue helps without more workers, where those that are there keep up with who comes.
        if verb(view, arguments, pool["endpoint"], value)[0] == "reload" or needed_by(wanted) > value:
            raise
        words = [str(refusal), "only the queue is dropped"]
    how, notes = verb(view, arguments, pool["endpoint"], value)
    return pool_step(view, "pool_size_set", arguments, settings, how)._replace(notes=words + notes)
