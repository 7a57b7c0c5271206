# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enable php-fpm's unit, so that the next boot starts it."""

from typing import Any, Dict

from ..step import Step
from .view import View, systemctl


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    return Step("unit_enable", arguments["unit"], [], [], [systemctl("enable", arguments["unit"], "disable")])
