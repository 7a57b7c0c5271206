# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What workers use, and what they may use, on described hosts."""

from typing import Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import memory
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    processes,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.worker_memory import (
    SAMPLE,
    measured_workers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.php_fpm import masters as fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.pool_use import summarize
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    NOW,
    a_host,
    fixture,
    pid_of,
    version2,
)


class TestWorkers:
    def test_a_worker_has_its_pool_master_memory(self) -> None:
        host = a_host()
        procs = processes(host)
        workers = measured_workers(host, procs, fpm.collect_fpm(host, procs)["masters"])
        assert [(worker["config"], worker["pool"], worker["busy"]) for worker in workers] == [
            (host.config, "www", False)
        ]
        assert workers[0]["uss_kb"] == 140 and workers[0]["shared_kb"] + 140 == workers[0]["rss_kb"]
        plain = memory.collect_workers(host, procs, [])
        assert (plain[0]["config"], plain[0]["pss_kb"]) == (None, None) and plain[0]["rss_kb"] > 0

    def test_resident_memory_remains_without_the_right_to_more(self) -> None:
        host = a_host()
        host.for_a_user(host.proc("worker", "smaps_rollup"), host.proc("worker", "syscall"))
        workers = measured_workers(host, processes(host), [])
        assert (workers[0]["uss_kb"], workers[0]["busy"]) == (None, None) and workers[0]["rss_kb"] > 0
        assert host.missing[0]["what"] == "worker_memory"

    def test_of_many_workers_a_sample_is_measured(self) -> None:
        host = a_host().more_workers(200)
        masters = fpm.collect_fpm(host)["masters"]
        workers = measured_workers(host, processes(host), masters)
        assert len(workers) == 201
        pools = summarize(workers, masters, NOW)
        assert [
            (pool["pool"], pool["workers"], pool["measured"], pool["idle"], pool["max_children"])
            for pool in pools
        ] == [("www", 201, SAMPLE, 201, 5)]
        assert pools[0]["uss_kb"]["p95"] == 140

    def test_workers_of_no_master_fill_no_sample(self) -> None:
        """Their titles are anybody's choice."""
        host = a_host().more_workers(1000)
        for path, content in host.files.items():
            if path.endswith("/stat") and path.startswith("/proc/1"):
                fields = content.split(b" ")
                host.files[path] = b" ".join([*fields[:3], b"1", *fields[4:]])
        workers = measured_workers(host, processes(host), fpm.collect_fpm(host)["masters"])
        assert [worker["uss_kb"] for worker in workers if worker["config"]] == [140]


class TestLimit:
    """The memory that php-fpm may use."""

    def test_version_1_counts_the_limits_of_the_hierarchy(self) -> None:
        pid = pid_of("8.2-debian12", "master")
        base = "/sys/fs/cgroup/memory/"
        host = (
            a_host()
            .file("/proc/self/mountinfo", fixture("proc/8.2-debian12-master.mountinfo"))
            .file("/proc/meminfo", "MemTotal: 24684096 kB\nSwapTotal: 0 kB\n")
            .file(base + "cgroup.procs")
            .file(base + "memory.stat", fixture("proc/8.2-debian12-v1.memory.stat"))
            .file(base + "memory.limit_in_bytes", "314572800\n")
            .file(base + "memory.usage_in_bytes", "45150208\n")
        )
        facts = memory.collect_memory(host, [{"pid": pid}])
        assert (facts["limit_bytes"], facts["limit_from"], facts["cgroup_usage"]) == (
            314572800,
            "cgroup " + base + "memory.limit_in_bytes",
            45150208,
        )
        assert facts["swap_limit"] == 314572800

    @pytest.mark.parametrize(
        "files, limit, source",
        [
            ({}, 1024000, "MemTotal"),
            ({"system.slice/php-fpm.service/memory.max": "max\n"}, 1024000, "MemTotal"),
            (
                {"system.slice/php-fpm.service/memory.max": "900000\n", "system.slice/memory.max": "max\n"},
                900000,
                "cgroup /sys/fs/cgroup/system.slice/php-fpm.service/memory.max",
            ),
            (
                {
                    "system.slice/php-fpm.service/memory.max": "900000\n",
                    "system.slice/memory.high": "800000\n",
                },
                800000,
                "cgroup /sys/fs/cgroup/system.slice/memory.high",
            ),
            ({"system.slice/php-fpm.service/memory.max": "9000000\n"}, 1024000, "MemTotal"),
        ],
    )
    def test_version_2_counts_the_tightest_limit_up_the_tree(
        self, files: Dict[str, str], limit: int, source: str
    ) -> None:
        facts = memory.collect_memory(version2(files), [{"pid": 7}])
        assert (facts["limit_bytes"], facts["limit_from"], facts["mem_available"]) == (limit, source, 512000)
        assert facts["limit_file"] == (source.replace("cgroup ", "") if source != "MemTotal" else None)

    def test_a_limit_that_cannot_be_read_is_not_the_same_as_none(self) -> None:
        host = version2({}).denying("/proc/7/cgroup")
        assert memory.collect_memory(host, [{"pid": 7}])["limit_bytes"] is None
        assert host.missing[0]["what"] == "memory_limit"
        host = version2({}).denying("/sys/fs/cgroup/system.slice/php-fpm.service/cgroup.procs")
        assert memory.collect_memory(host, [{"pid": 7}])["limit_bytes"] is None
