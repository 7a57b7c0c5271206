# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restart php-fpm's unit: the only thing that brings back a socket file that was deleted under it. A reload
keeps the old socket.
"""

from typing import NamedTuple

from ..verdict.action import Action
from ..verdict.step import Step
from .steps import fpm_trials, systemctl
from .view import View, unloaded_pools

ACTION = Action("unit_restart", "medium", False, "restart")


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    unit = arguments.unit
    return Step(
        ACTION.id,
        unit,
        [],
        fpm_trials(view, unit),
        [systemctl("restart", unit)],
        cuts=unit,
        meant=unloaded_pools(view, unit),
    )
