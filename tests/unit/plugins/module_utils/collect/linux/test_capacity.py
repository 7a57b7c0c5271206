# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a described host leaves to php-fpm: control groups of version 1 and 2, limits at several levels, none,
and unreadable ones.
"""

import os
from typing import Any, Dict, List, Optional, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.capacity import capacity
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.sizing import size
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MIB = 1 << 20
CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
FIXTURES = fixtures("proc")
V2_MOUNTS = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1_MOUNTS = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
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


def a_host(
    cgroup: str, mounts: str, files: Dict[str, str], workers: Dict[int, str], denied: Sequence[str] = ()
) -> FakeHost:
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
    return FakeHost(files=dict(base, **files), denied=denied)


def two_workers() -> Dict[int, str]:
    return {101: rollup(), 102: rollup(24)}


def procs(*titles: str) -> List[Process]:
    return [a_process(100, 1, "master process (%s)" % CONFIG)] + [
        a_process(101 + number, 100, title) for number, title in enumerate(titles)
    ]


TWO = ("pool www", "pool www")
V2_STAT = "anon %d\nfile 900000000\nkernel %d\nshmem %d\nslab_reclaimable %d\nslab_unreclaimable 1\nsock 0\n"


def v2(files: Dict[str, str], denied: Sequence[str] = ()) -> FakeHost:
    return a_host(
        "0::/system.slice/php8.2-fpm.service\n",
        V2_MOUNTS,
        dict({UNIT + "/cgroup.procs": "100\n"}, **files),
        two_workers(),
        denied,
    )


def test_version_2_counts_what_no_reclaim_brings_back_without_the_workers() -> None:
    facts = capacity(
        v2(
            {
                UNIT + "/memory.max": "536870912\n",
                UNIT + "/memory.high": "max\n",
                UNIT + "/memory.stat": V2_STAT % (60 * MIB, 30 * MIB, 24 * MIB, 20 * MIB),
            }
        ),
        procs(*TWO),
        [a_master()],
    )
    assert (facts["limit_bytes"], facts["limit_from"]) == (512 * MIB, "cgroup %s/memory.max" % UNIT)
    assert facts["others_bytes"] == (60 + 24 + 10 - (20 + 8) - (24 + 8)) * MIB
    assert facts["missing"] == []


def test_before_linux_5_18_kernel_memory_is_the_sum_of_its_rows() -> None:
    stat = "anon %d\nshmem 0\nslab_reclaimable %d\nslab_unreclaimable %d\nkernel_stack %d\n" % (
        100 * MIB,
        50 * MIB,
        7 * MIB,
        MIB,
    )
    facts = capacity(
        v2({UNIT + "/memory.max": "536870912\n", UNIT + "/memory.stat": stat}), procs(*TWO), [a_master()]
    )
    assert facts["others_bytes"] == (100 + 8 - 28 - 32) * MIB


def test_a_wider_limit_that_others_fill_counts_before_a_tighter_one() -> None:
    """The unit may have 512 MiB, but its slice of 1 GiB has 900 MiB of a database in it."""
    facts = capacity(
        v2(
            {
                UNIT + "/memory.max": "536870912\n",
                UNIT + "/memory.stat": V2_STAT % (60 * MIB, 0, 0, 0),
                SLICE + "/memory.max": "1073741824\n",
                SLICE + "/memory.stat": V2_STAT % (960 * MIB, 0, 0, 0),
            }
        ),
        procs(*TWO),
        [a_master()],
    )
    assert (facts["limit_bytes"], facts["others_bytes"]) == (1024 * MIB, 900 * MIB)
    assert facts["limit_from"] == "cgroup %s/memory.max" % SLICE


def test_the_machine_counts_where_it_leaves_less_than_a_control_group() -> None:
    """A limit of 7 GiB is no use where 2 of the machine's 8 GiB are taken outside of it."""
    facts = capacity(
        v2({UNIT + "/memory.max": str(7 << 30), UNIT + "/memory.stat": V2_STAT % (60 * MIB, 0, 0, 0)}),
        procs(*TWO),
        [a_master()],
    )
    assert (facts["limit_bytes"], facts["limit_from"], facts["others_bytes"]) == (
        8 << 30,
        "MemTotal",
        (2048 - 60) * MIB,
    )


def test_a_worker_between_two_requests_counts_with_what_it_had_at_its_largest() -> None:
    limits = {UNIT + "/memory.max": "536870912\n", UNIT + "/memory.stat": V2_STAT % (100 * MIB, 0, 0, 0)}
    now = capacity(v2(limits), procs(*TWO), [a_master()])["pools"][0]["uss_kb"]
    shared = 24 * 1024 - (now[0] - 20 * 1024)
    peak = capacity(
        v2(dict(limits, **{"/proc/101/status": "VmHWM:\t%d kB\n" % (90 * 1024)})), procs(*TWO), [a_master()]
    )["pools"][0]["uss_kb"]
    assert sorted(peak) == sorted([90 * 1024 - shared, now[1]])
    low = capacity(v2(dict(limits, **{"/proc/101/status": "VmHWM:\t1024 kB\n"})), procs(*TWO), [a_master()])[
        "pools"
    ][0]["uss_kb"]
    assert low == now


def test_only_workers_inside_a_control_group_are_taken_off_its_memory() -> None:
    other = a_master("shop", config="/etc/php/8.3/fpm/php-fpm.conf", pid=200)
    host = v2(
        {
            UNIT + "/memory.max": "536870912\n",
            UNIT + "/memory.stat": V2_STAT % (100 * MIB, 0, 0, 0),
            "/proc/200/cgroup": "0::/shop.slice\n",
            "/proc/200/status": "Cpus_allowed_list:\t0\n",
            "/sys/fs/cgroup/shop.slice/cgroup.procs": "200\n",
            "/proc/201/stat": a_stat(201),
            "/proc/201/smaps_rollup": rollup(50),
        }
    )
    facts = capacity(host, procs(*TWO) + [a_process(201, 200, "pool shop")], [a_master(), other])
    assert facts["others_bytes"] == (100 - 60) * MIB
    assert facts["cores"] == 1.0


def v1(files: Dict[str, str], denied: Sequence[str] = ()) -> FakeHost:
    text = "4:memory:/system.slice\n3:cpu,cpuacct:/system.slice\n"
    return a_host(text, V1_MOUNTS, dict({V1 + "/cgroup.procs": "100\n"}, **files), two_workers(), denied)


V1_STAT = (
    "rss 1\nshmem 1\nhierarchical_memory_limit %d\ntotal_rss %d\ntotal_shmem %d\ntotal_cache 99999999999\n"
)


def test_version_1_counts_all_below_and_its_kernel_memory() -> None:
    facts = capacity(
        v1(
            {
                V1 + "/memory.stat": V1_STAT % (512 * MIB, 70 * MIB, 30 * MIB),
                V1 + "/memory.limit_in_bytes": "536870912\n",
                V1 + "/memory.kmem.usage_in_bytes": "%d\n" % (15 * MIB),
            }
        ),
        procs(*TWO),
        [a_master()],
    )
    assert (facts["limit_bytes"], facts["limit_from"]) == (512 * MIB, "cgroup %s/memory.limit_in_bytes" % V1)
    assert facts["others_bytes"] == (70 + 30 + 15 - 60) * MIB


def test_version_1_knows_a_limit_above_the_containers_mount() -> None:
    """What is in sight of that control group is all of the container, not php-fpm's own unit alone."""
    root = "/sys/fs/cgroup/memory"
    facts = capacity(
        v1(
            {
                V1 + "/memory.stat": V1_STAT % (400 * MIB, 61 * MIB, 0),
                V1 + "/memory.limit_in_bytes": "9223372036854771712\n",
                root + "/memory.stat": V1_STAT % (400 * MIB, 200 * MIB, 0),
                root + "/memory.limit_in_bytes": "9223372036854771712\n",
            }
        ),
        procs(*TWO),
        [a_master()],
    )
    assert (facts["limit_bytes"], facts["others_bytes"]) == (400 * MIB, 140 * MIB)


def test_a_container_as_it_was_seen() -> None:
    """Debian 12 in a container of 300 MiB, on a host with hybrid control groups: the container's mount begins
    at its own control group.
    """
    mounts = fixture("8.2-debian12-master.mountinfo")
    host = a_host(
        fixture("8.2-debian12-master.cgroup"),
        mounts,
        {
            "/sys/fs/cgroup/memory/memory.stat": fixture("8.2-debian12-v1.memory.stat"),
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "314572800\n",
            "/sys/fs/cgroup/memory/cgroup.procs": "1\n",
            "/sys/fs/cgroup/memory/memory.kmem.usage_in_bytes": "20971520\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        {101: fixture("8.2-debian12-worker.smaps_rollup"), 102: fixture("8.2-debian12-worker.smaps_rollup")},
    )
    facts = capacity(host, procs(*TWO), [a_master()])
    assert (facts["limit_bytes"], facts["cores"]) == (300 * MIB, 1.5)
    assert facts["others_bytes"] == 13426688 + 11038720 + 20971520 - 2 * (1476 + 1) * 1024
    assert facts["pools"][0]["uss_kb"] == [140, 140]
    assert facts["pools"][0]["shared_kb"] == 2 * (1526 - 140)
    assert (
        size(facts, (CONFIG, "www"), {"busy": 2, "waiting": 10, "arrived": 0, "answered": 0}).bound == "cpu"
    )


def bare(denied: Sequence[str] = (), workers: Optional[Dict[int, str]] = None, meminfo: str = "") -> FakeHost:
    more = {"/proc/meminfo": meminfo} if meminfo else {}
    return a_host(
        "0::/\n",
        V2_MOUNTS,
        dict({"/sys/fs/cgroup/cgroup.procs": "100\n"}, **more),
        two_workers() if workers is None else workers,
        denied,
    )


def test_without_a_limit_the_machine_counts() -> None:
    facts = capacity(bare(), procs(*TWO), [a_master()])
    assert (facts["limit_bytes"], facts["limit_from"], facts["others_bytes"]) == (
        8 << 30,
        "MemTotal",
        (2048 - 60) * MIB,
    )


def test_an_orphan_and_a_status_worker_stay_with_the_others() -> None:
    """No pool's ceiling counts them, so nothing else would."""
    orphan = a_process(103, 1, "pool www")
    status = a_process(104, 100, "pool www_status")
    workers = two_workers()
    workers.update({103: rollup(100), 104: rollup(30)})
    facts = capacity(bare(workers=workers), procs(*TWO) + [orphan, status], [a_master()])
    assert facts["others_bytes"] == (2048 - 60) * MIB
    assert facts["unlisted"] == [[CONFIG, "www_status"]]
    assert facts["pools"][0]["workers"] == 2


def refused(facts: Dict[str, Any]) -> str:
    with pytest.raises(Refusal) as caught:
        size(facts, (CONFIG, "www"), {"busy": 2, "waiting": 10, "arrived": 0, "answered": 0})
    return str(caught.value)


@pytest.mark.parametrize(
    "host, why",
    [
        (bare(["/proc/100/cgroup"]), "php-fpm may use could not be read: /proc/100/cgroup cannot be read"),
        (
            a_host("0::/x\n", V2_MOUNTS, {}, two_workers()),
            "php-fpm may use could not be read: /sys/fs/cgroup/x the cgroup of pid 100 cannot be read",
        ),
        (
            v2({UNIT + "/memory.max": "536870912\n", UNIT + "/memory.stat": ""}, [UNIT + "/memory.stat"]),
            "other services use could not be read: " + UNIT,
        ),
        (
            bare(meminfo="MemTotal: 8388608 kB\n"),
            "other services use could not be read: /proc/meminfo has no MemAvailable",
        ),
        (
            bare(["/proc/101/smaps_rollup", "/proc/102/smaps_rollup"]),
            "only 0 workers of pool www could be measured, of at most 2; 2 are needed",
        ),
        (bare(["/proc/100/status"]), "CPUs php-fpm may use could not be read: /proc/100/status"),
    ],
)
def test_what_cannot_be_read_is_named_and_never_guessed(host: FakeHost, why: str) -> None:
    assert why in refused(capacity(host, procs(*TWO), [a_master()]))


def test_each_worker_is_measured_and_what_they_share_counts_once() -> None:
    pool = capacity(bare(), procs(*TWO), [a_master()])["pools"][0]
    assert pool["uss_kb"] == [21 * 1024, 25 * 1024]
    assert pool["shared_kb"] == 2 * (8 + 2) * 1024
    assert pool["rss_kb"] == [44 * 1024, 48 * 1024]
    assert (pool["workers"], pool["measured"]) == (2, 2)
    assert pool["cpu_share"] == pytest.approx(2 * 5.0 / 100.0)


def test_swapped_out_memory_belongs_to_its_worker() -> None:
    facts = capacity(bare(workers={101: rollup(), 102: rollup(20, 8, 50)}), procs(*TWO), [a_master()])
    assert facts["pools"][0]["uss_kb"] == [21 * 1024, 71 * 1024]
    assert facts["pools"][0]["shared_kb"] == 2 * 10 * 1024


def test_an_older_kernels_workers_are_taken_off_by_what_is_surely_theirs() -> None:
    old = {
        pid: "".join(line for line in text.splitlines(True) if not line.startswith("Pss_"))
        for pid, text in two_workers().items()
    }
    assert capacity(bare(workers=old), procs(*TWO), [a_master()])["others_bytes"] == (2048 - 20 - 24) * MIB


def test_a_sample_stands_for_all_workers_of_its_pool() -> None:
    """Only one of two can be measured: the pool holds twice as much."""
    facts = capacity(bare(["/proc/102/smaps_rollup"]), procs(*TWO), [a_master()])
    assert facts["others_bytes"] == (2048 - 2 * 28) * MIB
    assert (facts["pools"][0]["measured"], facts["pools"][0]["shared_kb"]) == (1, 2 * 10 * 1024)


@pytest.mark.parametrize(
    "more, counted",
    [
        ({}, True),
        ({"running": False, "pid": None}, False),
        ({"running": False, "pid": None, "unit_state": {"enabled": "disabled"}}, False),
        ({"running": False, "pid": None, "unit_state": {"enabled": "enabled"}}, True),
    ],
)
def test_pools_count_of_masters_that_run_or_start_at_boot(more: Dict[str, Any], counted: bool) -> None:
    second = a_master(
        "shop",
        config="/etc/php/8.3/fpm/php-fpm.conf",
        pid=100,
        **{key: value for key, value in more.items() if key != "pid"},
    )
    second["pid"] = more.get("pid", 100)
    names = [pool["pool"] for pool in capacity(bare(), procs(*TWO), [a_master(), second])["pools"]]
    assert names == (["www", "shop"] if counted else ["www"])


@pytest.mark.parametrize(
    "files, number",
    [
        ({}, 5.0),
        ({UNIT + "/cpu.max": "max 100000\n"}, 5.0),
        ({UNIT + "/cpu.max": "150000 100000\n"}, 1.5),
        ({UNIT + "/cpu.max": "800000 100000\n", SLICE + "/cpu.max": "50000 100000\n"}, 0.5),
    ],
)
def test_version_2_cores_by_affinity_and_every_quota_above(files: Dict[str, str], number: float) -> None:
    assert capacity(v2(files), procs(*TWO), [a_master()])["cores"] == number


@pytest.mark.parametrize("quota, number", [("-1", 5.0), ("200000", 2.0)])
def test_version_1_cores(quota: str, number: float) -> None:
    place = "/sys/fs/cgroup/cpu,cpuacct/system.slice"
    facts = capacity(
        v1({place + "/cpu.cfs_quota_us": quota + "\n", place + "/cpu.cfs_period_us": "100000\n"}),
        procs(*TWO),
        [a_master()],
    )
    assert facts["cores"] == number


def test_cores_below_a_containers_mount() -> None:
    """The mount shows the tree from the container's own control group on, and the process's path begins above
    it.
    """
    mounts = "30 23 0:26 /lxc/web /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    host = a_host(
        "0::/lxc/web/system.slice/php8.2-fpm.service\n",
        mounts,
        {UNIT + "/cgroup.procs": "100\n", SLICE + "/cpu.max": "250000 100000\n"},
        {},
    )
    assert capacity(host, procs(), [a_master()])["cores"] == 2.5


def test_without_a_running_master_the_limit_is_that_of_init() -> None:
    facts = capacity(
        v2({UNIT + "/memory.max": "536870912\n", UNIT + "/memory.stat": V2_STAT % (60 * MIB, 0, 0, 0)}),
        [],
        [],
    )
    assert (facts["limit_bytes"], facts["others_bytes"], facts["pools"]) == (512 * MIB, 60 * MIB, [])
