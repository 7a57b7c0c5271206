# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory of the masters' units and kills for want of it, from the kernel's own counts."""

import posixpath
import re
from typing import Dict, List, Optional, Sequence, Tuple

from ..collect.host import Host
from ..collect.linux.memory import LIMITS, cgroup_of, limit_of
from ..parse.linux.proc import INITIAL_CGROUP, OOM_KILLS, parse_kb

_INACTIVE = re.compile(r"^(?:total_)?inactive_file (\d+)$", re.M)
# By version: the file of what is used.
_USED = {1: "memory.usage_in_bytes", 2: "memory.current"}
_EVENTS = {1: "memory.oom_control", 2: "memory.events"}


def budget(host: Host, pid: int) -> Optional[Tuple[int, int]]:
    """(bytes used that no dropped cache would free, bytes that there are) of the tightest bound."""
    meminfo = parse_kb(host.text("/proc/meminfo") or "")
    total = meminfo.get("MemTotal")
    bounds: List[Tuple[int, int]] = []
    if total is not None and "MemAvailable" in meminfo:
        bounds.append(((total - meminfo["MemAvailable"]) * 1024, total * 1024))
    cgroup = cgroup_of(host, pid)
    if cgroup:
        for folder in cgroup.directories:
            bounds += _bound(host, folder, cgroup.version, total)
    return max(bounds, key=lambda bound: float(bound[0]) / bound[1], default=None)


def _bound(host: Host, folder: str, version: int, total: Optional[int]) -> List[Tuple[int, int]]:
    """(used, limit) of a control group that has a limit below the memory of the host."""
    limits = [limit_of(host.text(posixpath.join(folder, name))) for name in LIMITS[version]]
    known = [limit for limit in limits if limit]
    used = limit_of(host.text(posixpath.join(folder, _USED[version])))
    if not known or used is None or (total is not None and min(known) >= total * 1024):
        return []
    cache = _INACTIVE.findall(host.text(posixpath.join(folder, "memory.stat")) or "")
    return [(max(0, used - int(cache[-1] if cache else 0)), min(known))]


def kills(host: Host, masters: Sequence[int]) -> Dict[str, int]:
    """{what counts: how many processes were killed}. A machine's own count is enough. In a container that is
    everybody's, so the cgroups of its first process and of the masters are asked.
    """
    init = cgroup_of(host, 1)
    if (
        host.readlink("/proc/self/ns/cgroup") in (INITIAL_CGROUP, None)
        and _without_init(init.path if init else "") == ""
    ):
        count = OOM_KILLS.search(host.text("/proc/vmstat") or "")
        return {"vmstat": int(count.group(1))} if count else {}
    counts: Dict[str, int] = {}
    for pid in [1, *masters]:
        cgroup = cgroup_of(host, pid)
        if not cgroup or not cgroup.directories:
            continue
        folder = _without_init(cgroup.directories[0])
        count = OOM_KILLS.search(host.text(posixpath.join(folder, _EVENTS[cgroup.version])) or "")
        if count:
            counts[folder] = int(count.group(1))
            if cgroup.version == 2 and pid == 1:
                break  # it counts what is below it, too
    return counts


def _without_init(path: str) -> str:
    return re.sub(r"(?:/init\.scope|/)\Z", "", path)
