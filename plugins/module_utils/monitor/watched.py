# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether what is watched is still what there is."""

from typing import TYPE_CHECKING, List, Optional

from ..collect.host import Host, HostError
from . import processes

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import Watched

OLDEST = 3600.0  # seconds: something may decide that no file shows
# Anybody can start what is called like php-fpm, again and again. To look at all anew is dear.
STRANGERS = 60.0  # seconds


def fingerprint(host: Host, path: str) -> List[float]:
    try:
        stat = host.stat(path)
    except HostError:
        return []
    return [stat.mtime, float(stat.size), float(stat.inode)]


def ticks(table: processes.Table, pid: Optional[int]) -> int:
    return table.stats[pid].start_ticks if pid in table.stats else 0


def holds(host: Host, table: processes.Table, watched: "Watched") -> bool:
    """Whether what was read then is what there is."""
    age = host.now() - watched["at"]
    masters = [master["pid"] for master in watched["masters"] if master["pid"]]
    return (
        0 <= age <= OLDEST
        and (age < STRANGERS or processes.others(table, masters) == watched["others"])
        and all(
            ticks(table, master["pid"]) == master["ticks"] for master in watched["masters"] if master["pid"]
        )
        and all(fingerprint(host, path) == seen for path, seen in watched["files"].items())
        and all(host.glob(pattern) == paths for pattern, paths in watched["found"].items())
    )
