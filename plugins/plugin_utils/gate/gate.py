# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate on the controller: its terms, its baseline, and the judgement of a report by them."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..answers import played
from ..answers.bounds import reader_of
from ..answers.untrusted import Mismatch, clean
from ..reports import saved
from ..reports.compare import epoch
from ..reports.folder import absolute, put, text_of
from ..reports.replay import Foreign, NoReport
from ..reports.report import summarise
from ..shapes.gate import Gate, Phase, Policy, Reason
from ..shapes.report import Report
from . import gate_answers, gate_own, policy_reader
from .looks import Baseline, Looks, Refused
from .policy import judge

BEFORE: Phase = "before"
# A clock that is a little ahead is no mistake.
AHEAD = 60
# 2000-01-01. What lies before it is a typing mistake: seconds to go back, or a date without its dashes.
FIRST_MOMENT = 946_684_800
GATE = reader_of(Gate)


class GateError(ValueError):
    """The gate cannot be judged. The message is a sentence for the user."""


class Terms(NamedTuple):
    """since: epoch seconds, None before the deploy. window: seconds that the look needs for it."""

    policy: Policy
    since: float | None
    window: int
    baseline: Baseline | None


def terms(
    phase: Phase,
    policy: Any,
    baseline: str,
    since: Any,
    window: int,
    now: float,
    max_age: float = math.inf,
    times: Mapping[str, float] | None = None,
) -> Terms:
    """What the user said, checked before any host is asked. Raises GateError.

    max_age: seconds. The baseline of an earlier deploy would excuse what this one broke again. times: other
    seconds that the user said, by their names.
    """
    try:
        read = policy_reader.read(policy)
    except policy_reader.PolicyError as error:
        raise GateError(str(error)) from None
    if window < 1:
        raise GateError("gate_window is %d: it must be 1 second or more" % window)
    for name, seconds in (times or {}).items():
        if not 0 <= seconds < math.inf:
            raise GateError("%s is %s: it must be a number of seconds from 0 on" % (name, seconds))
    if phase == BEFORE:
        if not baseline:
            raise GateError("gate_baseline is empty: name the file that keeps the baseline")
        return Terms(read, None, window, None)
    found = baseline_of(baseline) if baseline else None
    age = now - epoch(found.report["generated_at"]) if found else 0
    if found and not -AHEAD <= age <= max_age:
        why = "longer ago than gate_baseline_max_age" if age >= 0 else "in the future of this clock"
        raise GateError(
            "the baseline %s is of %s, which is %s: run the gate with gate_phase=before first"
            % (found.path, found.report["generated_at"], why)
        )
    began = moment(since, now)
    if began is None:
        if found is None:
            raise GateError("gate_since is needed where gate_baseline is empty: when did the deploy begin?")
        began = epoch(found.report["generated_at"])
    return Terms(read, began, max(window, math.ceil(now - began) + 1), found)


def moment(value: Any, now: float) -> float | None:
    """Epoch seconds of gate_since. None where it is empty. Raises GateError."""
    if value is None or str(value).strip() == "":
        return None
    try:
        at = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        try:
            parsed = datetime.fromisoformat(str(value).strip().replace("Z", "+00:00"))
        except ValueError:
            raise _no_moment(value) from None
        if parsed.tzinfo is None:
            raise GateError(
                "gate_since has no time zone: add Z or an offset, as in 2026-01-31T08:30:00+01:00"
            ) from None
        at = parsed.timestamp()
    if not FIRST_MOMENT <= at < math.inf:
        raise _no_moment(value)
    if at > now + AHEAD:
        raise GateError("gate_since lies in the future: nothing can have been lost since then")
    return min(at, now)


def _no_moment(value: Any) -> GateError:
    return GateError(
        "gate_since is %s: it must be epoch seconds, or a time such as 2026-01-31T08:30:00Z"
        % clean(str(value))[:80]
    )


# ------------------------------------------------------------------------------------------ the baseline


def baseline_of(path: str) -> Baseline:
    """Raises GateError. What another account could have written would excuse any finding."""
    try:
        found = _own(absolute(path))
    except Foreign as error:
        raise GateError("the baseline %s" % error) from None
    except NoReport as error:
        raise GateError(
            "there is no baseline: %s. Run the gate with gate_phase=before first, or name gate_baseline"
            % error
        ) from None
    return Baseline(found.path, found.report, frozenset(_gate_of(found.gate)), gate_own.read(found.gate))


def _own(path: str) -> saved.Saved:
    """A directory may lead to its newest report by links."""
    file = saved.file_of(path)
    return saved.read(file if file == path else os.path.realpath(file), own=True)


def _gate_of(kept: object) -> list[Refused]:
    """What the gate refused then; nothing where the report is none of a gate. What it let pass excuses
    nothing: the same kind may have been harmless.
    """
    return [
        Refused(reason["host"], reason["cause"], reason["reason"], reason["site"], reason["pool"])
        for reason in _reasons(kept)
        if reason["decision"] == "fail" or reason["waiver"]
    ]


def _reasons(kept: object) -> list[Reason]:
    try:
        reasons: list[Reason] = GATE(kept, "gate")["reasons"]
    except Mismatch:
        return []
    return reasons


def of_all_batches(report: Report, batch: Collection[str], path: str) -> Report:
    """The report with each host as it was before its own deploy. What is kept of this run's earlier batches
    stays: by now they show what the deploy has done to them.
    """
    hosts = {name: entry for name, entry in report["hosts"].items() if name in batch}
    reasons = list(report["gate"]["reasons"])
    try:
        found = _own(absolute(path))
        kept, judged_then = found.report, found.gate
    except (Foreign, NoReport):
        kept, judged_then = None, None
    if kept and "run" in kept and "run" in report and kept["run"]["id"] == report["run"]["id"]:
        hosts = {**kept["hosts"], **hosts}
        reasons += [reason for reason in _reasons(judged_then) if reason["host"] not in batch]
    return {
        **report,
        "hosts": hosts,
        "summary": summarise(hosts),
        "gate": {**report["gate"], "reasons": reasons},
    }


def keep(report: Report, path: str) -> str:
    """Writes the baseline, and reads it again: what cannot be read must not be noticed after the deploy.

    Returns its path. Raises GateError.
    """
    file = absolute(path)
    try:
        os.makedirs(os.path.dirname(file), mode=0o755, exist_ok=True)
        put(file, text_of(report))
        _own(file)
    except OSError as error:
        raise GateError("the baseline was not written to %s: %s" % (file, error.strerror or error)) from None
    except Foreign as error:
        raise GateError("the baseline %s" % error) from None
    except NoReport as error:
        raise GateError("%s. Set gate_snapshot to false for so many hosts" % error) from None
    return file


# ------------------------------------------------------------------------------------------ the judgement


def judged(
    report: Report,
    options: Mapping[str, Any],
    task_vars: Mapping[str, Any],
    now: float,
    look: played.Look,
    unasked: Sequence[str] = (),
) -> Gate:
    """options: of fleet_report's gate. unasked: hosts that gave no answer to this gate. They are judged with
    the hosts of this batch, and so are those of the baseline that are not in the play. Raises GateError.
    """
    phase = options["phase"]
    found = terms(phase, options["policy"], options["baseline"], options["since"], report["window"], now)
    pages = _answers(task_vars, options["pages"], gate_answers.pages, look)
    # The report of before the deploy has counted those of the looks before its last one.
    own = {} if phase == BEFORE else gate_own.known(task_vars, options["report"], phase, report["hosts"])
    restart = _answers(task_vars, options["restart"], gate_answers.restart, look)
    looks = Looks(report, found.baseline, found.since, restart, pages, own)
    everyone = [str(name) for name in task_vars["ansible_play_hosts_all"]]
    gone = [name for name in (looks.before["hosts"] if looks.before else ()) if name not in everyone]
    gate = judge(
        looks,
        found.policy,
        now,
        list(dict.fromkeys([*played.batch(task_vars), *unasked, *gone])),
        phase,
        fleet=len(everyone),
    )
    gate["own"] = gate_own.listed(gate_own.added(own, gate_own.page_counts(pages)))
    return gate


def _answers(
    task_vars: Mapping[str, Any], variable: str | None, read: Any, look: played.Look
) -> dict[str, Any] | None:
    """What each host answered to another module. None where it was not asked for."""
    if not variable:
        return None
    return {
        name: read(result, name)
        for name, result in played.collected(task_vars, variable, look=look)
        if result is not None
    }
