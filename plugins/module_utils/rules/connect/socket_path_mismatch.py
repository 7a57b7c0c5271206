# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 3: php-fpm runs, but not where nginx dials."""

from typing import List, Optional

from ...parse.nginx.strays import Stray, strays
from ..case import NOBODY_THERE, Case
from ..model import NOTHING, Answer, Cause, Clear, Match, Rule, ids
from ..seen import Seen

CAUSE = Cause(
    "socket_path_mismatch",
    ids(
        "address_family config_not_loaded dangling_link mount_namespace name_used_twice network_namespace "
        "nginx_not_loaded nginx_reload_refused nginx_replaced other_port other_socket packet_filter "
        "private_tmp socket_deleted tcp_vs_unix"
    ),
    code=3,
    rules_out_others=True,
    of_address=True,
)


def _all_strays(seen: Seen) -> List[Stray]:
    return strays(seen.snapshot["nginx"], seen.lost, seen.snapshot["endpoints"])


def _older_nginx(case: Case) -> Optional[Match]:
    found = case.seen.once(_all_strays)
    if not found:
        return None
    from .older_nginx import older_nginx

    return older_nginx(CAUSE, case, found)


def is_filtered(case: Case) -> bool:
    """A full queue lets a client wait, too, but then somebody is in it."""
    place, result = case.endpoint, case.connect["result"]
    unheard = result == "refused" or (result == "timeout" and place.get("queue") == 0)
    return bool(case.running and place.get("listening") and not place.get("path") and unheard)


def _pool_was_not_loaded(case: Case) -> Optional[Match]:
    if not case.is_let_in or not case.lost(NOBODY_THERE) or not case.running:
        return None
    from .older_pool import pool_was_not_loaded

    return pool_was_not_loaded(CAUSE, case)


def _is_left_behind(case: Case) -> bool:
    """A socket of nobody, whatever its mode."""
    listening, result = case.endpoint.get("listening"), case.connect["result"]
    return result == "denied" and listening is False and not case.owners


def _dead_address(case: Case) -> Optional[Match]:
    if not case.half_dead:
        return None
    from ..losses.unscathed import dead_address

    return dead_address(CAUSE, case)


def _somebody_listens(case: Case) -> Answer:
    listens = case.connect["result"] in ("ok", "full", "denied") and not _is_left_behind(case)
    return Clear("something listens on %s" % case.key) if listens else None


def _not_refused(case: Case) -> Answer:
    result = case.connect["result"]
    refused = result in ("missing", "refused") or (
        result == "error" and case.connect.get("errno") is not None
    )
    return None if case.is_local and (refused or _is_left_behind(case) or is_filtered(case)) else NOTHING


def _missed(case: Case) -> Answer:
    from .not_there import missed

    return missed(case)


RULE = Rule(
    "socket_path_mismatch",
    (CAUSE,),
    (_older_nginx, _dead_address, _pool_was_not_loaded, _somebody_listens, _not_refused, _missed),
)
