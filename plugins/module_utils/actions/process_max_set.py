# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Raises `process.max` to what the pools may use together.

At worst: the memory of the workers that may now start.

Where process.max is the limit that was reached. The limits of the pools stay.
"""

from ..plan.sizing import CROWD_SHARES, process_max, settings
from ..work.action import MEMORY, Action, Raised
from ..work.step import Refusal, Step, as_text
from .backlog import Arguments, verb
from .steps import pool_step
from .view import View, master_of, memory_of, pool_of

ACTION = Action(
    "process_max_set",
    risk="medium",
    reversible=True,
    disruption="reload",
    raised=(Raised("drop_backlog", disruption="restart"),),
    needs=(MEMORY,),
)


def resolve(view: View, arguments: Arguments) -> Step:
    config, name = arguments.config, arguments.pool
    master = master_of(view, config)
    wanted = process_max(memory_of(view), master)
    if not master["process_max"] or wanted <= master["process_max"]:
        raise Refusal(
            "process.max = %s already allows what the pools may use together" % master["process_max"]
        )
    pool = pool_of(master, name)
    workers = pool["max_children"] or 0
    how, notes = verb(view, arguments, pool["endpoint"] or "", workers)
    step = pool_step(view, ACTION.id, config, None, [("process.max", str(wanted))], how)
    changed = {change.path: change for change in step.changes}
    # A dynamic pool starts too few workers at a time for the crowd that filled it.
    spare = settings(pool, workers, CROWD_SHARES)[1:]
    if spare:
        texts = {path: as_text(change.after or b"") for path, change in changed.items()}
        further = view._replace(files=view.files._replace(texts=dict(view.files.texts, **texts)))
        for change in pool_step(further, ACTION.id, config, name, spare, how).changes:
            first = changed.get(change.path, change)
            changed[change.path] = change._replace(before=first.before)
    return step._replace(changes=list(changed.values()), notes=notes)
