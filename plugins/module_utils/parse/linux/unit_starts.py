# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd tells of a unit's starts: its journal, what it skipped, and what the unit may not write."""

import json
import re
from typing import TYPE_CHECKING, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ...signatures.lookup import meanings
from ...signatures.systemd import BY_SYSTEMD, SYSTEMD
from ...signatures.table import Signature
from ..php_fpm.zlog import without_place
from ..redact import redact
from ..titles import is_fpm
from .systemctl import HIDDEN_AT, READ_ONLY

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit, UnitLine, Writer

# Who speaks, beside systemd. OTHER: a program of root's that is neither.
BY_FPM: "Writer" = "php-fpm"
OTHER: "Writer" = "command"
STARTING, STARTED = meanings("unit_starting"), meanings("unit_started")
STOPPING, STOPPED = meanings("unit_stopping"), meanings("unit_stopped")
MAIN_ENDED, START_LIMITED, LIMIT_REACHED = map(meanings, ("main_ended", "start_limited", "limit_reached"))
ENDED = MAIN_ENDED | meanings("control_ended")
BEGUN = STARTING | STARTED  # a start
TURNS = STOPPING | STOPPED | BEGUN
MANAGER = 1  # its pid
_OF_UNIT = re.compile(r"\S+\.(?:service|slice):? ")
_SYSTEMD = re.compile(r".*/systemd(?:-executor)?(?: \(deleted\))?\Z")  # before it becomes the program
# What systemd calls such a child (exec_child()). journald may come too late to read its program.
_CHILD = re.compile(r"\(.*\)\Z")
# Of php.ini, as PHP starts (main/php_ini.c).
_INI_FAULT = re.compile(r"PHP:\s+(syntax error.{0,200} in /\S+ on line \d+)\Z")
_SMALL_TALK = re.compile(r"PHP (?:Warning|Notice|Deprecated): |^\[[^\]]*\] NOTICE: (?!ready to )")


def unmet_conditions(status: str) -> List[str]:
    """Of a start that systemd skipped, as `systemctl status` has them: ConditionPathExists=/etc/x."""
    return re.findall(r"((?:Condition|Assert)\w+=.*) was not met$", status, re.M)


def makes_read_only(unit: "Unit", path: str) -> Optional[str]:
    """The setting, as NAME=VALUE, with which a unit's processes cannot write there."""
    settings = unit.get("writing") or {}
    rules = [("", word.lstrip("-+")) for word in settings.get("ReadWritePaths", "").split()]
    rules += [("", "/run/" + name) for name in unit["runtime_directory"].split()]
    for word in settings.get("ReadOnlyPaths", "").split():
        rules.append(("ReadOnlyPaths=" + word, word.lstrip("-+")))
    level = settings.get("ProtectSystem", "")
    rules += [("ProtectSystem=" + level, point) for point in READ_ONLY.get(level, ())]
    if (unit.get("sandbox") or {}).get("ProtectHome") == "read-only":
        rules += [("ProtectHome=read-only", point) for point in HIDDEN_AT["ProtectHome"]]
    fitting = [rule for rule in rules if (path + "/").startswith(rule[1].rstrip("/") + "/")]
    # The nearest one wins; of two at one place the one that lets write.
    return max(fitting, key=lambda rule: (len(rule[1].rstrip("/")), not rule[0]), default=("", ""))[0] or None


def without_small_talk(log: List["UnitLine"], most: int) -> List["UnitLine"]:
    """The lines from the last start on, at most so many, without notices and PHP's lesser complaints."""
    starts = [number for number, entry in enumerate(log) if of_meaning([entry], BEGUN)]
    lines = log[starts[-1] :] if starts else log
    lines = [entry for entry in lines if not _SMALL_TALK.search(entry["text"])]
    return lines if len(lines) <= most else lines[: most - 2] + lines[-2:]


def read_message(pid: Optional[int], text: str) -> Optional[Tuple[Signature, List[str]]]:
    """The row of signatures/systemd.py that a line is, and what stood in its places."""
    head = _OF_UNIT.match(text)
    # systemd's children speak of the unit alone.
    if not head and pid != MANAGER:
        return None
    return SYSTEMD.find(text[head.end() if head else 0 :], BY_SYSTEMD)


def unit_line(at: float, by: "Writer", pid: Optional[int], text: str) -> "UnitLine":
    line: UnitLine = {"at": at, "by": by, "pid": pid, "text": text}
    hit = read_message(pid, text) if by == BY_SYSTEMD else None
    if hit:
        line["meaning"], line["places"] = hit[0].meaning, hit[1]
    fault = _INI_FAULT.search(text) if by == BY_FPM else None
    if fault:
        line["ini_fault"] = fault.group(1)
    return line


def of_manager(lines: Sequence["UnitLine"]) -> List["UnitLine"]:
    """Of systemd, not of its children."""
    return [line for line in lines if line.get("by") == BY_SYSTEMD and line.get("pid") == MANAGER]


def of_meaning(lines: Sequence["UnitLine"], wanted: FrozenSet[str]) -> List["UnitLine"]:
    return [line for line in lines if line.get("meaning") in wanted]


def _entry(line: str) -> "Optional[UnitLine]":
    entry = json.loads(line)
    message, pid = entry.get("MESSAGE"), int(entry["_PID"]) if entry.get("_PID") else None
    program = entry.get("_EXE") or entry.get("_COMM")
    is_systemd = not program or _SYSTEMD.match(program) or (not entry.get("_EXE") and _CHILD.match(program))
    of_child = bool(entry.get("UNIT") and is_systemd)
    if not isinstance(message, str):
        return None
    if pid == MANAGER or of_child:
        by: Writer = "systemd"
    else:
        by = BY_FPM if not program or is_fpm(program) else OTHER
    shown = redact(without_place(message.split("\n")[0]))
    return unit_line(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, by, pid, shown)


def _into(lines: List["UnitLine"], entry: "UnitLine") -> None:
    """systemd logs that it is starting a unit after the fork: its child may have spoken before
    (job_perform_on_unit()).
    """
    place = len(lines)
    if of_meaning([entry], STARTING):
        while place and lines[place - 1]["by"] == BY_SYSTEMD and not of_manager([lines[place - 1]]):
            place -= 1
    lines.insert(place, entry)


class UnitLog(NamedTuple):
    """docs/looking.md"""

    lines: "List[UnitLine]"  # of systemd and php-fpm
    others: "List[UnitLine]"  # of other programs of root's in the unit


def parse_journal(text: str) -> UnitLog:
    lines: List[UnitLine] = []
    others: List[UnitLine] = []
    for line in text.splitlines():
        try:
            entry = _entry(line)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            continue  # cut
        if entry:
            _into(others if entry["by"] == OTHER else lines, entry)
    return UnitLog(lines, others)


def refused_to_start(log: List["UnitLine"]) -> bool:
    """Whether the start limit stopped the last attempt. Result tells it only if nothing had failed before."""
    return bool(of_meaning(of_meaning(log, START_LIMITED | BEGUN)[-1:], START_LIMITED))
