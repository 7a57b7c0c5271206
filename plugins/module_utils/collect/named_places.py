# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host has of the places that nginx's log names: files, directories, limits, scripts."""

from typing import TYPE_CHECKING, Callable, FrozenSet, Iterator, Sequence, Tuple

from ..signatures.lookup import meaning_of
from ..signatures.nginx import CYCLES, FATAL, LIMITED, REFUSED, UNWRITABLE
from .host import Host
from .nginx_limits import limits
from .nginx_temp import DENIED, closed_roots, denied_files, temp_dirs
from .script_ways import UNSEEN, ways
from .sent_files import LOST_FILES, sent_files

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, LaterLogs
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.snapshot import Snapshot

OF_SCRIPTS = UNSEEN | REFUSED | FATAL
Look = Tuple[str, Callable[[], "LaterLogs"]]  # its name, where it fails


def _directories(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "LaterLogs":
    return {"temp_dirs": temp_dirs(host, nginx, events) + denied_files(host, nginx, events)}


def _limits(host: Host, nginx: "Nginx", events: Sequence["Event"]) -> "LaterLogs":
    found, statuses = limits(host, nginx, events)
    return {"limits": found, "limit_statuses": statuses}


def named_places(host: Host, snapshot: "Snapshot", events: Sequence["Event"]) -> Iterator[Look]:
    """The looks that these events ask for."""
    nginx, seen = snapshot["nginx"], {meaning_of(event) for event in events}
    looks: Tuple[Tuple[FrozenSet[str], Look], ...] = (
        (UNWRITABLE | DENIED, ("temp_dirs", lambda: _directories(host, nginx, events))),
        (CYCLES, ("closed_roots", lambda: {"closed_roots": closed_roots(host, nginx, events)})),
        (LIMITED, ("limits", lambda: _limits(host, nginx, events))),
        (OF_SCRIPTS, ("script_ways", lambda: {"script_ways": ways(host, snapshot, events)})),
        (LOST_FILES, ("sent_files", lambda: {"sent_files": sent_files(host, nginx, events)})),
    )
    return (look for needs, look in looks if seen & needs)
