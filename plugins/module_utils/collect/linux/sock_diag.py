# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the kernel's socket table, and finds the processes that hold a listening socket."""

import re
import socket
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Set

from ...parse.linux import sock_rows
from ...parse.linux.proc import unit_of
from ...parse.linux.sock_rows import Sock
from ...parse.titles import FPM_MASTER, FPM_WORKER, is_fpm, resembles_fpm
from ..host import Host, HostError
from ..trust import opening
from .processes import Process, process_cgroup, processes_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Listener

Dump = Callable[..., Optional[bytes]]

_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
MOST_REQUESTS = 8
_TABLE_LIMIT = 16 * 1024 * 1024
SECONDS = 5.0  # in which all open files of a host are looked at
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
    """Adds who waits. It takes a second dump, with a larger buffer in the kernel, so only where some do."""
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
        from ...parse.linux import proc_net

        table.extend(proc_net.parse_unix_proc(_proc(host, "/proc/net/unix")))
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
        rows = [row for reply in answers for row in sock_rows.parse_tcp_diag(reply or b"")]
    else:
        from ...parse.linux import proc_net

        paths = ("/proc/net/tcp", "/proc/net/tcp6")
        rows = [row for path in paths for row in proc_net.parse_tcp_proc(_proc(host, path))]
    table.extend(row for row in rows if row.port in known)
    if answer is None or None in answers:
        why = "the kernel answers no sock_diag request: no listener's backlog, no bound file"
        host.miss("socket_backlog", None, why, "the kernel modules unix_diag and tcp_diag")
    return table


def _proc(host: Host, path: str) -> str:
    try:
        return host.read(path, _TABLE_LIMIT)
    except HostError as error:
        if not error.absent:  # tcp6 is absent on a host without IPv6
            host.miss("socket_table", path, error.why, "root")
        return ""


def describe(host: Host, holder: Process, masters: Sequence[Process], inodes: Set[int]) -> "Listener":
    """fpm: it is a master, or a worker with a socket of its master's. A page may listen in a worker, too."""
    title = holder.cmdline
    master, pool = FPM_MASTER.match(title), FPM_WORKER.match(title)
    known = {each.pid: each.uid for each in masters}
    unit, fpm = unit_of(process_cgroup(host, holder.pid)), holder.pid in known
    maker = None if fpm else _maker(host, holder.pid, inodes)
    if pool and not fpm:
        is_orphan = holder.ppid not in known and _orphan(host, holder, unit, masters)
        fpm = maker == known.get(holder.ppid, 0 if is_orphan else -1)
    # Of a title that is not php-fpm's own only the first word: arguments may hold a password.
    cmdline = title if fpm and (master or pool) else title.partition(" ")[0]
    return {
        "pid": holder.pid,
        "comm": holder.comm,
        "exe": holder.exe,
        "cmdline": cmdline[:500],
        "fpm": fpm,
        "claims_fpm": resembles_fpm(holder.comm, holder.exe, title) and not fpm,
        "uid": holder.uid,
        "user": host.user_name(holder.uid),
        "maker": maker,
        "master_config": master.group(1) if master else None,
        "pool": pool.group(1) if pool else None,
        "unit": unit,
    }


def _orphan(host: Host, worker: Process, unit: Optional[str], masters: Sequence[Process]) -> bool:
    """Whether it has outlived its master: root's program in php-fpm's unit, of which no master runs."""
    if worker.ppid != 1 or not worker.exe or not is_fpm(worker.exe) or "fpm" not in (unit or ""):
        return False
    return worker.exe not in [master.exe for master in masters] and not opening(host, worker.exe)


def _maker(host: Host, pid: int, inodes: Set[int]) -> Optional[int]:
    """The account that made the sockets which the process has open, and of several not root."""
    makers: List[int] = []
    links = {"socket:[%d]" % inode for inode in inodes}
    for path in ["/proc/%d/fd/%s" % (pid, name) for name in host.names("/proc/%d/fd" % pid)]:
        if host.readlink(path) in links:
            try:
                makers.append(host.stat(path).uid)
            except HostError:
                return None
    return max(makers, default=None)


def held_of(host: Host, pid: int, wanted: Set[int]) -> Optional[Set[int]]:
    """Which of the wanted sockets the process has open; None when we may not see."""
    base = "/proc/%d/fd" % pid
    try:
        names = host.listdir(base)
    except HostError as error:
        return set() if error.absent else None
    links = (_INODE.match(host.readlink(base + "/" + name) or "") for name in names)
    return wanted & {int(link.group(1)) for link in links if link}


def holders(host: Host, inodes: Set[int], procs: Sequence[Process]) -> Dict[int, List[Process]]:
    """{inode of a socket: the processes that hold it}. Masters are asked first, then other known processes,
    then all of the host.
    """
    holding: Dict[int, List[Process]] = {}
    fpm = {each.pid for each in procs if resembles_fpm(each.comm, each.exe, each.cmdline)}
    heads = [each for each in procs if each.pid in fpm and each.ppid not in fpm]
    hidden = False
    others = [each for each in procs if each.pid not in fpm or each.ppid in fpm]
    for group in (heads, others):
        left = inodes.difference(holding)
        for candidate in group if left else ():
            held = held_of(host, candidate.pid, left)
            hidden = hidden or held is None
            for inode in held or ():
                holding.setdefault(inode, []).append(candidate)
    left = inodes.difference(holding)
    if left:
        known = {each.pid for each in procs}
        found: Dict[int, Set[int]] = {}
        until = host.monotonic() + SECONDS
        for pid in sorted(int(name) for name in host.names("/proc") if name.isdigit()):
            held = held_of(host, pid, left) if pid not in known else set()
            late = host.monotonic() > until
            hidden = hidden or held is None or late
            if held:
                found[pid], left = held, left - held
            if late or not left:
                break
        for holder in processes_of(host, list(found)):
            for inode in found[holder.pid]:
                holding.setdefault(inode, []).append(holder)
        left = inodes.difference(holding)
    if left and hidden:
        needs = None if host.is_root() else "root"
        host.miss("socket_holder", "/proc/*/fd", "not all open files could be seen", needs)
    return holding
