# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 4: every worker of the pool is busy and requests wait in the listening socket's queue."""

from typing import TYPE_CHECKING, Optional

from ...signatures.lookup import meanings
from ...signatures.nginx import QUEUE_FULL
from ..case import Case
from ..model import NOTHING, Answer, Cause, Clear, Match, Reason, Remedy, Rule, ids
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
WAITED = QUEUE_FULL | meanings("timed_out", "send_timed_out", "gateway_timeout")
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


def _was_full(case: Case) -> Optional[Match]:
    if not case.losses and not case.gone:
        return None
    from .was_full import was_full

    return was_full(case)


def _free(case: Case) -> Answer:
    free = "a worker of %s was free to answer the probe in %.1f ms"
    return Clear(free % (case.key, case.probe.get("ms") or 0))


RULE = Rule(
    "max_children_exhausted",
    (CAUSE,),
    # The first two leave those that answer.
    (_is_anothers, _unanswered, _late, _was_full, _free),
)
