# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When each file was changed that sets what a location and its pool may take."""

from typing import TYPE_CHECKING, Dict, List, Optional

from .host import Host, HostError

if TYPE_CHECKING:
    from ...plugin_utils.shapes.snapshot import Snapshot

MOST_FILES = 200


def changed_files(host: Host, snapshot: "Snapshot") -> Dict[str, float]:
    """Epoch seconds, by path."""
    paths: List[Optional[str]] = []
    for route in snapshot["nginx"]["routes"]:
        paths += [route["file"], route["read_timeout"]["file"]]
    for master in snapshot["fpm"]["masters"]:
        paths += [master["config"], *(pool["file"] for pool in master["pools"])]
    found: Dict[str, float] = {}
    for path in list(dict.fromkeys(paths))[:MOST_FILES]:
        try:
            found.update({path: host.stat(path).mtime} if path else {})
        except HostError:
            continue
    return found
