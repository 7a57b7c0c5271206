# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clears systemd's start limit.

At worst: the count of failures is lost.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Step
from .steps import systemctl
from .view import View

# The count of failures cannot be put back. Nothing that runs depends on it.
ACTION = Action("unit_reset_failed", risk="low", reversible=False, disruption="none", together=("unit",))


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    return Step(ACTION.id, arguments.unit, [], [], [systemctl("reset-failed", arguments.unit)])
