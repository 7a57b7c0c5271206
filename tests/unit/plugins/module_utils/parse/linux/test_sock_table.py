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
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import sock_rows, sock_table
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
    tcp = sock_rows.parse_tcp_proc(seen["proc_net_tcp"]) + sock_rows.parse_tcp_proc(seen["proc_net_tcp6"])
    return sock_rows.parse_unix_proc(seen["proc_net_unix"]) + tcp


def sat_file(host: str) -> Any:
    return sock_rows.file_id(*capture(host)["sat_stat"])


@pytest.mark.parametrize("host", HOSTS)
def test_netlink_tells_queue_backlog_and_busy_workers_of_a_unix_socket(host: str) -> None:
    load = sock_table.unix_load(diag(host), ["/run/php/sat.sock"], sat_file(host))
    assert (load.queue, load.backlog, load.accepted, len(load.listeners)) == (4, 16, 2, 1)
    assert sock_table.inode_matches(load, sat_file(host)) is True


@pytest.mark.parametrize("host", HOSTS)
def test_proc_tells_the_same_but_for_backlog_and_file(host: str) -> None:
    load = sock_table.unix_load(proc(host), ["/run/php/sat.sock"], sat_file(host))
    assert (load.queue, load.backlog, load.accepted) == (4, None, 2)
    assert sock_table.inode_matches(load, sat_file(host)) is None
    netlink = sock_table.unix_load(diag(host), ["/run/php/sat.sock"], sat_file(host))
    assert [one.inode for one in load.listeners] == [one.inode for one in netlink.listeners]


@pytest.mark.parametrize("host", HOSTS)
def test_tcp_queue_backlog_and_busy_workers(host: str) -> None:
    load = sock_table.tcp_load(diag(host), LOOPBACK, 9001)
    assert (load.queue, load.backlog, load.accepted) == (3, 8, 2)
    load = sock_table.tcp_load(proc(host), LOOPBACK, 9001)
    assert (load.queue, load.backlog, load.accepted) == (3, None, 2)


@pytest.mark.parametrize("table", [diag, proc])
def test_a_listener_on_every_address_serves_a_connection_to_ipv4(table: Any) -> None:
    """php-fpm binds [::] for a bare port; the connection then has a mapped address."""
    load = sock_table.tcp_load(table("8.2-debian12"), LOOPBACK, 9005)
    assert [one.family for one in load.listeners] == ["inet6"]
    assert (load.queue, load.accepted) == (0, 1)
    assert sock_table.tcp_load(table("8.2-debian12"), None, 9005).listeners == load.listeners


@pytest.mark.parametrize("table", [diag, proc])
def test_near_misses_are_not_listeners(table: Any) -> None:
    rows = table("8.2-debian12")
    for load in (
        sock_table.unix_load(rows, ["/run/php/sat.soc"], None),
        sock_table.tcp_load(rows, b"\x0a\0\0\1", 9001),
        sock_table.tcp_load(rows, b"\0" * 15 + b"\1", 9001),
        sock_table.tcp_load(rows, LOOPBACK, 9003),
    ):
        assert load == sock_table.Load([])


@pytest.mark.parametrize("host", HOSTS)
def test_a_file_deleted_under_its_listener_is_told_for_sure(host: str) -> None:
    """stat.sock was deleted just before the dump."""
    load = sock_table.unix_load(diag(host), ["/run/php/stat.sock"], None)
    assert load.listeners and sock_table.inode_matches(load, None) is False


def test_a_file_that_took_the_listeners_place_is_not_the_listeners() -> None:
    rows = diag("8.2-debian12")
    device, inode = sat_file("8.2-debian12")
    load = sock_table.unix_load(rows, ["/run/php/sat.sock"], (device, inode + 1000))
    assert load.queue == 4
    assert sock_table.inode_matches(load, (device, inode + 1000)) is False


def test_the_same_inode_number_on_another_device_is_another_file() -> None:
    device, inode = sat_file("8.2-debian12")
    load = sock_table.unix_load(diag("8.2-debian12"), [], (device + 1, inode))
    assert not load.listeners


def test_a_listener_is_found_by_its_file_under_any_name() -> None:
    load = sock_table.unix_load(diag("8.2-debian12"), ["/srv/link-to.sock"], sat_file("8.2-debian12"))
    assert [one.name for one in load.listeners] == ["/run/php/sat.sock"]
    assert load.accepted == 2


def test_an_older_generation_of_the_path_does_not_lend_its_connections() -> None:
    new = Sock("unix", "listen", "/run/php/a.sock", b"", 0, 7, (1, 70), 0, 511)
    old = Sock("unix", "listen", "/run/php/a.sock", b"", 0, 6, (1, 60), 9, 511)
    busy = Sock("unix", "established", "/run/php/a.sock", b"", 0, 5, (1, 60), None, None)
    load = sock_table.unix_load([old, new, busy], ["/run/php/a.sock"], (1, 70))
    assert (load.listeners, load.queue, load.accepted) == ([new], 0, 0)


def test_a_client_that_gave_up_still_occupies_its_worker() -> None:
    seen = capture("8.2-debian12")["proc_net_tcp"].replace("0100007F:96DA 01", "0100007F:96DA 08")
    assert sock_table.tcp_load(sock_rows.parse_tcp_proc(seen), LOOPBACK, 9001).accepted == 2


def test_inode_numbers_compare_in_the_kernels_32_bits() -> None:
    assert sock_rows.file_id(8, 1, 2**32 + 5) == (8 << 20 | 1, 5)


@pytest.mark.parametrize("cut", [1, 17, 40, 100, 150])
def test_a_cut_dump_gives_what_is_whole(cut: int) -> None:
    data = bytes.fromhex(capture("8.2-debian12")["unix_diag"])
    assert len(sock_rows.parse_unix_diag(data[:cut])) <= 2


def test_garbage_is_no_table() -> None:
    assert not sock_rows.parse_unix_diag(b"\xff" * 64)
    assert not sock_rows.parse_tcp_diag(struct.pack("=IHHII", 16, 20, 0, 0, 0))
    assert not sock_rows.parse_unix_proc("") and not sock_rows.parse_tcp_proc("head\nno table at all\n")


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


def test_a_unix_listener_names_who_waits_and_not_who_has_gone() -> None:
    load = sock_table.unix_load(crowd(), ["/run/php/crowd.sock"], None)
    assert (load.queue, load.accepted, load.dead, load.abandoned) == (13, 3, 10, 2)
    assert load.clients and load.clients[:10] == [0] * 10 and len(set(load.clients[10:]) - {0}) == 3


def test_a_table_without_the_names_does_not_guess() -> None:
    load = sock_table.unix_load(crowd(named=False), ["/run/php/crowd.sock"], None)
    assert (load.queue, load.clients, load.dead, load.abandoned) == (13, None, None, 2)
    load = sock_table.unix_load(
        sock_rows.parse_unix_proc(given_up()["proc_net_unix"]), ["/run/php/crowd.sock"], None
    )
    assert (load.queue, load.accepted, load.clients, load.dead, load.abandoned) == (13, 3, None, None, None)


@pytest.mark.parametrize(
    "rows",
    [
        lambda: sock_rows.parse_tcp_diag(bytes.fromhex(given_up()["tcp_diag_9007"])),
        lambda: sock_rows.parse_tcp_proc(given_up()["proc_net_tcp"]),
    ],
)
def test_on_tcp_who_has_gone_stands_in_close_wait(rows: Any) -> None:
    load = sock_table.tcp_load(rows(), LOOPBACK, 9007)
    assert (load.queue, load.accepted, load.dead, load.abandoned) == (13, 3, 10, 2)
    assert load.clients and len(set(load.clients)) == 13, "by their port each has a name, gone or not"


@pytest.mark.parametrize("host", HOSTS)
def test_where_all_have_patience_nobody_has_given_up(host: str) -> None:
    load = sock_table.tcp_load(diag(host), LOOPBACK, 9001)
    assert (load.queue, load.dead, load.abandoned) == (3, 0, 0)


def test_an_empty_queue_needs_no_names() -> None:
    rows = [row._replace(queue=0) for row in crowd(named=False) if row.state == "listen"]
    empty = sock_table.unix_load(rows, ["/run/php/crowd.sock"], None)
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


@pytest.mark.parametrize(
    "before, after, told",
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
def test_what_came_and_was_answered_between_two_looks(
    before: sock_table.Load, after: sock_table.Load, told: Any
) -> None:
    assert sock_table.flow(before, after) == told


def test_between_looks_at_two_listeners_nothing_is_known() -> None:
    other = waiting(2, 5)._replace(listeners=[Sock("unix", "listen", inode=8)])
    assert (
        sock_table.flow(waiting(2, 5), other) is None
        and sock_table.flow(waiting(2, 5)._replace(clients=None), waiting(2, 5)) is None
    )
