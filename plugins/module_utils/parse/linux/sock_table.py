# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's socket table -> who listens where, how many wait and how many are served: sock_diag(7), or
else /proc/net.
"""

import re
import struct
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
FAMILIES = {AF_UNIX: "unix", AF_INET: "inet", AF_INET6: "inet6"}

# linux/netlink.h, linux/sock_diag.h, linux/unix_diag.h, linux/inet_diag.h
NLMSG_ERROR, NLMSG_DONE, SOCK_DIAG_BY_FAMILY = 2, 3, 20
_DUMP_REQUEST = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_HEADER = struct.Struct("=IHHII")
# include/net/tcp_states.h. 8, CLOSE_WAIT: nginx gave up on the request, which waits or is served all the
# same.
_STATES = {1: "established", 8: "established", 10: "listen"}
_WANTED_STATES = 1 << 1 | 1 << 8 | 1 << 10
_SHOW_NAME_QUEUE, _SHOW_VFS, _SHOW_CLIENTS = 1 | 16, 2, 8
_UNIX_NAME, _UNIX_VFS, _UNIX_CLIENTS, _UNIX_QUEUE, _UNIX_SHUTDOWN = 0, 1, 3, 4, 6
_TCP = 6
# INET_DIAG_REQ_BYTECODE. S_EQ would need Linux 4.16.
_BYTECODE, _PORT_AT_LEAST, _PORT_AT_MOST = 1, 2, 3

# Rows of /proc/net: flags, state, inode and path; local address and port, state, rx_queue, inode.
_UNIX_ROW = re.compile(
    r"^[0-9a-fA-F]+: \S+ \S+ ([0-9a-fA-F]{8}) \S+ ([0-9a-fA-F]{2}) +([0-9]{1,18}) (/[^\n]*)", re.M
)
_TCP_ROW = re.compile(
    r"^ *[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) (\S+) ([0-9A-F]{2}) "
    r"[0-9A-F]{8}:([0-9A-F]{8})(?: +\S+){4} +([0-9]{1,18})",
    re.M,
)

_V4_MAPPED = b"\0" * 10 + b"\xff\xff"


class Sock(NamedTuple):
    """name: a unix socket's path as bound. address: packed, 4 or 16 bytes. inode: as in /proc/PID/fd; 0 while
    it waits in the queue. file: see file_id(). queue, backlog: of listeners only. clients: of a TCP
    connection its other end; of a unix listener the inodes of those that wait, in their order, 0 of one that
    has gone. gone: the client of a connection has; None where nobody tells.
    """

    family: str
    state: str
    name: str = ""
    address: bytes = b""
    port: int = 0
    inode: int = 0
    file: Optional[Tuple[int, int]] = None
    queue: Optional[int] = None
    backlog: Optional[int] = None
    clients: Any = None
    gone: Optional[bool] = None


class Load(NamedTuple):
    """Of one endpoint. queue: connections that wait; accepted: that a process has taken. clients: a name of
    each that waits, or 0. live, dead: of those; abandoned: of the taken ones, how many have gone. None:
    unknown.
    """

    listeners: List[Sock]
    queue: Optional[int] = None
    backlog: Optional[int] = None
    accepted: Optional[int] = None
    clients: Optional[List[Any]] = None
    live: Optional[int] = None
    dead: Optional[int] = None
    abandoned: Optional[int] = None


class Index:
    def __init__(self, table: Iterable[Sock]) -> None:
        self.places: Dict[Any, List[Sock]] = {}
        self.names: Dict[Any, Set[str]] = {}
        for one in table:
            self.places.setdefault(one.name if one.family == "unix" else one.port, []).append(one)
            self.names.setdefault(one.file, set()).add(one.name)

    def unix(self, names: Sequence[str], file: Optional[Tuple[int, int]]) -> Load:
        bound = set(names).union(() if file is None else self.names.get(file, ()))
        return unix_load([one for name in sorted(bound) for one in self.places.get(name, ())], names, file)

    def tcp(self, address: Optional[bytes], port: int) -> Load:
        return tcp_load(self.places.get(port, []), address, port)


def file_id(major: int, minor: int, inode: int) -> Tuple[int, int]:
    """A file's identity as unix_diag gives it: the kernel's dev_t, and 32 bits of the inode number."""
    return major << 20 | minor, inode & 0xFFFFFFFF


def _request(body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, _DUMP_REQUEST, 1, 0) + body


def unix_request(clients: bool = False) -> bytes:
    """clients: only the listeners, with who waits. A list too long for the kernel's buffer ends the answer."""
    states, more = (1 << 10, _SHOW_CLIENTS) if clients else (_WANTED_STATES, _SHOW_VFS)
    return _request(struct.pack("=BBHIIIII", AF_UNIX, 0, 0, states, 0, _SHOW_NAME_QUEUE | more, 0, 0))


def tcp_request(family: int, port: int, last: int = 0) -> bytes:
    """Listeners and established connections of one local port, or up to the last; the kernel filters."""
    operations = struct.pack(
        "=BBHBBHBBHBBH", _PORT_AT_LEAST, 8, 20, 0, 0, port, _PORT_AT_MOST, 8, 12, 0, 0, last or port
    )
    return _request(
        struct.pack("=BBBBI48x", family, _TCP, 0, 0, _WANTED_STATES)
        + struct.pack("=HH", 4 + len(operations), _BYTECODE)
        + operations
    )


def messages(data: bytes) -> Iterator[Tuple[int, bytes]]:
    """(type, payload), up to the first that is cut."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        if length < _HEADER.size or offset + length > len(data):
            return
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += length + 3 & ~3


def _attributes(data: bytes) -> Dict[int, bytes]:
    found: Dict[int, bytes] = {}
    offset = 0
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            break
        found[kind] = data[offset + 4 : offset + length]
        offset += length + 3 & ~3
    return found


def parse_unix_diag(data: bytes) -> List[Sock]:
    """The answer to unix_request. Sockets without an inode are left out: an established one is accepted."""
    found: List[Sock] = []
    for kind, body in messages(data):
        if kind != SOCK_DIAG_BY_FAMILY or len(body) < 16 or body[0] != AF_UNIX or body[2] not in _STATES:
            continue
        attributes = _attributes(body[16:])
        name = attributes.get(_UNIX_NAME, b"")
        if not name or name.startswith(b"\0"):
            continue
        place: Optional[Tuple[int, int]] = None
        if len(attributes.get(_UNIX_VFS, b"")) >= 8:
            inode, device = struct.unpack_from("=II", attributes[_UNIX_VFS])
            place = (device, inode)
        queue = backlog = clients = None  # type: Any
        if _STATES[body[2]] == "listen" and len(attributes.get(_UNIX_QUEUE, b"")) >= 8:
            queue, backlog = struct.unpack_from("=II", attributes[_UNIX_QUEUE])
            listed = attributes.get(_UNIX_CLIENTS, b"")
            clients = struct.unpack("=%dI" % (len(listed) // 4), listed[: len(listed) // 4 * 4])
        found.append(
            Sock(
                "unix",
                _STATES[body[2]],
                name.split(b"\0")[0].decode("utf-8", "replace"),
                inode=struct.unpack_from("=I", body, 4)[0],
                file=place,
                queue=queue,
                backlog=backlog,
                clients=clients,
                gone=attributes.get(_UNIX_SHUTDOWN) == b"\3",
            )
        )
    return found


def _packed(raw: bytes) -> bytes:
    return raw[12:] if raw[:12] == _V4_MAPPED else raw


def parse_tcp_diag(data: bytes) -> List[Sock]:
    """The answer to tcp_request. Of a listener, rqueue waits and wqueue is the backlog (tcp_diag.c)."""
    found: List[Sock] = []
    for kind, body in messages(data):
        if (
            kind != SOCK_DIAG_BY_FAMILY
            or len(body) < 72
            or body[0] not in (AF_INET, AF_INET6)
            or body[1] not in _STATES
        ):
            continue
        port = struct.unpack_from(">H", body, 4)[0]
        queue, backlog, _uid, inode = struct.unpack_from("=IIII", body, 56)
        listens = _STATES[body[1]] == "listen"
        address = body[8:12] if body[0] == AF_INET else _packed(body[8:24])
        found.append(
            Sock(
                FAMILIES[body[0]],
                _STATES[body[1]],
                "",
                address,
                port,
                inode,
                None,
                queue if listens else None,
                backlog if listens else None,
                body[6:8] + body[24:40],
                body[1] == 8,
            )
        )
    return found


def parse_unix_proc(text: str) -> List[Sock]:
    """/proc/net/unix. A connection carries the listener's path: with state 03 it is accepted, with 02 and
    inode 0 it waits.
    """
    # Whoever binds a socket chooses its name, line feeds included: a row may be anything.
    rows = [
        (state, int(flags, 16), name, int(inode)) for flags, state, inode, name in _UNIX_ROW.findall(text)
    ]
    waiting: Dict[str, int] = {}
    for _state, _flags, name, inode in rows:
        if not inode:
            waiting[name] = waiting.get(name, 0) + 1
    found: List[Sock] = []
    for state, flags, name, inode in rows:
        if flags & 0x10000:  # SO_ACCEPTCON
            found.append(Sock("unix", "listen", name, inode=inode, queue=waiting.get(name, 0)))
        elif state == "03" and inode:
            found.append(Sock("unix", "established", name, inode=inode))
    return found


def parse_tcp_proc(text: str) -> List[Sock]:
    """/proc/net/tcp or tcp6. Of a listener, rx_queue waits (get_tcp4_sock)."""
    found: List[Sock] = []
    for address, port, client, number, queue, inode in _TCP_ROW.findall(text):
        state = _STATES.get(int(number, 16))
        if state is None:
            continue
        raw = b"".join(struct.pack("=I", int(address[at : at + 8], 16)) for at in range(0, len(address), 8))
        found.append(
            Sock(
                "inet" if len(raw) == 4 else "inet6",
                state,
                "",
                _packed(raw),
                int(port, 16),
                int(inode),
                queue=int(queue, 16) if state == "listen" else None,
                clients=client,
                gone=number == "08",
            )
        )
    return found


def _load(listeners: List[Sock], taken: List[Sock], clients: Optional[List[Any]], dead: int) -> Load:
    if not listeners:
        return Load(listeners)
    queues = [one.queue for one in listeners if one.queue is not None]
    backlogs = [one.backlog for one in listeners if one.backlog is not None]
    gone = [one.gone for one in taken]
    load = Load(
        listeners,
        sum(queues) if queues else None,
        max(backlogs) if backlogs else None,
        len(taken),
        abandoned=None if None in gone else gone.count(True),
    )
    return load if clients is None else load._replace(clients=clients, live=len(clients) - dead, dead=dead)


def unix_load(table: Sequence[Sock], names: Sequence[str], file: Optional[Tuple[int, int]]) -> Load:
    """The listener whose bound file is the one at the path; else those that bound one of the names. file: see
    file_id(), or None.
    """
    here = [one for one in table if one.family == "unix" and one.state == "listen"]
    listeners = [one for one in here if file is not None and one.file == file] or [
        one for one in here if one.name in names
    ]
    files = {one.file for one in listeners}
    bound = {one.name for one in listeners}
    # Connections to an older file carry the same name.
    taken = [
        one
        for one in table
        if one.family == "unix"
        and one.state == "established"
        and (one.name in bound if one.file is None else one.file in files)
    ]
    clients = [client for one in listeners for client in one.clients or ()]
    known = len(clients) == sum(one.queue or 0 for one in listeners)
    return _load(listeners, taken, clients if known else None, clients.count(0))


def tcp_load(table: Sequence[Sock], address: Optional[bytes], port: int) -> Load:
    """The listeners that a connection to address reaches. address None: on any address."""
    here = [one for one in table if one.family != "unix" and one.state == "listen" and one.port == port]
    if address is not None:
        listeners = [one for one in here if one.address == address] or [
            one for one in here if not any(one.address) and (one.family == "inet6" or len(address) == 4)
        ]
    else:
        listeners = here
    local = None if any(not any(one.address) for one in listeners) else {one.address for one in listeners}
    rows = [
        one
        for one in table
        if one.family != "unix"
        and one.state == "established"
        and one.port == port
        and (local is None or one.address in local)
    ]
    waiting = [one for one in rows if not one.inode]
    return _load(
        listeners,
        [one for one in rows if one.inode],
        [one.clients for one in waiting],
        sum(1 for one in waiting if one.gone),
    )


def flow(before: Load, after: Load) -> Optional[Tuple[int, int]]:
    """(requests that came, that were answered) between two looks, at least; None: unknown."""
    old, new = before.clients, after.clients
    same = [one.inode for one in before.listeners] == [one.inode for one in after.listeners]
    if old is None or new is None or not same:
        return None
    if all(old + new):
        taken = len(set(old).difference(new))
    else:  # a unix listener has no name for who has gone, but keeps their order
        places = {one: place for place, one in enumerate(new) if one}
        passed = [place - places[one] for place, one in enumerate(old) if one in places]
        taken = passed[-1] if passed else max(0, len(old) - new.count(0))
    return len(new) - len(old) + taken, max(0, taken + (before.accepted or 0) - (after.accepted or 0))


def inode_matches(load: Load, file: Optional[Tuple[int, int]]) -> Optional[bool]:
    """Whether a listener bound the file that is now at the path. None: nothing listens, or nobody tells."""
    told = [one.file for one in load.listeners if one.file is not None]
    return None if not told else file in told
