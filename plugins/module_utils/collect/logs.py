# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window of the error logs: found by bisecting on their timestamps, read alone, whatever the size of the file.

Cost: at most 20 probes of 64 KiB to find the window, then at most WINDOW_BYTES of it, the newest, in chunks.
"""

import posixpath
import re
import zlib
from collections import deque
from functools import partial
from itertools import chain
from typing import Any, Callable, Deque, Dict, Iterable, Iterator, List, NamedTuple, Optional, Pattern, Sequence, Tuple, Union

from ..parse import fpm_log, nginx_entry, nginx_log
from ..parse.log_events import Events
from ..parse.timestamps import fpm_time, nginx_time
from .host import Host, HostError, Stat
from .processes import processes

PROBE = 64 * 1024
CHUNK = 256 * 1024
WINDOW_BYTES = 4 * 1024 * 1024  # of one log
TOTAL_BYTES = 16 * 1024 * 1024  # of all logs of a host
INFLATED_BYTES = 32 * 1024 * 1024  # of one compressed log: it cannot be bisected
LINE_BYTES = 16 * 1024  # longer lines are not nginx's (2 KiB) nor php-fpm's (log_limit)
MOST_LOGS = 64
SLACK = 60.0  # seconds; processes write with their own cached clocks, so lines are not strictly in order
CONTEXT = 4096  # bytes before the window: an entry that began there may carry forged lines into it

# Everyday messages that no rule asks for; a busy host has one of each for every pool.
QUIET = frozenset(("fpm-child-started", "fpm-inherited", "fpm-systemd", "fpm-debug-form", "fpm-tracing", "fpm-trace-start", "fpm-idle-killed",
                   "ng-req-buffered", "ng-resp-buffered", "ng-dup-header-ignored"))

Log = Union[nginx_log.NginxLog, fpm_log.FpmLog]
_Kind = NamedTuple("_Kind", [
    ("name", str), ("what", str), ("head", Pattern[bytes]), ("time", Callable[[str, int], Optional[float]]), ("make", Callable[[str], Log]),
])


class _Rotated(Exception):
    """The file under the path is another one, or shorter, than when reading began."""


class _Source:
    """A file or its inflated end as lines. read: bytes that the disk had to give. cut: bytes of the window that were left out."""

    def __init__(self, host: Host, path: str, stat: Stat) -> None:
        self.host, self.path, self.stat = host, path, stat
        self.read = 0
        self.cut = False

    def bytes_at(self, offset: int, length: int) -> bytes:
        data = self.host.read_bytes(self.path, offset, length)
        self.read += len(data)
        return data

    def unchanged(self) -> None:
        """A log can be renamed away or truncated between two reads."""
        now = self.host.stat(self.path)
        if (now.inode, now.device) != (self.stat.inode, self.stat.device) or now.size < self.stat.size:
            raise _Rotated()

    def chunks(self, start: int) -> Iterator[bytes]:
        offset = start
        while offset < self.stat.size:
            data = self.bytes_at(offset, min(CHUNK, self.stat.size - offset))
            if not data:
                return
            offset += len(data)
            yield data

    def inflated(self) -> Tuple[int, List[bytes]]:
        """(position of the first byte kept, the end of a gzip file's text). One pass; memory holds WINDOW_BYTES of it."""
        inflate = zlib.decompressobj(31)
        kept: Deque[bytes] = deque()
        size = total = 0
        for data in self.chunks(0):
            while data and not inflate.eof:
                try:
                    text = inflate.decompress(data, CHUNK)
                except zlib.error:
                    self.cut = True
                    return total - size, list(kept)
                data = inflate.unconsumed_tail
                kept.append(text)
                size, total = size + len(text), total + len(text)
                while size - len(kept[0]) > WINDOW_BYTES:
                    size -= len(kept.popleft())
                if total > INFLATED_BYTES:
                    self.cut = True
                    return total - size, list(kept)
        return total - size, list(kept)


def _times(kind: _Kind, data: bytes, utc_offset: int, until: float) -> List[float]:
    """The times at the line beginnings of a piece of a log. One later than until is an odd clock or a forgery, and left out."""
    found = (kind.time(one.decode("ascii", "replace"), utc_offset) for one in set(kind.head.findall(data)))
    return [at for at in found if at is not None and at <= until]


def find_window(source: _Source, latest: Callable[[bytes], Optional[float]], since: float) -> int:
    """A byte position before which no line is as late as since (slack included).

    A probe counts as old by its latest time: a forged old date cannot hide the lines beside it, a forged late one costs reading at most.
    A probe without any time (binary garbage, a hole) counts as late for the same reason.
    """
    low, high = 0, source.stat.size
    while high - low > 2 * PROBE:
        middle = (low + high) // 2
        at = latest(source.bytes_at(middle, PROBE))
        if at is not None and at < since:
            low = middle
        else:
            high = middle
    return max(0, low - CONTEXT)


def _feed(log: Log, chunks: Iterable[bytes], start: int) -> None:
    """Lines with their positions; only a line feed ends one. Overlong ones are skipped, and so is the first piece when start is not 0."""
    position, carry, skipping = start, b"", start > 0
    if start > 0:
        log.begin_inside(start)
    for data in chunks:
        skipping = skipping and not (position == start and data.startswith(b"\0"))
        lines = (carry + data).split(b"\n")
        carry = lines.pop()
        for line in lines:
            begin, position = position, position + len(line) + 1
            if skipping or len(line) > LINE_BYTES:
                skipping = False
                continue
            text = line.lstrip(b"\0")  # copytruncate leaves a hole before the next line
            log.feed(text, begin + len(line) - len(text))
        if len(carry) > LINE_BYTES:
            text = carry.lstrip(b"\0")
            position, carry = position + len(carry) - len(text), text
        if len(carry) > LINE_BYTES:
            position, carry, skipping = position + len(carry), b"", True


def _one(host: Host, kind: _Kind, path: str, stat: Stat, since: float, now: float, budget: int) -> Tuple[Dict[str, Any], Events, bool]:
    """(file, events, whether the window may begin in an older file). A line that is still being written, without its line feed, waits."""
    source = _Source(host, path, stat)
    utc_offset, until = host.utc_offset(now), now + SLACK
    log = kind.make(path)
    limit = min(WINDOW_BYTES, budget)
    entry: Dict[str, Any] = {"path": path, "kind": kind.name, "size": stat.size, "from_at": None, "to_at": None, "bytes_read": 0, "complete": True, "why": None,
                             "untrusted": 0}
    if path.endswith(".gz"):
        start, kept = source.inflated()
        chunks: Iterable[bytes] = kept
        first = kept[0] if kept else b""
    else:
        start = find_window(source, lambda data: max(_times(kind, data, utc_offset, until), default=None), since - SLACK)
        if stat.size - start > limit:
            start, source.cut = stat.size - limit, True
        first = source.bytes_at(start, min(PROBE, stat.size - start))
        chunks = chain([first], source.chunks(start + len(first)))
    begins = min(_times(kind, first, utc_offset, until), default=None)
    _feed(log, chunks, start)
    source.unchanged()
    events = log.finish()
    entry.update(from_at=log.first_at, to_at=log.last_at, bytes_read=source.read, untrusted=log.untrusted)
    if source.cut and (begins is None or begins > since):
        entry.update(complete=False, why="only the newest part of the window was read (%d bytes)" % min(limit, stat.size))
    if stat.size and begins is None and log.first_at is None:
        entry.update(complete=False, why="no line begins with the time that %s writes" % ("nginx" if kind.name == "nginx_error" else "php-fpm"))
    return entry, events, start == 0 and (begins is None or begins > since)


def _older(host: Host, path: str, since: float) -> List[Tuple[str, Stat]]:
    """Rotated predecessors that were still written in the window, the newest two, by the names that logrotate gives."""
    plain = re.sub(r"([*?\[])", r"[\1]", path)
    stem, dot, extension = plain.rpartition(".")
    patterns = [plain + ".[0-9]*", plain + "-[0-9]*"] + ([stem + "-[0-9]*." + extension + "*"] if dot and "/" not in extension else [])
    found: List[Tuple[str, Stat]] = []
    for name in sorted({one for pattern in patterns for one in host.glob(pattern)}):
        try:
            stat = host.stat(name)
        except HostError:
            continue
        if stat.type == "file" and stat.mtime >= since and stat.size:
            found.append((name, stat))
    return sorted(found, key=lambda one: -one[1].mtime)[:2]


def _refuse(host: Host, kind: _Kind, path: str, why: str, needs: Optional[str]) -> Dict[str, Any]:
    host.miss(kind.what, path, why, needs)
    return {"path": path, "kind": kind.name, "size": None, "from_at": None, "to_at": None, "bytes_read": 0, "complete": False, "why": why, "untrusted": 0}


def _stat(host: Host, kind: _Kind, path: str) -> Tuple[Optional[Stat], Optional[Dict[str, Any]]]:
    """(stat, None) of a readable sort of log, or (None, the file entry that says why not)."""
    if not path.startswith("/"):
        journal = "journalctl, or the syslog server's files" if path.startswith("syslog") else None
        return None, _refuse(host, kind, path, "the log goes to %s, not to a file" % path.split(":")[0][:40], journal)
    try:
        stat = host.stat(path)
    except HostError as error:
        return None, _refuse(host, kind, path, error.why, None if error.absent else "root")
    # /dev/stderr is another file for everyone who asks.
    hops = [path]
    while len(hops) < 8 and host.readlink(hops[-1]):
        hops.append(posixpath.join(posixpath.dirname(hops[-1]), host.readlink(hops[-1]) or ""))
    if stat.type != "file" or any(hop.startswith(("/dev/", "/proc/")) for hop in hops):
        return None, _refuse(host, kind, path, "not a regular file (%s)" % (hops[-1] if len(hops) > 1 else stat.type), "a log that goes to a file")
    return stat, None


def _log(host: Host, kind: _Kind, path: str, since: float, now: float, budget: int) -> Tuple[List[Dict[str, Any]], Events]:
    """One log with the predecessors that the window reaches into; started over once when it is rotated meanwhile."""
    files: List[Dict[str, Any]] = []
    events = Events()
    for last_try in (False, True):
        stat, refused = _stat(host, kind, path)
        if stat is None:
            return [refused] if refused else [], events
        files, events = [], Events()
        try:
            entry, found, reaches_back = _one(host, kind, path, stat, since, now, budget)
            files.append(entry)
            events.merge(found)
            for name, older in _older(host, path, since) if reaches_back else []:
                if name.endswith((".xz", ".bz2", ".zst")):
                    files.append(_refuse(host, kind, name, "compressed in a way that is not read", None))
                    continue
                entry, found, _back = _one(host, kind, name, older, since, now, budget)
                files.append(entry)
                events.merge(found)
            break
        except HostError as error:
            return files + [_refuse(host, kind, error.path, error.why, None if error.absent else "root")], events
        except _Rotated:
            if last_try:
                return [_refuse(host, kind, path, "the log was rotated twice while it was read", None)], Events()
    for entry in files:
        if not entry["complete"]:
            host.miss(kind.what, entry["path"], entry["why"], None)
    return files, events


def collect_logs(host: Host, nginx_error_logs: Sequence[str], fpm_logs: Sequence[Tuple[str, Optional[str]]], window_from: float, now: float,
                 nginx_pids: Optional[Sequence[int]] = None) -> Dict[str, Any]:
    """{"files": [...], "events": [...]} of the window [window_from, now], in epoch seconds.

    fpm_logs: (path, configuration file of the master that writes it). nginx_pids: nginx's processes, which tell true lines from forged
    ones (see parse/nginx_log.py); looked up when they are not given. A file's entry has path, kind, size, from_at, to_at (of what was
    found in the window), bytes_read, complete (the whole window was read), why (if not), untrusted (messages dropped as forged).
    """
    if nginx_pids is None:
        nginx_pids = [one.pid for one in processes(host, lambda comm: comm.startswith(("nginx", "openresty", "angie", "tengine")))]
    utc_offset, until = host.utc_offset(now), now + SLACK
    nginx = partial(nginx_log.NginxLog, since=window_from, until=until, utc_offset=utc_offset, known_pids=nginx_pids)
    files: List[Dict[str, Any]] = []
    events = Events()
    wanted: List[Tuple[_Kind, str]] = []
    for path in dict.fromkeys(nginx_error_logs):
        wanted.append((_Kind("nginx_error", "nginx_log", nginx_entry.HEAD_BYTES, nginx_time, nginx), path))
    for path, master in dict.fromkeys(fpm_logs):
        fpm = partial(fpm_log.FpmLog, master=master, since=window_from, until=until, utc_offset=utc_offset)
        wanted.append((_Kind("fpm_error", "fpm_log", fpm_log.HEAD_BYTES, fpm_time, fpm), path))
    budget = TOTAL_BYTES
    for number, (kind, path) in enumerate(wanted):
        if budget <= 0 or number >= MOST_LOGS:
            files.append(_refuse(host, kind, path, "not read: the limit for all logs of a host is reached", None))
            continue
        found, messages = _log(host, kind, path, window_from, now, budget)
        files += found
        events.merge(messages)
        budget -= sum(entry["bytes_read"] for entry in found)
    return {"files": files, "events": [event for event in events.list() if event["signature"] not in QUIET]}
