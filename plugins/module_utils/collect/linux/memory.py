# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm's workers use, and what they may use."""

import os
import posixpath
import re
from typing import Dict, List, Optional, Sequence, Tuple

from ...parse.linux.proc import TICKS, memory_cgroup, parse_kb, parse_stat
from ..host import Host
from .processes import Process

UNLIMITED = 1 << 60  # version 1 says "no limit" as the largest page-aligned 64 bit number
# accept and accept4 of x86_64, aarch64 and the generic table
_ACCEPT = frozenset(("43", "288", "202", "242"))
_POOL = re.compile(r"^php-fpm: pool (.+)$")


def limit_of(text: Optional[str]) -> Optional[int]:
    """A limit file's content; None for no limit and for no content."""
    number = int(text) if text and text.strip().isdigit() else None
    return None if number is None or number >= UNLIMITED else number


def levels(point: str, path: str) -> List[str]:
    """Up to the mount."""
    parts = [part for part in path.split("/") if part]
    return [posixpath.join(point, *parts[:depth]) for depth in range(len(parts), -1, -1)]


def _version2(host: Host, directories: List[str]) -> Tuple[Optional[int], str, Dict[str, Optional[int]]]:
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


def _version1(host: Host, directories: List[str]) -> Tuple[Optional[int], str, Dict[str, Optional[int]]]:
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


def collect_memory(host: Host, masters: Sequence[dict] = ()) -> dict:
    """In bytes: the tightest cgroup limit above the running masters, else above the host's init, or the
    machine's memory. limit_bytes is None when a limit may exist and could not be read.
    """
    meminfo = parse_kb(host.text("/proc/meminfo") or "")
    total = meminfo["MemTotal"] * 1024 if "MemTotal" in meminfo else None
    facts: dict = {
        "limit_bytes": total,
        "limit_from": "MemTotal" if total else None,
        "mem_total": total,
        "mem_available": meminfo["MemAvailable"] * 1024 if "MemAvailable" in meminfo else None,
        "swap_total": meminfo["SwapTotal"] * 1024 if "SwapTotal" in meminfo else None,
        "cgroup_usage": None,
        "swap_limit": None,
    }
    for pid in [master["pid"] for master in masters if master["pid"]] or [1]:
        cgroup, mounts = host.text("/proc/%d/cgroup" % pid), host.text("/proc/self/mountinfo")
        place = memory_cgroup(cgroup, mounts) if cgroup is not None and mounts is not None else None
        if place is None:
            if cgroup is None:
                host.miss("memory_limit", "/proc/%d/cgroup" % pid, "cannot be read", "root")
                facts.update(limit_bytes=None, limit_from=None)
            continue
        version, point, path = place
        directories = levels(point, path)
        if host.text(directories[0] + "/cgroup.procs") is None:
            host.miss(
                "memory_limit",
                directories[0],
                "the cgroup of pid %d cannot be read" % pid,
                "root and the host's own cgroup mount",
            )
            facts.update(limit_bytes=None, limit_from=None)
            continue
        limit, source, more = (_version1 if version == 1 else _version2)(host, directories)
        if limit is not None and (facts["limit_bytes"] is None or limit < facts["limit_bytes"]):
            facts.update(more, limit_bytes=limit, limit_from="cgroup " + source)
    return facts


def _busy(host: Host, pid: int) -> Optional[bool]:
    """Whether a worker does not wait for a connection; None without the right to know."""
    words = (host.text("/proc/%d/syscall" % pid) or "").split()
    return words[0] not in _ACCEPT if words else None


def collect_workers(host: Host, procs: Sequence[Process], masters: Sequence[dict]) -> List[dict]:
    """One entry for each worker of the masters; config is None for one whose master is gone. Memory: see
    worker_memory.py.
    """
    config = {master["pid"]: master["config"] for master in masters if master["pid"]}
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    found: List[dict] = []
    for one in procs:
        title = _POOL.match(one.cmdline)
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
