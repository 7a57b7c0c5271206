# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beyond the seven: causes that one message of nginx proves, or one of php-fpm beside it. Each is a row."""

from bisect import bisect_left
from math import floor
from typing import TYPE_CHECKING, FrozenSet, List, NamedTuple, Optional, Sequence

from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meanings
from ..signatures.nginx import QUEUE_FULL, UNREACHED
from ..signatures.php_fpm import WORKER_ENDED
from .case import CUT_OFF, KILLED, Case
from .model import (
    Answer,
    Cause,
    Confidence,
    Loss,
    Match,
    Reason,
    Rule,
    State,
    but_nearest,
    evidence,
    near,
    sample,
    state_of,
)
from .nginx.nginx_errors import NGINX_LIMIT, OWN

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event

TOO_BIG = meanings("too_big")
STOPPING = meanings("stopping", "emergency_reload")
RUNS = meanings("runs")
STOP_SECONDS = 3.0  # that a stop takes at most where no log tells of its end
APART = 20.0  # seconds from one reload to the next
OFTEN = 3  # reloads or restarts that cut off requests in the window


class Row(NamedTuple):
    cause: Cause  # whose first reason it gives
    lost: FrozenSet[str]  # meanings of nginx's messages
    words: str
    state: State = "active"
    beside: Optional[FrozenSet[str]] = None  # meanings of php-fpm's, of which one must stand beside a loss
    seconds: float = 0.0  # so near
    alone: bool = False  # where no log tells of losses, php-fpm's message is enough
    of_queue: bool = False  # of the socket's queue
    of_stops: bool = False  # between a stop and the next master


ROWS = (
    Row(
        Cause("request_terminated", ("request_terminate_timeout",), severity="warning"),
        CUT_OFF,
        "php-fpm ended requests of %s that ran longer than request_terminate_timeout.",
        beside=meanings("terminated"),
        seconds=2.0,
        alone=True,
    ),
    Row(
        Cause("reload_interrupted", ("no_grace",), severity="warning"),
        CUT_OFF,
        "A reload or restart of php-fpm cut off running requests of %s.",
        "recovered",
        STOPPING,
        of_stops=True,
    ),
    Row(
        Cause("response_header_too_big", ("fastcgi_buffer_size",), severity="warning"),
        TOO_BIG,
        "A response header of %s did not fit into fastcgi_buffer_size.",
    ),
    Row(
        Cause("response_incomplete", ("content_length",), severity="warning"),
        meanings("cut_short"),
        "Answers of %s ended before as many bytes had come as their Content-Length says.",
    ),
    Row(
        Cause(
            "listen_backlog_full",
            ("unix_backlog",),
            severity="warning",
            consequence_of=("max_children_exhausted",),
        ),
        QUEUE_FULL,
        "The listening socket of %s had no room left in its queue.",
        of_queue=True,
    ),
    Row(
        NGINX_LIMIT,
        meanings("no_resource"),
        "nginx ran out of its own connections or open files before it reached %s.",
    ),
)
NOT_ALLOWED = Cause("client_not_allowed", ("allowed_clients",))
CAUSES = tuple(row.cause for row in ROWS) + (NOT_ALLOWED, OWN)


def _times(events: Sequence["Event"]) -> List[float]:
    return sorted(at for event in events for at in event["times"])


def _cut_by_stops(case: Case, lost: Sequence[Loss], stops: Sequence["Event"]) -> List[Loss]:
    """From each stop or reload until the next master runs: process_control_timeout lets it wait so long."""
    starts = _times(case.fpm_events(RUNS, of_pools=False))
    spans = []
    for stop in _times(stops):
        number = bisect_left(starts, stop)
        spans.append((floor(stop), (starts + [stop + STOP_SECONDS])[number] + LOG_SECOND))
    ends = _times(case.fpm_events(WORKER_ENDED))
    cut = [loss for loss in lost if any(begin <= loss.at <= end for begin, end in spans)]
    return but_nearest(cut, ends)


def _moments(lost: Sequence[Loss]) -> int:
    """At how many moments requests were lost."""
    times = [loss.at for loss in lost]
    return sum(1 for before, at in zip([float("-inf"), *times], times) if at - before > APART)


def _match(case: Case, row: Row) -> Optional[Match]:
    lost = case.lost_to_queue() if row.of_queue else case.lost(row.lost, perhaps=row.beside is not None)
    events: List["Event"] = []
    if row.beside:
        events = case.fpm_events(row.beside) + case.fpm_events(row.beside, of_pools=False)
    if row.of_stops:
        lost = _cut_by_stops(case, lost, events)
    elif row.beside:
        lost = near(lost + case.early, _times(events), row.seconds)
        if lost:
            from .workers.ends import but_others

            lost = but_others(case, lost, events, _times(case.fpm_events(WORKER_ENDED - KILLED)))
    # What comes so often, by a timer or a deploy, is not over.
    state: State = "active" if row.state == "recovered" and _moments(lost) >= OFTEN else row.state
    unheard = row.alone and bool(events) and case.unheard is not None
    if not lost and not unheard:
        return None
    unsure: "List[Evidence]" = []
    if row.of_stops:  # a stop is always of the master, and a reload may come long after it
        events.sort(key=lambda event: abs(event["last"] - lost[-1].at))
    else:
        from .losses.cured import CURES, not_seen

        over, unsure = CURES.get(row.cause.id, not_seen)(case, lost, events)
        state = state_of(over)
    proof = [sample(event) for event in events[:1] + [loss.event for loss in lost[-1:]]]
    if row.of_queue:
        proof.append(evidence("socket", "%s: %s" % (case.key, case.queue_words)))
    proof += unsure
    words = row.words % case.named
    since = None if lost else min(event["first"] for event in events)
    sure: Confidence = case.sure_of_log("likely") if row.beside else "likely"
    if row.of_stops and lost[-1].at - lost[0].at <= LOG_SECOND:
        from .losses.edited import edited_meanwhile

        edited = edited_meanwhile(case, lost[0].at, lost[-1].at + LOG_SECOND)
        sure = "possible" if edited else sure
    reason = Reason(words, proof, lost, confidence=sure, state=state, since=since)
    return Match(row.cause, row.cause.reasons[0], reason)


def _on_tcp(case: Case) -> Answer:
    if case.endpoint.get("family") == "unix" or not (
        case.probe["result"] == "closed" or case.lost(UNREACHED)
    ):
        return None
    from .connect.lost_on_tcp import no_port, not_allowed

    refused = not_allowed(case)
    return Match(NOT_ALLOWED, "allowed_clients", refused) if refused else no_port(case)


def _by_rows(case: Case) -> List[Match]:
    """Each row sees the losses that those before it left."""
    matches: List[Match] = []
    for row in ROWS:
        match = _match(case, row)
        if match:
            matches.append(match)
            case = case.without(match.reason.losses or ())
    return matches


RULE = Rule("lost_requests", CAUSES, (_on_tcp, _by_rows))
