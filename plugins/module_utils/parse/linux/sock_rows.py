# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's sockets, a row each, by sock_diag(7)."""

import struct
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
_TCP_FAMILIES = {AF_INET: "inet", AF_INET6: "inet6"}

# linux/netlink.h, linux/sock_diag.h, linux/unix_diag.h, linux/inet_diag.h
NLMSG_ERROR, NLMSG_DONE, SOCK_DIAG_BY_FAMILY = 2, 3, 20
_DUMP_REQUEST = 0x301  # NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
_HEADER = struct.Struct("=IHHII")
# include/net/tcp_states.h. 8, CLOSE_WAIT: nginx gave up, and the request still waits or is served.
STATES = {1: "established", 8: "established", 10: "listen"}
_WANTED_STATES = 1 << 1 | 1 << 8 | 1 << 10
_SYN_SENT = 2
_SHOW_NAME_QUEUE, _SHOW_VFS, _SHOW_PEER, _SHOW_CLIENTS = 1 | 16, 2, 4, 8
_UNIX_NAME, _UNIX_VFS, _UNIX_PEER, _UNIX_CLIENTS, _UNIX_QUEUE, _UNIX_SHUTDOWN = 0, 1, 2, 3, 4, 6
_TCP = 6
# INET_DIAG_REQ_BYTECODE. S_EQ would need Linux 4.16.
_BYTECODE = 1
_GO_ON, _PORT_AT_LEAST, _PORT_AT_MOST, _OTHER_AT_LEAST, _OTHER_AT_MOST = 1, 2, 3, 4, 5


_V4_MAPPED = b"\0" * 10 + b"\xff\xff"

Client = Union[int, bytes, str]
File = Tuple[int, int]  # see file_id()


class Sock(NamedTuple):
    family: str
    state: str
    name: str = ""  # a unix socket's path as bound
    address: bytes = b""  # packed, 4 or 16 bytes
    port: int = 0
    inode: int = 0  # as in /proc/PID/fd; 0 while it waits in the queue
    file: Optional[File] = None
    queue: Optional[int] = None  # of listeners only, like backlog
    backlog: Optional[int] = None
    client: Union[bytes, str] = ""  # a name of a TCP connection's other end
    gone: Optional[bool] = None  # whether the other end has; None: unknown
    clients: Sequence[int] = ()  # inodes of those that wait at a unix listener, in order; 0: it has gone


def file_id(major: int, minor: int, inode: int) -> File:
    """A file as unix_diag names it: the kernel's dev_t, and 32 bits of the inode number."""
    return major << 20 | minor, inode & 0xFFFFFFFF


def _request(body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, _DUMP_REQUEST, 1, 0) + body


def unix_request(clients: bool = False) -> bytes:
    """clients: only the listeners, with who waits. A list too long for the kernel's buffer ends it."""
    states, more = (1 << 10, _SHOW_CLIENTS) if clients else (_WANTED_STATES, _SHOW_VFS)
    return _request(struct.pack("=BBHIIIII", AF_UNIX, 0, 0, states, 0, _SHOW_NAME_QUEUE | more, 0, 0))


def tcp_request(family: int, port: int, last: int = 0) -> bytes:
    """Listeners and connections of one local port, or up to the last, and those to it; the kernel filters."""
    # Each: what, how far to go on if it is so, if not, and the port. Beyond the end it is left out. The first
    # two are joined by "or" to the last two, as ss(8) does.
    to, of_port = last or port, struct.Struct("=BBHBBH")
    operations = of_port.pack(_PORT_AT_LEAST, 8, 20, 0, 0, port) + of_port.pack(
        _PORT_AT_MOST, 8, 12, 0, 0, to
    )
    operations += struct.pack("=BBH", _GO_ON, 4, 20)
    operations += of_port.pack(_OTHER_AT_LEAST, 8, 20, 0, 0, port)
    operations += of_port.pack(_OTHER_AT_MOST, 8, 12, 0, 0, to)
    return _request(
        struct.pack("=BBBBI48x", family, _TCP, 0, 0, _WANTED_STATES | 1 << _SYN_SENT)
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


def _answers(data: bytes, least: int) -> List[bytes]:
    return [body for kind, body in messages(data) if kind == SOCK_DIAG_BY_FAMILY and len(body) >= least]


def _attributes(data: bytes) -> Dict[int, bytes]:
    attributes: Dict[int, bytes] = {}
    offset = 0
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            break
        attributes[kind] = data[offset + 4 : offset + length]
        offset += length + 3 & ~3
    return attributes


def parse_unix_diag(data: bytes) -> List[Sock]:
    """The answer to unix_request. The kernel leaves out sockets that wait: an established one is accepted."""
    socks: List[Sock] = []
    for body in _answers(data, 16):
        if body[0] != AF_UNIX or body[2] not in STATES:
            continue
        attributes = _attributes(body[16:])
        name = attributes.get(_UNIX_NAME, b"").split(b"\0")[0].decode("utf-8", "replace")
        if not name:
            continue
        place: Optional[File] = None
        if len(attributes.get(_UNIX_VFS, b"")) >= 8:
            inode, device = struct.unpack_from("=II", attributes[_UNIX_VFS])
            place = (device, inode)
        sock = Sock(
            "unix",
            STATES[body[2]],
            name,
            inode=struct.unpack_from("=I", body, 4)[0],
            file=place,
            gone=attributes.get(_UNIX_SHUTDOWN) == b"\3",
        )
        if sock.state == "listen" and len(attributes.get(_UNIX_QUEUE, b"")) >= 8:
            queue, backlog = struct.unpack_from("=II", attributes[_UNIX_QUEUE])
            listed = attributes.get(_UNIX_CLIENTS, b"")
            clients = struct.unpack("=%dI" % (len(listed) // 4), listed[: len(listed) // 4 * 4])
            sock = sock._replace(queue=queue, backlog=backlog, clients=clients)
        socks.append(sock)
    return socks


def unix_peers_request() -> bytes:
    """All sockets with a name of their own or of their listener, and the other end of each."""
    more = _SHOW_NAME_QUEUE | _SHOW_PEER
    # Before Linux 5.15 a datagram socket, such as syslog's, is closed whoever it is connected to.
    states = _WANTED_STATES | 1 << 7
    return _request(struct.pack("=BBHIIIII", AF_UNIX, 0, 0, states, 0, more, 0, 0))


def parse_unix_peers(data: bytes) -> Dict[int, Tuple[str, int]]:
    """{inode: (its name or "", the inode of its other end or 0)}."""
    peers: Dict[int, Tuple[str, int]] = {}
    for body in _answers(data, 16):
        attributes = _attributes(body[16:])
        name = attributes.get(_UNIX_NAME, b"").split(b"\0")[0].decode("utf-8", "replace")
        other = attributes.get(_UNIX_PEER, b"")
        peer = struct.unpack_from("=I", other)[0] if len(other) >= 4 else 0
        peers[struct.unpack_from("=I", body, 4)[0]] = (name, peer)
    return peers


def packed(raw: bytes) -> bytes:
    return raw[12:] if raw[:12] == _V4_MAPPED else raw


def parse_tcp_diag(data: bytes) -> List[Sock]:
    """The answer to tcp_request. Of a listener, rqueue waits and wqueue is the backlog (tcp_diag.c). What the
    full queue of a listener of this host keeps out is "connecting", by the address and port that it asks.
    """
    socks: List[Sock] = []
    for body in _answers(data, 72):
        if body[0] in _TCP_FAMILIES and body[1] == _SYN_SENT and body[8:24] == body[24:40]:
            to_port, name = struct.unpack_from(">H", body, 6)[0], body[4:6] + body[8:24]
            address = body[24:28] if body[0] == AF_INET else packed(body[24:40])
            socks.append(Sock(_TCP_FAMILIES[body[0]], "connecting", "", address, to_port, client=name))
        if body[0] not in _TCP_FAMILIES or body[1] not in STATES:
            continue
        port = struct.unpack_from(">H", body, 4)[0]
        queue, backlog, _uid, inode = struct.unpack_from("=IIII", body, 56)
        state = STATES[body[1]]
        if state != "listen":
            queue = backlog = None
        address = body[8:12] if body[0] == AF_INET else packed(body[8:24])
        client, gone = body[6:8] + body[24:40], body[1] == 8
        family = _TCP_FAMILIES[body[0]]
        socks.append(Sock(family, state, "", address, port, inode, None, queue, backlog, client, gone))
    return socks
