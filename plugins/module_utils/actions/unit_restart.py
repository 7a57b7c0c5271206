# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts php-fpm.

At worst: the running requests of all its pools. It is begun only when each pool is seen to be able to start.
Nothing in its unit or in systemd may stop the start. No other unit may be stopped with it. Nothing else than
our change may be loaded.

Nothing else brings back a socket file that was deleted: a reload keeps the old socket.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Step
from .steps import load_step
from .view import View

ACTION = Action("unit_restart", risk="medium", reversible=False, disruption="restart")


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    return load_step(view, ACTION.id, arguments.unit, "restart")
