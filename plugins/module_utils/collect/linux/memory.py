# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm's workers use, and what they may use."""

import os
import posixpath
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from ...parse.linux.proc import TICKS, Cgroup, limiting_cgroup, parse_kb, parse_stat
from ...parse.titles import FPM_WORKER
from ..host import Host
from .processes import Process

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Memory, Worker
    from ....plugin_utils.shapes.php_fpm import Master

UNLIMITED = 1 << 60  # version 1 says "no limit" as the largest page-aligned 64 bit number
# accept and accept4 of x86_64, aarch64 and the generic table
_ACCEPT = frozenset(("43", "288", "202", "242"))


def limit_of(text: Optional[str]) -> Optional[int]:
    """A limit file's content; None for no limit and for no content."""
    number = int(text) if text and text.strip().isdigit() else None
    return None if number is None or number >= UNLIMITED else number


def cgroup_of(host: Host, pid: int, controller: str = "memory") -> Optional[Cgroup]:
    """The control group that limits a process; None when none can be seen."""
    cgroup, mounts = host.text("/proc/%d/cgroup" % pid), host.text("/proc/self/mountinfo")
    if cgroup is None or mounts is None:
        return None
    found = limiting_cgroup(cgroup, mounts, controller)
    return found if found.point else None


def _version2(host: Host, directories: List[str]) -> Tuple[Optional[int], str, "Memory"]:
    files = [directory + "/" + name for directory in directories for name in ("memory.max", "memory.high")]
    limits = [
        (limit, file)
        for limit, file in ((limit_of(host.text(file)), file) for file in files)
        if limit is not None
    ]
    best, source = min(limits, key=lambda one: one[0]) if limits else (None, "")
    swap = [
        limit
        for limit in (limit_of(host.text(directory + "/memory.swap.max")) for directory in directories)
        if limit is not None
    ]
    usage = limit_of(host.text(posixpath.dirname(source) + "/memory.current")) if source else None
    return best, source, {"cgroup_usage": usage, "swap_limit": min(swap) if swap else None}


def _version1(host: Host, directories: List[str]) -> Tuple[Optional[int], str, "Memory"]:
    """memory.stat's hierarchical lines count the levels above a container's mount too."""
    leaf = directories[0]
    rows = dict(
        line.split(None, 1) for line in (host.text(leaf + "/memory.stat") or "").splitlines() if " " in line
    )
    best = limit_of(rows.get("hierarchical_memory_limit"))
    both = limit_of(rows.get("hierarchical_memsw_limit"))
    usage = limit_of(host.text(leaf + "/memory.usage_in_bytes"))
    for directory in directories:
        if best is not None and limit_of(host.text(directory + "/memory.limit_in_bytes")) == best:
            leaf, usage = directory, limit_of(host.text(directory + "/memory.usage_in_bytes"))
    return (
        best,
        leaf + "/memory.limit_in_bytes",
        {"cgroup_usage": usage, "swap_limit": both - best if both and best else None},
    )


def collect_memory(host: Host, masters: Sequence["Master"] = ()) -> "Memory":
    """In bytes: the tightest cgroup limit above the running masters, else above the host's init, or the
    machine's memory. limit_bytes is None when a limit may exist and could not be read.
    """
    meminfo = parse_kb(host.text("/proc/meminfo") or "")
    total = meminfo["MemTotal"] * 1024 if "MemTotal" in meminfo else None
    facts: Memory = {
        "limit_bytes": total,
        "limit_from": "MemTotal" if total else None,
        "mem_total": total,
        "mem_available": meminfo["MemAvailable"] * 1024 if "MemAvailable" in meminfo else None,
        "swap_total": meminfo["SwapTotal"] * 1024 if "SwapTotal" in meminfo else None,
        "cgroup_usage": None,
        "swap_limit": None,
    }
    for pid in [master["pid"] for master in masters if master["pid"]] or [1]:
        cgroup = cgroup_of(host, pid)
        if cgroup is None:
            if host.text("/proc/%d/cgroup" % pid) is None:
                host.miss("memory_limit", "/proc/%d/cgroup" % pid, "cannot be read", "root")
                facts["limit_bytes"], facts["limit_from"] = None, None
            continue
        directories = cgroup.directories
        if host.text(directories[0] + "/cgroup.procs") is None:
            host.miss(
                "memory_limit",
                directories[0],
                "the cgroup of pid %d cannot be read" % pid,
                "root and the host's own cgroup mount",
            )
            facts["limit_bytes"], facts["limit_from"] = None, None
            continue
        limit, source, more = (_version1 if cgroup.version == 1 else _version2)(host, directories)
        if limit is not None and (facts["limit_bytes"] is None or limit < facts["limit_bytes"]):
            facts.update(more)
            facts["limit_bytes"], facts["limit_from"] = limit, "cgroup " + source
    return facts


def _busy(host: Host, pid: int) -> Optional[bool]:
    """Whether a worker does not wait for a connection; None without the right to know."""
    words = (host.text("/proc/%d/syscall" % pid) or "").split()
    return words[0] not in _ACCEPT if words else None


def collect_workers(host: Host, procs: Sequence[Process], masters: Sequence["Master"]) -> List["Worker"]:
    """One entry for each worker of the masters; config is None for one whose master is gone. Memory: see
    worker_memory.py.
    """
    config = {master["pid"]: master["config"] for master in masters if master["pid"]}
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    found: List[Worker] = []
    for one in procs:
        title = FPM_WORKER.match(one.cmdline)
        stat = parse_stat(host.text("/proc/%d/stat" % one.pid) or "") if title and not one.foreign else None
        if title is None or stat is None:
            continue
        found.append(
            {
                "config": config.get(one.ppid),
                "pool": title.group(1),
                "pid": one.pid,
                "started_at": one.started_at,
                "rss_kb": stat.rss_pages * page,
                "pss_kb": None,
                "uss_kb": None,
                "shared_kb": None,
                "cpu_seconds": float(stat.cpu_ticks) / TICKS,
                "busy": _busy(host, one.pid),
            }
        )
    found.sort(
        key=lambda worker: (worker["config"] or "", worker["pool"], worker["started_at"], worker["pid"])
    )
    return found
