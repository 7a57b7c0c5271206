# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clear a start limit, so that systemd accepts a start again."""

from typing import Any, Dict

from ..verdict.step import Step
from .view import View, systemctl


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    # What it clears, the failures counted so far, cannot be put back; nothing that runs depends on it.
    return Step(
        "unit_reset_failed", arguments["unit"], [], [], [systemctl("reset-failed", arguments["unit"])]
    )
