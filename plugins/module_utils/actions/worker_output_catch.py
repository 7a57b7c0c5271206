# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets `catch_workers_output`, so that what a pool's workers write stands in php-fpm's log.

At worst: running requests of all pools of the unit are cut by the reload, and a talkative page fills the log.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Refusal, Step
from .steps import pool_step
from .view import View, master_of, pool_of

ACTION = Action("worker_output_catch", risk="medium", reversible=True, disruption="reload")


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    pool = pool_of(master_of(view, arguments.config), arguments.pool)
    if pool["catch_workers_output"]:
        raise Refusal("catch_workers_output of pool %s is on already" % pool["name"])
    settings = [("catch_workers_output", "yes")]
    return pool_step(view, ACTION.id, arguments.config, arguments.pool, settings, "reload")
