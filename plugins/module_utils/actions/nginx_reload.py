# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let nginx load the files in which somebody led a site elsewhere. What else was changed and not loaded is
left to a person.
"""

from typing import Any, Dict

from ..verdict.step import Step
from .view import View, nginx_trial, systemctl


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    unit = arguments["unit"]
    return Step(
        "nginx_reload",
        unit,
        [],
        [nginx_trial(view.snapshot["nginx"])],
        [systemctl("reload", unit)],
        meant=arguments["files"],
    )
