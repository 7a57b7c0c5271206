# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a worker's sockets are: its FastCGI connection, or a connection that it made to somebody, or to nginx
here.
"""

import socket
from typing import Callable, Dict, Optional, Sequence, Set, Tuple

from ...parse.endpoint import Endpoint as Place
from ...parse.endpoint import parse
from ...parse.linux import sock_rows
from ...parse.linux.wait import Inet, parse_inet
from ...parse.redact import redact
from ..host import Host, HostError
from .sock_diag import Dump

Meaning = Tuple[str, Optional[str]]

_TABLES = ("tcp", "tcp6", "udp", "udp6")
_TABLE_LIMIT = 8 << 20
_MOST_LOOKS = 6  # at the tables: a socket may be newer than the last one
_LONGEST = 200


def _numeric(row: Inet) -> str:
    return socket.inet_ntop(socket.AF_INET if len(row.address) == 4 else socket.AF_INET6, row.address)


def _is_here(row: Inet) -> bool:
    """Who dials an address of the host's own has that one itself (ip route show table local)."""
    return row.local == row.address or (len(row.address) == 4 and row.address[:1] == b"\x7f")


class Sockets:
    """is_nginx: whether nginx listens at an address and a port of this host."""

    def __init__(
        self,
        host: Host,
        pids: Sequence[int],
        listeners: Sequence[Place],
        dump: Dump,
        is_nginx: Callable[[str, int], bool],
    ) -> None:
        self.is_nginx = is_nginx
        self.host, self.pids, self.dump = host, pids, dump
        self.paths = {place.path for place in listeners if place.path}
        self.ports = {place.port for place in listeners if place.port is not None}
        self.known: Dict[int, Meaning] = {}
        self.looks = 0

    def of(self, inode: int) -> Meaning:
        """("fastcgi", None), ("site", where nginx listens here), ("peer", who) or ("", None)."""
        if inode not in self.known and self.looks < _MOST_LOOKS:
            self.looks += 1
            wanted = self._held() | {inode}
            self._unix(wanted)
            self._inet(wanted)
        return self.known.get(inode, ("", None))

    def _held(self) -> Set[int]:
        inodes: Set[int] = set()
        for pid in self.pids:
            base = "/proc/%d/fd" % pid
            links = [self.host.readlink("%s/%s" % (base, name)) or "" for name in self.host.names(base)]
            inodes.update(int(link[8:-1]) for link in links if link.startswith("socket:["))
        return inodes

    def _unix(self, wanted: Set[int]) -> None:
        """An accepted socket has its listener's name, the client's has none: its other end tells. A client
        that was not accepted yet is in the listener's list.
        """
        rows = sock_rows.parse_unix_peers(self.dump(sock_rows.unix_peers_request()) or b"")
        lists = sock_rows.parse_unix_diag(self.dump(sock_rows.unix_request(True)) or b"")
        queued = {client: row.name for row in lists for client in row.clients}
        for inode in wanted.intersection(rows):
            name, other = rows[inode]
            peer = rows.get(other, ("", 0))[0] or queued.get(inode, "")
            if parse("unix:" + name).path in self.paths:
                self.known[inode] = ("fastcgi", None)
            elif peer.startswith("/"):
                self.known[inode] = ("peer", redact("unix:" + peer, _LONGEST))

    def _inet(self, wanted: Set[int]) -> None:
        """Reads the connections in the workers' own network namespace."""
        for table in _TABLES:
            try:
                text = self.host.read("/proc/%d/net/%s" % (self.pids[0], table), _TABLE_LIMIT)
            except HostError:
                continue
            for inode, row in parse_inet(text, wanted).items():
                is_tcp, address = table.startswith("tcp"), _numeric(row)
                if is_tcp and row.port in self.ports:
                    self.known[inode] = ("fastcgi", None)
                    continue
                own = is_tcp and _is_here(row) and self.is_nginx(address, row.peer_port)
                shown = "[%s]:%d" if ":" in address else "%s:%d"
                self.known[inode] = ("site" if own else "peer", shown % (address, row.peer_port))
