# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets `log_level` to notice, so that php-fpm logs full pools, crashed and terminated workers.

At worst: running requests of all pools of the unit are cut by the reload.
"""

from typing import NamedTuple

from ..parse.php_fpm.zlog import QUIET
from ..work.action import Action
from ..work.step import Refusal, Step
from .steps import pool_step
from .view import View, master_of

ACTION = Action("fpm_log_level_set", risk="medium", reversible=True, disruption="reload")


class Arguments(NamedTuple):
    config: str  # of the master
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    level = master_of(view, arguments.config)["log_level"]
    if level not in QUIET:
        raise Refusal("log_level = %s tells of them already" % level)
    settings = [("log_level", "notice")]
    return pool_step(view, ACTION.id, arguments.config, None, settings, "reload")
