# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fewer workers, so that all of them together fit the memory they may use; and an end to each after some
requests, where leaks add up.
"""

from typing import Any, Dict

from ..plan.sizing import fit
from ..verdict.step import Step
from .view import View, master_of, pool_of, pool_step

MAX_REQUESTS = 500


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    peak = arguments.get("peak_kb")
    sizing = fit(view.capacity(), (arguments["config"], arguments["pool"]), peak * 1024 if peak else None)
    recycle = [] if pool["max_requests"] else [("pm.max_requests", str(MAX_REQUESTS))]
    step = pool_step(view, "memory_fit", arguments, list(sizing.settings) + recycle, "reload")
    return step._replace(notes=list(sizing.explain))
