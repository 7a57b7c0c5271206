# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at endpoints of described hosts."""

import json
import os

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.addresses import pack
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.endpoints import (
    collect_endpoints,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import HostError, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import sock_diag
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.sock_rows import Sock
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.sockets import (
    CROWD,
    IDENTITY,
    INODE,
    KEY,
    MASTER,
    SAT,
    WORKER,
    Crowd,
    Dialler,
    SocketHost,
    a_host,
    look,
    sock,
)

CONTRACT = {
    "family",
    "path",
    "address",
    "port",
    "exists",
    "type",
    "link_to",
    "real_path",
    "owner",
    "group",
    "uid",
    "gid",
    "mode",
    "acl",
    "selinux",
    "parents",
    "listening",
    "listeners",
    "inode_matches",
    "queue",
    "backlog",
    "accepted",
    "waiting",
    "abandoned",
    "flow",
    "connect",
    "probe",
    "listener_path",
    "addresses",
    "hidden",
}


class TestShape:
    @pytest.mark.parametrize(
        "key",
        [
            KEY,
            "unix:/run/none.sock",
            "127.0.0.1:9001",
            "[::1]:9001",
            "*:9005",
            "localhost:9001",
            "php.example:9000",
            "noport",
        ],
    )
    def test_every_endpoint_has_every_key(self, key: str) -> None:
        endpoint = look(a_host(), key)
        assert set(endpoint) == CONTRACT
        assert set(endpoint["connect"]) == {"tried", "as_user", "result", "errno", "error", "blocked_by"}
        assert set(endpoint["probe"]) == {"result", "ms", "detail", "waited", "queue", "accepted"}
        json.dumps(endpoint)

    def test_a_healthy_socket_in_full(self) -> None:
        host = a_host()
        endpoint = look(host)
        assert (
            endpoint["exists"],
            endpoint["type"],
            endpoint["mode"],
            endpoint["owner"],
            endpoint["group"],
        ) == (
            True,
            "socket",
            "0660",
            "www-data",
            "www-data",
        )
        assert [row["path"] for row in endpoint["parents"]] == ["/", "/run", "/run/php"]
        assert (
            endpoint["listening"],
            endpoint["inode_matches"],
            endpoint["queue"],
            endpoint["backlog"],
            endpoint["accepted"],
        ) == (True, True, 4, 16, 2)
        assert endpoint["listeners"] == [
            {
                "pid": 35,
                "comm": "php-fpm8.2",
                "exe": "/usr/sbin/php-fpm8.2",
                "cmdline": MASTER.cmdline,
                "fpm": True,
                "claims_fpm": False,
                "uid": 0,
                "user": "root",
                "maker": None,
                "master_config": "/etc/php/8.2/fpm/php-fpm.conf",
                "pool": None,
                "unit": "php8.2-fpm.service",
            }
        ]
        assert endpoint["connect"]["result"] == "ok" and endpoint["probe"]["result"] == "answered"
        assert not host.missing

    def test_no_endpoint_costs_nothing(self) -> None:
        host = a_host()
        assert collect_endpoints(host, [], IDENTITY, None) == {}
        assert not host.listed


class TestFile:
    """The socket's file and its listener."""

    def test_a_deleted_file_under_a_live_listener(self) -> None:
        endpoint = look(a_host().without_socket().stated("/run/php/other", sock()), dialler=Dialler(2))
        assert (endpoint["exists"], endpoint["type"], endpoint["listening"], endpoint["inode_matches"]) == (
            False,
            "missing",
            True,
            False,
        )
        assert endpoint["connect"]["result"] == "missing" and endpoint["listener_path"] is None

    def test_a_replaced_file_under_a_live_listener(self) -> None:
        endpoint = look(a_host().stated(SAT, sock(inode=INODE + 5000)), dialler=Dialler(111))
        assert (
            endpoint["exists"],
            endpoint["listening"],
            endpoint["inode_matches"],
            endpoint["connect"]["result"],
        ) == (
            True,
            True,
            False,
            "refused",
        )

    @pytest.mark.parametrize("uid, reached", [(1000, False), (0, True)])
    def test_a_name_in_a_namespace_is_out_of_reach(self, uid: int, reached: bool) -> None:
        """Anybody binds any name there. What root holds may be systemd's."""
        holder = MASTER._replace(
            comm="python3", cmdline="python3 x", exe="/usr/bin/python3", uid=uid, doubt="x"
        )
        endpoint = look(a_host().without_socket(), dialler=Dialler(2), procs=[holder])
        assert endpoint["listening"] is reached and bool(endpoint["listeners"]) is reached
        assert (endpoint["queue"] is not None) is reached

    def test_near_miss_an_impostor_at_the_path_counts(self) -> None:
        holder = MASTER._replace(comm="python3", cmdline="python3 x", exe="/usr/bin/python3", uid=1000)
        endpoint = look(a_host(), procs=[holder])
        assert endpoint["listening"] and [each["uid"] for each in endpoint["listeners"]] == [1000]

    def test_a_file_without_a_listener_is_not_a_deleted_one(self) -> None:
        endpoint = look(
            a_host().without_socket().stated("/run/php/old.sock", sock()),
            "unix:/run/php/old.sock",
            Dialler(111),
        )
        assert (
            endpoint["listening"],
            endpoint["inode_matches"],
            endpoint["queue"],
            endpoint["listeners"],
        ) == (
            True,
            True,
            4,
            endpoint["listeners"],
        )
        endpoint = look(
            a_host().without_socket().stated("/run/php/old.sock", sock(inode=1)),
            "unix:/run/php/old.sock",
            Dialler(111),
        )
        assert (endpoint["exists"], endpoint["listening"], endpoint["inode_matches"], endpoint["queue"]) == (
            True,
            False,
            None,
            None,
        )

    def test_a_dangling_link_says_where_it_leads(self) -> None:
        links = {SAT: "/etc/alternatives/a", "/etc/alternatives/a": "gone.sock"}
        endpoint = look(
            a_host(links=links)
            .without_socket()
            .stated("/run/php/x", sock())
            .file("/etc/alternatives/README"),
            dialler=Dialler(2),
        )
        assert (endpoint["exists"], endpoint["type"], endpoint["link_to"], endpoint["real_path"]) == (
            False,
            "dangling_link",
            "/etc/alternatives/a",
            "/etc/alternatives/gone.sock",
        )

    def test_a_link_to_a_live_socket_has_its_listener(self) -> None:
        endpoint = look(
            a_host().link("/run/php/php-fpm.sock", "/run/php/sat.sock"), "unix:/run/php/php-fpm.sock"
        )
        assert (
            endpoint["link_to"],
            endpoint["real_path"],
            endpoint["listening"],
            endpoint["inode_matches"],
        ) == (
            SAT,
            SAT,
            True,
            True,
        )

    def test_what_may_not_be_seen_is_unknown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        host = a_host().for_a_user(SAT)

        def refuse(path: str, follow: bool = True) -> Stat:
            if path == SAT:
                raise HostError(path, 13, "Permission denied")
            return SocketHost.stat(host, path, follow)

        monkeypatch.setattr(host, "stat", refuse)
        endpoint = look(host, dialler=Dialler(13))
        assert (endpoint["exists"], endpoint["type"], endpoint["inode_matches"], endpoint["listening"]) == (
            None,
            "unknown",
            None,
            True,
        )
        assert {"what": "endpoint", "path": SAT, "why": "Permission denied", "needs": "root"} in host.missing


class TestTcp:
    def test_every_address_is_dialled_at_loopback(self) -> None:
        endpoint = look(a_host(), "127.0.0.1:9001")
        assert (endpoint["listening"], endpoint["queue"], endpoint["backlog"], endpoint["accepted"]) == (
            True,
            3,
            8,
            2,
        )
        dialler = Dialler()
        endpoint = look(a_host(), "*:9005", dialler)
        assert (endpoint["listening"], endpoint["accepted"]) == (True, 1)
        assert [(row.family, row.address, row.port) for row in dialler.calls[0][0]] == [
            ("inet", "127.0.0.1", 9005)
        ]

    def test_on_another_host_a_listener_is_unknown(self) -> None:
        assert look(a_host(), "127.0.0.1:9003", Dialler(111))["listening"] is False
        endpoint = look(a_host(), "192.0.2.7:9001", Dialler(111))
        assert (endpoint["listening"], endpoint["queue"]) == (None, None)

    def test_a_name_has_the_best_answer_of_its_addresses(self) -> None:
        host = a_host().file("/etc/hosts", "127.0.0.1 localhost # us\n::1 LOCALHOST ip6-localhost\n")
        dialler = Dialler(by_address={"::1": 111})
        endpoint = look(host, "localhost:9001", dialler)
        assert endpoint["connect"]["result"] == "ok" and endpoint["queue"] == 3
        assert endpoint["addresses"] == [
            {"address": "127.0.0.1", "result": "ok", "errno": None, "probe": "answered"},
            {"address": "::1", "result": "refused", "errno": 111, "probe": "not_tried"},
        ]

    @pytest.mark.parametrize("first", ["127.0.0.1", "::1"])
    @pytest.mark.parametrize("ours", ["127.0.0.1", "::1"])
    def test_hit_a_stranger_at_any_address_of_a_name(
        self, first: str, ours: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        second, theirs = ("::1", "127.0.0.1")[first == "::1"], ("::1", "127.0.0.1")[ours == "::1"]
        inodes = {ours: 71, theirs: 72}
        rows = [
            Sock("inet6" if ":" in at else "inet", "listen", address=pack(at) or b"", port=9000, inode=inode)
            for at, inode in inodes.items()
        ]
        monkeypatch.setattr(sock_diag, "read_table", lambda *_arguments: rows)
        stranger = Process(99, 1, "python3", "python3", "/usr/bin/python3", 1001, 1001, [1001], 1.0)
        host = a_host(links={"/proc/35/fd/8": "socket:[71]", "/proc/99/fd/3": "socket:[72]"})
        host.file("/etc/hosts", "%s localhost\n%s localhost\n" % (first, second))
        endpoint = look(host, "localhost:9000", procs=(MASTER, WORKER, stranger))
        assert [each["pid"] for each in endpoint["listeners"]] == [35]
        assert [each["pid"] for each in endpoint["beside"]] == [99]

    def test_a_name_has_a_file_that_says_where_it_leads(self) -> None:
        host = a_host().file("/etc/hosts", "127.0.0.1 localhost\n")
        changed = [("/etc/hosts", 5.0), ("/etc/nsswitch.conf", 7.0)]
        for path, at in changed:
            host.stated(path, sock(kind="file")._replace(mtime=at))
        source = {"path": "/etc/nsswitch.conf", "changed_at": 7.0}
        assert look(host, "localhost:9001")["name_source"] == source
        assert "name_source" not in look(host, "php.example:9001")
        assert "name_source" not in look(host, "127.0.0.1:9001")

    def test_a_name_that_the_hosts_file_lacks_is_left_to_the_child(self) -> None:
        dialler = Dialler()
        look(a_host(), "php.example:9000", dialler)
        assert [(row.family, row.address) for row in dialler.calls[0][0]] == [("name", "php.example")]

    def test_a_listener_of_another_network_namespace_counts(self) -> None:
        endpoint = look(a_host(), "127.0.0.1:9003", Dialler(0))
        assert endpoint["listening"] is True and endpoint["listeners"] == []


class TestDialling:
    """As whom, and whether at all."""

    def test_without_root_nobody_dials_as_nginx(self) -> None:
        host, dialler = a_host().for_a_user(), Dialler(13)
        endpoint = look(host, dialler=dialler, identity=dict(IDENTITY, uid=os.geteuid() + 1))
        assert dialler.calls[0][1] is None
        assert endpoint["connect"]["as_user"] is None
        assert [row["what"] for row in host.missing] == ["connect_as_nginx"]

    def test_an_unknown_account_of_nginx_is_missing(self) -> None:
        host = a_host()
        assert look(host, identity=None)["connect"]["as_user"] is None
        assert host.missing[0]["what"] == "connect_as_nginx"

    def test_no_budget_dials_nothing(self) -> None:
        dialler = Dialler()
        endpoint = look(a_host(), dialler=dialler, seconds=0)
        assert not dialler.calls
        assert (endpoint["connect"]["tried"], endpoint["connect"]["result"], endpoint["probe"]["result"]) == (
            False,
            "not_tried",
            "not_tried",
        )
        assert endpoint["queue"] == 4


class TestQueue:
    """Who waits at a listener."""

    def test_after_no_answer_the_queue_is_read_again(self) -> None:
        endpoint = look(a_host(), dialler=Dialler(result="no_answer"))
        assert (endpoint["probe"]["queue"], endpoint["probe"]["accepted"]) == (4, 2)
        assert look(a_host())["probe"]["queue"] is None

    @pytest.mark.parametrize("key", ["unix:/run/php/crowd.sock", "127.0.0.1:9007"])
    def test_who_has_given_up_is_not_who_still_waits(self, key: str) -> None:
        endpoint = look(a_host(), key, table=Crowd())
        assert (endpoint["queue"], endpoint["accepted"]) == (13, 3)
        assert (endpoint["waiting"], endpoint["abandoned"], endpoint["flow"]) == (
            {"live": 3, "dead": 10},
            2,
            None,
        )

    def test_what_the_kernel_does_not_report_is_unknown(self) -> None:
        host = (
            a_host()
            .file("/proc/net/unix", CROWD["proc_net_unix"])
            .file("/proc/net/tcp", CROWD["proc_net_tcp"])
        )
        endpoint = look(
            host, "unix:/run/php/crowd.sock", Dialler(result="no_answer"), table=lambda *requests: None
        )
        assert (endpoint["queue"], endpoint["waiting"], endpoint["abandoned"], endpoint["flow"]) == (
            13,
            {"live": None, "dead": None},
            None,
            None,
        )

    @pytest.mark.parametrize("dialler, seconds", [(Dialler(result="no_answer"), 3.0), (Dialler(11), 3.0)])
    def test_the_pace_is_measured_even_where_it_is_refused(self, dialler: Dialler, seconds: float) -> None:
        """The same look twice: nothing moved, and the probe's own connection does not count."""
        endpoint = look(a_host(), "unix:/run/php/crowd.sock", dialler, table=Crowd())
        assert endpoint["flow"] == {"seconds": seconds, "arrived": 0, "answered": 0}
