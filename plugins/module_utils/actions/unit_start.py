# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts php-fpm. Of a disabled unit: high risk.

At worst: what you stopped on purpose, and did not disable, runs again.
"""

from typing import NamedTuple

from ..work.action import Action, Raised
from ..work.step import Refusal, Step
from .steps import systemctl
from .view import View

# High for a disabled unit: a person decided that.
ACTION = Action(
    "unit_start",
    risk="low",
    reversible=True,
    disruption="none",
    raised=(Raised("disabled", risk="high"),),
    together=("unit",),
)
# A start that failed leaves "failed" behind, where there was "inactive". A disabled unit is unloaded once it
# is stopped: reset-failed does not know it then.
_CLEAR = '! systemctl is-failed --quiet "$1" || systemctl reset-failed "$1"'


class Arguments(NamedTuple):
    unit: str  # that starts php-fpm
    disabled: bool = False  # somebody disabled it


def resolve(view: View, arguments: Arguments) -> Step:
    for master in view.snapshot["fpm"]["masters"]:
        if master["unit"] == arguments.unit and master["running"]:
            raise Refusal("%s runs already" % arguments.unit)
    start = systemctl("start", arguments.unit, "stop")
    return Step(
        ACTION.id,
        arguments.unit,
        [],
        [],
        [start._replace(undo=start.undo + [["sh", "-c", _CLEAR, "sh", arguments.unit]])],
    )
