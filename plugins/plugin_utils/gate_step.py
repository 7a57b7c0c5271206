# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate as a part of fleet_report: judged once a look, and looked again while it may become calm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from . import gate, gate_table, played, printer
from .layout import Line
from .policy import complaints
from .policy_words import PHASES
from .shapes.report import Report
from .text import letters

OPTIONS: dict[str, Any] = {
    "phase": {"type": "str", "required": True, "choices": list(PHASES)},
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


class Step(NamedTuple):
    """again: there is time for another look, and what was seen is not calm. returned: by the task."""

    again: bool
    complaints: dict[str, str]
    lines: list[Line]
    returned: dict[str, Any]


def step(report: Report, options: Mapping[str, Any], task_vars: Mapping[str, Any], now: float) -> Step:
    """Puts the judgement into the report. Before a deploy it keeps the report as the baseline."""
    made = report["gate"] = gate.judged(report, options, task_vars, now)
    until = options["until"] or now + options["wait"]
    again = made["verdict"] == "fail" and now + options["delay"] <= until
    if options["phase"] == gate.BEFORE and not again:
        made["baseline"] = gate.absolute(options["baseline"])
        batch = set(played.batch(task_vars))
        gate.keep(gate.of_all_batches(report, batch, options["baseline"]), options["baseline"])
    returned = {
        "again": again,
        "until": until,
        "gate": {name: value for name, value in made.items() if name != "reasons"},
    }
    asked = options["path"] if options["pages"] else ""
    findings = [finding for entry in report["hosts"].values() for finding in entry["findings"]]
    above = {finding["fix"] for finding in findings if finding["state"] == "active"}
    above |= {entry["error"] for entry in report["hosts"].values() if "error" in entry}
    with letters(printer.SCREEN.unicode):
        lines = gate_table.render(made, asked, printer.PAGE, above)
    return Step(
        again,
        complaints(made, played.batch(task_vars)),
        lines,
        returned,
    )
