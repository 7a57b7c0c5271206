# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beyond the seven: causes that one message of nginx proves, or one of php-fpm beside it. Each is a row."""

from typing import TYPE_CHECKING, FrozenSet, List, NamedTuple, Optional

from ..signatures.lookup import meanings
from .case import CUT_OFF, QUEUE_FULL, Case
from .model import Answer, Cause, Match, Reason, evidence, near, sample

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event

TOO_BIG = meanings("too_big")


class Row(NamedTuple):
    cause: Cause
    reason: str
    lost: FrozenSet[str]  # meanings of nginx's messages
    words: str
    state: str = "active"
    beside: Optional[FrozenSet[str]] = None  # meanings of php-fpm's, of which one must stand beside a loss
    seconds: float = 0.0  # so near
    alone: bool = False  # where no log tells of losses, php-fpm's message is enough


ROWS = (
    Row(
        Cause("request_terminated", severity="warning"),
        "request_terminate_timeout",
        CUT_OFF,
        "php-fpm ended requests of pool %s that ran longer than request_terminate_timeout.",
        beside=meanings("terminated"),
        seconds=2.0,
        alone=True,
    ),
    Row(
        Cause("reload_interrupted", severity="warning"),
        "no_grace",
        CUT_OFF,
        "A reload or restart of php-fpm cut off running requests of pool %s.",
        "recovered",
        meanings("stopping"),
        3.0,
    ),
    Row(
        Cause("response_header_too_big", severity="warning"),
        "fastcgi_buffer_size",
        TOO_BIG,
        "A response header of pool %s did not fit into fastcgi_buffer_size.",
    ),
    Row(
        Cause("listen_backlog_full", severity="warning", consequence_of=("max_children_exhausted",)),
        "unix_backlog",
        QUEUE_FULL,
        "The listening socket of pool %s had no room left in its queue.",
    ),
    Row(
        Cause("nginx_limit", severity="warning"),
        "connections",
        meanings("no_resource"),
        "nginx ran out of its own connections or open files before it reached pool %s.",
    ),
)
NOT_ALLOWED = Cause("client_not_allowed")
CAUSES = tuple(row.cause for row in ROWS) + (NOT_ALLOWED,)


def _not_allowed(case: Case) -> Optional[Match]:
    """php-fpm closes a connection from an address outside listen.allowed_clients unread (main/fastcgi.c)."""
    owner = next((owner for owner in case.running if owner.pool["allowed_clients"]), None)
    if case.probe["result"] != "closed" or owner is None or case.endpoint.get("family") == "unix":
        return None
    pool = owner.pool
    allowed = "listen.allowed_clients = %s" % ",".join(pool["allowed_clients"])
    words = "php-fpm closes connections to %s: pool %s does not allow nginx's address." % (
        case.key,
        pool["name"],
    )
    proof = [
        evidence("probe", "%s: the connection was closed without an answer" % case.key),
        evidence("php-fpm", allowed, pool["file"]),
    ]
    reason = Reason(words, proof, case.losses, confidence="likely", place=owner.place)
    return Match(NOT_ALLOWED, "allowed_clients", reason)


def _match(case: Case, row: Row) -> Optional[Match]:
    lost = case.lost(row.lost, perhaps=row.beside is not None)
    events: List["Event"] = []
    if row.beside:
        events = case.fpm_events(row.beside) + case.fpm_events(row.beside, of_pools=False)
        lost = near(lost, [at for event in events for at in event["times"]], row.seconds)
    unheard = row.alone and bool(events) and case.unheard is not None
    if not lost and not unheard:
        return None
    proof = [sample(event) for event in events[:1] + [loss.event for loss in lost[-1:]]]
    if row.lost is QUEUE_FULL:
        proof.append(evidence("socket", "%s: %s" % (case.key, case.queue_words)))
    words = row.words % (case.owner.pool["name"] if case.owner else "?")
    since = None if lost else min(event["first"] for event in events)
    reason = Reason(words, proof, lost, confidence="likely", state=row.state, since=since)
    return Match(row.cause, row.reason, reason)


def examine(case: Case) -> Answer:
    return _not_allowed(case) or [match for match in (_match(case, row) for row in ROWS) if match]
