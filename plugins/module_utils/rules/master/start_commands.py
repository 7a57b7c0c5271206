# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A start that failed at what the unit runs: a command beside php-fpm, or a program that is not php-fpm."""

from typing import TYPE_CHECKING, List, Optional

from ...parse.linux.unit_starts import STARTING, of_meaning
from ...parse.php_fpm.starts import START_SECONDS, command_that_failed, main_process_ended
from ...parse.titles import is_fpm
from ...signatures.systemd import BY_SYSTEMD
from ..model import Reason
from .down import Down
from .whereabouts import of_journal

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import UnitLine

# As systemd names the step: start-pre operation timed out.
STEPS = {"-pre": "ExecStartPre=", "-post": "ExecStartPost="}


def _last_words(down: Down, ended: "UnitLine") -> List["UnitLine"]:
    """The last line of what ended. It is shown, and nothing is concluded from it."""
    began = down.attempt.lines[0]["at"] - 0.5
    lines = list(down.attempt.lines) + list((down.unit.get("said") if down.unit else None) or [])
    output = [
        line for line in lines if line.get("by") != BY_SYSTEMD and began <= line["at"] <= ended["at"] + 0.5
    ]
    output.sort(key=lambda line: line["at"])
    return output[-1:]


def _reason(down: Down, what: str, status: int, ended: "UnitLine") -> Reason:
    output = _last_words(down, ended)
    words = "%s cannot start: %s ended with status %d" % (down.name, what, status)
    if output:
        words += ": " + output[0]["text"][:200]
    return Reason(words, of_journal(output + [ended]) + [down.state])


def command(down: Down) -> Optional[Reason]:
    """One that the unit runs before or after php-fpm, ExecStartPre= or ExecStartPost=."""
    failed = command_that_failed(down.attempt.lines) if down.failure is None else None
    if failed is None or down.unit is None:
        return None
    whose = "that starts it" if down.unit.get("type") == "forking" else "that its unit runs beside php-fpm"
    return _reason(down, "a command %s" % whose, failed[1], failed[0])


def hung(down: Down) -> Optional[Reason]:
    """The same, where it did not end in time: what systemd waits for is not php-fpm. Whether it ends by now,
    as one that waits for a mount does, only a start shows.
    """
    failure = down.failure
    if failure is None or not down.failed_with("start_timeout"):
        return None
    step = STEPS.get(failure.first)
    if step is None:
        return None
    words = "%s did not start: a command of %s in its unit did not end in time" % (down.name, step)
    return Reason(words, down.proof, confidence="likely")


def _ended(down: Down) -> "Optional[UnitLine]":
    """The line of its end, where it ended while it started, and nothing that it loads was changed since."""
    unit, lines = down.unit, down.attempt.lines
    if unit is None or down.failure or down.result != "exit-code" or not lines or down.attempt.ready:
        return None
    line = main_process_ended(lines)
    began = of_meaning(lines[:1], STARTING)
    if line is None or not (began or line["at"] - lines[0]["at"] <= START_SECONDS):
        return None
    return None if down.changed_since(line["at"]) else line


def is_of_fpm(down: Down) -> bool:
    command_line = (down.unit["command"] if down.unit else None) or ""
    return not command_line or is_fpm(command_line.partition(" ")[0])


def wrapper(down: Down) -> Optional[Reason]:
    line = None if is_of_fpm(down) else _ended(down)
    if line is None or down.unit is None:
        return None
    return _reason(down, down.unit["command"] or "", down.unit["exec_main_status"], line)


def without_words(down: Down) -> Optional[Reason]:
    """php-fpm itself, with a status that it has for no step of its start."""
    line = _ended(down)
    if line is None or down.unit is None:
        return None
    return _reason(down, "what it loads", down.unit["exec_main_status"], line)._replace(confidence="likely")
