# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sizing needs and a snapshot lacks: what each pool's workers really cost, and what all else holds of
memory and CPU. It is measured for a change only.
"""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.linux.proc import Cgroup, parse_kb
from ...parse.number import count
from ..host import Host
from .memory import LIMITS, UNLIMITED, bound_by, cgroup_of, collect_memory, limit_of
from .processes import Process
from .worker_memory import measured_workers, private

if TYPE_CHECKING:
    from ....plugin_utils.shapes.capacity import Capacity, PoolUse
    from ....plugin_utils.shapes.memory import Memory, Worker
    from ....plugin_utils.shapes.php_fpm import Master, Pool

SOMAXCONN = "/proc/sys/net/core/somaxconn"
# Rows of memory.stat that are no cache: what the kernel cannot drop to make room (Linux:
# admin-guide/cgroup-v1/memory, cgroup-v2).
_HELD = {1: ("total_rss", "total_shmem"), 2: ("anon", "shmem")}
_KERNEL = ("slab_unreclaimable", "kernel_stack", "pagetables", "percpu")
_REASONS = ("memory_limit", "memory_use", "worker_memory", "cores")


class Bound(NamedTuple):
    """A limit of memory, in bytes."""

    limit: int
    file: Optional[str]  # of a control group; None: the machine's memory
    others: int  # held under it by others than the pools' workers
    files: int  # of these, in tmpfs or shared


class Mapped(NamedTuple):
    """Memory of a worker, in kB."""

    uss: int
    shared: int
    held: int  # share of anonymous and shared memory: what a control group and MemAvailable count as used


def _mapped(host: Host, pid: int, rows: Dict[str, int]) -> Optional[Mapped]:
    """uss is what the worker had at its largest: it may be between two requests at the moment. It counts what
    is swapped out, too.

    Before Linux 5.3 the kernel does not report the share of each kind. Private dirty pages are then the least
    that is surely held, and the rest stays with what others hold.
    """
    if "Pss" not in rows:
        return None
    own = private(rows)
    held = rows["Pss_Anon"] + rows.get("Pss_Shmem", 0) if "Pss_Anon" in rows else rows.get("Private_Dirty", 0)
    peak = parse_kb(host.text("/proc/%d/status" % pid) or "").get("VmHWM", 0) - (rows["Rss"] - own)
    return Mapped(max(own, peak) + rows.get("SwapPss", 0), max(0, rows["Pss"] - own), held)


def _use(
    master: "Master", pool: "Pool", mine: Sequence["Worker"], mapped: Dict[int, Mapped], now: float
) -> "PoolUse":
    """mine: its workers. What was measured of them stands for all."""
    seen = [mapped[worker["pid"]] for worker in mine if worker["pid"] in mapped]
    scale = float(len(mine)) / len(seen) if seen else 0.0
    cpu = [worker["cpu_seconds"] / max(1.0, now - worker["started_at"]) for worker in mine]
    return {
        "config": master["config"],
        "pool": pool["name"],
        "pm": pool["pm"],
        "max_children": pool["max_children"],
        "start_servers": pool["start_servers"],
        "min_spare": pool["min_spare"],
        "max_spare": pool["max_spare"],
        "process_max": master["process_max"],
        "workers": len(mine),
        "measured": len(seen),
        "uss_kb": sorted(cost.uss for cost in seen),
        "rss_kb": sorted(worker["rss_kb"] for worker in mine),
        "shared_kb": int(scale * sum(cost.shared for cost in seen)),
        "held_kb": int(scale * sum(cost.held for cost in seen)),
        "cpu_share": round(sum(cpu), 3),
    }


def _pools(
    host: Host, workers: Sequence["Worker"], masters: Sequence["Master"], mapped: Dict[int, Mapped]
) -> List["PoolUse"]:
    """Pools of masters that run, or will after the next boot."""
    now = host.now()
    uses: List["PoolUse"] = []
    for master in masters:
        unit = master.get("unit_state")
        if master["running"] or (unit and unit["enabled"] == "enabled"):
            for pool in master["pools"]:
                key = (master["config"], pool["name"])
                mine = [worker for worker in workers if (worker["config"], worker["pool"]) == key]
                uses.append(_use(master, pool, mine, mapped, now))
    return uses


def _limits(host: Host, memory: "Memory", homes: Dict[str, Cgroup]) -> Dict[Tuple[int, str], Tuple[int, str]]:
    """{(version, directory): (limit, its file)} of every level that has one."""
    limits: Dict[Tuple[int, str], Tuple[int, str]] = {}
    for home in homes.values():
        for directory in home.directories:
            for name in LIMITS[home.version]:
                limit = limit_of(host.text(directory + "/" + name))
                key = (home.version, directory)
                if limit is not None and limit < limits.get(key, (UNLIMITED, ""))[0]:
                    limits[key] = (limit, directory + "/" + name)
    bound, file = memory["limit_bytes"], memory["limit_file"]
    # Version 1 also reports a limit above a container's mount: of it only the container can be seen.
    known = [limit for limit, _file in limits.values()]
    if file and bound is not None and bound not in known:
        directory = posixpath.dirname(file)
        home = next(home for home in homes.values() if directory in home.directories)
        limits[(home.version, home.directories[-1])] = (bound, file)
    return limits


def _held(host: Host, version: int, directory: str) -> Optional[Tuple[int, int]]:
    """(bytes in a control group that no reclaim brings back; the shared ones). None when it cannot be read.
    Version 1 has one number for all kernel memory.
    """
    lines = [line.split() for line in (host.text(directory + "/memory.stat") or "").splitlines()]
    numbers = {line[0]: count(line[1]) for line in lines if len(line) == 2}
    rows = {name: value for name, value in numbers.items() if value is not None}
    if any(name not in rows for name in _HELD[version]):
        return None
    if version == 1:
        kernel = limit_of(host.text(directory + "/memory.kmem.usage_in_bytes")) or 0
    elif "kernel" in rows:
        kernel = max(0, rows["kernel"] - rows.get("slab_reclaimable", 0))
    else:
        kernel = sum(rows.get(name, 0) for name in _KERNEL)
    held = sum(rows[name] for name in _HELD[version]) + rows.get("sock", 0) + kernel
    return held, rows[_HELD[version][1]]


def _tightest(
    host: Host, memory: "Memory", homes: Dict[str, Cgroup], pools: Sequence["PoolUse"]
) -> Optional[Bound]:
    """Of all limits above php-fpm, the machine's memory among them, the one that leaves the least beside what
    others hold. None when what a limit holds cannot be read: it could be that one.
    """
    bounds: List[Bound] = []

    def add(limit: int, file: Optional[str], held: int, shared: int, inside: Sequence["PoolUse"]) -> None:
        others = max(0, held - 1024 * sum(pool["held_kb"] for pool in inside))
        files = max(0, shared - 1024 * sum(pool["shared_kb"] for pool in inside))
        bounds.append(Bound(limit, file, others, min(others, files)))

    for (version, directory), (limit, file) in sorted(_limits(host, memory, homes).items()):
        sizes = _held(host, version, directory)
        if sizes is None:
            path = directory + "/memory.stat"
            host.miss("memory_use", path, "does not tell what is held there", "the memory controller")
            return None
        below = {config for config, home in homes.items() if directory in home.directories}
        add(limit, file, sizes[0], sizes[1], [pool for pool in pools if pool["config"] in below])
    if memory["mem_total"]:
        if memory["mem_available"] is None:
            host.miss("memory_use", "/proc/meminfo", "has no MemAvailable", "Linux 3.14 or later")
            return None
        shared = 1024 * parse_kb(host.text("/proc/meminfo") or "").get("Shmem", 0)
        add(memory["mem_total"], None, memory["mem_total"] - memory["mem_available"], shared, pools)
    return min(bounds, key=lambda bound: bound.limit - bound.others) if bounds else None


def _quota(host: Host, version: int, directory: str) -> Optional[float]:
    """Cores' worth of CPU time; None for no quota."""
    if version == 2:
        words = (host.text(directory + "/cpu.max") or "").split()
    else:
        names = ("quota", "period")
        words = [(host.text(directory + "/cpu.cfs_%s_us" % name) or "").strip() for name in names]
    quota, period = map(count, words) if len(words) == 2 else (None, None)
    return quota / period if quota and period else None


def _allowed(status: str) -> Optional[int]:
    """How many CPUs a process may run on: "0-3,8" of Cpus_allowed_list, its affinity inside its cpuset."""
    match = re.search(r"^Cpus_allowed_list:[ \t]*(\S+)[ \t]*$", status, re.M)
    spans = [part.partition("-") for part in match.group(1).split(",") if part] if match else []
    return sum(int(last or first) - int(first) + 1 for first, _dash, last in spans) or None


def cores(host: Host, pids: Sequence[int]) -> Optional[float]:
    """The least that one of the processes may use, by its affinity and by the CPU quotas above it. None when
    it cannot be read.
    """
    least: List[float] = []
    for pid in pids:
        allowed = _allowed(host.text("/proc/%d/status" % pid) or "")
        if allowed is None:
            host.miss("cores", "/proc/%d/status" % pid, "does not tell which CPUs the process may use")
            return None
        home = cgroup_of(host, pid, "cpu")
        quotas = [_quota(host, home.version, directory) for directory in home.directories] if home else []
        least.append(min([float(allowed)] + [quota for quota in quotas if quota]))
    return min(least) if least else None


def capacity(host: Host, procs: Sequence[Process], masters: Sequence["Master"]) -> "Capacity":
    """The facts that sizing works on. masters: those of collect_fpm.

    The limit is None when one may exist and could not be read.
    """
    memory = collect_memory(host, masters)
    page_tables: Dict[int, Dict[str, int]] = {}
    workers = measured_workers(host, procs, masters, page_tables)
    costs = {pid: _mapped(host, pid, rows) for pid, rows in page_tables.items()}
    mapped = {pid: cost for pid, cost in costs.items() if cost}
    pids = {str(master["config"]): int(master["pid"]) for master in masters if master["pid"]} or {"": 1}
    cgroups = {config: cgroup_of(host, pid) for config, pid in pids.items()}
    homes = {config: cgroup for config, cgroup in cgroups.items() if cgroup is not None}
    pools = _pools(host, workers, masters, mapped)
    bound = _tightest(host, memory, homes, pools) if memory["limit_bytes"] is not None else None
    known = {(pool["config"], pool["pool"]) for pool in pools}
    unlisted = {(worker["config"], worker["pool"]) for worker in workers if worker["config"]} - known
    facts: "Capacity" = {
        **memory,
        "others_bytes": bound.others if bound else None,
        "pools": pools,
        "cores": cores(host, list(pids.values())),
        "unlisted": [[config, pool] for config, pool in sorted(unlisted)],
        "missing": [],
    }
    if bound:
        facts["files_bytes"] = bound.files
        facts.update(bound_by(bound.limit, bound.file))
    facts["missing"] = [entry for entry in host.missing if entry["what"] in _REASONS]
    return facts
