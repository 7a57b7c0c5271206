# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reply of the module remediation, made of what a run saw and did. Pure."""

from typing import TYPE_CHECKING, Callable, Dict, Hashable, List, Mapping, NamedTuple, Optional

from ..exchange.reply import fit, sendable
from ..work.step import TRIED, Refused
from .compare import Key, key
from .finding_results import failing_page, finding_results, still_active

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Status, Verdict
    from ...plugin_utils.shapes.remediation import Remediation, Reply, RunOutcome, Shown, Taken, Undone
    from ...plugin_utils.shapes.snapshot import Snapshot

Name = Callable[["Finding"], Hashable]
WELL = ("healthy", "recovered")
_CHANGED = frozenset(("would", "done", "failed"))


class Diagnosis(NamedTuple):
    """What a run starts from."""

    snapshot: "Snapshot"
    verdict: "Verdict"
    at: float  # epoch seconds
    window: int  # seconds of log
    check_mode: bool


class Done(NamedTuple):
    """What a run did, and what was seen."""

    actions: "List[Taken]"
    diff: List[Dict[str, str]]
    undone: "Optional[Undone]"
    last: "Verdict"  # when all was done
    before: "Mapping[Key, Shown]"  # of each finding
    after: "Mapping[Key, Shown]"
    answered_at: Optional[float]  # epoch seconds of the first good answer


def tried(actions: "List[Taken]") -> bool:
    return any(action["result"] in TRIED for action in actions)


def _outcome(check_mode: bool, done: Done) -> "RunOutcome":
    if tried(done.actions) or (done.undone and not check_mode):
        return "done"
    if done.undone or any(action["result"] == "would" for action in done.actions):
        return "would_change"
    return "nothing_to_do"


def _status(done: Done) -> "Status":
    """No host whose page fails is well. A diagnosis asks php-fpm, and a remediation the sites, too."""
    status = done.last["status"]
    fails = status in WELL and any(map(failing_page, done.after.values()))
    return "degraded" if fails else status


def _reply(
    diagnosis: Diagnosis, done: Done, outcome: "RunOutcome", refused: Optional[Refused], name: Name = key
) -> "Reply":
    """refused: the host was left alone."""
    verdict, last, status = diagnosis.verdict, done.last, _status(done)
    results = finding_results(
        verdict["findings"], done.actions, last["findings"], done.before, done.after, name
    )
    endpoints = diagnosis.snapshot["endpoints"]
    remediation: "Remediation" = {
        "check_mode": diagnosis.check_mode,
        "outcome": outcome,
        "refusal_kind": refused.kind if refused else None,
        "why": refused.why if refused else "",
        "status_before": verdict["status"],
        "status_after": None if diagnosis.check_mode or refused else status,
        "diagnosed_at": diagnosis.at,
        "answered_after": round(done.answered_at - diagnosis.at, 2) if done.answered_at else None,
        "undone": done.undone,
        "actions": done.actions,
        "findings": [{**result, "why": refused.why if refused else result["why"]} for result in results],
        "still": still_active(verdict["findings"], endpoints, last["findings"])
        if tried(done.actions)
        else [],
    }
    return {
        **fit(sendable(verdict)),
        "changed": bool(done.undone) or any(action["result"] in _CHANGED for action in done.actions),
        "window": diagnosis.window,
        "status": status,
        "diff": done.diff,
        "snapshot": sendable(diagnosis.snapshot),
        "remediation": sendable(remediation),
    }


def reply(diagnosis: Diagnosis, done: Done, name: Name = key) -> "Reply":
    """name: equal for the same finding of two diagnoses."""
    return _reply(diagnosis, done, _outcome(diagnosis.check_mode, done), None, name)


def left_alone(diagnosis: Diagnosis, refused: Refused) -> "Reply":
    """The reply of a run that did nothing."""
    outcome: RunOutcome = "busy" if refused.kind == "busy" else "left_alone"
    return _reply(diagnosis, Done([], [], None, diagnosis.verdict, {}, {}, None), outcome, refused)
