# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes are read, and where their control groups are."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    own_cgroup,
    process_cgroup,
    processes,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    fixture,
    proc_files,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestCgroup:
    def test_the_hosts_own_cgroup_is_its_inits(self) -> None:
        assert own_cgroup(FakeHost({"/proc/1/cgroup": "0::/init.scope\n"})) == "/"
        assert own_cgroup(FakeHost({"/proc/1/cgroup": "0::/pod/c1/init.scope\n"})) == "/pod/c1"
        assert own_cgroup(FakeHost({"/proc/1/cgroup": "0::/docker/c1\n"})) == "/docker/c1"
        assert own_cgroup(FakeHost()) == "/"

    @pytest.mark.parametrize(
        "path, seen",
        [
            ("/docker/c1/system.slice/php-fpm.service", "/system.slice/php-fpm.service"),
            ("/docker/c2/system.slice/php-fpm.service", ""),
            ("/system.slice/php-fpm.service", ""),
        ],
    )
    def test_a_process_cgroup_begins_at_the_hosts_own(self, path: str, seen: str) -> None:
        assert (
            process_cgroup(
                FakeHost(
                    {"/proc/1/cgroup": "0::/docker/c1/init.scope\n", "/proc/7/cgroup": "0::%s\n" % path}
                ),
                7,
            )
            == seen
        )


class TestProcesses:
    def test_only_named_processes_are_read(self) -> None:
        files = proc_files("8.2-debian12", ["master", "worker"])
        files["/proc/5/comm"] = "bash\n"
        files["/proc/6/comm"] = "nginx\n"
        files["/proc/6/stat"] = fixture("proc/8.2-debian12-worker.stat").replace(" 4194624 ", " 2129984 ")
        files["/proc/6/status"], files["/proc/6/cmdline"] = "", ""
        worker = fixture("proc/8.2-debian12-worker.stat").split()
        fields = worker[:8] + [str(0x00200000)] + worker[9:]
        files["/proc/6/stat"] = " ".join(fields)
        installed = processes(FakeHost(files))
        assert [process.comm for process in installed] == ["php-fpm8.2", "php-fpm8.2"]
        assert sorted(process.cmdline for process in installed) == [
            "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
            "php-fpm: pool www",
        ]

    def test_without_proc_the_processes_are_missing(self) -> None:
        host = FakeHost()
        assert processes(host) == [] and host.missing[0]["what"] == "processes"
