# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zone of nginx's shared memory that has no room for another key: the request ends with an error."""

from typing import TYPE_CHECKING, List, Sequence

from ..parse.timestamps import LOG_SECOND
from .case import site_reconfigured
from .model import Cause, Match, Reason, losses_of, newest_of, sample

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.snapshot import Snapshot


def zone_full(cause: Cause, snapshot: "Snapshot", events: Sequence["Event"]) -> List[Match]:
    """nginx's line names no request, so no site either: it explains nothing else of a site."""
    if not snapshot["nginx"]["routes"]:
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
        servers=(),
    )
    return [Match(cause, "zone_full", reason)]
