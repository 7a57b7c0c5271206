# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool that ran out of workers, and has free ones by now."""

from typing import Optional

from ...signatures.lookup import meaning_of, meanings
from ..case import FULL, Case, reconfigured, site_reconfigured
from ..model import Match, first_line, likely, near, sample, times_of
from .max_children_exhausted import CAUSE, HELD_BY, WAITED, holder_of, match_of, occupied

NO_PLACE = meanings("queue_full")
LEFT_LATE = meanings("client_waited")
PROCESS_MAX = meanings("process_max")
# A pool that is full logs it once an episode and nginx gives up a whole read timeout later.
EPISODE_SECONDS = 90.0
SLACK = 30.0
JUST_NOW = 5.0  # seconds: a queue that refused somebody so shortly ago is not over because a worker came free
GIVE_UP = 3  # visitors who waited for a second or longer and left
LEAVE = 5  # visitors who left, if nothing tells how long they had waited


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
    beside = near(case.lost(WAITED), times_of(logged), max(EPISODE_SECONDS, SLACK + longest))
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
    longest = max(route["read_timeout"]["seconds"] for route in case.routes)
    beside = near(case.gone, times_of(logged), max(EPISODE_SECONDS, SLACK + longest))
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


def was_full(case: Case) -> Optional[Match]:
    return _refuses(case) or _was_full(case) or _was_held(case) or _gave_up(case)
