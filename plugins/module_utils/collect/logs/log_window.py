# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window of one log file: found by bisecting on timestamps, read alone, whatever the size of the file."""

import errno
import zlib
from collections import deque
from typing import TYPE_CHECKING, Callable, Deque, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ...parse.log_events import Log
from ..host import Host, HostError, Stat
from ..trust import named

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import LogFile, LogKind

PROBE = 64 * 1024
CHUNK = 256 * 1024
WINDOW_BYTES = 4 * 1024 * 1024  # of one log
INFLATED_BYTES = 32 * 1024 * 1024  # of one compressed log: it cannot be bisected
COMPRESSED_BYTES = 8 * 1024 * 1024
LINE_BYTES = 16 * 1024  # nginx's have 2 KiB, php-fpm's log_limit
CONTEXT = 4096  # bytes before the window, from where an entry may reach into it
PAGES_TAIL = 8192  # bytes of an access log: its newest pages
WIDE_TAIL = 65536  # few pages of a busy site are forms
MOST_TAILS = 32  # access logs whose ends are looked at


class File(NamedTuple):
    name: str  # as configuration says, or a predecessor's
    real: str  # without links
    stat: Stat


def admit(host: Host, name: str) -> File:
    host.reading(name)
    if name in host.hung:
        raise HostError(name, None, "reading it did not come to an end")
    real = named(host, name)
    stat = host.stat(real, follow=False)
    if stat.type != "file":
        raise HostError(name, errno.EPERM, "not a regular file (%s)" % stat.type)
    return File(name, real, stat)


def log_file(kind: "LogKind", path: str, why: Optional[str]) -> "LogFile":
    """The entry of a log of which nothing is read yet. why: it does not tell all of the window."""
    return {
        "path": path,
        "kind": kind,
        "size": None,
        "from_at": None,
        "to_at": None,
        "bytes_read": 0,
        "complete": not why,
        "why": why,
        "untrusted": 0,
    }


class Source:
    def __init__(self, host: Host, file: File) -> None:
        self.host, self.file, self.stat = host, file, file.stat
        self.read = 0  # bytes from the disk
        self.cut = False  # a part of the window was left out

    def at(self, offset: int, length: int) -> bytes:
        self.host.reading(self.file.name)
        data = self.host.read_bytes(self.file.real, offset, min(length, self.stat.size - offset), real=True)
        self.read += len(data)
        return data

    def chunks(self, offset: int) -> Iterator[bytes]:
        while offset < self.stat.size:
            data = self.at(offset, CHUNK)
            if not data:
                return
            offset += len(data)
            yield data

    def inflated(self) -> Tuple[int, List[bytes]]:
        """(position of the first byte kept, the last WINDOW_BYTES of a gzip file's text), in one pass."""
        inflate, size, total = zlib.decompressobj(31), 0, 0
        kept: Deque[bytes] = deque()
        for data in self.chunks(0):
            while data and not inflate.eof and not self.cut:
                try:
                    text = inflate.decompress(data, CHUNK)
                except zlib.error:
                    self.cut = True
                    break
                data = inflate.unconsumed_tail
                kept.append(text)
                size, total = size + len(text), total + len(text)
                while size - len(kept[0]) > WINDOW_BYTES:
                    size -= len(kept.popleft())
                self.cut = total > INFLATED_BYTES
            self.cut = self.cut or not inflate.eof and self.read >= COMPRESSED_BYTES
            if self.cut or inflate.eof:  # what follows may be a hole of terabytes
                break
        return total - size, list(kept)


def tail(host: Host, name: str, most: int, since: float = 0.0) -> bytes:
    """The end of a log, at most so many bytes. b"" where it is no file, cannot be read, or was written last
    before that time (epoch seconds). logs.py tells what is missing.
    """
    try:
        file = admit(host, name)
        if file.stat.mtime < since:
            return b""
        return Source(host, file).at(max(0, file.stat.size - most), most)
    except HostError:
        return b""


def find_window(
    source: Source, latest: Callable[[bytes], Optional[float]], since: float, probe: int = PROBE
) -> int:
    """A byte position before which no line is as late as since.

    A probe counts by its latest time, which a forged date cannot make older; without a time it counts as
    late. A hole of zeros at the beginning holds nothing. probe: bytes that are read at a time.
    Most windows begin near the end, so that is looked at first.
    """
    low, high = 0, source.stat.size
    middle = high - 2 * probe
    begins_empty: Optional[bool] = None
    while high - low > 2 * probe:
        data = source.at(middle, probe)
        at = latest(data)
        empty = not data.strip(b"\0")
        if empty and begins_empty is None:
            begins_empty = not source.at(0, probe).strip(b"\0")
        if empty and begins_empty or at is not None and at < since:
            low = middle
        else:
            high = middle
        middle = (low + high) // 2
    return max(0, low - CONTEXT)


def feed(log: Log, chunks: Iterable[bytes], start: int) -> None:
    """Gives a log its lines with their positions. Overlong ones are skipped, and the first piece when start
    is not 0. A hole of zeros, as copytruncate leaves one, is no part of a line. A line without its line feed
    waits.
    """
    position, carry, skipping = start, b"", start > 0
    if start > 0:
        log.begin_inside(start)
    for data in chunks:
        skipping = skipping and not (position == start and data.startswith(b"\0"))
        lines = (carry + data).split(b"\n")
        carry = lines.pop()
        for line in lines:
            text = line.lstrip(b"\0")
            if not skipping and len(text) <= LINE_BYTES:
                log.feed(text, position + len(line) - len(text))
            skipping, position = False, position + len(line) + 1
        if len(carry) > LINE_BYTES:
            text = carry.lstrip(b"\0")
            skipping = skipping or len(text) > LINE_BYTES
            text = b"" if skipping else text
            position, carry = position + len(carry) - len(text), text
