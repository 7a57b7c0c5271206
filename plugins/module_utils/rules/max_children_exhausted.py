# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 4: every worker of the pool is busy and requests wait in the listening socket's queue."""

from typing import TYPE_CHECKING, Iterable, List, Optional

from ..signatures.lookup import meaning_of, meanings
from .case import HIDDEN, QUEUE_FULL, Case, reconfigured, site_reconfigured
from .model import (
    Answer,
    Cause,
    Clear,
    Match,
    Reason,
    Remedy,
    Unclear,
    evidence,
    first_line,
    near,
    sample,
    span,
)
from .seen import Owner
from .workers_halted import is_halted

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Flow
    from ...plugin_utils.shapes.finding import Evidence
    from .waiting import Held

CAUSE = Cause("max_children_exhausted", code=4)
NO_PLACE = meanings("queue_full")
WAITED = QUEUE_FULL | meanings("timed_out", "send_timed_out", "gateway_timeout")
LEFT_LATE = meanings("client_waited")
PROCESS_MAX = meanings("process_max")
LIMIT_REACHED = PROCESS_MAX | meanings("pool_full")
# A pool that is full logs it once an episode and nginx gives up a whole read timeout later.
EPISODE_SECONDS = 90.0
SLACK = 30.0
JUST_NOW = 5.0  # seconds: a queue that refused somebody so shortly ago is not over because a worker came free
GIVE_UP = 3  # visitors who waited for a second or longer and left
LEAVE = 5  # visitors who left, if nothing tells how long they had waited
NOT_FREE, HELD_BY = "No worker of pool %s is free.", " The workers are held by"
PATIENCE = 5.0  # seconds that a visitor waits at least, where nobody who waits shows it


def _occupied(case: Case) -> Optional[int]:
    counts = [case.probe.get("accepted"), case.endpoint.get("accepted")]
    return max([count for count in counts if count is not None], default=None)


def _serves_its_limit(case: Case, owner: Owner) -> bool:
    limit = owner.pool["max_children"]
    return limit is not None and (_occupied(case) or 0) >= limit


def _is_capped(case: Case, owner: Owner) -> bool:
    """By process.max, before the pool has the workers that its own pm.max_children allows."""
    most, limit = owner.master["process_max"], owner.pool["max_children"]
    if not most or limit is None:
        return False
    total = len(case.seen.workers_of.get(owner.master["config"], ()))
    return total >= most and len(case.workers(owner)) < limit


def _answer(case: Case) -> str:
    if case.connect["result"] != "ok":
        return "no place in the queue"
    if case.answers:
        return "an answer only after %.1f s" % ((case.probe["ms"] or 0) / 1000.0)
    return "no answer in %g s" % (case.probe.get("waited") or 0)


def _flow(case: Case) -> Optional["Flow"]:
    flow = case.endpoint.get("flow")
    return flow if flow and None not in flow.values() else None


def _is_clogged(case: Case, workers: int) -> bool:
    """Whether those who have given up take longer, with twice the workers, than the others have patience."""
    flow, live = _flow(case), case.waiting - case.dead
    if flow is None or case.dead <= max(live, workers):
        return False
    # Those who still wait have come within the patience of one visitor.
    patience = live * flow["seconds"] / flow["arrived"] if live and flow["arrived"] else PATIENCE
    return bool(case.dead * flow["seconds"] > patience * 2 * flow["answered"])


def _match(owner: Owner, capped: bool, reason: Reason, drop_backlog: bool = False) -> Match:
    """capped: see _is_capped(). drop_backlog: the action ends the connections that wait, too."""
    arguments = dict(owner.arguments, drop_backlog=True) if drop_backlog else owner.arguments
    remedy = Remedy("process_max_set" if capped else "pool_size_set", arguments)
    reason_id = "process_max" if capped else "max_children"
    return Match(CAUSE, reason_id, reason._replace(remedy=[remedy], place=owner.place))


def _holder(case: Case, owner: Owner) -> Optional["Held"]:
    """By what the workers are held, where that was looked at."""
    if not case.snapshot.get("waits"):
        return None
    from .waiting import held

    return held(case, owner)


def _refuses(case: Case, owner: Owner) -> Optional[Match]:
    """Requests were refused shortly before a worker took the probe: a backlog of a few places is full and has
    room by turns.
    """
    lost, pool = case.lost(QUEUE_FULL), owner.pool
    limit = pool["max_children"] or 0
    busy = max(_occupied(case) or 0, sum(1 for worker in case.workers(owner) if worker.get("busy")))
    # With more workers free it is over, or a burst finds too few places, whatever the workers.
    if not lost or busy < max(1, limit - 1):
        return None
    ago = case.snapshot["taken_at"] - lost[-1].at
    if ago > JUST_NOW or reconfigured(owner.master, lost[-1].at):
        return None
    words = (
        "The queue of pool %s is too short for its visitors: it refused one %.0f s ago (pm = %s, "
        "pm.max_children = %s, backlog %s)."
    )
    words %= (pool["name"], ago, pool["pm"], limit, case.endpoint.get("backlog"))
    reason = Reason(words, [sample(lost[-1].event)], lost, confidence="likely")
    holder = _holder(case, owner)
    if holder:
        return holder.match(CAUSE, case, owner, words + HELD_BY, reason)
    return _match(owner, False, reason)


def _live_proof(case: Case, owner: Owner, doing: str) -> List["Evidence"]:
    """What the sockets show. doing: what the workers that are taken do."""
    occupied, abandoned = _occupied(case), case.endpoint.get("abandoned")
    taken = (len(case.workers(owner)) if occupied is None else occupied, owner.pool["max_children"])
    words = "%s: %s of %s workers %s" % ((case.key,) + taken + (doing,))
    if abandoned:
        words += ", %d of them for clients who have gone" % abandoned
    words += ", %s, and the probe got %s" % (case.queue_words, _answer(case))
    proof = [evidence("socket", words)]
    flow = _flow(case)
    if flow:
        text = "within %(seconds).1f s %(arrived)d requests came and %(answered)d were answered" % flow
        proof.append(evidence("socket", text))
    return proof


def _summary(case: Case, owner: Owner, capped: bool) -> str:
    limit = "pm.max_children = %s" % owner.pool["max_children"]
    if capped:
        limit = "process.max = %s" % owner.master["process_max"]
    wait = "requests wait"
    if case.dead:
        wait = "%d requests wait, %d of them have given up" % (case.waiting, case.dead)
    words = "All %d workers of pool %s are busy (pm = %s, %s) and %s."
    return words % (len(case.workers(owner)), owner.pool["name"], owner.pool["pm"], limit, wait)


def _first(moments: Iterable[Optional[float]]) -> Optional[float]:
    return min([moment for moment in moments if moment is not None], default=None)


def _full(case: Case, owner: Owner) -> Answer:
    workers, limit = case.workers(owner), owner.pool["max_children"]
    capped = _is_capped(case, owner)
    at_limit = capped or (limit is not None and len(workers) >= limit)
    idle = bool(workers) and all(worker.get("busy") is False for worker in workers)
    pressed = at_limit or case.waiting or _serves_its_limit(case, owner)
    if not pressed or (idle and not _occupied(case)):
        why = "the listener of %s took the connection, but none of its %d workers (at most %s) answered"
        return Unclear("live_probe", why % (case.key, len(workers), limit))
    lost, logged = case.lost(WAITED | HIDDEN), case.fpm_events(LIMIT_REACHED)
    logs = [sample(event) for event in logged[:1]] + first_line(lost)
    holder = _holder(case, owner)
    if holder is None and any(loss.event.get("own") for loss in lost):
        from .self_request import by_log, own_part

        holder = by_log(lost)
        logs, at_limit = [] if holder else own_part(lost), False  # who they are is not seen
    flow = _flow(case)
    if holder is None and at_limit and _occupied(case) == 0 and not (flow and flow["answered"]):
        from .after_answer import after_answer

        holder, at_limit = after_answer(case, len(workers)), False  # what they do is not seen
    is_kept = holder is not None and holder.is_kept
    reason = Reason(
        _summary(case, owner, capped),
        _live_proof(case, owner, "have a connection" if is_kept else "serve a request") + logs,
        lost,
        confidence="certain" if at_limit else "likely",
        since=_first([span(lost)[0]] + [event["first"] for event in logged]),
    )
    if holder:
        return holder.match(CAUSE, case, owner, NOT_FREE % owner.pool["name"] + HELD_BY, reason)
    return _match(owner, capped, reason, _is_clogged(case, len(workers)))


def _nginx_changed(case: Case, at: float) -> bool:
    return site_reconfigured(case.snapshot["nginx"], [route["site"] for route in case.routes], at)


def _was_full(case: Case) -> Optional[Match]:
    """Timeouts beside the pool's own message, which a static pool never writes."""
    logged = case.fpm_events(LIMIT_REACHED) + case.fpm_events(PROCESS_MAX, of_pools=False)
    longest = max(route["read_timeout"]["seconds"] for route in case.routes)
    times = [at for event in logged for at in event["times"]]
    beside = near(case.lost(WAITED), times, max(EPISODE_SECONDS, SLACK + longest))
    for owner in case.owners:
        lost = beside or (case.lost(NO_PLACE) if owner.pool["pm"] == "static" else [])
        if lost:
            reason = Reason(
                "Pool %s ran out of workers for a while and has free ones now." % owner.pool["name"],
                [sample(event) for event in logged[:1] + [lost[0].event]],
                lost,
                confidence="likely",
                state="recovered",
            )
            capped = bool(logged) and all(meaning_of(event) in PROCESS_MAX for event in logged)
            holder = _holder(case, owner)
            if holder and not _nginx_changed(case, lost[-1].at):
                words = "Pool %s ran out of workers." % owner.pool["name"] + HELD_BY
                return holder.match(CAUSE, case, owner, words, reason._replace(state="active"))
            return _match(owner, capped, reason)
    return None


def _gave_up(case: Case) -> Optional[Match]:
    """Visitors left while php-fpm said that the pool was full, and hardly at other times. nginx's error log
    tells of them at level info alone.
    """
    logged = case.fpm_events(LIMIT_REACHED) + case.fpm_events(PROCESS_MAX, of_pools=False)
    times = [at for event in logged for at in event["times"]]
    longest = max(route["read_timeout"]["seconds"] for route in case.routes)
    beside = near(case.gone, times, max(EPISODE_SECONDS, SLACK + longest))
    waited = [loss for loss in beside if loss.meaning in LEFT_LATE]
    often = len(beside) >= LEAVE and 4 * len(beside) >= 3 * len(case.gone)
    if not case.owners or not (len(waited) >= GIVE_UP or often):
        return None
    owner, lost = case.owners[0], waited if len(waited) >= GIVE_UP else beside
    words = "Pool %s ran out of workers for a while, and visitors gave up (499); it has free ones now."
    reason = Reason(
        words % owner.pool["name"],
        [sample(event) for event in logged[:1] + [lost[-1].event]],
        lost,
        confidence="likely" if lost is waited else "possible",
        state="recovered",
        explains=[],
    )
    capped = all(meaning_of(event) in PROCESS_MAX for event in logged)
    return _match(owner, capped, reason)


def _was_held(case: Case, owner: Owner) -> Optional[Match]:
    """Requests timed out, and nginx keeps workers idle now. A static pool does not log that it was full."""
    lost = case.lost(WAITED)
    holder = _holder(case, owner) if lost else None
    if holder is None or not holder.is_kept or _nginx_changed(case, lost[-1].at):
        return None
    words = "Requests timed out while workers of pool %s were idle." % owner.pool["name"] + HELD_BY
    return holder.match(CAUSE, case, owner, words, Reason(words, first_line(lost), lost, confidence="likely"))


def examine(case: Case) -> Answer:
    if not case.running or case.foreign_listeners:
        return None
    owner, result = case.running[0], case.connect["result"]
    if case.answers:
        # Between two requests the probe may be answered. With requests lost, the wait is the cause all the
        # same.
        late = case.answers_late and case.lost(WAITED)
        if late and (case.waiting or _serves_its_limit(case, owner)):
            return _full(case, owner)
        free = "a worker of %s was free to answer the probe in %.1f ms"
        over = _was_full(case) or _was_held(case, owner) or _gave_up(case)
        return _refuses(case, owner) or over or Clear(free % (case.key, case.probe.get("ms") or 0))
    # A unix socket's full queue refuses at once; a TCP port's lets a client wait.
    if is_halted(case):
        return None
    no_place = result == "full" or (result == "timeout" and case.endpoint.get("listening"))
    if no_place or (result == "ok" and case.probe["result"] == "no_answer"):
        return _full(case, owner)
    return None
