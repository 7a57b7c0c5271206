# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start php-fpm's unit."""

from typing import Any, Dict

from ..step import Refusal, Step
from .view import View, systemctl


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    for master in view.snapshot["fpm"]["masters"]:
        if master["unit"] == arguments["unit"] and master["running"]:
            raise Refusal("%s runs already" % arguments["unit"])
    # A start that failed leaves "failed" behind, where there was "inactive".
    return Step("unit_start", arguments["unit"], [], [], [systemctl("start", arguments["unit"], "stop", "reset-failed")])
