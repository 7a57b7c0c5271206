# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limits by which nginx refused requests, as its log says: what they count by."""

from typing import TYPE_CHECKING, List, Sequence, Tuple

from ..parse.nginx.conf import every, named
from ..parse.redact import redact
from ..signatures.lookup import meaning_of
from ..signatures.nginx import LIMITED
from .host import Host
from .nginx_files import Reading

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, Limit
    from ...plugin_utils.shapes.nginx import Nginx

MOST_ZONES = 8
MOST_TEXT = 200


def limits(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "Tuple[List[Limit], List[int]]":
    """(the limits, the statuses that limits answer with)"""
    zones = {event["detail"].get("zone") for event in events if meaning_of(event) in LIMITED}
    conf = Reading.of(host, nginx).conf
    found: List[Limit] = []
    for directive in named(every(conf.directives), "limit_req_zone", "limit_conn_zone"):
        zone = next((arg[5:].partition(":")[0] for arg in directive.args[1:] if arg.startswith("zone=")), "")
        if zone and zone in zones and len(found) < MOST_ZONES:
            written = "%s %s" % (directive.name, " ".join(directive.args))
            found.append(
                {
                    "zone": redact(zone, MOST_TEXT),
                    "key": redact(directive.args[0], MOST_TEXT),
                    "written": redact(written, MOST_TEXT),
                    "file": directive.file,
                    "line": directive.line,
                }
            )
    statuses = [
        each.args[0] for each in named(every(conf.directives), "limit_req_status", "limit_conn_status")
    ]
    return found, sorted({int(status) for status in statuses if status.isdigit()})
