# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers that visitors hold, who send or read slowly what nginx passes on as it comes."""

from typing import TYPE_CHECKING, Optional, Sequence

from .case import Case
from .model import evidence
from .waiting import MOSTLY, STILL, Held, kept_room, samples_at

if TYPE_CHECKING:
    from ...plugin_utils.shapes.waits import WorkerWait

_READERS = (
    "visitors who take their answers slowly, which nginx passes on as they come (fastcgi_buffering off, or "
    "X-Accel-Buffering of the page)"
)
_SENDERS = (
    "visitors who send their requests slowly, which nginx passes on as they come (fastcgi_request_buffering "
    "off)"
)


def slow_visitors(case: Case, rows: Sequence["WorkerWait"]) -> Optional[Held]:
    """Workers that nginx leaves waiting in the middle of a request. It does so for a visitor's sake, where it
    is not to keep the body or the answer itself. One that reads may be idle where nginx keeps connections.
    """
    reads = () if kept_room(case)[0] else ("kept",)
    for kinds, by in ((("client",), _READERS), (reads, _SENDERS)):
        there = [
            row for row in rows if samples_at(row, *kinds) >= MOSTLY * row["samples"] and row["cpu"] < STILL
        ]
        if 2 * len(there) > len(rows):
            text = "%d of %d workers wait for their FastCGI connection in the middle of a request (/proc)"
            return Held("slow_visitors", by, [evidence("proc", text % (len(there), len(rows)))], False)
    return None
