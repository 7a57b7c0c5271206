# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host has of the places that nginx's log names: files, directories, limits, scripts."""

from functools import partial
from typing import TYPE_CHECKING, Callable, FrozenSet, Sequence, Tuple

from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import CYCLES, FATAL, LIMITED, REFUSED, UNWRITABLE
from .host import Host
from .nginx_limits import limits
from .nginx_temp import DENIED, closed_roots, denied_files, temp_dirs
from .script_ways import UNSEEN, ways
from .where_needed import isolated

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, LaterLogs
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.snapshot import Snapshot

LOST_FILES = meanings("sent_missing")
OF_SCRIPTS = UNSEEN | REFUSED | FATAL


def _directories(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "LaterLogs":
    return {"temp_dirs": temp_dirs(host, nginx, events) + denied_files(host, nginx, events)}


def _limits(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "LaterLogs":
    found, statuses = limits(host, nginx, events)
    return {"limits": found, "limit_statuses": statuses}


def named_places(host: Host, snapshot: "Snapshot", events: Sequence["Event"]) -> "LaterLogs":
    nginx, seen = snapshot["nginx"], {meaning_of(event) for event in events}
    looks: Tuple[Tuple[str, FrozenSet[str], Callable[[], LaterLogs]], ...] = (
        ("temp_dirs", UNWRITABLE | DENIED, lambda: _directories(host, nginx, events)),
        ("closed_roots", CYCLES, lambda: {"closed_roots": closed_roots(host, nginx, events)}),
        ("limits", LIMITED, lambda: _limits(host, nginx, events)),
        ("script_ways", OF_SCRIPTS, lambda: {"script_ways": ways(host, snapshot, events)}),
    )
    found: LaterLogs = {}
    for part, needs, look in looks:
        if seen & needs:
            found.update(isolated(host, part, look) or {})
    if seen & LOST_FILES:
        from .sent_files import sent_files

        found["sent_files"] = isolated(host, "sent_files", partial(sent_files, host, nginx, events)) or []
    return found
