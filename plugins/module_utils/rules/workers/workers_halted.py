# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of php-fpm are there and do not run: stopped, traced, frozen, or in an uninterruptible wait."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...signatures.lookup import meanings
from ...signatures.nginx import QUEUE_FULL
from ..case import HIDDEN, Case
from ..model import NOTHING, Answer, Cause, Match, Place, Reason, Rule, evidence, first_line, ids
from ..seen import Seen

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.memory import Halted

CAUSE = Cause("workers_halted", ids("disk_wait frozen master_halted stopped traced"))
WAITED = QUEUE_FULL | meanings("timed_out", "send_timed_out", "gateway_timeout", "broken_off")
MOST_NAMED = 8  # pids
# Kinds, the one that explains the others first; what ps(1) shows of each.
FROZEN, STOPPED, TRACED, DISK_WAIT = "frozen", "stopped", "traced", "disk_wait"
STATES = {
    FROZEN: "frozen with the cgroup %s",
    STOPPED: "stopped (state T): a SIGCONT wakes them",
    TRACED: "stopped by a tracer (state t): %s",
    DISK_WAIT: "in an uninterruptible sleep (state D), in the kernel's %s",
}


def _by_pid(seen: Seen) -> Dict[int, "Halted"]:
    return {process["pid"]: process for process in seen.snapshot.get("halted") or []}


def halted_of(case: Case) -> List["Halted"]:
    """Workers of the pools behind an endpoint."""
    if not case.snapshot.get("halted"):
        return []
    known = case.seen.once(_by_pid)
    pids = [worker["pid"] for owner in case.running for worker in case.workers(owner)]
    return [known[pid] for pid in pids if pid in known]


def _master_of(case: Case) -> Optional["Halted"]:
    known = case.seen.once(_by_pid)
    masters = [known.get(owner.master["pid"] or 0) for owner in case.running]
    return next(filter(None, masters), None)


def _remote_files(case: Case) -> Dict[int, str]:
    if not case.snapshot.get("waits"):
        return {}
    from .waiting import remote_files

    return remote_files(case)


def _wait_behind(case: Case) -> bool:
    """Whether those in state D wait for the server of a file system, or for another worker that does."""
    return {process["kind"] for process in halted_of(case)} == {DISK_WAIT} and bool(_remote_files(case))


def is_halted(case: Case) -> bool:
    """Whether so many workers do not run, or are not started, that the others tell nothing of the pool's
    size.
    """
    if not case.snapshot.get("halted") or _wait_behind(case):
        return False
    halted, total = halted_of(case), sum(len(case.workers(owner)) for owner in case.running)
    return 2 * len(halted) >= total if halted else not total and _master_of(case) is not None


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


def _all_run(case: Case) -> Answer:
    seen = case.snapshot.get("halted") and case.running
    return None if seen and (halted_of(case) or _master_of(case)) else NOTHING


def _every(case: Case) -> "List[Halted]":
    master = _master_of(case)
    return halted_of(case) + ([master] if master else [])


def _kind(case: Case) -> str:
    """The one that explains the others."""
    kinds = {process["kind"] for process in _every(case)}
    return next(kind for kind in STATES if kind in kinds)


def _named_by_waiting(case: Case) -> Answer:
    """waiting.py names the server of the file system."""
    return NOTHING if _kind(case) == DISK_WAIT and _wait_behind(case) else None


def _summary(case: Case) -> str:
    halted, master, kind = halted_of(case), _master_of(case), _kind(case)
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


def _halted(case: Case) -> Match:
    lost, kind = case.lost(WAITED if case.answers else WAITED | HIDDEN), _kind(case)
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


RULE = Rule("workers_halted", (CAUSE,), (_all_run, _named_by_waiting, _halted))
