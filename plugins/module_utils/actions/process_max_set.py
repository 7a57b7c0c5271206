# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raise process.max to what the pools' own limits add up to, where it is what binds. The pools' limits stay."""

from typing import Any, Dict

from ..plan.sizing import CROWD_SHARES, process_max, settings
from ..verdict.step import Refusal, Step
from .backlog import verb
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    master = master_of(view, arguments["config"])
    wanted = process_max(view.capacity(), master)
    if not master["process_max"] or wanted <= master["process_max"]:
        raise Refusal(
            "process.max = %s already allows what the pools may use together" % master["process_max"]
        )
    pool = pool_of(master, arguments["pool"])
    how, notes = verb(view, arguments, pool["endpoint"], pool["max_children"])
    step = pool_step(view, "process_max_set", arguments, [("process.max", str(wanted))], how, in_pool=False)
    changed = {change.path: change for change in step.changes}
    texts = {
        path: (change.after or b"").decode("utf-8", "surrogateescape") for path, change in changed.items()
    }
    # A dynamic pool starts too few workers at a time for the crowd that filled it.
    spare = settings(pool, pool["max_children"], CROWD_SHARES)[1:]
    further = view._replace(read=lambda path: texts[path] if path in texts else view.read(path))
    for change in pool_step(further, "process_max_set", arguments, spare, how).changes if spare else []:
        changed[change.path] = (
            change._replace(before=changed[change.path].before) if change.path in changed else change
        )
    return step._replace(changes=list(changed.values()), notes=notes)
