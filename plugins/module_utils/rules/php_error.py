# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""PHP answers, and each page is an error. That one script ends with an error is the application's matter."""

from typing import TYPE_CHECKING, List

from ..signatures.lookup import meaning_of
from ..signatures.nginx import FATAL, REFUSED
from .model import Cause, Match

if TYPE_CHECKING:
    from ...plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause("php_error", severity="warning")
UNSERVED = frozenset(("methodless", "nameless", "queryless", "length"))  # keys of such routes alone


def examine(snapshot: "Snapshot") -> List[Match]:
    access = snapshot.get("access")
    failed = access and any(
        (pages["failed"] and not pages["answered"]) or ("php_errors" in access and "came" in pages)
        for file in access["files"]
        for pages in file.get("pages", [])
    )
    seen = {meaning_of(event) for event in snapshot["logs"]["events"]}
    matches: List[Match] = []
    if failed or seen & FATAL:
        from .php_error_reasons import reasons

        matches = reasons(CAUSE, snapshot)
    if seen & (REFUSED | FATAL) or any(
        not UNSERVED.isdisjoint(route) for route in snapshot["nginx"]["routes"]
    ):
        from .php_refuses import refused

        matches += refused(CAUSE, snapshot)
    if snapshot["nginx"].get("fronts") and not snapshot["nginx"]["config_newer"]:
        from .front_pages import front_pages

        matches += front_pages(snapshot, matches)
    return matches
