# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reloads php-fpm, so that it reads a pool that it has not loaded yet.

At worst: the running requests of all its pools, unless `process_control_timeout` lets them finish. It is
begun under the same conditions.
"""

from typing import NamedTuple

from ..work.action import Action, GivesWay
from ..work.step import Step
from .steps import load_step
from .view import View

ACTION = Action(
    "unit_reload",
    risk="medium",
    reversible=False,
    disruption="reload",
    gives_way=GivesWay("unit_restart", ("unit",), mends=True),
)


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    return load_step(view, ACTION.id, arguments.unit, "reload")
