# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a described host leaves to php-fpm."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import processes as titles
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.capacity import capacity
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.worker_memory import (
    measured_workers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.sizing import size
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.locked import lock
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.memory import (
    CONFIG,
    MIB,
    SLICE,
    TWO,
    UNIT,
    V1,
    V1_STAT,
    V2_MOUNTS,
    a_host,
    a_master,
    a_process,
    a_stat,
    bare,
    fixture,
    measured,
    procs,
    rollup,
    two_workers,
    v1,
    v2,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestVersion2:
    def test_others_hold_what_no_reclaim_brings_back(self) -> None:
        facts = measured(
            v2()
            .limited(UNIT, 512)
            .file(UNIT + "/memory.high", "max\n")
            .holding(UNIT, 60, kernel=30, shmem=24, reclaimable=20)
        )
        assert (facts["limit_bytes"], facts["limit_from"]) == (512 * MIB, "cgroup %s/memory.max" % UNIT)
        assert facts["others_bytes"] == (60 + 24 + 10 - (20 + 8) - (24 + 8)) * MIB
        assert facts["missing"] == []

    def test_files_in_memory_are_those_of_no_worker(self) -> None:
        facts = measured(v2().limited(UNIT, 512).holding(UNIT, 60, shmem=300))
        assert facts["files_bytes"] == (300 - 2 * 10) * MIB
        assert measured(v2().limited(UNIT, 512).holding(UNIT, 60, shmem=20))["files_bytes"] == 0

    def test_those_of_the_machine_count_where_it_does(self) -> None:
        rows = "MemTotal: 8388608 kB\nMemAvailable: 1048576 kB\nShmem: 4194304 kB\n"
        assert measured(bare(meminfo=rows))["files_bytes"] == (4096 - 2 * 10) * MIB

    def test_before_linux_5_18_kernel_memory_is_the_sum_of_its_rows(self) -> None:
        stat = "anon %d\nshmem 0\nslab_reclaimable %d\nslab_unreclaimable %d\nkernel_stack %d\n" % (
            100 * MIB,
            50 * MIB,
            7 * MIB,
            MIB,
        )
        facts = measured(v2().limited(UNIT, 512).file(UNIT + "/memory.stat", stat))
        assert facts["others_bytes"] == (100 + 8 - 28 - 32) * MIB

    def test_a_wider_limit_that_others_fill_counts_first(self) -> None:
        """The unit may have 512 MiB, but its slice of 1 GiB has 900 MiB of a database in it."""
        facts = measured(v2().limited(UNIT, 512).holding(UNIT, 60).limited(SLICE, 1024).holding(SLICE, 960))
        assert (facts["limit_bytes"], facts["others_bytes"]) == (1024 * MIB, 900 * MIB)
        assert facts["limit_from"] == "cgroup %s/memory.max" % SLICE

    def test_the_machine_counts_where_it_leaves_less(self) -> None:
        """A limit of 7 GiB is no use where 2 of the machine's 8 GiB are taken outside of it."""
        facts = measured(v2().limited(UNIT, 7 * 1024).holding(UNIT, 60))
        assert (facts["limit_bytes"], facts["limit_from"], facts["others_bytes"]) == (
            8 << 30,
            "MemTotal",
            (2048 - 60) * MIB,
        )

    def test_only_workers_inside_a_cgroup_are_taken_off(self) -> None:
        other = a_master("shop", config="/etc/php/8.3/fpm/php-fpm.conf", pid=200)
        host = (
            v2()
            .limited(UNIT, 512)
            .holding(UNIT, 100)
            .file("/proc/200/cgroup", "0::/shop.slice\n")
            .file("/proc/200/status", "Cpus_allowed_list:\t0\n")
            .file("/sys/fs/cgroup/shop.slice/cgroup.procs", "200\n")
            .file("/proc/201/stat", a_stat(201))
            .file("/proc/201/smaps_rollup", rollup(50))
        )
        facts = capacity(host, procs(*TWO) + [a_process(201, 200, "pool shop")], [a_master(), other])
        assert facts["others_bytes"] == (100 - 60) * MIB
        assert facts["cores"] == 1.0

    def test_without_a_running_master_the_limit_is_that_of_init(self) -> None:
        facts = capacity(
            v2().limited(UNIT, 512).holding(UNIT, 60),
            [],
            [],
        )
        assert (facts["limit_bytes"], facts["others_bytes"], facts["pools"]) == (512 * MIB, 60 * MIB, [])


class TestVersion1:
    def test_all_below_counts_with_kernel_memory(self) -> None:
        facts = measured(
            v1()
            .file(V1 + "/memory.stat", V1_STAT % (512 * MIB, 70 * MIB, 30 * MIB))
            .limited(V1, 512)
            .file(V1 + "/memory.kmem.usage_in_bytes", "%d\n" % (15 * MIB))
        )
        assert (facts["limit_bytes"], facts["limit_from"]) == (
            512 * MIB,
            "cgroup %s/memory.limit_in_bytes" % V1,
        )
        assert facts["others_bytes"] == (70 + 30 + 15 - 60) * MIB

    def test_a_limit_above_the_containers_mount_counts(self) -> None:
        """What is in sight of that control group is all of the container, not php-fpm's own unit alone."""
        root = "/sys/fs/cgroup/memory"
        facts = measured(
            v1()
            .file(V1 + "/memory.stat", V1_STAT % (400 * MIB, 61 * MIB, 0))
            .file(V1 + "/memory.limit_in_bytes", "9223372036854771712\n")
            .file(root + "/memory.stat", V1_STAT % (400 * MIB, 200 * MIB, 0))
            .file(root + "/memory.limit_in_bytes", "9223372036854771712\n")
        )
        assert (facts["limit_bytes"], facts["others_bytes"]) == (400 * MIB, 140 * MIB)

    def test_a_container_as_it_was_seen(self) -> None:
        """Debian 12 in a container of 300 MiB, on a host with hybrid control groups: the container's mount
        begins at its own control group.
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
            {
                101: fixture("8.2-debian12-worker.smaps_rollup"),
                102: fixture("8.2-debian12-worker.smaps_rollup"),
            },
        )
        facts = measured(host)
        assert (facts["limit_bytes"], facts["cores"]) == (300 * MIB, 1.5)
        assert facts["others_bytes"] == 13426688 + 11038720 + 20971520 - 2 * (1476 + 1) * 1024
        assert facts["pools"][0]["uss_kb"] == [140, 140]
        assert facts["pools"][0]["shared_kb"] == 2 * (1526 - 140)
        assert (
            size(facts, (CONFIG, "www"), {"busy": 2, "waiting": 10, "arrived": 0, "answered": 0}).bound
            == "cpu"
        )


class TestMachine:
    """Without a limit."""

    def test_without_a_limit_the_machine_counts(self) -> None:
        facts = measured(bare())
        assert (facts["limit_bytes"], facts["limit_from"], facts["others_bytes"]) == (
            8 << 30,
            "MemTotal",
            (2048 - 60) * MIB,
        )

    def test_workers_of_no_pool_stay_with_the_others(self) -> None:
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


class TestUnknown:
    @pytest.mark.parametrize(
        "host, why",
        [
            (
                bare(["/proc/100/cgroup"]),
                "php-fpm may use could not be read: /proc/100/cgroup cannot be read",
            ),
            (
                a_host("0::/x\n", V2_MOUNTS, {}, two_workers()),
                "php-fpm may use could not be read: /sys/fs/cgroup/x the cgroup of pid 100 cannot be read",
            ),
            (
                (v2().limited(UNIT, 512).file(UNIT + "/memory.stat", "").denying(UNIT + "/memory.stat")),
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
    def test_what_cannot_be_read_is_named(self, host: FakeHost, why: str) -> None:
        assert why in refused(measured(host))


class TestWorkers:
    """What each pool's workers cost."""

    def test_what_workers_share_counts_once(self) -> None:
        pool = measured(bare())["pools"][0]
        assert pool["uss_kb"] == [21 * 1024, 25 * 1024]
        assert pool["shared_kb"] == 2 * (8 + 2) * 1024
        assert pool["rss_kb"] == [44 * 1024, 48 * 1024]
        assert (pool["workers"], pool["measured"]) == (2, 2)
        assert pool["cpu_share"] == pytest.approx(2 * 5.0 / 100.0)

    def test_a_worker_counts_with_its_largest_size(self) -> None:
        """It may be between two requests at the moment."""

        def sizes(peak: str) -> List[int]:
            host = v2().limited(UNIT, 512).holding(UNIT, 100)
            return measured(host.file("/proc/101/status", peak) if peak else host)["pools"][0]["uss_kb"]

        now = sizes("")
        shared = 24 * 1024 - (now[0] - 20 * 1024)
        assert sorted(sizes("VmHWM:\t%d kB\n" % (90 * 1024))) == sorted([90 * 1024 - shared, now[1]])
        assert sizes("VmHWM:\t1024 kB\n") == now

    def test_swapped_out_memory_belongs_to_its_worker(self) -> None:
        facts = measured(bare(workers={101: rollup(), 102: rollup(20, 8, 50)}))
        assert facts["pools"][0]["uss_kb"] == [21 * 1024, 71 * 1024]
        assert facts["pools"][0]["shared_kb"] == 2 * 10 * 1024

    def test_on_an_older_kernel_private_pages_are_taken_off(self) -> None:
        old = {
            pid: "".join(line for line in text.splitlines(True) if not line.startswith("Pss_"))
            for pid, text in two_workers().items()
        }
        assert measured(bare(workers=old))["others_bytes"] == (2048 - 20 - 24) * MIB

    def test_a_sample_stands_for_all_workers_of_its_pool(self) -> None:
        """Only one of two can be measured: the pool holds twice as much."""
        facts = measured(bare(["/proc/102/smaps_rollup"]))
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
    def test_pools_count_of_masters_that_run_or_start_at_boot(
        self, more: Dict[str, Any], counted: bool
    ) -> None:
        second = a_master(
            "shop",
            config="/etc/php/8.3/fpm/php-fpm.conf",
            pid=100,
            **{key: value for key, value in more.items() if key != "pid"},
        )
        second["pid"] = more.get("pid", 100)
        names = [pool["pool"] for pool in capacity(bare(), procs(*TWO), [a_master(), second])["pools"]]
        assert names == (["www", "shop"] if counted else ["www"])


class TestCores:
    @pytest.mark.parametrize(
        "files, number",
        [
            ({}, 5.0),
            ({UNIT + "/cpu.max": "max 100000\n"}, 5.0),
            ({UNIT + "/cpu.max": "150000 100000\n"}, 1.5),
            ({UNIT + "/cpu.max": "800000 100000\n", SLICE + "/cpu.max": "50000 100000\n"}, 0.5),
        ],
    )
    def test_version_2_counts_every_quota_above(self, files: Dict[str, str], number: float) -> None:
        assert measured(v2().having(files))["cores"] == number

    @pytest.mark.parametrize("quota, number", [("-1", 5.0), ("200000", 2.0)])
    def test_version_1_counts_its_quota(self, quota: str, number: float) -> None:
        place = "/sys/fs/cgroup/cpu,cpuacct/system.slice"
        facts = measured(
            v1()
            .file(place + "/cpu.cfs_quota_us", quota + "\n")
            .file(place + "/cpu.cfs_period_us", "100000\n")
        )
        assert facts["cores"] == number

    def test_quotas_below_a_containers_mount_count(self) -> None:
        """The mount shows the tree from the container's own control group on, and the process's path begins
        above it.
        """
        mounts = "30 23 0:26 /lxc/web /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        host = a_host(
            "0::/lxc/web/system.slice/php8.2-fpm.service\n",
            mounts,
            {UNIT + "/cgroup.procs": "100\n", SLICE + "/cpu.max": "250000 100000\n"},
            {},
        )
        assert capacity(host, procs(), [a_master()])["cores"] == 2.5


class TestLockedMemory:
    @pytest.fixture(autouse=True)
    def little_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(titles, "KEPT_SECONDS", (0.4, 0.2, 0.1, 0.05))

    def test_a_locked_worker_ends_no_look(self) -> None:
        facts = measured(lock(bare(), ["/proc/102/smaps_rollup"]))
        assert [(entry["what"], entry["path"]) for entry in facts["missing"]] == [
            ("worker_memory", "/proc/102/smaps_rollup")
        ]

    def test_who_hides_a_worker_is_not_measured(self) -> None:
        facts = measured(lock(bare(), ["/proc/102/smaps_rollup"]))
        assert facts["pools"][0]["measured"] == 0 and facts["pools"][0]["uss_kb"] == []

    def test_near_miss_a_worker_of_another_account(self) -> None:
        mine, other = a_process(101, 100, "pool www"), a_process(102, 100, "pool shop")._replace(uid=77)
        host = lock(bare(), ["/proc/102/smaps_rollup"])
        workers = measured_workers(host, [mine, other], [a_master("www")])
        assert {worker["pool"]: worker["uss_kb"] is None for worker in workers} == {
            "shop": True,
            "www": False,
        }
