# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zone of nginx's shared memory that has no room for another key: the request ends with an error."""

from typing import TYPE_CHECKING, List

from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of, meanings
from .case import site_reconfigured
from .model import Cause, Match, Reason, losses_of, newest_of, sample

if TYPE_CHECKING:
    from ...plugin_utils.shapes.snapshot import Snapshot

ZONE_FULL = meanings("zone_full")


def zone_full(cause: Cause, snapshot: "Snapshot") -> List[Match]:
    """nginx's line names no request, so no site either."""
    events = [event for event in snapshot["logs"]["events"] if meaning_of(event) in ZONE_FULL]
    routes = snapshot["nginx"]["routes"]
    if not events or not routes:
        return []
    newest = newest_of(events)
    over = site_reconfigured(snapshot["nginx"], [], newest["last"] + LOG_SECOND)
    reason = Reason(
        "nginx ends requests itself: its zone %s has no room for another key."
        % newest["detail"].get("zone", "in shared memory"),
        [sample(newest)],
        losses_of(events),
        confidence="likely",
        state="recovered" if over else "active",
        servers=sites_of(routes),
    )
    return [Match(cause, "zone_full", reason)]
