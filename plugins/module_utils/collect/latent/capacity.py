# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What sizing works on, and how the workers differ in what they hold."""

from typing import TYPE_CHECKING, List, Optional

from ...parse.linux.proc import parse_kb
from ...parse.number import count
from ..host import Host
from ..linux.capacity import SOMAXCONN, capacity
from ..linux.processes import processes
from ..linux.worker_memory import measured_workers

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Worker
    from ....plugin_utils.shapes.risks_capacity import CapacityFacts, WorkerGrowth
    from ....plugin_utils.shapes.snapshot import Snapshot


def _growth(host: Host, worker: "Worker") -> "Optional[WorkerGrowth]":
    status = parse_kb(host.text("/proc/%d/status" % worker["pid"]) or "")
    if worker["uss_kb"] is None or worker["config"] is None:
        return None
    return {
        "config": worker["config"],
        "pool": worker["pool"],
        "age": round(max(0.0, host.now() - worker["started_at"]), 1),
        "cpu_seconds": worker["cpu_seconds"],
        "own_kb": worker["uss_kb"],
        "rss_kb": worker["rss_kb"],
        "peak_kb": max(status.get("VmHWM", 0), worker["rss_kb"]),
    }


def collect(host: Host, snapshot: "Snapshot") -> "CapacityFacts":
    procs = processes(host)
    masters = snapshot["fpm"]["masters"]
    memory = capacity(host, procs, masters)
    if memory["pools"] and not any(pool["uss_kb"] for pool in memory["pools"]):
        why = "no pool has a worker that could be measured: what one takes is not known"
        host.miss("worker_memory", None, why, "a look while pages are served")
    grown = [_growth(host, worker) for worker in measured_workers(host, procs, masters)]
    workers: List["WorkerGrowth"] = [each for each in grown if each is not None]
    return {
        "memory": memory,
        "workers": workers,
        "somaxconn": count((host.text(SOMAXCONN) or "").strip()),
    }
