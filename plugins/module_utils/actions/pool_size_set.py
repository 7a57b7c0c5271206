# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""More workers for a pool whose workers are all busy: as many as memory, CPU and demand allow together, see sizing.py."""

from typing import Any, Dict

from ..sizing import size
from ..step import Step
from .view import View, master_of, pool_of, pool_step


def demand(view: View, endpoint: str) -> Dict[str, int]:
    """{busy, waiting}: requests in workers' hands and in the listening socket's queue. The probe's own connection stood there, too."""
    seen = view.snapshot["endpoints"].get(endpoint) or {}
    probe = seen.get("probe") or {}
    busy = max(probe.get("accepted") or 0, seen.get("accepted") or 0)
    return {"busy": busy, "waiting": max((probe.get("queue") or 0) - (probe.get("result") == "no_answer"), seen.get("queue") or 0, 0)}


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    sizing = size(view.capacity(), (arguments["config"], arguments["pool"]), demand(view, pool["endpoint"]))
    step = pool_step(view, "pool_size_set", arguments, sizing.settings, "reload")
    return step._replace(notes=list(sizing.explain))
