# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a unit's last start failed, by its journal. It has php-fpm's words, and those of PHP, opcache, ld.so
and systemd about what php-fpm never came to say.
"""

import re
from typing import TYPE_CHECKING, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ...signatures.lookup import meaning_of, meanings
from ...signatures.php_fpm import READY
from ...signatures.php_start import LOADER, OPCACHE, PHP, PHP_START
from ...signatures.systemd import BY_SYSTEMD
from ...signatures.table import Signature
from ..linux.unit_starts import (
    BEGUN,
    BY_FPM,
    ENDED,
    MAIN_ENDED,
    STARTED,
    STARTING,
    STOPPED,
    TURNS,
    of_meaning,
)
from .problems import StartFailure, choose, errno_in, read_line

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.unit import Unit, UnitLine

# Between the reason of a failed start and "FPM initialization failed". A busy journald is as late.
START_SECONDS = 5.0
_NOT_RUN, _UNIT_STEP = "not_executable", "unit_step"
_STEPS = meanings(_NOT_RUN, _UNIT_STEP, "timed_out")
_CONTROL_ENDED = ENDED - MAIN_ENDED
_UNIT_FAILED, _DEPENDENCY, _STOP_TIMED_OUT = map(
    meanings, ("unit_failed", "dependency_failed", "stop_timed_out")
)
_FAILED = meanings("start_failed", "reload_failed")
_WELL = meanings("runs", "in_order", "stopped")
_OF_START = (70, 78, 254, 255)  # statuses with which php-fpm exits at its start alone
_READY = re.compile(r"\[[^\]]*\] NOTICE: %s\Z" % READY)
# Who speaks, by what stands before: zlog.c and main.c, zend_accelerator_debug.c, elf/rtld.c.
_HEADS = {
    PHP: r"(?:\[\d[^\]]*\] )?(?:NOTICE: PHP message: )?PHP (?:Fatal|Parse|Recoverable fatal) error:\s+",
    OPCACHE: r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \(\d+\): (?:Fatal )?Error ",
    LOADER: r"\S{0,200}php\S{0,200}: (?=error while loading |symbol lookup error: |/\S+: version )",
}


class Attempt(NamedTuple):
    """A start that failed, in the journal's lines. lines: in their order."""

    lines: List["UnitLine"]
    failure: Optional[StartFailure]
    at: Optional[float]  # epoch seconds, of the line that says why
    ready: bool  # php-fpm itself was


def last_attempt(unit: Optional["Unit"]) -> List["UnitLine"]:
    """Journal lines of the last start, if it failed. After one that succeeded, errors are those of a php-fpm
    that ran, or of PHP.
    """
    if unit is None:
        return []
    lines = unit["log"]
    turns = [number for number, entry in enumerate(lines) if of_meaning([entry], BEGUN)]
    succeeded = unit["result"] == "success"
    if not turns:
        return [] if succeeded else lines
    stops = of_meaning(lines[turns[-1] :], STOPPED)
    if not succeeded and stops:
        # What systemd cannot prepare is never "Starting".
        later = lines[lines.index(stops[-1]) + 1 :]
        if noted(*later):
            return later
    if unit["active"] == "activating" and len(turns) > 1 and _again(lines, turns[-2], turns[-1]):
        return lines[turns[-2] : turns[-1]]
    # A unit of Type=simple has started before php-fpm said a word.
    was_starting = of_meaning([lines[number] for number in turns[-2:-1]], STARTING)
    went_well = of_meaning([lines[turns[-1]]], STARTED) and (succeeded or was_starting)
    return _reload(lines[turns[-1] :]) if went_well else lines[turns[-1] :]


def _again(lines: List["UnitLine"], before: int, last: int) -> bool:
    """Whether the last of two starts has just begun, and the one before failed: a unit with Restart=."""
    return bool(of_meaning(lines[before:last], _UNIT_FAILED)) and not noted(*lines[last + 1 :])


def _reload(lines: List["UnitLine"]) -> List["UnitLine"]:
    """Those in which a master that ran became a new one that did not start: only at its start it exits so."""
    ends = [entry for entry in lines if _exit_status(entry, MAIN_ENDED) in _OF_START]
    if not ends:
        return []
    ended = ends[-1]["at"]
    return [entry for entry in lines if 0 <= ended - entry["at"] <= START_SECONDS]


def _exit_status(line: "UnitLine", whose: FrozenSet[str]) -> Optional[int]:
    """Of a process that ended by itself."""
    ended = of_meaning([line], whose) and line["places"][:1] == ["exited"]
    return int(line["places"][1]) if ended else None


def read_message(text: str) -> Optional[Tuple[Signature, List[str]]]:
    """The row of signatures/php_start.py that a line of the journal is, and what stood in its places."""
    for phase, head in _HEADS.items():
        match = re.match(head, text)
        if match:
            return PHP_START.find(text[match.end() :], phase)
    return None


def _read(line: "UnitLine") -> Optional[StartFailure]:
    if of_meaning([line], _STEPS):
        # Of a failed step the first alone counts: its program is well.
        places = line["places"][:1] if line["places"][2:] else line["places"]
        return StartFailure("", line["meaning"], places, "")
    # systemd's own exit statuses have names (systemd.exec(5)); those of programs have none.
    if 200 <= (_exit_status(line, ENDED) or 0) < 255 and line["places"][2].isupper():
        step = line["places"][2]
        return StartFailure("", _NOT_RUN if step == "EXEC" else _UNIT_STEP, [step], "")
    if line.get("by") != BY_FPM:
        return None
    failure = read_line(line["text"])
    hit = None if failure else read_message(line["text"])
    return StartFailure(hit[0].id, hit[0].meaning, hit[1], "") if hit else failure


def note_failures(lines: Sequence["UnitLine"]) -> None:
    """In each: what it says about a start."""
    for line in lines:
        failure = _read(line)
        if failure:
            line["failure"] = failure._replace(errno=errno_in(line["text"])).fault
        elif line.get("by") == BY_FPM and _READY.match(line["text"]):
            line["ready"] = True


def noted(*lines: "UnitLine") -> List[StartFailure]:
    return [
        StartFailure(text=line["text"], entry=line, **line["failure"]) for line in lines if "failure" in line
    ]


def attempt_of(unit: Optional["Unit"]) -> Attempt:
    lines = last_attempt(unit)
    up = next((number for number, entry in enumerate(lines) if "ready" in entry), len(lines))
    # What php-fpm says once it is ready belongs to its requests.
    chosen = choose(noted(*lines[:up], *[entry for entry in lines[up:] if entry.get("by") == BY_SYSTEMD]))
    return Attempt(lines, chosen, chosen.entry["at"] if chosen and chosen.entry else None, up < len(lines))


def attempt_in_log(events: Sequence["Event"]) -> Attempt:
    """The last start by php-fpm's own log, where no unit has a journal. events: of one master."""
    dated = [event for event in events if event["last"]]

    def last(wanted: FrozenSet[str]) -> float:
        return max([event["last"] for event in dated if meaning_of(event) in wanted], default=0.0)

    ended = last(_FAILED)
    if ended < last(_WELL):
        return Attempt([], None, None, False)
    near = [event for event in dated if 0 <= ended - event["last"] <= START_SECONDS]
    read = [
        (event["last"], StartFailure(text=event["sample"]["text"], **event["detail"]["failure"]))
        for event in sorted(near, key=lambda event: event["last"])
        if "failure" in event["detail"]
    ]
    chosen = choose([failure for _at, failure in read])
    return Attempt([], chosen, next((at for at, failure in read if failure == chosen), None), False)


def command_that_failed(lines: Sequence["UnitLine"]) -> Optional[Tuple["UnitLine", int]]:
    """(line, status) of a command that the unit runs before or after php-fpm. When php-fpm itself
    has ended, it is about what cleans up.
    """
    ends = [line for line in of_meaning(lines, ENDED) if line["places"]]
    return (ends[0], int(ends[0]["places"][1])) if of_meaning(ends[:1], _CONTROL_ENDED) else None


def main_process_ended(lines: Sequence["UnitLine"]) -> Optional["UnitLine"]:
    """The line of systemd about the exit of what ExecStart= runs."""
    return next((entry for entry in reversed(lines) if _exit_status(entry, MAIN_ENDED) is not None), None)


def dependency_that_failed(unit: "Unit") -> Optional["UnitLine"]:
    """The line with which systemd gave up the last start, since another unit did not start."""
    turns = of_meaning(unit["log"], _DEPENDENCY | TURNS)
    return next(iter(of_meaning(turns[-1:], _DEPENDENCY)), None)


def stop_timed_out(unit: "Unit") -> bool:
    """Whether Result=timeout is that of a stop: systemd killed what did not end by itself."""
    return bool(of_meaning(unit["log"], _STOP_TIMED_OUT))
