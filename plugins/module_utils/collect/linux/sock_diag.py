# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the kernel's socket table, and finds the processes that hold a listening socket."""

import re
import socket
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Set

from ...parse.linux import sock_rows
from ...parse.linux.proc import unit_of
from ...parse.linux.sock_rows import Sock
from ...parse.titles import FPM_MASTER, FPM_WORKER
from ..host import Host, HostError
from ..trust import opening
from .processes import Process, process, process_cgroup

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Listener

Dump = Callable[..., Optional[bytes]]

_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
MOST_REQUESTS = 8
_TABLE_LIMIT = 16 * 1024 * 1024
_INODE = re.compile(r"^socket:\[(\d+)\]$")


def netlink(*requests: bytes) -> Optional[bytes]:
    """All messages of the last of these sock_diag dumps; None where it is not offered. Needs no right."""
    chunks: List[bytes] = []
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as door:
            door.settimeout(2.0)
            for request in requests:
                chunks, kinds = [], [0]
                door.send(request)
                while sock_rows.NLMSG_DONE not in kinds:
                    chunks.append(door.recv(262144))
                    kinds = [kind for kind, _body in sock_rows.messages(chunks[-1])]
                    if sock_rows.NLMSG_ERROR in kinds or not kinds:
                        return None
    except OSError:
        return None
    return b"".join(chunks)


def _with_clients(table: List[Sock], dump: Dump) -> List[Sock]:
    """Who waits, asked only where somebody does, in a second dump: for it the kernel takes a
    larger buffer.
    """
    if not any(row.queue for row in table):
        return table
    answer = dump(sock_rows.unix_request(), sock_rows.unix_request(True)) or b""
    named = {row.inode: row for row in sock_rows.parse_unix_diag(answer)}
    return [named.get(row.inode, row)._replace(file=row.file) for row in table]


def read_table(host: Host, unix: bool, ports: Sequence[int], dump: Dump = netlink) -> List[Sock]:
    table: List[Sock] = []
    answer = dump(sock_rows.unix_request()) if unix else b""
    if answer is not None:
        table.extend(_with_clients(sock_rows.parse_unix_diag(answer), dump))
    else:
        table.extend(sock_rows.parse_unix_proc(_proc(host, "/proc/net/unix")))
    wanted = sorted(set(ports))
    known = frozenset(wanted)
    # Each request makes the kernel walk all its sockets.
    spans = [(port, port) for port in wanted] if len(wanted) <= MOST_REQUESTS else [(wanted[0], wanted[-1])]
    answers = [
        dump(sock_rows.tcp_request(family, *span))
        for span in spans
        for family in (sock_rows.AF_INET, sock_rows.AF_INET6)
    ]
    if None not in answers:
        for one in answers:
            table.extend(row for row in sock_rows.parse_tcp_diag(one or b"") if row.port in known)
    else:
        for path in ("/proc/net/tcp", "/proc/net/tcp6"):
            table.extend(one for one in sock_rows.parse_tcp_proc(_proc(host, path)) if one.port in known)
    if answer is None or None in answers:
        host.miss(
            "socket_backlog",
            None,
            "the kernel answers no sock_diag request: no listener's backlog, no bound file",
            "the kernel modules unix_diag and tcp_diag",
        )
    return table


def _proc(host: Host, path: str) -> str:
    try:
        return host.read(path, _TABLE_LIMIT)
    except HostError as error:
        if not error.absent:  # tcp6 is absent on a host without IPv6
            host.miss("socket_table", path, error.why, "root")
        return ""


def is_fpm(one: Process) -> bool:
    return (
        "fpm" in one.comm or "fpm" in (one.exe or "").rpartition("/")[2] or one.cmdline.startswith("php-fpm")
    )


def describe(host: Host, one: Process, masters: Sequence[Process]) -> "Listener":
    """fpm: it is a master that counts here, or a worker of one."""
    master, pool = FPM_MASTER.match(one.cmdline), FPM_WORKER.match(one.cmdline)
    known = {each.pid for each in masters}
    fpm = one.pid in known or (pool is not None and (one.ppid in known or orphan(host, one, masters)))
    # Of a title that is not php-fpm's own only the first word: arguments may hold a password.
    cmdline = (one.cmdline if fpm and (master or pool) else one.cmdline.partition(" ")[0])[:500]
    return {
        "pid": one.pid,
        "comm": one.comm,
        "exe": one.exe,
        "cmdline": cmdline,
        "fpm": fpm,
        "claims_fpm": is_fpm(one) and not fpm,
        "uid": one.uid,
        "user": host.user_name(one.uid),
        "master_config": master.group(1) if master else None,
        "pool": pool.group(1) if pool else None,
        "unit": unit_of(process_cgroup(host, one.pid)),
    }


def orphan(host: Host, one: Process, masters: Sequence[Process]) -> bool:
    """Whether a worker has outlived its master: root's program in php-fpm's unit, without a master of it."""
    unit = unit_of(process_cgroup(host, one.pid))
    return bool(
        one.ppid == 1
        and unit
        and "fpm" in unit
        and one.exe
        and not opening(host, one.exe)
        and one.exe not in [each.exe for each in masters]
    )


def _held(host: Host, pid: int, wanted: Set[int]) -> Optional[Set[int]]:
    """Which of the wanted sockets the process has open; None when we may not see."""
    base = "/proc/%d/fd" % pid
    found: Set[int] = set()
    try:
        names = host.listdir(base)
    except HostError as error:
        return found if error.absent else None
    for name in names:
        link = _INODE.match(host.readlink(base + "/" + name) or "")
        if link and int(link.group(1)) in wanted:
            found.add(int(link.group(1)))
    return found


def holders(host: Host, inodes: Set[int], procs: Sequence[Process]) -> Dict[int, List[Process]]:
    """Socket inode -> the processes that hold it: masters are asked first, then other known processes, then
    all of the host.
    """
    found: Dict[int, List[Process]] = {}
    fpm = {one.pid for one in procs if is_fpm(one)}
    heads = {one.pid for one in procs if one.pid in fpm and one.ppid not in fpm}
    hidden = False
    for group in ([one for one in procs if one.pid in heads], [one for one in procs if one.pid not in heads]):
        left = inodes.difference(found)
        for one in group if left else ():
            held = _held(host, one.pid, left)
            hidden = hidden or held is None
            for inode in held or ():
                found.setdefault(inode, []).append(one)
    left = inodes.difference(found)
    if left:
        known = {one.pid for one in procs}
        for pid in sorted(int(name) for name in host.names("/proc") if name.isdigit()):
            held = _held(host, pid, left) if pid not in known else set()
            hidden = hidden or held is None
            holder = process(host, pid) if held else None
            if held and holder:
                for inode in held:
                    found.setdefault(inode, []).append(holder)
                left = inodes.difference(found)
                if not left:
                    break
    if left and hidden:
        host.miss("socket_holder", "/proc/*/fd", "Permission denied", "root")
    return found
