# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A memory_limit for the pool's scripts, so that one of them ends with an error of its own instead of taking
the host's memory.

php_admin_value, since a script may raise its own limit otherwise. High risk: a script that needed more fails
from then on.
"""

import re
from typing import Any, Dict, Optional

from ..plan.sizing import fair_share
from ..verdict.step import Refusal, Step
from .view import View, master_of, pool_of, pool_step

_SIZE = re.compile(r"^(\d+)([KMG]?)$", re.I)
_SCALE = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def to_bytes(text: Optional[str]) -> Optional[int]:
    """PHP's shorthand; None for no limit (-1), none set, or what cannot be read."""
    match = _SIZE.match(text or "")
    return int(match.group(1)) * _SCALE[match.group(2).upper()] if match else None


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    share = fair_share(view.capacity(), (arguments["config"], arguments["pool"])) >> 20
    now = to_bytes(pool["memory_limit"])
    if now is not None and now <= share << 20:
        raise Refusal(
            "memory_limit of pool %s is %s already; something else than PHP's own memory grows"
            % (pool["name"], pool["memory_limit"])
        )
    return pool_step(
        view, "memory_limit_set", arguments, [("php_admin_value[memory_limit]", "%dM" % share)], "reload"
    )
