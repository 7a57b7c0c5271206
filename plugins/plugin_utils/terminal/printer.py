# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who prints the table, and how.

A callback of this collection prints it last. Without one the task prints it, where the stdout callback writes
for people. With any other stdout callback nobody does: the task returns the lines, and the output stays
parseable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible import constants, context
from ansible.utils.color import stringc
from ansible.utils.display import Display

from .layout import COLORS, Line, Page
from .screen import SCREEN

PAGE = Page(SCREEN.width)
# Those whose table a callback prints.
TASKS = frozenset(("fleet_report", "report_bundle", "report_compare", "report_merge"))
# Stdout callbacks that write for people, by their last name. A table between their lines hurts nobody.
HUMAN = frozenset(("default", "yaml", "debug", "default_without_diff", "diy"))
# Those whose whole output is one document. Not even a callback of ours may add a line to it.
DOCUMENT = frozenset(("json", "jsonl"))
# ansible-runner, and so AWX, puts this one around another, which it names in the environment.
WRAPPER, WRAPPED = "awx_display", "ORIGINAL_STDOUT_CALLBACK"

_claimed: list[str] = []


def stdout_callback() -> str:
    """The last name of the stdout callback."""
    name = str(constants.DEFAULT_STDOUT_CALLBACK).rpartition(".")[2]
    return os.environ.get(WRAPPED, "default").rpartition(".")[2] if name == WRAPPER else name


def claim(name: str) -> bool:
    """Whether this callback prints the table. The first one does. It is asked before the engine forks the
    workers, which then know.
    """
    if not _claimed and stdout_callback() not in DOCUMENT:
        _claimed.append(name)
    return _claimed == [name]


def ad_hoc() -> bool:
    """Whether this is the command ``ansible``, whose output has a form of its own."""
    return bool(context.CLIARGS.get("module_name"))


def hand_out(lines: Sequence[Line], interim: bool = False) -> dict[str, Any]:
    """Prints the lines, or returns them as values of the task. interim: more is to follow."""
    if not _claimed and stdout_callback() in HUMAN and not ad_hoc():
        put(lines)
        return {}
    plain = [line for line, _color in lines]
    if not _claimed:
        return {"table": plain}
    return {
        "table": plain,
        "table_colors": [color for _line, color in lines],
        "interim": interim,
        "_ansible_verbose_override": True,  # -v shows the result of the task, which is to be printed
    }


def put(lines: Sequence[Line]) -> None:
    """All of it in one piece: it stays together on the screen, and is one event in a job's record."""
    shown = [(SCREEN.shown(line), color) for line, color in lines]
    display = Display()
    display.display(
        "\n" + "\n".join(stringc(line, color) if color else line for line, color in shown), screen_only=True
    )
    display.display("\n".join(line for line, _color in lines), log_only=True)


class LastTable:
    """The table that a callback prints: the last one that the tasks of a run returned."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def __bool__(self) -> bool:
        return bool(self._lines)

    def take(self, action: str, result: Mapping[str, Any]) -> bool:
        """Keeps what the task returned; what is only on the way is printed. Whether it was such a task."""
        table = result.get("table")
        if action.rpartition(".")[2] not in TASKS or not isinstance(table, list):
            return False
        colors = result.get("table_colors") or []
        known = [color if color in COLORS.values() else None for color in colors]
        lines = list(zip(table, known, strict=False))
        if result.get("interim"):
            put(lines)
        else:
            self._lines = lines
        return True

    def show(self) -> None:
        if self._lines:
            put(self._lines)
