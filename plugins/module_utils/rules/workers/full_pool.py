# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool of which no worker is free now."""

from typing import TYPE_CHECKING, Iterable, List, Optional

from ...signatures.nginx import HIDDEN
from ..case import FULL, Case
from ..model import Answer, Reason, Unclear, evidence, first_line, sample, span
from ..seen import Owner
from .held import Held
from .max_children_exhausted import CAUSE, HELD_BY, WAITED, holder_of, match_of, occupied, serves_its_limit

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Flow
    from ....plugin_utils.shapes.finding import Evidence

AFTER_ANSWER = (
    "what their pages do after the answer was sent (fastcgi_finish_request), for which no visitor waits"
)
NOT_FREE = "No worker of pool %s is free."
PATIENCE = 5.0  # seconds that a visitor waits at least, where nobody who waits shows it


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


def _live_proof(case: Case, owner: Owner, doing: str) -> List["Evidence"]:
    """What the sockets show. doing: what the workers that are taken do."""
    taken, abandoned = occupied(case), case.endpoint.get("abandoned")
    numbers = (len(case.workers(owner)) if taken is None else taken, owner.pool["max_children"])
    words = "%s: %s of %s workers %s" % ((case.key,) + numbers + (doing,))
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


def _after_answer(case: Case, owner: Owner, at_limit: bool) -> Optional[Held]:
    """fastcgi_finish_request() closes the request's connection, and the worker goes on."""
    workers, flow = len(case.workers(owner)), _flow(case)
    if not at_limit or not workers or occupied(case) != 0 or (flow and flow["answered"]):
        return None
    text = "%s: none of %d workers has a connection, and none takes a new one" % (case.key, workers)
    return Held("after_answer", AFTER_ANSWER, [evidence("socket", text)], certain=False)


def full(case: Case) -> Answer:
    owner = case.running[0]
    workers, limit = case.workers(owner), owner.pool["max_children"]
    capped = _is_capped(case, owner)
    at_limit = capped or (limit is not None and len(workers) >= limit)
    idle = bool(workers) and all(worker.get("busy") is False for worker in workers)
    pressed = at_limit or case.waiting or serves_its_limit(case, owner)
    if not pressed or (idle and not occupied(case)):
        why = "the listener of %s took the connection, but none of its %d workers (at most %s) answered"
        return Unclear("live_probe", why % (case.key, len(workers), limit))
    lost, logged = case.lost(WAITED | HIDDEN), case.fpm_events(FULL)
    logs = [sample(event) for event in logged[:1]] + first_line(lost)
    holder = holder_of(case, owner)
    if holder is None and any(loss.event.get("own") for loss in lost):
        from .self_request import by_log, own_part

        holder = by_log(lost)
        # Who they are is not seen, and what they do after an answer is not asked.
        logs, at_limit = [] if holder else own_part(lost), False
    holder = holder or _after_answer(case, owner, at_limit)
    if holder is None and not capped and not workers and not occupied(case):
        why = "pool %s has no worker, of at most %s; nothing that was seen tells why"
        return Unclear("live_probe", why % (owner.pool["name"], limit))
    is_kept = holder is not None and holder.is_kept
    reason = Reason(
        _summary(case, owner, capped),
        _live_proof(case, owner, "have a connection" if is_kept else "serve a request") + logs,
        lost,
        confidence="certain" if at_limit else "likely",
        since=_first([span(lost).first] + [event["first"] for event in logged]),
    )
    if holder:
        return holder.match(CAUSE, case, owner, NOT_FREE % owner.pool["name"] + HELD_BY, reason)
    return match_of(owner, capped, reason, _is_clogged(case, len(workers)))
