# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was written to a log since the last run: its place is remembered by device, inode and offset."""

from typing import TYPE_CHECKING, Dict, Iterator, NamedTuple

from ..collect.host import Host, HostError
from ..collect.logs.log_window import CHUNK, LINE_BYTES
from ..collect.trust import named

if TYPE_CHECKING:
    from ...plugin_utils.shapes.monitor import Position

MOST_BYTES = 4 << 20  # of a log in one run
MOST_OF_ALL = 16 << 20


class Piece(NamedTuple):
    data: bytes  # whole lines
    start: int  # position of the first byte


class Tail:
    """positions: by path, brought up to date as logs are read."""

    def __init__(self, host: Host, positions: Dict[str, "Position"]) -> None:
        self.host, self.positions = host, positions
        self.left = MOST_OF_ALL
        self.skipped: Dict[str, int] = {}  # bytes by path that were too many to read

    def pieces(self, path: str) -> Iterator[Piece]:
        """A log that is seen for the first time is read from its end on. Raises HostError."""
        real = named(self.host, path)
        stat = self.host.stat(real, follow=False)
        if stat.type != "file":
            raise HostError(path, None, "not a regular file (%s)" % stat.type)
        device, inode = stat.identity
        before = self.positions.get(path)
        offset = stat.size if before is None else before["offset"]
        if before and (before["device"], before["inode"]) != (device, inode):
            yield from self._rest(path, before, stat.uid)
            offset = 0
        elif offset > stat.size:  # truncated, as logrotate's copytruncate does
            offset = 0
        for piece in self._read(path, real, offset, stat.size):
            yield piece
            offset = piece.start + len(piece.data)
        self.positions[path] = {"device": device, "inode": inode, "offset": offset}

    def _rest(self, path: str, before: "Position", owner: int) -> Iterator[Piece]:
        """What was still written to the file that has another name now."""
        # Few runs need to load it.
        from ..collect.logs.logs import older

        for name in older(self.host, path, owner, 0.0):
            stat = self.host.stat(name, follow=False)
            if stat.identity == (before["device"], before["inode"]) and not name.endswith(".gz"):
                yield from self._read(path, name, before["offset"], stat.size)

    def _read(self, path: str, real: str, start: int, size: int) -> Iterator[Piece]:
        most = max(0, min(MOST_BYTES, self.left))
        if size - start > most:
            self.skipped[path] = self.skipped.get(path, 0) + size - start - most
            start = size - most
        carry = b""
        while start + len(carry) < size:
            position = start + len(carry)
            data = self.host.read_bytes(real, position, min(CHUNK, size - position), real=True)
            if not data:
                return
            self.left -= len(data)
            whole = (carry + data).rpartition(b"\n")
            if not whole[1]:
                carry = carry + data
                if len(carry) > LINE_BYTES:  # no line of a server's: what follows is its rest
                    start, carry = start + len(carry), b""
                    yield Piece(b"", start)
                continue
            lines = whole[0] + whole[1]
            yield Piece(lines, start)
            start, carry = start + len(lines), whole[2]
