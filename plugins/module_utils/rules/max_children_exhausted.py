# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 4: every worker of the pool is busy and requests wait in the listening socket's queue."""

from typing import Any, List, Optional

from ..signatures.lookup import meaning_of, meanings
from .case import NO_PLACE, QUEUE_FULL, TIMED_OUT, Case, Owner, near, reconfigured, span
from .model import Clear, Loss, Match, Remedy, Unclear, evidence, sample

CAUSE = "max_children_exhausted"
PROCESS_MAX = meanings("process_max")
LIMIT_REACHED = PROCESS_MAX | meanings("pool_full")
# A pool that is full logs it once an episode and nginx gives up a whole read timeout later.
EPISODE_SECONDS = 90.0
SLACK = 30.0
JUST_NOW = 5.0  # seconds: a queue that refused somebody so shortly ago is not over because a worker came free
PATIENCE = 5.0  # seconds that a visitor waits at least, where nobody who waits shows it


def _workers(case: Case, owner: Owner) -> List[dict]:
    return [
        worker
        for _number, worker in case.seen.workers_of.get((owner.master["config"], owner.pool["name"]), ())
    ]


def _occupied(case: Case) -> Optional[int]:
    counts = [case.probe.get("accepted"), case.endpoint.get("accepted")]
    return max([count for count in counts if count is not None], default=None)


def _at_limit(case: Case, owner: Owner) -> bool:
    limit = owner.pool["max_children"]
    return limit is not None and (_occupied(case) or 0) >= limit


def _answer(case: Case) -> str:
    if case.connect["result"] != "ok":
        return "no place in the queue"
    if case.answers:
        return "an answer only after %.1f s" % (case.probe["ms"] / 1000.0)
    return "no answer in %g s" % (case.probe.get("waited") or 0)


def _flow(case: Case) -> Optional[dict]:
    flow = case.endpoint.get("flow")
    return flow if flow and None not in flow.values() else None


def _clogged(case: Case, number: int) -> bool:
    """Whether those who have given up take longer, with twice the workers, than the others have patience."""
    flow, live = _flow(case), case.waiting - case.dead
    if flow is None or case.dead <= max(live, number):
        return False
    # Who waits came within the patience of one.
    patience = live * flow["seconds"] / flow["arrived"] if live and flow["arrived"] else PATIENCE
    return bool(case.dead * flow["seconds"] > patience * 2 * flow["answered"])


def _refuses(case: Case, owner: Owner) -> Optional[Match]:
    """Requests are refused between two of which a worker took the probe: a backlog of a few places is full
    and has room by turns.
    """
    lost, limit = case.lost(QUEUE_FULL), owner.pool["max_children"] or 0
    busy = max(_occupied(case) or 0, sum(1 for worker in _workers(case, owner) if worker.get("busy")))
    if (
        not lost
        or busy < max(1, limit - 1)
        or case.snapshot["taken_at"] - lost[-1].at > JUST_NOW
        or reconfigured(owner.master, lost[-1].at)
    ):
        # with more workers free it is over, or a burst finds too few places, whatever the workers
        return None
    words = (
        "The queue of pool %s is too short for its visitors: it refused one %.0f s ago (pm = %s, pm.max_children = %s, backlog %s)."
        % (
            owner.pool["name"],
            case.snapshot["taken_at"] - lost[-1].at,
            owner.pool["pm"],
            limit,
            case.endpoint.get("backlog"),
        )
    )
    return _match(case, owner, False, words, [sample(lost[-1].event)], lost, confidence="likely")


def _full(case: Case, owner: Owner) -> Any:
    workers = _workers(case, owner)
    number = len(workers)
    limit = owner.pool["max_children"]
    occupied = _occupied(case)
    total = len(case.seen.workers_of.get(owner.master["config"], ()))
    capped = (
        bool(owner.master["process_max"])
        and total >= owner.master["process_max"]
        and limit is not None
        and number < limit
    )
    at_limit = capped or (limit is not None and number >= limit)
    idle = number > 0 and all(worker.get("busy") is False for worker in workers)
    if (idle and not occupied) or not (at_limit or case.waiting or _at_limit(case, owner)):
        return Unclear(
            "live_probe",
            "the listener of %s took the connection, but none of its %d workers (at most %s) answered"
            % (case.key, number, limit),
        )
    lost = case.lost(TIMED_OUT | QUEUE_FULL)
    logged = case.pool_events(LIMIT_REACHED)
    abandoned = case.endpoint.get("abandoned")
    left = ", %d of them for clients who have gone" % abandoned if abandoned else ""
    proof = [
        evidence(
            "socket",
            "%s: %s of %s workers serve a request%s, %s, and the probe got %s"
            % (
                case.key,
                occupied if occupied is not None else number,
                limit,
                left,
                case.queue_told,
                _answer(case),
            ),
        )
    ]
    flow = _flow(case)
    if flow:
        told = "within %(seconds).1f s %(arrived)d requests came and %(answered)d were answered" % flow
        proof.append(evidence("socket", told))
    proof += [sample(event) for event in logged[:1] + [loss.event for loss in lost[:1]]]
    words = "All %d workers of pool %s are busy (pm = %s, %s) and %s." % (
        number,
        owner.pool["name"],
        owner.pool["pm"],
        "process.max = %s" % owner.master["process_max"] if capped else "pm.max_children = %s" % limit,
        "%d requests wait, %d of them have given up" % (case.waiting, case.dead)
        if case.dead
        else "requests wait",
    )
    since = [span(lost)[0]] + [event["first"] for event in logged]
    asked = {"drop_backlog": True} if _clogged(case, number) else {}
    return _match(
        case,
        owner,
        capped,
        words,
        proof,
        lost,
        asked,
        confidence="certain" if at_limit else "likely",
        since=min([moment for moment in since if moment is not None], default=None),
    )


def _match(
    case: Case,
    owner: Owner,
    capped: bool,
    words: str,
    proof: List[dict],
    lost: List[Loss],
    asked: Optional[dict] = None,
    **more: Any,
) -> Match:
    """capped: by process.max, before the pool's own pm.max_children. asked: more arguments of the action."""
    remedy = Remedy("process_max_set" if capped else "pool_size_set", dict(owner.place, **asked or {}))
    return case.match(
        CAUSE, "process_max" if capped else "max_children", words, proof, lost, owner, remedy=[remedy], **more
    )


def _was_full(case: Case) -> Any:
    """Timeouts beside the pool's own message, which a static pool never writes."""
    for owner in case.owners:
        logged = case.pool_events(LIMIT_REACHED) + case.master_events(PROCESS_MAX)
        patience = max(
            EPISODE_SECONDS, SLACK + max(route["read_timeout"]["seconds"] for route in case.routes)
        )
        lost = near(
            case.lost(TIMED_OUT | QUEUE_FULL), [at for event in logged for at in event["times"]], patience
        )
        if not lost and owner.pool["pm"] == "static":
            lost = case.lost(NO_PLACE)
        if not lost:
            continue
        capped = bool(logged) and all(meaning_of(event) in PROCESS_MAX for event in logged)
        return _match(
            case,
            owner,
            capped,
            "Pool %s ran out of workers for a while and has free ones now." % owner.pool["name"],
            [sample(event) for event in logged[:1] + [lost[0].event]],
            lost,
            state="recovered",
            severity="warning",
            confidence="likely",
        )
    return None


def examine(case: Case) -> Any:
    if not case.running or case.foreign_listeners:
        return None
    # Between two requests the probe may be answered; with requests lost, the wait is the cause all the same.
    if (
        case.answers_late
        and case.lost(TIMED_OUT | QUEUE_FULL)
        and (case.waiting or _at_limit(case, case.running[0]))
    ):
        return _full(case, case.running[0])
    if case.answers:
        free = Clear(
            "a worker of %s was free to answer the probe in %.1f ms" % (case.key, case.probe.get("ms") or 0)
        )
        return _refuses(case, case.running[0]) or _was_full(case) or free
    # A unix socket's full queue refuses at once; a TCP port's lets a client wait.
    full = case.connect["result"] == "full" or (
        case.connect["result"] == "timeout" and case.endpoint.get("listening")
    )
    if full or (case.connect["result"] == "ok" and case.probe["result"] == "no_answer"):
        return _full(case, case.running[0])
    return None
