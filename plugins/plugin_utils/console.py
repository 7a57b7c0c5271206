# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines on the engine's screen and in its log."""

from __future__ import annotations

from collections.abc import Sequence

from ansible.utils.color import stringc
from ansible.utils.display import Display

from .layout import Line

display = Display()


def show(lines: Sequence[Line]) -> None:
    """In one piece: they stay together on the screen, and are one event in a job's record."""
    colored = "\n".join(stringc(line, color) if color else line for line, color in lines)
    display.display("\n" + colored, screen_only=True)
    display.display("\n".join(line for line, _color in lines), log_only=True)
