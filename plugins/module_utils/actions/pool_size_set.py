# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More workers for a pool whose workers are all busy: as many as memory, CPU and demand allow together, see sizing.py."""

from typing import Any, Dict

from ..sizing import size
from ..step import Step
from .backlog import demand, verb
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    sizing = size(view.capacity(), (arguments["config"], arguments["pool"]), demand(view, pool["endpoint"]))
    how, notes = verb(view, arguments, pool["endpoint"], sizing.value)
    step = pool_step(view, "pool_size_set", arguments, sizing.settings, how)
    return step._replace(notes=sizing.explain + notes)
