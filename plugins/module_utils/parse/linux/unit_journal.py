# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of `journalctl -o json` about a unit -> its lines."""

import json
import re
from typing import TYPE_CHECKING, List, Optional, Tuple

from ..php_fpm.zlog import without_place
from ..redact import redact
from ..titles import is_fpm

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import UnitLine

OTHER = "command"  # who speaks: a program of root's that is neither systemd nor php-fpm
_SYSTEMD = re.compile(r".*/systemd(?:-executor)?(?: \(deleted\))?\Z")  # before it becomes the program
# What systemd calls such a child (exec_child()). journald may come too late to read its program.
_CHILD = re.compile(r"\(.*\)\Z")


def _entry(line: str) -> "Optional[UnitLine]":
    entry = json.loads(line)
    message, pid = entry.get("MESSAGE"), entry.get("_PID")
    program = entry.get("_EXE") or entry.get("_COMM")
    is_systemd = not program or _SYSTEMD.match(program) or (not entry.get("_EXE") and _CHILD.match(program))
    of_child = bool(entry.get("UNIT") and is_systemd)
    if not isinstance(message, str):
        return None
    if pid == "1" or of_child:
        speaker = "systemd"
    else:
        speaker = "php-fpm" if not program or is_fpm(program) else OTHER
    shown = redact("%s[%s]: %s" % (speaker, pid, without_place(message.split("\n")[0])))
    return {"at": int(entry["__REALTIME_TIMESTAMP"]) / 1e6, "text": shown}


def parse_journal(text: str) -> "Tuple[List[UnitLine], List[UnitLine]]":
    """(lines of systemd and php-fpm, of other programs of root's in the unit): docs/looking.md"""
    lines: List[UnitLine] = []
    others: List[UnitLine] = []
    for line in text.splitlines():
        try:
            entry = _entry(line)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            continue  # cut
        if entry:
            (others if entry["text"].startswith(OTHER) else lines).append(entry)
    return lines, others


def refused_to_start(log: List["UnitLine"]) -> bool:
    """Whether the start limit stopped the last attempt. Result tells it only if nothing had failed before."""
    for entry in reversed(log):
        if re.match(r"systemd\[1\]: .*Start request repeated too quickly", entry["text"]):
            return True
        if re.match(r"systemd\[1\]: (Starting|Started|Reloaded) ", entry["text"]):
            return False
    return False
