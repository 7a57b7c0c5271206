# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start php-fpm's unit."""

from typing import Any, Dict

from ..verdict.step import Refusal, Step
from .view import View, systemctl

# A start that failed leaves "failed" behind, where there was "inactive". A disabled unit is unloaded once it
# is stopped, and cannot be asked then.
_CLEAR = '! systemctl is-failed --quiet "$1" || systemctl reset-failed "$1"'


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    for master in view.snapshot["fpm"]["masters"]:
        if master["unit"] == arguments["unit"] and master["running"]:
            raise Refusal("%s runs already" % arguments["unit"])
    start = systemctl("start", arguments["unit"], "stop")
    return Step(
        "unit_start",
        arguments["unit"],
        [],
        [],
        [start._replace(undo=start.undo + [["sh", "-c", _CLEAR, "sh", arguments["unit"]]])],
    )
