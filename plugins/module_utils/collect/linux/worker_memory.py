# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm's workers really take: their page tables, of a sample of them."""

import os
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ...parse.linux.proc import parse_kb
from ..host import Host
from .memory import collect_workers
from .processes import KEPT, Process, texts_in_time

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Worker, WorkerSizes
    from ....plugin_utils.shapes.php_fpm import Master

PAGES = "/proc/%d/smaps_rollup"
SAMPLE = 64  # workers whose page tables are walked; the kernel needs up to a millisecond for each


def _sizes(host: Host, pid: int, rows: Dict[str, int]) -> Optional["WorkerSizes"]:
    """kB out of the rows of smaps_rollup (Linux 4.14), which root or the process's own user may read; else
    out of statm, which anybody may.
    """
    if "Rss" in rows:
        return {
            "rss_kb": rows["Rss"],
            "pss_kb": rows.get("Pss"),
            "shared_kb": rows.get("Shared_Clean", 0) + rows.get("Shared_Dirty", 0),
            "uss_kb": private(rows),
        }
    fields = (host.text("/proc/%d/statm" % pid) or "").split()
    page = os.sysconf("SC_PAGE_SIZE") // 1024
    if len(fields) < 3:
        return None
    rss, shared = int(fields[1]) * page, int(fields[2]) * page
    return {"rss_kb": rss, "pss_kb": None, "uss_kb": None, "shared_kb": shared}


def private(rows: Dict[str, int]) -> int:
    """kB that only this process has, out of the rows of smaps_rollup."""
    return rows.get("Private_Clean", 0) + rows.get("Private_Dirty", 0)


def measured_workers(
    host: Host,
    procs: Sequence[Process],
    masters: Sequence["Master"],
    page_tables: Optional[Dict[int, Dict[str, int]]] = None,
) -> List["Worker"]:
    """collect_workers with pss, uss and shared of at most SAMPLE workers, taken evenly over pools and age.

    page_tables: gets the rows of smaps_rollup in kB, {pid: {name: kB}}, of those that could be read.
    """
    workers = collect_workers(host, procs, masters)
    # Anybody may take a worker's title: those without a master would fill the sample.
    own = [worker for worker in workers if worker["config"]] or workers
    step = max(1.0, float(len(own)) / SAMPLE)
    sample = [own[int(number * step)] for number in range(min(SAMPLE, len(own)))]
    uids = {process.pid: process.uid for process in procs}
    texts = texts_in_time(host, PAGES, {worker["pid"]: uids[worker["pid"]] for worker in sample})
    kept = {uids[worker["pid"]] for worker in sample if worker["pid"] not in texts}
    for worker in sample:
        pid = worker["pid"]
        # Who hides one worker would seem to need as little as his others.
        rows = parse_kb("" if uids[pid] in kept else texts[pid] or "")
        sizes = _sizes(host, pid, rows)
        if sizes:
            worker.update(sizes)
        if page_tables is not None and "Rss" in rows:
            page_tables[pid] = rows
        if pid not in texts:
            host.miss("worker_memory", PAGES % pid, KEPT)
    if own and own[0]["uss_kb"] is None and not kept:
        host.miss(
            "worker_memory", PAGES % own[0]["pid"], "cannot be read", None if host.is_root() else "root"
        )
    return workers
