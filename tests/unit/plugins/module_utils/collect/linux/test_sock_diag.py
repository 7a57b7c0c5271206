# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's table of sockets, and who holds them."""

import os
from typing import Any, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import sock_diag
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import sock_rows
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.sockets import (
    CROWD,
    LISTENER,
    MASTER,
    SEEN,
    WORKER,
    Crowd,
    a_host,
    look,
    sock,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestHolders:
    def test_only_the_master_is_searched_when_it_holds_the_socket(self) -> None:
        host = a_host()
        look(host)
        assert host.listed == ["/proc/35/fd"]

    def held(self, worker: Process, maker: int = 0, procs: Sequence[Process] = ()) -> Any:
        """Whether a holder counts as php-fpm. maker: who made the socket."""
        host = a_host().link("/proc/35/fd/7", "/dev/null").link("/proc/36/fd/0", "socket:[%d]" % LISTENER)
        host.file("/proc/36/cgroup", "0::/system.slice/php8.2-fpm.service\n")
        endpoint = look(
            host.stated("/proc/36/fd/socket:[%d]" % LISTENER, sock(uid=maker)), procs=[worker, *procs]
        )
        return [(row["pid"], row["pool"], row["fpm"], row["maker"]) for row in endpoint["listeners"]]

    def test_many_open_files_do_not_take_all_the_time(self) -> None:
        """An account may have millions, and all are looked at for a listener whom nobody known holds."""

        class Slow(FakeHost):
            def listdir(self, path: str) -> List[str]:
                self.clock += 1 if path.endswith("/fd") else 0
                return super().listdir(path)

        links = {"/proc/%d/fd/3" % pid: "/dev/null" for pid in range(1, 100)}
        host = Slow({"/proc/%d/comm" % pid: "x" for pid in range(1, 100)}, links=links)
        began = host.clock
        assert sock_diag.holders(host, {LISTENER}, []) == {}
        assert host.clock - began <= sock_diag.SECONDS + 1
        assert [(entry["what"], entry["needs"]) for entry in host.missing] == [("socket_holder", None)]

    def test_workers_that_outlived_their_master_are_found(self) -> None:
        assert self.held(WORKER._replace(ppid=1)) == [(36, "sat", True, 0)]

    def test_hit_a_worker_of_a_master(self) -> None:
        assert self.held(WORKER, procs=[MASTER]) == [(36, "sat", True, 0)]

    def test_decoy_a_page_that_listens_in_its_worker(self) -> None:
        assert self.held(WORKER, 33, [MASTER]) == [(36, "sat", False, 33)]

    def test_decoy_a_program_of_a_page_with_a_workers_title(self) -> None:
        assert self.held(WORKER._replace(ppid=1), 33) == [(36, "sat", False, 33)]

    def test_decoy_a_page_that_listens_beside_its_pool(self) -> None:
        """At one place: whichever of its sockets is met last."""
        host = a_host().file("/proc/36/cgroup", "0::/system.slice/php8.2-fpm.service\n")
        for number, maker in enumerate((33, 0)):
            host.link("/proc/36/fd/%d" % number, "socket:[%d]" % (LISTENER + number))
            host.stated("/proc/36/fd/socket:[%d]" % (LISTENER + number), sock(uid=maker))
        row = sock_diag.describe(host, WORKER, [MASTER], {LISTENER, LISTENER + 1})
        assert (row["fpm"], row["claims_fpm"], row["maker"]) == (False, True, 33)

    def test_near_miss_another_program_of_roots(self) -> None:
        other = WORKER._replace(ppid=1, exe="/usr/bin/perl")
        assert self.held(other) == [(36, "sat", False, 0)]

    def test_a_stranger_is_named_without_its_arguments(self) -> None:
        stat = "77 (python3) S 1 77 77 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 500 0 10 0 0"
        host = (
            a_host()
            .file("/proc/77/stat", stat)
            .file("/proc/77/status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n")
            .file("/proc/77/cmdline", "python3\0--password=hush\0")
            .link("/proc/77/fd/3", "socket:[%d]" % LISTENER)
            .link("/proc/35/fd/7", "/dev/null")
        )
        endpoint = look(host, procs=[MASTER])
        assert [(row["pid"], row["comm"], row["fpm"], row["cmdline"]) for row in endpoint["listeners"]] == [
            (77, "python3", False, "python3")
        ]


class TestBeside:
    """A name has several addresses, and nginx asks all of them in turn."""

    ROW = " 0: %s:2329 %s:0000 0A 00000000:00000000 00:00000000 00000000 0 0 %d 1\n"

    def pids(
        self,
        inode: int = 502,
        holder: int = 77,
        names: str = "127.0.0.1 localhost\n::1 localhost\n",
        sockets: int = 1,
    ) -> Any:
        """Of strangers at ::1. php-fpm listens on 127.0.0.1, with inode 501."""
        inodes = range(inode, inode + sockets)
        links = {"/proc/%d/fd/%d" % (holder, 3 + each - inode): "socket:[%d]" % each for each in inodes}
        host = a_host(links={"/proc/35/fd/7": "socket:[501]", **links})
        host.file("/etc/hosts", names).file("/proc/net/unix", "").file("/proc/77/cgroup", "0::/user.slice\n")
        host.file("/proc/net/tcp", self.ROW % ("0100007F", "00000000", 501))
        rows = [self.ROW % ("0" * 24 + "01000000", "0" * 32, each) for each in inodes]
        host.file("/proc/net/tcp6", "".join(rows))
        other = Process(77, 1, "python3", "python3 x", "/usr/bin/python3", 1001, 1001, [1001], 1.0)
        facts = look(host, "localhost:9001", procs=[MASTER, WORKER, other], table=lambda *_requests: None)
        assert [each["pid"] for each in facts["listeners"]] == [35]
        return [each["pid"] for each in facts.get("beside", [])]

    def test_hit_a_stranger_listens_on_another_address(self) -> None:
        assert self.pids() == [77]

    def test_a_stranger_with_many_sockets_is_described_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        described: List[int] = []
        real = sock_diag.describe

        def describe(host: Any, holder: Process, *rest: Any) -> Any:
            described.append(holder.pid)
            return real(host, holder, *rest)

        monkeypatch.setattr(sock_diag, "describe", describe)
        assert self.pids(sockets=3) == [77] and described.count(77) == 1

    def test_near_miss_the_name_has_one_address(self) -> None:
        assert self.pids(names="127.0.0.1 localhost\n") == []

    def test_decoy_php_fpm_listens_on_both(self) -> None:
        assert self.pids(holder=35) == []

    def test_decoy_one_socket_has_both_addresses(self) -> None:
        assert self.pids(501, 35) == []


class TestTable:
    def test_who_waits_is_asked_only_where_somebody_does(self) -> None:
        crowd, empty = Crowd(), Crowd(left=True)
        look(a_host(), "unix:/run/php/crowd.sock", table=crowd)
        assert crowd.sent.count(2) == 1
        rows = [row._replace(queue=0) for row in sock_rows.parse_unix_diag(bytes.fromhex(CROWD["unix_diag"]))]
        assert sock_diag._with_clients(rows, empty) == rows and not empty.sent

    def test_without_netlink_proc_is_read(self) -> None:
        host = (
            a_host().file("/proc/net/unix", SEEN["proc_net_unix"]).file("/proc/net/tcp", SEEN["proc_net_tcp"])
        )
        endpoint = look(host, table=lambda request: None)
        assert (
            endpoint["listening"],
            endpoint["queue"],
            endpoint["backlog"],
            endpoint["accepted"],
            endpoint["inode_matches"],
        ) == (True, 4, None, 2, None)
        assert [row["what"] for row in host.missing] == ["socket_backlog"]

    @pytest.mark.skipif(not os.path.exists("/proc/net/unix"), reason="no Linux kernel to ask")
    def test_the_kernel_here_answers_the_request(self) -> None:
        answer = sock_diag.netlink(sock_rows.unix_request())
        assert answer is None or isinstance(sock_rows.parse_unix_diag(answer), list)
