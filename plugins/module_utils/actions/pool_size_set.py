# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More workers for a pool whose workers are all busy: as many as memory, CPU and demand allow together, see sizing.py."""

from typing import Any, Dict

from ..sizing import needed_by, size
from ..step import Refusal, Step
from .backlog import demand, verb
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    wanted = demand(view, pool["endpoint"])
    try:
        sizing = size(view.capacity(), (arguments["config"], arguments["pool"]), wanted)
        value, settings, words = sizing.value, sizing.settings, sizing.explain
    except Refusal as refusal:
        value, settings, words = pool["max_children"] or 0, [], [str(refusal)]
    how, notes = verb(view, arguments, pool["endpoint"], value)
    # Without more workers a dropped queue helps only where those that are there keep up with who comes.
    if not settings and (how == "reload" or needed_by(wanted) > value):
        raise Refusal(words[0])
    step = pool_step(view, "pool_size_set", arguments, settings, how)
    return step._replace(notes=words + notes)
