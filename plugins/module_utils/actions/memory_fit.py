# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fewer workers, so that all together fit the memory.

At worst: at a peak, requests wait sooner.

Each worker also ends after some requests, so that leaks do not add up.
"""

from typing import NamedTuple, Optional

from ..plan.sizing import fit
from ..work.action import MEMORY, Action
from ..work.step import Step
from .steps import pool_step
from .view import View, master_of, memory_of, pool_of

ACTION = Action("memory_fit", risk="medium", reversible=True, disruption="reload", needs=(MEMORY,))
MAX_REQUESTS = 500


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: Optional[str]  # that starts php-fpm; None: none
    peak_kb: Optional[int] = None  # that a killed worker held; None: unknown


def resolve(view: View, arguments: Arguments) -> Step:
    config, pool, peak_kb = arguments.config, arguments.pool, arguments.peak_kb
    sizing = fit(memory_of(view), (config, pool), peak_kb * 1024 if peak_kb else None)
    settings = list(sizing.settings)
    if not pool_of(master_of(view, config), pool)["max_requests"]:
        settings.append(("pm.max_requests", str(MAX_REQUESTS)))
    step = pool_step(view, ACTION.id, config, pool, settings, "reload")
    return step._replace(notes=list(sizing.explain))
