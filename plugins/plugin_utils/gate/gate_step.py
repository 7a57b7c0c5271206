# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate as a part of fleet_report: judged once a look, and looked again while it may become calm."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from ..answers import played
from ..answers.complaints import harmless
from ..shapes.report import Report
from ..terminal import printer
from ..terminal.layout import Line
from ..terminal.text import letters, plural, span, wrap
from . import gate, gate_table
from .policy import complaints
from .policy_words import PHASES

OPTIONS: dict[str, Any] = {
    "phase": {"type": "str", "required": True, "choices": list(PHASES)},
    "terms": {"type": "str", "required": True},
    "looked": {"type": "float", "default": 0.0},
    "report": {"type": "str", "default": ""},
    "policy": {"type": "raw", "default": {}},
    "baseline": {"type": "path", "default": ""},
    "since": {"type": "raw"},
    "restart": {"type": "str", "default": ""},
    "pages": {"type": "str", "default": ""},
    "path": {"type": "str", "default": ""},
    "wait": {"type": "float", "default": 0.0},
    "delay": {"type": "float", "default": 10.0},
    "until": {"type": "float", "default": 0.0},
}


# Each look of a gate is nested in the one before it, and the engine can nest only so deep.
MOST_LOOKS = 100
UNASKED = (
    "it was not asked since this gate began: it left the play before, or a condition on the role left it out"
)


class Step(NamedTuple):
    """again: there is time for another look, and what was seen is not calm. lines: for the screen. returned:
    by the task.
    """

    again: bool
    complaints: dict[str, str]
    lines: list[Line]
    returned: dict[str, Any]


def delay_of(options: Mapping[str, Any]) -> float:
    """Seconds between two looks, so many that there are not too many looks."""
    return max(float(options["delay"]), float(options["wait"]) / MOST_LOOKS)


def blamed(
    refused: Mapping[str, str],
    batch: Sequence[str],
    known: Container[str],
    stops: bool,
    unasked: Container[str] = (),
    failed: Container[str] = (),
) -> dict[str, str]:
    """Why each host fails. One that does not run the gate cannot, so others of the batch fail in its place.
    It may be one that the play does not know, or that a condition left out. Or it left the play where all
    must end, and no other host ends it.

    unasked: hosts that do not run this gate. failed: those of them that failed for themselves already.
    """
    words = {name: "%s: %s" % (name, why) for name, why in refused.items()}
    here = {name: why for name, why in refused.items() if name in known}
    looked_at = [name for name in batch if name not in unasked]
    gone = [words[name] for name in refused if name not in known or name in batch and name not in looked_at]
    if stops and not any(name in looked_at for name in here):
        gone += [words[name] for name in here if name not in failed]
    return {**{name: gone[0] for name in looked_at if gone}, **here}


def failed_earlier(
    task_vars: Mapping[str, Any], variable: str, phase: str, names: Sequence[str]
) -> frozenset[str]:
    """Those that failed for themselves already, by an earlier gate after this deploy."""
    found = {name: task_vars["hostvars"].raw_get(name).get(variable) or {} for name in names}
    return frozenset(
        name
        for name, made in found.items()
        if name in made.get("complaints", ()) and made["gate"]["phase"] == phase
    )


def _again(
    refused: Mapping[str, str],
    options: Mapping[str, Any],
    task_vars: Mapping[str, Any],
    batch: Sequence[str],
    left: float,
) -> tuple[str, list[Line]]:
    """(why it looks again, the lines that say so). No line where that was said of the look before.

    left: seconds in which it may become calm.
    """
    host, reason = next(iter(refused.items()))
    others = " And %s." % plural(len(refused) - 1, "more host") if refused.keys() - {host} else ""
    why = harmless("%s: %s%s" % (host, reason, others))
    looks = (task_vars["hostvars"].raw_get(name).get(options["report"]) or {} for name in batch)
    if any(look.get("again") and look.get("why") == why for look in looks):
        return why, []
    message = "Closed so far, it looks again for up to %s. %s" % (span(round(left)), why)
    return why, [(line, "yellow") for line in wrap(message, printer.PAGE.width, 5)]


def step(
    report: Report,
    options: Mapping[str, Any],
    task_vars: Mapping[str, Any],
    now: float,
    unasked: Sequence[str] = (),
    stops: bool = True,
) -> Step:
    """Puts the judgement into the report. Before a deploy it keeps the report as the baseline.

    unasked: hosts that gave no answer to this gate. stops: whether one ill host ends the play for all.
    """
    for name in unasked:
        report["hosts"][name].update({"error": UNASKED, "error_kind": "not_asked"})
    look = played.look_of(task_vars, options["terms"], options["looked"])
    made = report["gate"] = gate.judged(report, options, task_vars, now, look, unasked)
    batch = played.batch(task_vars)
    refused = complaints(made, batch)
    failed = failed_earlier(task_vars, options["report"], options["phase"], unasked)
    delay = delay_of(options)
    until = options["until"] or now + options["wait"]
    again = (
        bool(refused)
        and all(name in batch and name not in unasked for name in refused)
        and now + delay <= until
    )
    if options["phase"] == gate.BEFORE and not again:
        made["baseline"] = gate.absolute(options["baseline"])
        own = gate.of_all_batches(report, set(played.batch(task_vars)), options["baseline"])
        gate.keep(own, options["baseline"])
    returned = {
        "again": again,
        "until": until,
        "delay": delay,
        "looked": now,
        "gate": {name: value for name, value in made.items() if name != "reasons"},
    }
    if again:
        with letters(printer.SCREEN.unicode):
            returned["why"], lines = _again(refused, options, task_vars, batch, until - now)
        return Step(again, {}, lines, returned)
    path = options["path"] if options["pages"] else ""
    findings = [finding for entry in report["hosts"].values() for finding in entry["findings"]]
    above = {finding["fix"] for finding in findings if finding["state"] == "active"}
    above |= {entry["error"] for entry in report["hosts"].values() if "error" in entry}
    with letters(printer.SCREEN.unicode):
        lines = gate_table.render(made, path, printer.PAGE, above)
    return Step(
        again,
        blamed(refused, batch, report["hosts"], stops, unasked, failed),
        lines,
        returned,
    )
