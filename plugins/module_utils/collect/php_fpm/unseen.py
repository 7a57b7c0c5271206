# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a running master does not see of its host, in the mount namespace that its unit gives it."""

from typing import TYPE_CHECKING, List

from ...parse.linux.systemctl import hides
from ...parse.linux.unseen import gone_mounts, listening_paths
from ..host import Host
from ..linux.hidden import other_view

if TYPE_CHECKING:
    from ....plugin_utils.shapes.php_fpm import Unseen
    from ....plugin_utils.shapes.unit import Unit

MOST_PATHS = 10


def unseen(host: Host, pid: int, unit: "Unit") -> "Unseen":
    root = other_view(host, pid)
    if not root:
        return {"mounts": [], "sockets": []}
    sockets: List[str] = []
    for path in listening_paths(host.text("/proc/net/unix") or ""):
        hidden = hides(unit.get("sandbox") or {}, path) and path not in sockets and len(sockets) < MOST_PATHS
        if hidden and host.type_of(path) == "socket" and host.type_of(root + path) is None:
            sockets.append(path)
    return {
        "mounts": gone_mounts(host.text("/proc/%d/mountinfo" % pid) or "")[:MOST_PATHS],
        "sockets": sockets,
    }
