# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many processes the control groups of a process may have."""

from typing import TYPE_CHECKING, Optional

from ...parse.number import count
from ..host import Host
from .memory import cgroup_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.waits import ProcessLimit


def process_limit(host: Host, pid: int) -> Optional["ProcessLimit"]:
    """The limit of the innermost group that is full."""
    group = cgroup_of(host, pid, "pids")
    for path in group.directories if group else ():
        limit, now = [
            count((host.text("%s/%s" % (path, name)) or "").strip()) for name in ("pids.max", "pids.current")
        ]
        if limit is not None and now is not None and now >= limit:
            return {"path": path, "limit": limit, "processes": now}
    return None
