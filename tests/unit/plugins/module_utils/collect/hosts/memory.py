# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with control groups of version 1 and 2, limits at several levels, none, and unreadable ones."""

import os
from typing import Any, Dict, List, Optional, Sequence

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.capacity import capacity
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

MIB = 1 << 20
CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
FIXTURES = fixtures("proc")
V2_MOUNTS = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1_MOUNTS = (
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
)
SLICE, UNIT = "/sys/fs/cgroup/system.slice", "/sys/fs/cgroup/system.slice/php8.2-fpm.service"
V1 = "/sys/fs/cgroup/memory/system.slice"
ROLLUP = """\
Rss: {rss} kB
Pss: {pss} kB
Pss_Anon: {anon} kB
Pss_File: 2048 kB
Pss_Shmem: {shmem} kB
Shared_Clean: 4096 kB
Shared_Dirty: 20480 kB
Private_Clean: 1024 kB
Private_Dirty: {dirty} kB
SwapPss: {swap} kB
"""


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


def rollup(own: int = 20, share: int = 8, swap: int = 0) -> str:
    """own, share, swap: MiB that the worker has alone, its part of the opcache, and what is swapped out."""
    return ROLLUP.format(
        rss=(own + 24) * 1024,
        pss=(own + share + 3) * 1024,
        anon=own * 1024,
        shmem=share * 1024,
        dirty=own * 1024,
        swap=swap * 1024,
    )


def a_process(pid: int, ppid: int, title: str) -> Process:
    return Process(
        pid, ppid, "php-fpm8.2", "php-fpm: " + title, "/usr/sbin/php-fpm8.2", 33, 33, [33], 1775139697.0
    )


def a_master(*pools: str, **more: Any) -> Dict[str, Any]:
    facts = [
        {
            "name": name,
            "pm": "static",
            "max_children": 2,
            "start_servers": None,
            "min_spare": None,
            "max_spare": None,
        }
        for name in pools or ("www",)
    ]
    return dict(
        {"config": CONFIG, "pid": 100, "running": True, "process_max": 0, "unit_state": None, "pools": facts},
        **more,
    )


def a_stat(pid: int, pages: int = 11264, ticks: int = 500) -> str:
    return "%d (php-fpm8.2) S 100 1 1 0 -1 4194560 0 0 0 0 %d 0 0 0 20 0 1 0 5000 0 %d 0\n" % (
        pid,
        ticks,
        pages,
    )


class Grouped(Built):
    """Two workers in control groups. Sizes are in MiB."""

    limit_file = ""

    def limited(self, directory: str, limit: int) -> "Grouped":
        return self.file("%s/%s" % (directory, self.limit_file), "%d\n" % (limit * MIB))

    def holding(
        self, directory: str, anon: int, kernel: int = 0, shmem: int = 0, reclaimable: int = 0
    ) -> "Grouped":
        """What version 2 reports of a control group."""
        sizes = (anon, kernel, shmem, reclaimable)
        return self.file(directory + "/memory.stat", V2_STAT % tuple(size * MIB for size in sizes))


def a_host(
    cgroup: str, mounts: str, files: Dict[str, str], workers: Dict[int, str], denied: Sequence[str] = ()
) -> Grouped:
    base = {
        "/proc/self/mountinfo": mounts,
        "/proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 6291456 kB\nSwapTotal: 0 kB\n",
    }
    for pid in [1, 100] + list(workers):
        base["/proc/%d/cgroup" % pid] = cgroup
        base["/proc/%d/status" % pid] = "Name:\tphp-fpm8.2\nCpus_allowed:\t10f\nCpus_allowed_list:\t0-3,8\n"
    for pid, text in workers.items():
        base["/proc/%d/smaps_rollup" % pid] = text
        base["/proc/%d/stat" % pid] = a_stat(pid)
    return Grouped(files=dict(base, **files), denied=denied)


def two_workers() -> Dict[int, str]:
    return {101: rollup(), 102: rollup(24)}


def procs(*titles: str) -> List[Process]:
    return [a_process(100, 1, "master process (%s)" % CONFIG)] + [
        a_process(101 + number, 100, title) for number, title in enumerate(titles)
    ]


TWO = ("pool www", "pool www")
V2_STAT = "anon %d\nfile 900000000\nkernel %d\nshmem %d\nslab_reclaimable %d\nslab_unreclaimable 1\nsock 0\n"


def v2() -> Grouped:
    """Control groups of version 2."""
    host = a_host("0::/system.slice/php8.2-fpm.service\n", V2_MOUNTS, {}, two_workers())
    host.limit_file = "memory.max"
    return host.file(UNIT + "/cgroup.procs", "100\n")


def v1() -> Grouped:
    """Control groups of version 1."""
    text = "4:memory:/system.slice\n3:cpu,cpuacct:/system.slice\n"
    host = a_host(text, V1_MOUNTS, {}, two_workers())
    host.limit_file = "memory.limit_in_bytes"
    return host.file(V1 + "/cgroup.procs", "100\n")


V1_STAT = (
    "rss 1\nshmem 1\nhierarchical_memory_limit %d\ntotal_rss %d\ntotal_shmem %d\ntotal_cache 99999999999\n"
)


def bare(denied: Sequence[str] = (), workers: Optional[Dict[int, str]] = None, meminfo: str = "") -> Built:
    more = {"/proc/meminfo": meminfo} if meminfo else {}
    return a_host(
        "0::/\n",
        V2_MOUNTS,
        dict({"/sys/fs/cgroup/cgroup.procs": "100\n"}, **more),
        two_workers() if workers is None else workers,
        denied,
    )


def measured(host: Built) -> Any:
    """What two workers of one pool and their master are given."""
    return capacity(host, procs(*TWO), [a_master()])
