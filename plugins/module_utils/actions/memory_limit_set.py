# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A `memory_limit` for the scripts of one pool.

At worst: a script that needs more ends with an error from then on.

It ends with an error of its own instead of taking the host's memory. php_admin_value is used, since a script
may raise any other limit itself.
"""

from typing import NamedTuple, Optional

from ..parse.number import to_bytes
from ..plan.sizing import fair_share
from ..work.action import MEMORY, Action
from ..work.step import Refusal, Step
from .steps import pool_step
from .view import View, master_of, memory_of, pool_of

ACTION = Action("memory_limit_set", risk="high", reversible=True, disruption="reload", needs=(MEMORY,))


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: Optional[str]  # that starts php-fpm; None: none
    peak_kb: Optional[int] = None  # that a killed worker held, for the reader of the plan


def resolve(view: View, arguments: Arguments) -> Step:
    config, name = arguments.config, arguments.pool
    share_mib = fair_share(memory_of(view), (config, name)) >> 20
    limit = pool_of(master_of(view, config), name)["memory_limit"]
    now = to_bytes(limit)
    if now is not None and now <= share_mib << 20:
        raise Refusal(
            "memory_limit of pool %s is %s already; something else than PHP's own memory grows"
            % (name, limit)
        )
    settings = [("php_admin_value[memory_limit]", "%dM" % share_mib)]
    return pool_step(view, ACTION.id, config, name, settings, "reload")
