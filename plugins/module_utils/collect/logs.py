# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window of the error logs: found by bisecting on their timestamps, read alone, whatever the size of the
file (docs/looking.md).
"""

import errno
import posixpath
import re
import zlib
from collections import deque
from functools import partial
from itertools import chain
from typing import (
    TYPE_CHECKING,
    Callable,
    Deque,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Pattern,
    Sequence,
    Tuple,
    Union,
)

from ..parse.log_events import Events
from ..parse.nginx import log as nginx_log
from ..parse.nginx import log_entry as nginx_entry
from ..parse.php_fpm import log as fpm_log
from ..parse.timestamps import fpm_time, nginx_time
from .host import Host, HostError, Stat
from .trust import named

if TYPE_CHECKING:
    from ..facts.logs import LogFile, Logs

PROBE = 64 * 1024
CHUNK = 256 * 1024
WINDOW_BYTES = 4 * 1024 * 1024  # of one log
TOTAL_BYTES = 16 * 1024 * 1024  # of all logs of a host
INFLATED_BYTES = 32 * 1024 * 1024  # of one compressed log: it cannot be bisected
COMPRESSED_BYTES = 8 * 1024 * 1024
LINE_BYTES = 16 * 1024  # nginx's have 2 KiB, php-fpm's log_limit
MOST_LOGS = 64
SLACK = 60.0  # seconds: lines are not strictly in order
ROTATED = "rotated_log"  # what is missing, and no verdict needs
CONTEXT = 4096  # bytes before the window, from where an entry may reach into it

_NEEDS = {errno.EACCES: "root", errno.EPERM: "a log that goes to a file"}

_Kind = NamedTuple(
    "_Kind",
    [
        ("name", str),
        ("what", str),
        ("head", Pattern[bytes]),
        ("time", Callable[[str, int], Optional[float]]),
        ("make", Callable[[str], Union[nginx_log.NginxLog, fpm_log.FpmLog]]),
    ],
)


# name: as configuration says, or a predecessor's. real: without links.
_File = NamedTuple("_File", [("name", str), ("real", str), ("stat", Stat)])


class _Rotated(Exception):
    """The file is another one, or shorter, than when reading began."""


class _Source:
    """read: bytes that the disk had to give. cut: a part of the window was left out."""

    def __init__(self, host: Host, file: _File) -> None:
        self.host, self.file, self.stat = host, file, file.stat
        self.read = 0
        self.cut = False

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


def _times(kind: _Kind, data: bytes, utc_offset: int, until: float) -> List[float]:
    """The times at line beginnings, without those later than until: an odd clock or a forgery."""
    found = (kind.time(one.decode("ascii", "replace"), utc_offset) for one in set(kind.head.findall(data)))
    return [at for at in found if at is not None and at <= until]


def find_window(source: _Source, latest: Callable[[bytes], Optional[float]], since: float) -> int:
    """A byte position before which no line is as late as since. A probe counts by its latest time, which a
    forged date cannot make older, or else as late. A hole of zeros at the beginning holds nothing.
    """
    low, high = 0, source.stat.size
    begins_empty: Optional[bool] = None
    while high - low > 2 * PROBE:
        middle = (low + high) // 2
        data = source.at(middle, PROBE)
        at = latest(data)
        empty = not data.strip(b"\0")
        if empty and begins_empty is None:
            begins_empty = not source.at(0, PROBE).strip(b"\0")
        if empty and begins_empty or at is not None and at < since:
            low = middle
        else:
            high = middle
    return max(0, low - CONTEXT)


def _feed(log: Union[nginx_log.NginxLog, fpm_log.FpmLog], chunks: Iterable[bytes], start: int) -> None:
    """Lines with their positions. Overlong ones are skipped, and the first piece when start is not 0. A hole
    of zeros, as copytruncate leaves one, is no part of a line; a line without its line feed waits.
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
            position, carry = (
                position + len(carry) - (0 if skipping else len(text)),
                b"" if skipping else text,
            )


def _one(
    host: Host, kind: _Kind, file: _File, since: float, now: float, budget: int, current: bool
) -> Tuple["LogFile", Events, bool]:
    """(file, events, whether the window may begin in an older file)."""
    source, log, stat = _Source(host, file), kind.make(file.name), file.stat
    utc_offset, until, limit = host.utc_offset(now), now + SLACK, min(WINDOW_BYTES, budget)
    compressed = file.name.endswith(".gz")
    if compressed:
        start, kept = source.inflated()
        first, chunks = kept[0] if kept else b"", iter(kept)
    else:
        start = find_window(
            source, lambda data: max(_times(kind, data, utc_offset, until), default=None), since - SLACK
        )
        if stat.size - start > limit:
            start, source.cut = stat.size - limit, True
        first = source.at(start, PROBE)
        chunks = chain([first], source.chunks(start + len(first)))
    begins = min(_times(kind, first, utc_offset, until), default=None)
    _feed(log, chunks, start)
    after = host.stat(file.real, follow=False)
    if (after.inode, after.device) != (stat.inode, stat.device) or after.size < stat.size:
        raise _Rotated()
    events, why, what = log.finish(), None, kind.what
    if source.cut and compressed:
        why = "it was not read to its end (%d of %d bytes)" % (source.read, stat.size)
    elif source.cut and (begins is None or begins > since):
        why = "only the newest part of the window was read (%d bytes)" % min(limit, stat.size)
    if stat.size and begins is None and log.first_at is None:
        why = "no line begins with the time that %s writes" % (
            "nginx" if kind.name == "nginx_error" else "php-fpm"
        )
        what = what if current else ROTATED  # it only has a predecessor's name
    entry = _entry(kind, file.name, why)
    entry["size"], entry["bytes_read"], entry["untrusted"] = stat.size, source.read, log.untrusted
    entry["from_at"], entry["to_at"] = log.first_at, log.last_at
    if why:
        host.miss(what, file.name, why)
    return entry, events, start == 0 and (begins is None or begins > since)


def _admit(host: Host, name: str) -> _File:
    host.reading(name)
    if name in host.hung:
        raise HostError(name, None, "reading it did not come to an end")
    real = named(host, name)
    return _File(name, real, host.stat(real, follow=False))


def _older(host: Host, path: str, owner: int, since: float) -> List[str]:
    """The newest two rotated predecessors that were written in the window, by logrotate's names, of root or
    the log's owner.
    """
    plain = re.sub(r"([*?\[])", r"[\1]", path)
    stem, dot, extension = plain.rpartition(".")
    patterns = [plain + ".[0-9]*", plain + "-[0-9]*"] + (
        [stem + "-[0-9]*." + extension + "*"] if dot and "/" not in extension else []
    )
    found: List[Tuple[float, str]] = []
    for name in sorted({one for pattern in patterns for one in host.glob(pattern)}):
        try:
            stat = host.stat(name, follow=False)
        except HostError:
            continue
        if stat.mtime < since or not stat.size:
            continue
        if stat.type == "file" and stat.uid in (0, owner):
            found.append((stat.mtime, name))
        else:
            host.miss(
                ROTATED,
                posixpath.dirname(path),
                "files with names of rotated logs are left alone: links, or neither root's nor of the log's "
                "owner",
            )
    return [name for _mtime, name in sorted(found, reverse=True)[:2]]


def _refuse(host: Host, kind: _Kind, path: str, why: str, needs: Optional[str] = None) -> List["LogFile"]:
    host.miss(kind.what, path, why, needs)
    return [_entry(kind, path, why)]


def _entry(kind: _Kind, path: str, why: Optional[str]) -> "LogFile":
    return {
        "path": path,
        "kind": kind.name,
        "size": None,
        "from_at": None,
        "to_at": None,
        "bytes_read": 0,
        "complete": not why,
        "why": why,
        "untrusted": 0,
    }


def _log(
    host: Host, kind: _Kind, path: str, since: float, now: float, budget: int, again: bool = True
) -> Tuple[List["LogFile"], Events]:
    """One log with its predecessors in the window."""
    files: List[LogFile] = []
    events = Events()
    if not path.startswith("/"):
        return _refuse(
            host,
            kind,
            path,
            "the log goes to %s, not to a file" % path.split(":")[0][:40],
            "a log that goes to a file",
        ), events
    todo, name = [path], path
    try:
        for name in todo:
            file = _admit(host, name)
            if file.stat.type != "file":
                raise HostError(name, errno.EPERM, "not a regular file (%s)" % file.stat.type)
            if name.endswith((".xz", ".bz2", ".zst")):
                files += _refuse(host, kind, name, "compressed in a way that is not read")
                continue
            entry, found, reaches_back = _one(host, kind, file, since, now, budget, name == path)
            files.append(entry)
            events.merge(found)
            if name == path and reaches_back:
                todo += _older(host, path, file.stat.uid, since)
    except HostError as error:
        files += _refuse(host, kind, name, error.why, _NEEDS.get(error.errno or 0))
    except _Rotated:
        if again:
            return _log(host, kind, path, since, now, budget, False)
        return _refuse(host, kind, path, "the log was rotated twice while it was read"), Events()
    return files, events


def collect_logs(
    host: Host,
    nginx_error_logs: Sequence[str],
    fpm_logs: Sequence[Tuple[str, Optional[str]]],
    window_from: float,
    now: float,
    nginx_pids: Sequence[int],
) -> "Logs":
    """Of the window [window_from, now], in epoch seconds. fpm_logs: (path, configuration file of the master that writes it).
    nginx_pids: nginx's processes, which tell true lines from forged ones.
    """
    until, utc_offset = now + SLACK, host.utc_offset(now)
    nginx = partial(
        nginx_log.NginxLog, since=window_from, until=until, utc_offset=utc_offset, known_pids=nginx_pids
    )
    wanted = [
        (_Kind("nginx_error", "nginx_log", nginx_entry.HEAD_BYTES, nginx_time, nginx), path)
        for path in dict.fromkeys(nginx_error_logs)
    ]
    for path, master in dict.fromkeys(fpm_logs):
        fpm = partial(fpm_log.FpmLog, master=master, since=window_from, until=until, utc_offset=utc_offset)
        wanted.append((_Kind("fpm_error", "fpm_log", fpm_log.HEAD_BYTES, fpm_time, fpm), path))
    files: List[LogFile] = []
    events = Events()
    budget = TOTAL_BYTES
    for number, (kind, path) in enumerate(wanted):
        if budget <= 0 or number >= MOST_LOGS:
            files += _refuse(host, kind, path, "not read: the limit for all logs of a host is reached")
            continue
        found, messages = _log(host, kind, path, window_from, now, budget)
        files += found
        events.merge(messages)
        budget -= sum(entry["bytes_read"] for entry in found)
    if events.dropped:
        what = "nginx_log" if events.full else "log_events"
        host.miss(
            what,
            None,
            "%d messages were not counted: they name too many different sites and upstreams" % events.dropped,
        )
    return {"files": files, "events": events.list()}
