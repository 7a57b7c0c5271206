# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 4: every worker of the pool is busy and requests wait in the listening socket's queue."""

from typing import TYPE_CHECKING, Optional

from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import QUEUE_FULL
from ..case import FULL, Case, reconfigured, site_reconfigured
from ..model import (
    NOTHING,
    Answer,
    Cause,
    Clear,
    Match,
    Reason,
    Remedy,
    Rule,
    first_line,
    ids,
    likely,
    near,
    sample,
)
from ..seen import Owner
from .workers_halted import is_halted

if TYPE_CHECKING:
    from .held import Held

CAUSE = Cause(
    "max_children_exhausted",
    ids(
        "after_answer cannot_fork cpu_starved ends_at_start keepalive_pinned max_children process_max "
        "self_request slow_dependency slow_visitors"
    ),
    code=4,
)
NO_PLACE = meanings("queue_full")
WAITED = QUEUE_FULL | meanings("timed_out", "send_timed_out", "gateway_timeout")
LEFT_LATE = meanings("client_waited")
PROCESS_MAX = meanings("process_max")
# A pool that is full logs it once an episode and nginx gives up a whole read timeout later.
EPISODE_SECONDS = 90.0
SLACK = 30.0
JUST_NOW = 5.0  # seconds: a queue that refused somebody so shortly ago is not over because a worker came free
GIVE_UP = 3  # visitors who waited for a second or longer and left
LEAVE = 5  # visitors who left, if nothing tells how long they had waited
HELD_BY = " The workers are held by"


def occupied(case: Case) -> Optional[int]:
    counts = [case.probe.get("accepted"), case.endpoint.get("accepted")]
    return max([count for count in counts if count is not None], default=None)


def serves_its_limit(case: Case, owner: Owner) -> bool:
    limit = owner.pool["max_children"]
    return limit is not None and (occupied(case) or 0) >= limit


def match_of(owner: Owner, capped: bool, reason: Reason, drop_backlog: bool = False) -> Match:
    """capped: by process.max. drop_backlog: the action ends the connections that wait, too."""
    arguments = dict(owner.arguments, drop_backlog=True) if drop_backlog else owner.arguments
    remedy = Remedy("process_max_set" if capped else "pool_size_set", arguments)
    reason_id = "process_max" if capped else "max_children"
    return Match(CAUSE, reason_id, reason._replace(remedy=[remedy], place=owner.place))


def holder_of(case: Case, owner: Owner) -> Optional["Held"]:
    """By what the workers are held, where that was looked at."""
    if not case.snapshot.get("waits"):
        return None
    from .waiting import held

    return held(case, owner)


def _refuses(case: Case) -> Optional[Match]:
    """Requests were refused shortly before a worker took the probe: a backlog of a few places is full and has
    room by turns.
    """
    owner, lost = case.running[0], case.lost_to_queue()
    pool, limit = owner.pool, owner.pool["max_children"] or 0
    busy = max(occupied(case) or 0, sum(1 for worker in case.workers(owner) if worker.get("busy")))
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
    reason = likely(words, [sample(lost[-1].event)], lost)
    holder = holder_of(case, owner)
    if holder:
        return holder.match(CAUSE, case, owner, words + HELD_BY, reason)
    return match_of(owner, False, reason)


def _nginx_changed(case: Case, at: float) -> bool:
    return site_reconfigured(case.snapshot["nginx"], [route["site"] for route in case.routes], at)


def _was_full(case: Case) -> Optional[Match]:
    """Timeouts beside the pool's own message, which a static pool never writes."""
    logged = case.fpm_events(FULL) + case.fpm_events(PROCESS_MAX, of_pools=False)
    longest = max(route["read_timeout"]["seconds"] for route in case.routes)
    times = [at for event in logged for at in event["times"]]
    beside = near(case.lost(WAITED), times, max(EPISODE_SECONDS, SLACK + longest))
    for owner in case.owners:
        lost = beside or (case.lost(NO_PLACE) if owner.pool["pm"] == "static" else [])
        if lost:
            reason = likely(
                "Pool %s ran out of workers for a while and has free ones now." % owner.pool["name"],
                [sample(event) for event in logged[:1] + [lost[0].event]],
                lost,
                state="recovered",
            )
            capped = bool(logged) and all(meaning_of(event) in PROCESS_MAX for event in logged)
            holder = holder_of(case, owner)
            if holder and not _nginx_changed(case, lost[-1].at):
                words = "Pool %s ran out of workers." % owner.pool["name"] + HELD_BY
                return holder.match(CAUSE, case, owner, words, reason._replace(state="active"))
            return match_of(owner, capped, reason)
    return None


def _gave_up(case: Case) -> Optional[Match]:
    """Visitors left while php-fpm said that the pool was full, and hardly at other times. nginx's error log
    tells of them at level info alone.
    """
    logged = case.fpm_events(FULL) + case.fpm_events(PROCESS_MAX, of_pools=False)
    times = [at for event in logged for at in event["times"]]
    longest = max(route["read_timeout"]["seconds"] for route in case.routes)
    beside = near(case.gone, times, max(EPISODE_SECONDS, SLACK + longest))
    waited = [loss for loss in beside if loss.meaning in LEFT_LATE]
    often = len(beside) >= LEAVE and 4 * len(beside) >= 3 * len(case.gone)
    if not case.owners or not (len(waited) >= GIVE_UP or often):
        return None
    owner, lost = case.owners[0], waited if len(waited) >= GIVE_UP else beside
    words = "Pool %s ran out of workers for a while, and visitors gave up (499); it has free ones now."
    reason = likely(
        words % owner.pool["name"],
        [sample(event) for event in logged[:1] + [lost[-1].event]],
        lost,
        confidence="likely" if lost is waited else "possible",
        state="recovered",
        explains=[],
    )
    capped = all(meaning_of(event) in PROCESS_MAX for event in logged)
    return match_of(owner, capped, reason)


def _was_held(case: Case) -> Optional[Match]:
    """Requests timed out, and nginx keeps workers idle now. A static pool does not log that it was full."""
    owner, lost = case.running[0], case.lost(WAITED)
    holder = holder_of(case, owner) if lost else None
    if holder is None or not holder.is_kept or _nginx_changed(case, lost[-1].at):
        return None
    words = "Requests timed out while workers of pool %s were idle." % owner.pool["name"] + HELD_BY
    return holder.match(CAUSE, case, owner, words, likely(words, first_line(lost), lost))


def _full(case: Case) -> Answer:
    from .full_pool import full

    return full(case)


def _is_anothers(case: Case) -> Answer:
    return None if case.running and not case.foreign_listeners else NOTHING


def _unanswered(case: Case) -> Answer:
    """A unix socket's full queue refuses at once; a TCP port's lets a client wait."""
    if case.answers:
        return None
    result = case.connect["result"]
    no_place = result == "full" or (result == "timeout" and case.endpoint.get("listening"))
    waits = no_place or (result == "ok" and case.probe["result"] == "no_answer")
    return _full(case) if waits and not is_halted(case) else NOTHING


def _late(case: Case) -> Answer:
    """Between two requests the probe may be answered. With some lost, the wait is the cause all the same."""
    pressed = case.waiting or serves_its_limit(case, case.running[0])
    return _full(case) if pressed and case.answers_late and case.lost(WAITED) else None


def _free(case: Case) -> Answer:
    free = "a worker of %s was free to answer the probe in %.1f ms"
    return Clear(free % (case.key, case.probe.get("ms") or 0))


RULE = Rule(
    "max_children_exhausted",
    (CAUSE,),
    # The first two leave those that answer.
    (_is_anothers, _unanswered, _late, _refuses, _was_full, _was_held, _gave_up, _free),
)
