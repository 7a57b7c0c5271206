# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host has of the places that nginx's log names: files, directories, limits, scripts."""

from typing import TYPE_CHECKING, Sequence

from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import CYCLES, LIMITED, UNWRITABLE
from .host import Host
from .nginx_limits import limits
from .nginx_temp import closed_roots, denied_files, temp_dirs
from .script_ways import UNSEEN, ways

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, LaterLogs
    from ...plugin_utils.shapes.snapshot import Snapshot

DENIED = meanings("file_denied")
REFUSED = UNSEEN | meanings("script_missing", "script_denied", "php_fatal")


def named_places(host: Host, snapshot: "Snapshot", events: Sequence["Event"]) -> "LaterLogs":
    nginx, seen = snapshot["nginx"], {meaning_of(event) for event in events}
    found: LaterLogs = {}
    if seen & (UNWRITABLE | DENIED):
        found["temp_dirs"] = temp_dirs(host, nginx, events) + denied_files(host, nginx, events)
    if seen & CYCLES:
        found["closed_roots"] = closed_roots(host, nginx, events)
    if seen & LIMITED:
        found["limits"], found["limit_statuses"] = limits(host, nginx, events)
    if seen & REFUSED:
        found["script_ways"] = ways(host, snapshot, events)
    return found
