# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a unit's last start failed, by its journal: php-fpm's words, and those of PHP, opcache, ld.so and
systemd about what php-fpm never came to say.
"""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ...signatures.lookup import meaning_of, meanings
from ...signatures.php_start import LOADER, OPCACHE, PHP, PHP_START, UNIT
from ...signatures.table import Signature
from .problems import StartFailure, choose, read_line

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.unit import Unit, UnitLine

START_SECONDS = 5.0  # between the reason of a failed start and "FPM initialization failed"
_NOT_RUN, _UNIT_STEP = "not_executable", "unit_step"
meanings(_NOT_RUN, _UNIT_STEP)
_TURN = re.compile(r"systemd\[1\]: (?:Starting|Started) ")
_OF_UNIT = re.compile(r"systemd\[\d+\]: \S+\.(?:service|slice):? (.*)", re.S)
_SPEAKER = r"(?:php-fpm\[\d+\]: )?"
_READY = re.compile(_SPEAKER + r"\[[^\]]*\] NOTICE: ready to handle connections\Z")
# Who speaks, by what stands before: zlog.c and main.c, zend_accelerator_debug.c, elf/rtld.c.
_HEADS = (
    (
        PHP,
        re.compile(
            _SPEAKER
            + r"(?:\[\d[^\]]*\] )?(?:NOTICE: PHP message: )?PHP (?:Fatal|Parse|Recoverable fatal) error:\s+"
        ),
    ),
    (
        OPCACHE,
        re.compile(_SPEAKER + r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4} \(\d+\): (?:Fatal )?Error "),
    ),
    (
        LOADER,
        re.compile(
            _SPEAKER + r"\S{0,200}php\S{0,200}: (?=error while loading |symbol lookup error: |/\S+: version )"
        ),
    ),
)
# systemd's own exit statuses have names (systemd.exec(5)); those of programs have none.
_STEP = re.compile(r"(?:Main|Control) process exited, code=exited, status=2\d\d/([A-Z_]+)\Z")
_STOPPED = re.compile(r"systemd\[1\]: Stopped ")
_FAILED = re.compile(r"systemd\[1\]: \S+: Failed with result ")
_ENDED_AT_START = re.compile(
    r"systemd\[1\]: \S+: Main process exited, code=exited, status=(?:70|78|254|255)/"
)
_CONTROL = re.compile(r"Control process exited, code=\w+, status=(\d+)/")
_DEPENDENCY = re.compile(r"systemd\[1\]: Dependency failed for ")
_STOP_TIMEOUT = re.compile(r"State '(?:stop|final)-\S*' timed out\.")


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
    turns = [number for number, entry in enumerate(lines) if _TURN.match(entry["text"])]
    succeeded = unit["result"] == "success"
    if not turns:
        return [] if succeeded else list(lines)
    stops = [number for number, entry in enumerate(lines) if _STOPPED.match(entry["text"])]
    if not succeeded and stops and stops[-1] > turns[-1]:
        # What systemd cannot prepare is never "Starting".
        later = lines[stops[-1] + 1 :]
        if any(_read(entry["text"]) for entry in later):
            return later
    if unit["active"] == "activating" and len(turns) > 1 and _again(lines, turns[-2], turns[-1]):
        return lines[turns[-2] : turns[-1]]
    # A unit of Type=simple has started before php-fpm said a word.
    was_starting = len(turns) > 1 and ": Starting " in lines[turns[-2]]["text"]
    went_well = ": Started " in lines[turns[-1]]["text"] and (succeeded or was_starting)
    return _reload(lines[turns[-1] :]) if went_well else lines[turns[-1] :]


def _again(lines: List["UnitLine"], before: int, last: int) -> bool:
    """Whether the last of two starts has just begun, and the one before failed: a unit with Restart=."""
    between = [entry["text"] for entry in lines[before:last]]
    later = [entry for entry in lines[last + 1 :] if _read(entry["text"])]
    return not later and any(_FAILED.match(text) for text in between)


def _reload(lines: List["UnitLine"]) -> List["UnitLine"]:
    """Those in which a master that ran became a new one that did not start: only at its start it exits so."""
    ends = [entry for entry in lines if _ENDED_AT_START.search(entry["text"])]
    if not ends:
        return []
    ended = ends[-1]["at"]
    return [entry for entry in lines if 0 <= ended - entry["at"] <= START_SECONDS]


def read_message(text: str) -> Optional[Tuple[Signature, List[str]]]:
    """The row of signatures/php_start.py that a line of the journal is, and what stood in its places."""
    of_unit = _OF_UNIT.match(text)
    if of_unit:
        return PHP_START.find(of_unit.group(1), UNIT)
    for phase, head in _HEADS:
        match = head.match(text)
        if match:
            return PHP_START.find(text[match.end() :], phase)
    return None


def _read(text: str) -> Optional[StartFailure]:
    of_unit = _OF_UNIT.match(text)
    step = _STEP.match(of_unit.group(1)) if of_unit else None
    if step:
        meaning = _NOT_RUN if step.group(1) == "EXEC" else _UNIT_STEP
        return StartFailure("unit-exit", meaning, [step.group(1)], text)
    failure = None if of_unit else read_line(text)
    hit = None if failure else read_message(text)
    return StartFailure(hit[0].id, hit[0].meaning, hit[1], text) if hit else failure


def attempt_of(unit: Optional["Unit"]) -> Attempt:
    lines = last_attempt(unit)
    ready = False
    read: List[StartFailure] = []
    for entry in lines:
        text = entry["text"]
        ready = ready or bool(_READY.match(text))
        # What php-fpm says once it is ready belongs to its requests.
        failure = _read(text) if not ready or text.startswith("systemd[") else None
        if failure:
            read.append(failure)
    chosen = choose(read)
    at = next((entry["at"] for entry in lines if chosen and entry["text"] == chosen.text), None)
    return Attempt(lines, chosen, at, ready)


def attempt_in_log(events: Sequence["Event"]) -> Attempt:
    """The last start by php-fpm's own log, where no unit has a journal. events: of one master."""
    dated = [event for event in events if event["last"]]

    def last(*names: str) -> float:
        return max([event["last"] for event in dated if meaning_of(event) in meanings(*names)], default=0.0)

    ended = last("start_failed", "reload_failed")
    if ended < last("runs", "in_order", "stopped"):
        return Attempt([], None, None, False)
    read: List[Tuple[float, StartFailure]] = []
    for event in dated:
        if 0 <= ended - event["last"] <= START_SECONDS and "claimed" not in event["detail"]:
            failure = read_line(event["sample"]["text"])
            read += [(event["last"], failure)] if failure else []
    read.sort(key=lambda row: row[0])
    chosen = choose([failure for _at, failure in read])
    return Attempt([], chosen, next((at for at, failure in read if failure == chosen), None), False)


def command_that_failed(lines: Sequence["UnitLine"]) -> Optional[Tuple["UnitLine", int]]:
    """(line, status) of a command that the unit runs before or after php-fpm. When php-fpm itself
    has ended, it is about what cleans up.
    """
    for entry in lines:
        match = _OF_UNIT.match(entry["text"])
        if match and match.group(1).startswith("Main process exited"):
            return None
        found = _CONTROL.match(match.group(1)) if match else None
        if found:
            return entry, int(found.group(1))
    return None


def main_process_ended(lines: Sequence["UnitLine"]) -> Optional["UnitLine"]:
    """The line of systemd about the exit of what ExecStart= runs."""
    ends = [entry for entry in lines if "Main process exited, code=exited, " in entry["text"]]
    return next((entry for entry in reversed(ends) if _OF_UNIT.match(entry["text"])), None)


def dependency_that_failed(unit: "Unit") -> Optional["UnitLine"]:
    """The line with which systemd gave up the last start, since another unit did not start."""
    for entry in reversed(unit["log"]):
        if _DEPENDENCY.match(entry["text"]):
            return entry
        if re.match(r"systemd\[1\]: (?:Start|Stopp)(?:ing|ed) ", entry["text"]):
            return None
    return None


def stop_timed_out(unit: "Unit") -> bool:
    """Whether Result=timeout is that of a stop: systemd killed what did not end by itself."""
    of_unit = [_OF_UNIT.match(entry["text"]) for entry in unit["log"]]
    return any(match and _STOP_TIMEOUT.match(match.group(1)) for match in of_unit)
