# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beyond the seven: causes that one message of nginx proves, or one of php-fpm beside it. Each is a row."""

from functools import partial
from typing import Callable, FrozenSet, List, NamedTuple, Optional

from ..signatures.lookup import meanings
from ..signatures.nginx import UNREACHED
from ..signatures.php_fpm import WORKER_ENDED
from .case import CUT_OFF, KILLED, Case
from .model import (
    Answer,
    Cause,
    Match,
    Reason,
    Rule,
    evidence,
    likely,
    near,
    sample,
    state_of,
    times_of,
)
from .nginx.nginx_errors import NGINX_LIMIT, OWN

TOO_BIG = meanings("too_big")
STOPPING = meanings("stopping", "emergency_reload")


class Row(NamedTuple):
    cause: Cause  # whose first reason it gives
    find: Callable[[Case], Optional[Reason]]  # says nothing of a cure: that is asked for afterwards


def by_message(wanted: FrozenSet[str], words: str, case: Case) -> Optional[Reason]:
    """nginx's message alone is enough."""
    lost = case.lost(wanted)
    return likely(words % case.named, [sample(lost[-1].event)], lost) if lost else None


def full_queue(words: str, case: Case) -> Optional[Reason]:
    lost = case.lost_to_queue()
    if not lost:
        return None
    queue = evidence("socket", "%s: %s" % (case.key, case.queue_words))
    return likely(words % case.named, [sample(lost[-1].event), queue], lost)


def beside_php_fpm(wanted: FrozenSet[str], seconds: float, words: str, case: Case) -> Optional[Reason]:
    """A message of php-fpm stands so near. Where no log tells of losses, it is enough."""
    events = case.fpm_events(wanted)
    lost = near(case.lost(CUT_OFF, perhaps=True) + case.early, times_of(events), seconds)
    if lost:
        from .workers.ends import but_others

        lost = but_others(case, lost, events, times_of(case.fpm_events(WORKER_ENDED - KILLED)))
    if not lost and (not events or case.unheard is None):
        return None
    proof = [sample(event) for event in events[:1] + [loss.event for loss in lost[-1:]]]
    since = None if lost else min(event["first"] for event in events)
    return Reason(words % case.named, proof, lost, confidence=case.sure_of_log("likely"), since=since)


def cut_by_stops(words: str, case: Case) -> Optional[Reason]:
    """Between a stop and the next master."""
    stops = case.fpm_events(STOPPING, of_pools=False)
    if not stops:
        return None
    from .losses.stops import cut_off

    return cut_off(case, words, stops)


# Each sees the losses that those before it left.
ROWS = (
    Row(
        Cause("request_terminated", ("request_terminate_timeout",), severity="warning"),
        partial(
            beside_php_fpm,
            meanings("terminated"),
            2.0,
            "php-fpm ended requests of %s that ran longer than request_terminate_timeout.",
        ),
    ),
    Row(
        Cause("reload_interrupted", ("no_grace",), severity="warning"),
        partial(cut_by_stops, "A reload or restart of php-fpm cut off running requests of %s."),
    ),
    Row(
        Cause("response_header_too_big", ("fastcgi_buffer_size",), severity="warning"),
        partial(by_message, TOO_BIG, "A response header of %s did not fit into fastcgi_buffer_size."),
    ),
    Row(
        Cause("response_incomplete", ("content_length",), severity="warning"),
        partial(
            by_message,
            meanings("cut_short"),
            "Answers of %s ended before as many bytes had come as their Content-Length says.",
        ),
    ),
    Row(
        Cause(
            "listen_backlog_full",
            ("unix_backlog",),
            severity="warning",
            consequence_of=("max_children_exhausted",),
        ),
        partial(full_queue, "The listening socket of %s had no room left in its queue."),
    ),
    Row(
        NGINX_LIMIT,
        partial(
            by_message,
            meanings("no_resource"),
            "nginx ran out of its own connections or open files before it reached %s.",
        ),
    ),
)
NOT_ALLOWED = Cause("client_not_allowed", ("allowed_clients",))
CAUSES = tuple(row.cause for row in ROWS) + (NOT_ALLOWED, OWN)


def _on_tcp(case: Case) -> Answer:
    if case.endpoint.get("family") == "unix" or not (
        case.probe["result"] == "closed" or case.lost(UNREACHED)
    ):
        return None
    from .connect.lost_on_tcp import no_port, not_allowed

    refused = not_allowed(case)
    return Match(NOT_ALLOWED, "allowed_clients", refused) if refused else no_port(case)


def _judged(case: Case, row: Row, found: Reason) -> Match:
    """With what shows that it is over, or the doubt."""
    from .losses.cured import CURES

    cure = CURES.get(row.cause.id)
    if cure:
        over, doubt = cure(case, found.losses or ())
        found = found._replace(state=state_of(over), proof=[*found.proof, *doubt])
    return Match(row.cause, row.cause.reasons[0], found)


def _by_rows(case: Case) -> List[Match]:
    matches: List[Match] = []
    for row in ROWS:
        found = row.find(case)
        if found:
            matches.append(_judged(case, row, found))
            case = case.without(found.losses or ())
    return matches


RULE = Rule("lost_requests", CAUSES, (_on_tcp, _by_rows))
