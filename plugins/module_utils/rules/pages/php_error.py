# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP answers, and each page is an error. That one script ends with an error is the application's matter."""

from typing import TYPE_CHECKING, Sequence, Set

from ...signatures.lookup import meaning_of
from ...signatures.nginx import FATAL, REFUSED
from ..model import Cause, HostRule, ids
from ..nginx.nginx_errors import OWN

if TYPE_CHECKING:
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ..group import Question

CAUSE = Cause(
    "php_error",
    ids(
        "before_script blank_pages cached_path closed_root confined_root every_page hidden_root no_body "
        "no_path_info no_query no_root no_script_name script_refused shown_errors source_shown wrong_length"
    ),
    severity="warning",
)
UNSERVED = frozenset(("methodless", "nameless", "queryless", "length"))  # keys of such routes alone


def _meanings(snapshot: "Snapshot") -> Set[str]:
    return {meaning_of(event) for event in snapshot["logs"]["events"]}


def _failed(snapshot: "Snapshot") -> Sequence["Question"]:
    access = snapshot.get("access")
    failed = access and any(
        (pages["failed"] and not pages["answered"]) or ("php_errors" in access and "came" in pages)
        for file in access["files"]
        for pages in file.get("pages", [])
    )
    if not failed and not _meanings(snapshot) & FATAL:
        return []
    from .php_error_reasons import questions

    return questions(snapshot)


def _refused(snapshot: "Snapshot") -> Sequence["Question"]:
    unserved = any(not UNSERVED.isdisjoint(route) for route in snapshot["nginx"]["routes"])
    if not unserved and not _meanings(snapshot) & (REFUSED | FATAL):
        return []
    from .php_refuses import questions

    return questions(snapshot)


def _front_pages(snapshot: "Snapshot") -> Sequence["Question"]:
    fronts = snapshot["nginx"].get("fronts") and not snapshot["nginx"]["config_newer"]
    if not fronts and not snapshot["logs"].get("short_tags"):
        return []
    from .front_pages import questions, short_tags

    return short_tags(snapshot) + (questions(snapshot) if fronts else [])


def _path_info(snapshot: "Snapshot") -> Sequence["Question"]:
    access, fronts = snapshot.get("access"), snapshot["nginx"].get("fronts") or []
    if not (access and access.get("path_ways")) and all(front["kind"] != "path_info" for front in fronts):
        return []
    from .path_info import questions

    return questions(snapshot)


RULE = HostRule("php_error", (CAUSE, OWN), (_failed, _refused, _path_info, _front_pages))
