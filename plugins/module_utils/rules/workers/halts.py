# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of workers_halted: what keeps them from running."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...signatures.nginx import HIDDEN
from ..case import Case
from ..model import NOTHING, Answer, Match, Place, Reason, evidence, first_line
from .workers_halted import CAUSE, DELAYED, DISK_WAIT, halted_of, is_halted, master_of, wait_behind

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.memory import Halted

MOST_NAMED = 8  # pids
FROZEN, STOPPED, TRACED = "frozen", "stopped", "traced"
# Kinds, the one that explains the others first; what ps(1) shows of each.
STATES = {
    FROZEN: "frozen with the cgroup %s",
    STOPPED: "stopped (state T): a SIGCONT wakes them",
    TRACED: "stopped by a tracer (state t): %s",
    DISK_WAIT: "in an uninterruptible sleep (state D), in the kernel's %s",
}


def _holder(process: "Halted") -> Optional[str]:
    if "tracer" in process:
        return "%(comm)s (pid %(pid)d)" % process["tracer"]
    # A snapshot from before 0.13.0 has the words.
    return process.get("cgroup") or process.get("function") or process.get("why")


def _words(halted: Sequence["Halted"], kind: str) -> str:
    words, holder = STATES[kind], next(filter(None, map(_holder, halted)), "(unknown)")
    return words % holder if "%s" in words else words


def _stopped(halted: Sequence["Halted"]) -> List[int]:
    return [process["pid"] for process in halted if process["kind"] == STOPPED]


def _proof(halted: Sequence["Halted"]) -> List["Evidence"]:
    kinds: Dict[str, List[Halted]] = {}
    for process in halted:
        kinds.setdefault(process["kind"], []).append(process)
    proof = []
    for kind in STATES:
        alike = kinds.get(kind, [])
        if alike:
            pids = ", ".join(str(process["pid"]) for process in alike[:MOST_NAMED])
            more = " and %d more" % (len(alike) - MOST_NAMED) if len(alike) > MOST_NAMED else ""
            path = _holder(alike[0]) if kind == FROZEN else None
            proof.append(evidence("process", "pid %s%s: %s" % (pids, more, _words(alike, kind)), path))
    pids = " ".join(map(str, _stopped(halted)))
    return proof + ([evidence("pids", pids)] if pids else [])


def _every(case: Case) -> "List[Halted]":
    master = master_of(case)
    return halted_of(case) + ([master] if master else [])


def _kind(case: Case) -> str:
    """The one that explains the others."""
    kinds = {process["kind"] for process in _every(case)}
    return next(kind for kind in STATES if kind in kinds)


def _summary(case: Case) -> str:
    halted, master, kind = halted_of(case), master_of(case), _kind(case)
    name, total = case.running[0].pool["name"], sum(len(case.workers(each)) for each in case.running)
    who = "%d of %d workers of pool %s are" % (len(halted), total, name)
    if not halted:
        who = "The master of pool %s is" % name
    elif master:
        who = "The master and " + who
    end = "others answer" if halted else "workers that run answer, and nothing starts or ends one"
    if not case.answers:
        end = "%s gets no answer" % case.key
    alike = [process for process in _every(case) if process["kind"] == kind]
    return "%s %s; %s." % (who, _words(alike, kind), end)


def _frozen_slice(case: Case) -> Optional[Place]:
    """To thaw the unit in it would help nobody."""
    owner, paths = case.running[0], [process.get("cgroup") or "" for process in _every(case)]
    name = max(paths).rpartition("/")[2]
    return Place(owner.pool["name"], name) if name.endswith(".slice") else None


def halted(case: Case) -> Answer:
    kind = _kind(case)
    if kind == DISK_WAIT and wait_behind(case):
        return NOTHING  # waiting.py names the server of the file system
    lost = case.lost(DELAYED if case.answers else DELAYED | HIDDEN)
    every = _every(case)
    frozen = [process.get("cgroup") for process in every if process["kind"] == FROZEN]
    reason = Reason(
        _summary(case),
        _proof(every)
        + [case.dialled(), evidence("probe", "%s: %s" % (case.key, case.probe["result"]))]
        + first_line(lost),
        lost,
        # With most workers running, something else keeps them from an answer.
        severity=None if not case.answers and is_halted(case) else "warning",
        place=_frozen_slice(case) if kind == FROZEN else None,
        facts={"pids": _stopped(every), "path": frozen[0] if frozen else None},
    )
    return Match(CAUSE, "master_halted" if not halted_of(case) and kind != FROZEN else kind, reason)
