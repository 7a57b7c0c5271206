# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beyond the seven: losses that one message, or one message of php-fpm beside nginx's, explains. One row a
cause.
"""

from typing import Any, FrozenSet, List, NamedTuple, Optional

from ..signatures.lookup import meanings
from .case import CUT_OFF, NO_MORE, QUEUE_FULL, TOO_BIG, Case, near
from .model import Match, evidence, sample

# beside: php-fpm's message that must stand within seconds of the loss, if any.
Row = NamedTuple(
    "Row",
    [
        ("cause", str),
        ("reason", str),
        ("lost", FrozenSet[str]),
        ("beside", Optional[FrozenSet[str]]),
        ("seconds", float),
        ("words", str),
        ("state", str),
    ],
)
ROWS = (
    Row(
        "request_terminated",
        "request_terminate_timeout",
        CUT_OFF,
        meanings("terminated"),
        2.0,
        "php-fpm ended requests of pool %s that ran longer than request_terminate_timeout.",
        "active",
    ),
    Row(
        "reload_interrupted",
        "no_grace",
        CUT_OFF,
        meanings("stopping"),
        3.0,
        "A reload or restart of php-fpm cut off running requests of pool %s.",
        "recovered",
    ),
    Row(
        "response_header_too_big",
        "fastcgi_buffer_size",
        TOO_BIG,
        None,
        0.0,
        "A response header of pool %s did not fit into fastcgi_buffer_size.",
        "active",
    ),
    Row(
        "listen_backlog_full",
        "unix_backlog",
        QUEUE_FULL,
        None,
        0.0,
        "The listening socket of pool %s had no room left in its queue.",
        "active",
    ),
    Row(
        "nginx_limit",
        "connections",
        NO_MORE,
        None,
        0.0,
        "nginx ran out of its own connections or open files before it reached pool %s.",
        "active",
    ),
)


def _not_allowed(case: Case) -> Optional[Match]:
    """php-fpm closes a connection from an address outside listen.allowed_clients unread (main/fastcgi.c)."""
    owner = next((owner for owner in case.running if owner.pool["allowed_clients"]), None)
    if case.probe["result"] != "closed" or owner is None or case.endpoint.get("family") == "unix":
        return None
    allowed = "listen.allowed_clients = %s" % ",".join(owner.pool["allowed_clients"])
    return case.match(
        "client_not_allowed",
        "allowed_clients",
        "php-fpm closes connections to %s: pool %s does not allow nginx's address."
        % (case.key, owner.pool["name"]),
        [
            evidence("probe", "%s: the connection was closed without an answer" % case.key),
            evidence("php-fpm", allowed, path=owner.pool["file"]),
        ],
        case.losses,
        owner,
        confidence="likely",
    )


def examine(case: Case) -> Any:
    closed = _not_allowed(case)
    if closed:
        return closed
    found: List[Match] = []
    for row in ROWS:
        told = case.pool_events(row.beside) + case.master_events(row.beside) if row.beside else []
        lost = (
            near(case.lost(row.lost), [at for event in told for at in event["times"]], row.seconds)
            if row.beside
            else case.lost(row.lost)
        )
        if not lost:
            continue
        queue = [evidence("socket", "%s: %s" % (case.key, case.queue_told))] if row.lost is QUEUE_FULL else []
        found.append(
            case.match(
                row.cause,
                row.reason,
                row.words % (case.owner.pool["name"] if case.owner else "?"),
                [sample(event) for event in told[:1]] + [sample(lost[-1].event)] + queue,
                lost,
                case.owner,
                severity="warning",
                confidence="likely",
                state=row.state,
            )
        )
    return found or None
