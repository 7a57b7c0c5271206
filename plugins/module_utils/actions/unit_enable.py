# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The next boot starts php-fpm.

At worst: what you did not want started is started by a boot.
"""

from typing import NamedTuple

from ..work.action import Action
from ..work.step import Step
from .steps import systemctl
from .view import View

ACTION = Action("unit_enable", risk="high", reversible=True, disruption="none", together=("unit",))


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm


def resolve(view: View, arguments: Arguments) -> Step:
    return Step(ACTION.id, arguments.unit, [], [], [systemctl("enable", arguments.unit, "disable")])
