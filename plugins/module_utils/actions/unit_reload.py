# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reload php-fpm's unit, so that it loads a pool or a listen address that it has not read yet."""

from typing import Any, Dict

from ..verdict.step import Step
from .view import View, fpm_trial, systemctl, unloaded_pools


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    trials = [
        fpm_trial(master) for master in view.snapshot["fpm"]["masters"] if master["unit"] == arguments["unit"]
    ]
    return Step(
        "unit_reload",
        arguments["unit"],
        [],
        trials,
        [systemctl("reload", arguments["unit"])],
        cuts=arguments["unit"],
        meant=unloaded_pools(view, arguments["unit"]),
    )
