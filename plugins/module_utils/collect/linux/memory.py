# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm's workers use, and what they may use."""

import os
import posixpath
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from ...parse.linux.proc import TICKS, Cgroup, limiting_cgroup, parse_kb, parse_stat
from ...parse.number import count
from ...parse.titles import FPM_WORKER
from ..host import Host
from .processes import Process

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Memory, Worker
    from ....plugin_utils.shapes.php_fpm import Master

# By version: files of a limit.
LIMITS = {1: ("memory.limit_in_bytes",), 2: ("memory.max", "memory.high")}
UNLIMITED = 1 << 60  # version 1 says "no limit" as the largest page-aligned 64 bit number
# accept and accept4 of x86_64, aarch64 and the generic table
_ACCEPT = frozenset(("43", "288", "202", "242"))


def limit_of(text: Optional[str]) -> Optional[int]:
    """A limit file's content; None for no limit and for no content."""
    limit = count((text or "").strip())
    return None if limit is None or limit >= UNLIMITED else limit


def cgroup_of(host: Host, pid: int, controller: str = "memory") -> Optional[Cgroup]:
    """The control group that limits a process; None when none can be seen."""
    cgroup, mounts = host.text("/proc/%d/cgroup" % pid), host.text("/proc/self/mountinfo")
    if cgroup is None or mounts is None:
        return None
    home = limiting_cgroup(cgroup, mounts, controller)
    return home if home.point else None


def _version2(host: Host, directories: List[str]) -> Tuple[Optional[int], str, "Memory"]:
    names = ("memory.max", "memory.high")
    best, source = _least(host, [directory + "/" + name for directory in directories for name in names])
    swap, _source = _least(host, [directory + "/memory.swap.max" for directory in directories])
    usage = limit_of(host.text(posixpath.dirname(source) + "/memory.current")) if source else None
    return best, source, {"cgroup_usage": usage, "swap_limit": swap}


def _least(host: Host, files: List[str]) -> Tuple[Optional[int], str]:
    """(the tightest limit, the first file that has it); (None, "") without a limit."""
    limits = [(limit_of(host.text(file)), file) for file in files]
    return min(
        [(limit, file) for limit, file in limits if limit is not None],
        key=lambda row: row[0],
        default=(None, ""),
    )


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


def bound_by(limit: Optional[int], file: Optional[str]) -> "Memory":
    source = "cgroup " + file if file else "MemTotal"
    return {"limit_bytes": limit, "limit_from": source if limit else None, "limit_file": file}


def collect_memory(host: Host, masters: Sequence["Master"] = ()) -> "Memory":
    """In bytes: the tightest cgroup limit above the running masters, else above the host's init, or the
    machine's memory. limit_bytes is None when a limit may exist and could not be read.
    """
    meminfo = parse_kb(host.text("/proc/meminfo") or "")
    total = meminfo["MemTotal"] * 1024 if "MemTotal" in meminfo else None
    facts: Memory = {
        **bound_by(total, None),
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
                facts.update(bound_by(None, None))
            continue
        directories = cgroup.directories
        if host.text(directories[0] + "/cgroup.procs") is None:
            why = "the cgroup of pid %d cannot be read" % pid
            host.miss("memory_limit", directories[0], why, "root and the host's own cgroup mount")
            facts.update(bound_by(None, None))
            continue
        limit, source, more = (_version1 if cgroup.version == 1 else _version2)(host, directories)
        if limit is not None and (facts["limit_bytes"] is None or limit < facts["limit_bytes"]):
            facts.update(more)
            facts.update(bound_by(limit, source))
    return facts


def _busy(host: Host, pid: int) -> Optional[bool]:
    """Whether a worker does not wait for a connection; None without the right to know."""
    words = (host.text("/proc/%d/syscall" % pid) or "").split()
    return words[0] not in _ACCEPT if words else None


def collect_workers(host: Host, procs: Sequence[Process], masters: Sequence["Master"]) -> List["Worker"]:
    """One entry for each worker; its config is None when its master is gone."""
    config = {master["pid"]: master["config"] for master in masters if master["pid"]}
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    workers: List[Worker] = []
    for process in procs:
        title = None if process.foreign else FPM_WORKER.match(process.cmdline)
        stat = parse_stat(host.text("/proc/%d/stat" % process.pid) or "") if title else None
        if title is None or stat is None:
            continue
        worker: "Worker" = {
            "config": config.get(process.ppid),
            "pool": title.group(1),
            "pid": process.pid,
            "started_at": process.started_at,
            "rss_kb": stat.rss_pages * page,
            "pss_kb": None,
            "uss_kb": None,
            "shared_kb": None,
            "cpu_seconds": float(stat.cpu_ticks) / TICKS,
            "busy": _busy(host, process.pid),
        }
        workers.append(worker)
    return sorted(workers, key=lambda row: (row["config"] or "", row["pool"], row["started_at"], row["pid"]))
