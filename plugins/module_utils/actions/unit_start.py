# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start php-fpm's unit."""

from typing import NamedTuple

from ..verdict.action import Action, Raised
from ..verdict.step import Refusal, Step
from .steps import systemctl
from .view import View

# That a unit is disabled is somebody's word.
ACTION = Action(
    "unit_start", "low", True, "none", raised=(Raised("disabled", risk="high"),), together=("unit",)
)
# A start that failed leaves "failed" behind, where there was "inactive". A disabled unit is unloaded once it
# is stopped, and cannot be asked then.
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
