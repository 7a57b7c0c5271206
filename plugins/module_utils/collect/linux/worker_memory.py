# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm's workers really take: their page tables, of a sample of them."""

import os
from typing import Any, Dict, List, Optional, Sequence

from ...parse.linux.proc import parse_kb
from ..host import Host
from .memory import collect_workers
from .processes import Process

SAMPLE = 64  # workers whose page tables are walked; the kernel needs up to a millisecond for each


def _mapped(host: Host, pid: int) -> Dict[str, Optional[int]]:
    """kB out of smaps_rollup (Linux 4.14), which root or the process's own user may read; else what statm
    tells anybody.
    """
    rollup = parse_kb(host.text("/proc/%d/smaps_rollup" % pid) or "")
    if "Rss" in rollup:
        shared = rollup.get("Shared_Clean", 0) + rollup.get("Shared_Dirty", 0)
        return {
            "rss_kb": rollup["Rss"],
            "pss_kb": rollup.get("Pss"),
            "shared_kb": shared,
            "uss_kb": rollup.get("Private_Clean", 0) + rollup.get("Private_Dirty", 0),
        }
    fields = (host.text("/proc/%d/statm" % pid) or "").split()
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    if len(fields) < 3:
        return {}
    return {"rss_kb": int(fields[1]) * page, "shared_kb": int(fields[2]) * page}


def measured_workers(
    host: Host, procs: Sequence[Process], masters: Sequence[Dict[str, Any]]
) -> List[Dict[str, Any]]:
    """collect_workers with pss, uss and shared of at most SAMPLE workers, taken evenly over pools and age."""
    found = collect_workers(host, procs, masters)
    step = max(1.0, float(len(found)) / SAMPLE)
    for number in range(min(SAMPLE, len(found))):
        worker = found[int(number * step)]
        worker.update(_mapped(host, worker["pid"]))
    if any(worker["uss_kb"] is None for worker in found[:1]):
        host.miss(
            "worker_memory",
            "/proc/%d/smaps_rollup" % found[0]["pid"],
            "cannot be read",
            None if host.is_root() else "root",
        )
    return found
