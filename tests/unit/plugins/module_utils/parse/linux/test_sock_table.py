# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's socket table, read from dumps of real hosts: 2 busy workers, 4 waiting connections on a unix
socket and 3 on TCP.
"""

import json
import os
import struct
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import (
    proc_net,
    sock_rows,
    sock_table,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.sock_rows import Sock
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("sockets")
HOSTS = ["7.4-debian11", "8.2-debian12", "8.4-debian13"]
LOOPBACK = b"\x7f\0\0\1"


def capture_of(name: str) -> Dict[str, Any]:
    with open(os.path.join(FIXTURES, name + ".json"), encoding="utf-8") as stream:
        return json.load(stream)


def capture(host: str) -> Dict[str, Any]:
    return capture_of(host + "-saturated")


def diag(host: str) -> List[Sock]:
    seen = capture(host)
    table = sock_rows.parse_unix_diag(bytes.fromhex(seen["unix_diag"]))
    for port in ("9001", "9005"):
        for family in ("tcp", "tcp6"):
            table += sock_rows.parse_tcp_diag(bytes.fromhex(seen["%s_diag_%s" % (family, port)]))
    return table


def proc(host: str) -> List[Sock]:
    seen = capture(host)
    tcp = proc_net.parse_tcp_proc(seen["proc_net_tcp"]) + proc_net.parse_tcp_proc(seen["proc_net_tcp6"])
    return proc_net.parse_unix_proc(seen["proc_net_unix"]) + tcp


def sat_file(host: str) -> Any:
    return sock_rows.file_id(*capture(host)["sat_stat"])


def load_of_unix(rows: List[Sock], names: List[str], file: Any) -> sock_table.Load:
    return sock_table.Index(rows).unix(names, file)


def load_of_tcp(rows: List[Sock], address: Any, port: int) -> sock_table.Load:
    return sock_table.Index(rows).tcp(address, port)


class TestUnixListener:
    @pytest.mark.parametrize("host", HOSTS)
    def test_netlink_has_queue_backlog_busy_workers(self, host: str) -> None:
        load = load_of_unix(diag(host), ["/run/php/sat.sock"], sat_file(host))
        assert (load.queue, load.backlog, load.accepted, len(load.listeners)) == (4, 16, 2, 1)
        assert sock_table.inode_matches(load, sat_file(host)) is True

    @pytest.mark.parametrize("host", HOSTS)
    def test_proc_has_the_queue_but_no_backlog_or_file(self, host: str) -> None:
        load = load_of_unix(proc(host), ["/run/php/sat.sock"], sat_file(host))
        assert (load.queue, load.backlog, load.accepted) == (4, None, 2)
        assert sock_table.inode_matches(load, sat_file(host)) is None
        netlink = load_of_unix(diag(host), ["/run/php/sat.sock"], sat_file(host))
        assert [sock.inode for sock in load.listeners] == [sock.inode for sock in netlink.listeners]

    @pytest.mark.parametrize("host", HOSTS)
    def test_file_that_was_deleted_does_not_match(self, host: str) -> None:
        """stat.sock was deleted just before the dump."""
        load = load_of_unix(diag(host), ["/run/php/stat.sock"], None)
        assert load.listeners and sock_table.inode_matches(load, None) is False

    def test_file_in_place_of_the_first_does_not_match(self) -> None:
        rows = diag("8.2-debian12")
        device, inode = sat_file("8.2-debian12")
        load = load_of_unix(rows, ["/run/php/sat.sock"], (device, inode + 1000))
        assert load.queue == 4
        assert sock_table.inode_matches(load, (device, inode + 1000)) is False

    def test_near_miss_same_inode_on_another_device(self) -> None:
        device, inode = sat_file("8.2-debian12")
        load = load_of_unix(diag("8.2-debian12"), [], (device + 1, inode))
        assert not load.listeners

    def test_listener_is_found_by_its_file(self) -> None:
        load = load_of_unix(diag("8.2-debian12"), ["/srv/link-to.sock"], sat_file("8.2-debian12"))
        assert [sock.name for sock in load.listeners] == ["/run/php/sat.sock"]
        assert load.accepted == 2

    def test_near_miss_connections_to_an_older_file(self) -> None:
        new = Sock("unix", "listen", "/run/php/a.sock", b"", 0, 7, (1, 70), 0, 511)
        old = Sock("unix", "listen", "/run/php/a.sock", b"", 0, 6, (1, 60), 9, 511)
        busy = Sock("unix", "established", "/run/php/a.sock", b"", 0, 5, (1, 60), None, None)
        load = load_of_unix([old, new, busy], ["/run/php/a.sock"], (1, 70))
        assert (load.listeners, load.queue, load.accepted) == ([new], 0, 0)


class TestTcpListener:
    @pytest.mark.parametrize("host", HOSTS)
    def test_queue_backlog_busy_workers(self, host: str) -> None:
        load = load_of_tcp(diag(host), LOOPBACK, 9001)
        assert (load.queue, load.backlog, load.accepted) == (3, 8, 2)
        load = load_of_tcp(proc(host), LOOPBACK, 9001)
        assert (load.queue, load.backlog, load.accepted) == (3, None, 2)

    @pytest.mark.parametrize("table", [diag, proc])
    def test_listener_on_every_address_serves_ipv4(self, table: Any) -> None:
        """php-fpm binds [::] for a bare port; the connection then has a mapped address."""
        load = load_of_tcp(table("8.2-debian12"), LOOPBACK, 9005)
        assert [sock.family for sock in load.listeners] == ["inet6"]
        assert (load.queue, load.accepted) == (0, 1)
        assert load_of_tcp(table("8.2-debian12"), None, 9005).listeners == load.listeners

    @pytest.mark.parametrize("table", [diag, proc])
    def test_near_miss_other_name_address_port(self, table: Any) -> None:
        rows = table("8.2-debian12")
        for load in (
            load_of_unix(rows, ["/run/php/sat.soc"], None),
            load_of_tcp(rows, b"\x0a\0\0\1", 9001),
            load_of_tcp(rows, b"\0" * 15 + b"\1", 9001),
            load_of_tcp(rows, LOOPBACK, 9003),
        ):
            assert load == sock_table.Load([])

    def test_client_that_gave_up_still_occupies_its_worker(self) -> None:
        seen = capture("8.2-debian12")["proc_net_tcp"].replace("0100007F:96DA 01", "0100007F:96DA 08")
        assert load_of_tcp(proc_net.parse_tcp_proc(seen), LOOPBACK, 9001).accepted == 2


class TestRows:
    def test_inode_numbers_have_32_bits(self) -> None:
        assert sock_rows.file_id(8, 1, 2**32 + 5) == (8 << 20 | 1, 5)

    @pytest.mark.parametrize("cut", [1, 17, 40, 100, 150])
    def test_cut_dump_gives_what_is_whole(self, cut: int) -> None:
        data = bytes.fromhex(capture("8.2-debian12")["unix_diag"])
        assert len(sock_rows.parse_unix_diag(data[:cut])) <= 2

    def test_garbage_is_no_table(self) -> None:
        assert not sock_rows.parse_unix_diag(b"\xff" * 64)
        assert not sock_rows.parse_tcp_diag(struct.pack("=IHHII", 16, 20, 0, 0, 0))
        assert not proc_net.parse_unix_proc("") and not proc_net.parse_tcp_proc("head\nno table at all\n")


def kept_out(port: int) -> sock_table.Load:
    """Five clients of a listener whose queue holds two, and nobody is taken. 9008 has all addresses."""
    seen = capture_of("7.4-debian11-kept-out")["tcp_diag_%d" % port]
    return load_of_tcp(sock_rows.parse_tcp_diag(bytes.fromhex(seen)), LOOPBACK, port)


class TestKeptOut:
    @pytest.mark.parametrize("port", [9007, 9008])
    def test_who_gets_no_place_in_the_queue_waits_too(self, port: int) -> None:
        load = kept_out(port)
        assert (load.queue, load.dead, load.live, len(load.kept_out)) == (2, 0, 5, 3)

    def test_near_miss_place_in_the_queue(self) -> None:
        everybody = kept_out(9007)._replace(kept_out=())
        assert everybody.clients and len(everybody.clients) == 2

    def test_decoy_connection_to_another_host(self) -> None:
        """Its own address is not the one that it asks."""
        seen = bytes.fromhex(capture_of("7.4-debian11-kept-out")["tcp_diag_9008"])
        row = seen.index(b"\x02\x02", 16)
        asks = row + 8 + 16
        rows = sock_rows.parse_tcp_diag(seen[:asks] + b"\x0a\0\0\x05" + seen[asks + 4 :])
        assert len(load_of_tcp(rows, LOOPBACK, 9008).kept_out) == 2

    def test_one_that_came_before_is_not_new_in_the_queue(self) -> None:
        before = kept_out(9007)
        first, *others = before.kept_out
        assert sock_table.flow(before, before) == (0, 0)
        after = before._replace(clients=[*(before.clients or [])[1:], first], accepted=0, kept_out=others)
        assert sock_table.flow(before, after) == (0, 1)
        assert sock_table.flow(before, after._replace(kept_out=[*others, b"new"])) == (1, 1)


def given_up() -> Dict[str, Any]:
    """16 clients of one listener, unix and TCP: 3 were taken, of which 2 have gone; 13 wait, of which the
    first 10 have.
    """
    return capture_of("8.2-debian12-given-up")


def crowd(named: bool = True) -> List[Sock]:
    """named: with the names of those who wait, which are asked for apart."""
    rows = sock_rows.parse_unix_diag(bytes.fromhex(given_up()["unix_diag"]))
    listening = sock_rows.parse_unix_diag(bytes.fromhex(given_up()["unix_diag_clients"]))[0]
    return [
        row._replace(clients=listening.clients) if named and row.inode == listening.inode else row
        for row in rows
    ]


class TestClients:
    def test_unix_listener_names_those_that_still_wait(self) -> None:
        load = load_of_unix(crowd(), ["/run/php/crowd.sock"], None)
        assert (load.queue, load.accepted, load.dead, load.abandoned) == (13, 3, 10, 2)
        assert load.clients and load.clients[:10] == [0] * 10 and len(set(load.clients[10:]) - {0}) == 3

    def test_table_without_the_names_does_not_guess(self) -> None:
        load = load_of_unix(crowd(named=False), ["/run/php/crowd.sock"], None)
        assert (load.queue, load.clients, load.dead, load.abandoned) == (13, None, None, 2)
        load = load_of_unix(
            proc_net.parse_unix_proc(given_up()["proc_net_unix"]), ["/run/php/crowd.sock"], None
        )
        assert (load.queue, load.accepted, load.clients, load.dead, load.abandoned) == (
            13,
            3,
            None,
            None,
            None,
        )

    @pytest.mark.parametrize(
        "rows",
        [
            lambda: sock_rows.parse_tcp_diag(bytes.fromhex(given_up()["tcp_diag_9007"])),
            lambda: proc_net.parse_tcp_proc(given_up()["proc_net_tcp"]),
        ],
    )
    def test_tcp_client_that_has_gone_is_in_close_wait(self, rows: Any) -> None:
        load = load_of_tcp(rows(), LOOPBACK, 9007)
        assert (load.queue, load.accepted, load.dead, load.abandoned) == (13, 3, 10, 2)
        assert load.clients and len(set(load.clients)) == 13, "by their port each has a name, gone or not"

    @pytest.mark.parametrize("host", HOSTS)
    def test_near_miss_all_still_wait(self, host: str) -> None:
        load = load_of_tcp(diag(host), LOOPBACK, 9001)
        assert (load.queue, load.dead, load.abandoned) == (3, 0, 0)

    def test_empty_queue_needs_no_names(self) -> None:
        rows = [row._replace(queue=0) for row in crowd(named=False) if row.state == "listen"]
        empty = load_of_unix(rows, ["/run/php/crowd.sock"], None)
        assert (empty.clients, empty.dead, empty.abandoned) == ([], 0, 0)


def waiting(accepted: int, *clients: Any) -> sock_table.Load:
    return sock_table.Load(
        [Sock("unix", "listen", inode=7)],
        len(clients),
        511,
        accepted,
        list(clients),
        list(clients).count(0),
        0,
    )


class TestFlow:
    @pytest.mark.parametrize(
        "before, after, moved",
        [
            # Two were taken from the front, one of the named is still there, two came.
            (waiting(2, 0, 0, 0, 5, 6), waiting(2, 0, 0, 6, 8, 9), (2, 2)),
            (waiting(2, 0, 5, 6), waiting(2, 0, 5, 6), (0, 0)),
            # New workers take three; that alone answers nobody.
            (waiting(2, 0, 0, 0, 5), waiting(5, 5), (0, 0)),
            # All that had a name have given up or were taken: at least those came that are new.
            (waiting(2, 0, 5, 6), waiting(2, 0, 0, 0, 8, 9), (2, 0)),
            (waiting(2, 0, 0, 0, 0), waiting(2, 0), (0, 3)),
            # All have a name, as on TCP, where the order is none.
            (waiting(2, "a", "b", "c"), waiting(2, "d", "c"), (1, 2)),
            (waiting(2), waiting(2, 8, 9), (2, 0)),
        ],
    )
    def test_counts_what_came_or_was_answered(
        self, before: sock_table.Load, after: sock_table.Load, moved: Any
    ) -> None:
        assert sock_table.flow(before, after) == moved

    def test_two_different_listeners_give_nothing(self) -> None:
        other = waiting(2, 5)._replace(listeners=[Sock("unix", "listen", inode=8)])
        assert (
            sock_table.flow(waiting(2, 5), other) is None
            and sock_table.flow(waiting(2, 5)._replace(clients=None), waiting(2, 5)) is None
        )
