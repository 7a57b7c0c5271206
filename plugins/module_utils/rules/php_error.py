# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP answers, and each page is an error. That one script ends with an error is the application's matter."""

from typing import TYPE_CHECKING, List, Set

from ..signatures.lookup import meaning_of
from ..signatures.nginx import FATAL, REFUSED
from .model import Cause, HostRule, Match, ids

if TYPE_CHECKING:
    from ...plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause(
    "php_error",
    ids(
        "before_script blank_pages cached_path closed_root confined_root every_page hidden_root no_body "
        "no_path_info no_query no_root no_script_name script_refused shown_errors wrong_length"
    ),
    severity="warning",
)
UNSERVED = frozenset(("methodless", "nameless", "queryless", "length"))  # keys of such routes alone


def _meanings(snapshot: "Snapshot") -> Set[str]:
    return {meaning_of(event) for event in snapshot["logs"]["events"]}


def _failed(snapshot: "Snapshot", _found: List[Match]) -> List[Match]:
    access = snapshot.get("access")
    failed = access and any(
        (pages["failed"] and not pages["answered"]) or ("php_errors" in access and "came" in pages)
        for file in access["files"]
        for pages in file.get("pages", [])
    )
    if not failed and not _meanings(snapshot) & FATAL:
        return []
    from .php_error_reasons import reasons

    return reasons(CAUSE, snapshot)


def _refused(snapshot: "Snapshot", _found: List[Match]) -> List[Match]:
    unserved = any(not UNSERVED.isdisjoint(route) for route in snapshot["nginx"]["routes"])
    if not unserved and not _meanings(snapshot) & (REFUSED | FATAL):
        return []
    from .php_refuses import refused

    return refused(CAUSE, snapshot)


def _front_pages(snapshot: "Snapshot", found: List[Match]) -> List[Match]:
    if not snapshot["nginx"].get("fronts") or snapshot["nginx"]["config_newer"]:
        return []
    from .front_pages import front_pages

    return front_pages(snapshot, found)


def _path_info(snapshot: "Snapshot", found: List[Match]) -> List[Match]:
    access, fronts = snapshot.get("access"), snapshot["nginx"].get("fronts") or []
    if not (access and access.get("path_ways")) and all(front["kind"] != "path_info" for front in fronts):
        return []
    from .path_info import path_info

    return path_info(CAUSE, snapshot, found)


RULE = HostRule("php_error", (CAUSE,), (_failed, _refused, _path_info, _front_pages))
