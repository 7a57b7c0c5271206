# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the terminal can: its width, whether it knows links, whether it can show more than ASCII.

It is asked once, when this module is loaded. The engine loads it before it forks the workers, which have no
terminal.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple

from ..links import clickable
from .layout import NARROWEST, WIDEST, WIDTH

# What AWX and ansible-runner set for a job. They keep what is printed, and show it on a page.
_JOBS = ("AWX_ISOLATED_DATA_DIR", "AWX_PRIVATE_DATA_DIR", "RUNNER_OMIT_EVENTS")
_AUTOMATIC = (*_JOBS, "CI", "JOB_ID", "TEAMCITY_VERSION", "BUILD_NUMBER", "TF_BUILD")
# Terminals that draw links (OSC 8), or leave the code for them out.
_LINKING = re.compile(r"xterm|tmux|alacritty|foot|wezterm|ghostty|contour|konsole|vte|iterm|kitty|rio")
# From this version on GNOME's terminals do so. Those before print rubbish, or crash.
_VTE = 5001


class Screen(NamedTuple):
    """What the terminal can."""

    width: int = WIDTH
    links: bool = False
    unicode: bool = True

    def shown(self, line: str) -> str:
        """A line as this terminal can show it. It must not be measured after that."""
        known = line if self.unicode else line.encode("ascii", "backslashreplace").decode("ascii")
        return clickable(known) if self.links else known


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0


def _width(env: Mapping[str, str], terminal: int) -> int:
    """terminal: its columns, 0 where there is none."""
    columns = _number(env.get("COLUMNS")) or (0 if any(name in env for name in _JOBS) else terminal)
    return min(WIDEST, max(NARROWEST, columns)) if columns else WIDTH


def _links(env: Mapping[str, str], terminal: bool) -> bool:
    forced = env.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced.strip().lower() not in ("0", "false", "no", "off")
    if not terminal or any(env.get(name) for name in _AUTOMATIC):
        return False
    if env.get("VTE_VERSION") and _number(env["VTE_VERSION"]) < _VTE:
        return False
    return bool(_LINKING.match(env.get("TERM", "")))


def _unicode(env: Mapping[str, str], encoding: str | None) -> bool:
    """Whether the settings say so. The engine wants UTF-8 in them; a stream or a terminal may lack it."""
    if env.get("TERM", "").startswith("vt"):
        return False
    name = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    utf8 = re.compile(r"utf-?8", re.IGNORECASE)
    return bool(utf8.search(name) and utf8.search(encoding or ""))


def look(env: Mapping[str, str], terminal: int | None, encoding: str | None) -> Screen:
    """terminal: its columns, 0 where it does not tell them, None where there is none."""
    return Screen(_width(env, terminal or 0), _links(env, terminal is not None), _unicode(env, encoding))


def _columns() -> int | None:
    try:
        return os.get_terminal_size(1).columns if os.isatty(1) else None
    except OSError:
        return 0


SCREEN = look(os.environ, _columns(), getattr(sys.stdout, "encoding", None))
