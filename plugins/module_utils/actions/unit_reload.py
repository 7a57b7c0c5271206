# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reload php-fpm's unit, so that it loads a pool or a listen address that it has not read yet."""

from typing import NamedTuple

from ..verdict.action import Action, GivesWay
from ..verdict.step import Step
from .steps import fpm_trials, systemctl
from .view import View, unloaded_pools

ACTION = Action(
    "unit_reload", "medium", False, "reload", gives_way=GivesWay("unit_restart", ("unit",), mends=True)
)


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    unit = arguments.unit
    return Step(
        ACTION.id,
        unit,
        [],
        fpm_trials(view, unit),
        [systemctl("reload", unit)],
        cuts=unit,
        meant=unloaded_pools(view, unit),
    )
