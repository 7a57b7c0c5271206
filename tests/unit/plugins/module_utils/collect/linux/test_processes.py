# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes are read, and where their control groups are."""

import time
from typing import Any, Dict, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import processes as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import (
    own_cgroup,
    process,
    process_cgroup,
    processes,
    strangers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.sock_diag import holders
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.locked import lock
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.php_fpm import (
    fixture,
    pid_of,
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


def _locked(files: Dict[str, Any], pids: Sequence[int]) -> FakeHost:
    return lock(FakeHost(files), ["/proc/%d/cmdline" % pid for pid in pids])


def _files_of(pid: int, uid: int, parent: int = 1, more: str = "") -> Dict[str, Any]:
    fields = fixture("proc/8.2-debian12-worker.stat").split()
    base = "/proc/%d/" % pid
    return {
        base + "comm": "php-fpm8.2\n",
        base + "stat": " ".join([*fields[:3], str(parent), *fields[4:]]),
        base + "status": "Uid:\t%s\n%s" % ("\t".join([str(uid)] * 4), more),
        base + "cmdline": "php-fpm: pool www",
    }


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "KEPT_SECONDS", (0.4, 0.2, 0.1, 0.05))


@pytest.fixture
def locked_host() -> FakeHost:
    """A real php-fpm, and two processes of an account that lock their memory."""
    files = proc_files("8.2-debian12", ["master", "worker"])
    for pid in (3, 4):
        files.update(_files_of(pid, 1000))
    return _locked(files, [3, 4])


class TestLockedMemory:
    def test_it_hides_no_other_process(self, locked_host: FakeHost) -> None:
        began = time.monotonic()
        titles = sorted(process.cmdline for process in processes(locked_host))
        assert titles == [
            "",
            "",
            "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
            "php-fpm: pool www",
        ]
        assert time.monotonic() - began < 5

    def test_its_processes_are_strangers(self, locked_host: FakeHost) -> None:
        found = strangers(locked_host, processes(locked_host))
        kept = [each["pid"] for each in found if each["claims"] == "php-fpm" and not each["title"]]
        assert kept == [3, 4]

    def test_a_process_alone_is_asked_in_time(self, locked_host: FakeHost) -> None:
        alone = process(locked_host, 3)
        assert alone and alone.doubt and not alone.cmdline

    def test_strangers_of_an_account_tell_nothing_of_nginx(self, locked_host: FakeHost) -> None:
        processes(locked_host)
        assert locked_host.missing == []

    def test_a_worker_without_its_title_is_missing(self) -> None:
        files = proc_files("8.2-debian12", ["master"])
        master = pid_of("8.2-debian12", "master")
        host = _locked({**files, **_files_of(2, 33, master), **_files_of(3, 33, master)}, [2])
        assert [each.cmdline for each in processes(host)][:2] == ["", ""]
        assert [entry["what"] for entry in host.missing] == ["nginx_workers"]

    def test_root_of_a_container_hides_nothing_of_this_host(self) -> None:
        files = proc_files("8.2-debian12", ["master", "worker"])
        host = _locked({**files, **_files_of(2, 0, 1, "NSpid:\t2\t1\n")}, [2])
        assert [each.cmdline[:12] for each in processes(host)] == ["", "php-fpm: mas", "php-fpm: poo"]
        assert host.missing == []

    def test_many_accounts_do_not_take_all_the_time(self) -> None:
        files = proc_files("8.2-debian12", ["master", "worker"])
        for number in range(40):
            files.update(_files_of(10000 + number, 100000 + number))
        host, began = _locked(files, range(10000, 10040)), time.monotonic()
        assert [each.cmdline for each in processes(host) if each.uid < 100] == [
            "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
            "php-fpm: pool www",
        ]
        assert time.monotonic() - began < 3
        assert [entry["what"] for entry in host.missing] == ["nginx_workers"]

    def test_who_holds_many_sockets_takes_no_more_time(self) -> None:
        files: Dict[str, Any] = {}
        links = {}
        for pid in range(100, 112):
            files.update(_files_of(pid, 1000), **{"/proc/%d/fd/3" % pid: ""})
            links["/proc/%d/fd/3" % pid] = "socket:[%d]" % pid
        host, began = _locked(files, range(100, 112)), time.monotonic()
        host.links = links
        found = holders(host, set(range(100, 112)), [])
        assert [each.pid for held in found.values() for each in held] == list(range(100, 112))
        assert time.monotonic() - began < 3
