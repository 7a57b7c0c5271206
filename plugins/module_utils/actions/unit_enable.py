# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enable php-fpm's unit, so that the next boot starts it."""

from typing import Any, Dict

from ..verdict.step import Step
from .view import View, systemctl


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    return Step("unit_enable", arguments["unit"], [], [], [systemctl("enable", arguments["unit"], "disable")])
