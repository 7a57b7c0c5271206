# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restart php-fpm's unit: the only thing that brings back a socket file that was deleted under it. A reload
keeps the old socket.
"""

from typing import Any, Dict

from ..verdict.step import Step
from .view import View, fpm_trial, systemctl, unloaded_pools


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    trials = [
        fpm_trial(master) for master in view.snapshot["fpm"]["masters"] if master["unit"] == arguments["unit"]
    ]
    restart = systemctl("restart", arguments["unit"])
    return Step(
        "unit_restart",
        arguments["unit"],
        [],
        trials,
        [restart],
        cuts=arguments["unit"],
        meant=unloaded_pools(view, arguments["unit"]),
    )
