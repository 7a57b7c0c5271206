# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raise process.max to what the pools' own limits add up to, where it is what binds. The pools' limits stay."""

from typing import Any, Dict

from ..sizing import process_max
from ..step import Refusal, Step
from .backlog import verb
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    master = master_of(view, arguments["config"])
    wanted = process_max(view.capacity(), master)
    if not master["process_max"] or wanted <= master["process_max"]:
        raise Refusal("process.max = %s already allows what the pools may use together" % master["process_max"])
    pool = pool_of(master, arguments["pool"])
    how, notes = verb(view, arguments, pool["endpoint"], pool["max_children"])
    step = pool_step(view, "process_max_set", arguments, [("process.max", str(wanted))], how, in_pool=False)
    return step._replace(notes=notes)
