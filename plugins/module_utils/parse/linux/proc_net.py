# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's sockets from /proc/net, where it does not answer sock_diag(7)."""

import re
import struct
from collections import Counter
from typing import List

from .sock_rows import STATES, Sock, packed

# Rows of /proc/net: flags, state, inode and path; local address and port, state, rx_queue, inode.
_UNIX_ROW = re.compile(
    r"^[0-9a-fA-F]+: \S+ \S+ ([0-9a-fA-F]{8}) \S+ ([0-9a-fA-F]{2}) +([0-9]{1,18}) (/[^\n]*)", re.M
)
_TCP_ROW = re.compile(
    r"^ *[0-9]+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) (\S+) ([0-9A-F]{2}) "
    r"[0-9A-F]{8}:([0-9A-F]{8})(?: +\S+){4} +([0-9]{1,18})",
    re.M,
)


def parse_unix_proc(text: str) -> List[Sock]:
    """/proc/net/unix. A connection carries the listener's path: with state 03 it is accepted, with 02 and
    inode 0 it waits.
    """
    # Any program chooses the name of its socket, line feeds included: a row may be anything.
    rows = [
        (int(flags, 16), state, int(inode), name) for flags, state, inode, name in _UNIX_ROW.findall(text)
    ]
    waiting = Counter(name for _flags, _state, inode, name in rows if not inode)
    socks: List[Sock] = []
    for flags, state, inode, name in rows:
        if flags & 0x10000:  # SO_ACCEPTCON
            socks.append(Sock("unix", "listen", name, inode=inode, queue=waiting[name]))
        elif state == "03" and inode:
            socks.append(Sock("unix", "established", name, inode=inode))
    return socks


def parse_tcp_proc(text: str) -> List[Sock]:
    """/proc/net/tcp or tcp6. Of a listener, rx_queue waits (get_tcp4_sock)."""
    socks: List[Sock] = []
    for local, port, client, number, queue, inode in _TCP_ROW.findall(text):
        state = STATES.get(int(number, 16))
        if state is None:
            continue
        raw = b"".join(struct.pack("=I", int(local[at : at + 8], 16)) for at in range(0, len(local), 8))
        family = "inet" if len(raw) == 4 else "inet6"
        waits = int(queue, 16) if state == "listen" else None
        address, gone = packed(raw), number == "08"
        socks.append(
            Sock(family, state, "", address, int(port, 16), int(inode), None, waits, None, client, gone)
        )
    return socks
