# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The error logs and their rotated predecessors: the events of a window of time (docs/looking.md)."""

import errno
import posixpath
import re
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ...parse.log_events import Events, Log
from ...parse.nginx.log import NginxLog, Once
from ...parse.nginx.log_entry import last_lost
from ...parse.php_fpm.log import FpmLog
from ...signatures.nginx import LOST, NGINX
from ..host import Host, HostError
from ..trust import DELETED
from .log_clock import zone_of_fpm
from .log_window import CONTEXT, PROBE, WINDOW_BYTES, File, Source, admit, feed, find_window, log_file

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import LogFile, LogKind, Logs
    from ....plugin_utils.shapes.missing import What

TOTAL_BYTES = 16 * 1024 * 1024  # of all logs of a host
MOST_LOGS = 512
BACK = 256 * 1024  # bytes before the window that are looked at where nothing was lost in it
MOST_BACK = 64  # logs of which they are looked at
NGINX_PROBE = 16 * 1024  # its lines have 2 KiB
SLACK = 60.0  # seconds: lines are not strictly in order
LOST_IDS = frozenset(signature for signature, meaning in NGINX.meaning_of.items() if meaning in LOST)
MOST_NAMES = 10000  # of rotated logs: whoever may write there can make more
ROTATED: "What" = "rotated_log"  # is missing: no verdict depends on it

_NEEDS = {errno.EACCES: "root", errno.EPERM: "a log that goes to a file"}


class _Kind(NamedTuple):
    """A program's log."""

    name: "LogKind"
    what: "What"  # id of what is missing without it
    make: Callable[[str], Log]  # of a path
    back: int = 0  # bytes before the window that are looked at
    probe: int = PROBE


class Rotated(Exception):
    """The file is another one, or shorter, than when reading began."""


def _read(host: Host, kind: _Kind, file: File, budget: int, current: bool) -> Tuple["LogFile", Events, bool]:
    """(file, events, whether the window may begin in an older file)."""
    source, log, stat = Source(host, file), kind.make(file.name), file.stat
    since, limit, compressed = log.since, min(WINDOW_BYTES, budget), file.name.endswith(".gz")
    if compressed:
        start, kept = source.inflated()
        first, chunks = kept[0] if kept else b"", iter(kept)
    else:

        def latest(data: bytes) -> Optional[float]:
            return max(log.times(data), default=None)

        start = find_window(source, latest, since - SLACK, kind.probe)
        if stat.size - start > limit:
            start, source.cut = stat.size - limit, True
        first = source.at(start, PROBE)
        chunks = chain([first], source.chunks(start + len(first)))
    begins = min(log.times(first), default=None)
    feed(log, chunks, start)
    after = host.stat(file.real, follow=False)
    if after.identity != stat.identity or after.size < stat.size:
        raise Rotated()
    events, why, what = log.finish(), None, kind.what
    if source.cut and compressed:
        why = "it was not read to its end (%d of %d bytes)" % (source.read, stat.size)
    elif source.cut and (begins is None or begins > since):
        why = "only the newest part of the window was read (%d bytes)" % min(limit, stat.size)
    # Written while the clock was ahead: nothing came since then.
    ahead = stat.mtime > log.until and log.head.search(first)
    if stat.size and begins is None and log.first_at is None and not ahead:
        program = "nginx" if kind.name == "nginx_error" else "php-fpm"
        why = "no line begins with the time that %s writes" % program
        what = what if current else ROTATED  # it only has a predecessor's name
    entry = log_file(kind.name, file.name, why)
    entry["size"], entry["bytes_read"], entry["untrusted"] = stat.size, source.read, log.untrusted
    entry["from_at"], entry["to_at"] = log.first_at, log.last_at
    reaches_back = start == 0 and (begins is None or begins > since)
    if reaches_back and begins is not None and kind.name == "nginx_error":
        entry["begins"] = begins
    if kind.back and not compressed and not events.has(LOST_IDS):
        low, high = max(0, start - kind.back), start + 2 * PROBE + CONTEXT
        data = source.at(low, max(0, high - low))
        entry["earlier"] = last_lost(data, log.utc_offset, since)
    if why:
        host.miss(what, file.name, why)
    return entry, events, reaches_back


def older(host: Host, path: str, owner: int, since: float) -> List[str]:
    """The newest two predecessors by logrotate's names that were written in the window. They belong to root
    or the log's owner.
    """
    folder, plain = posixpath.split(path)
    stem, dot, extension = plain.rpartition(".")
    pattern = re.escape(plain) + "[.-][0-9]"
    if dot:
        pattern += "|%s-[0-9].*%s" % (re.escape(stem), re.escape(dot + extension))
    try:
        names = list(filter(re.compile(pattern, re.S).match, host.listdir(folder)))
    except HostError as error:
        if not error.absent:
            host.miss(ROTATED, folder, error.why)
        return []
    if len(names) > MOST_NAMES:
        host.miss(ROTATED, folder, "%d files have names of rotated logs: left alone" % len(names))
        return []
    found: List[Tuple[float, str]] = []
    for name in (posixpath.join(folder, name) for name in names):
        try:
            stat = host.stat(name, follow=False)
        except HostError:
            continue
        if stat.mtime < since or not stat.size:
            continue
        if stat.type == "file" and stat.uid in (0, owner):
            found.append((stat.mtime, name))
        else:
            why = "files with names of rotated logs are left alone: links, or neither root's nor of "
            host.miss(ROTATED, folder, why + "the log's owner")
    return [name for _mtime, name in sorted(found, reverse=True)[:2]]


def open_files(host: Host, pid: Optional[int]) -> Set[Optional[str]]:
    """The names that a process's open files have now."""
    folder = "/proc/%s/fd" % pid
    return {host.readlink("%s/%s" % (folder, name)) for name in host.names(folder)} if pid else set()


def deleted_logs(host: Host, pid: Optional[int]) -> List[str]:
    """Files that a master writes to though they were deleted, by the names that they had. One that stands
    there by that name is another.
    """
    links = open_files(host, pid)
    gone = [link[: -len(DELETED)] for link in links if link and link.endswith(DELETED)]
    return sorted(path for path in gone if path not in links)


def _refuse(host: Host, kind: _Kind, path: str, why: str, needs: Optional[str] = None) -> List["LogFile"]:
    host.miss(kind.what, path, why, needs)
    return [log_file(kind.name, path, why)]


def stuck(host: Host, file: File) -> Optional[str]:
    """Why nothing more is written to a log."""
    room = host.room(posixpath.dirname(file.real))
    if not room or not (room.read_only or room.others == 0):
        return None
    return "its file system is %s: nothing more is written to it" % (
        "read-only" if room.read_only else "full"
    )


def _log(
    host: Host, kind: _Kind, path: str, since: float, budget: int, again: bool = True
) -> Tuple[List["LogFile"], Events]:
    """One log with its predecessors in the window."""
    files: List[LogFile] = []
    events = Events()
    if not path.startswith("/"):
        why = "the log goes to %s, not to a file" % path.split(":")[0][:40]
        return _refuse(host, kind, path, why, _NEEDS[errno.EPERM]), events
    todo, name = [path], path
    try:
        for name in todo:
            file = admit(host, name)
            if name.endswith((".xz", ".bz2", ".zst")):
                files += _refuse(host, kind, name, "compressed in a way that is not read")
                continue
            entry, more, reaches_back = _read(host, kind, file, budget, name == path)
            files.append(entry)
            events.merge(more)
            full = stuck(host, file) if name == path else None
            if full:
                host.miss(kind.what, path, full)
            if name == path and reaches_back:
                before = older(host, path, file.stat.uid, since)
                todo += before
                if before:
                    entry.pop("begins", None)
    except HostError as error:
        files += _refuse(host, kind, name, error.why, _NEEDS.get(error.errno or 0))
    except Rotated:
        if again:
            return _log(host, kind, path, since, budget, False)
        return _refuse(host, kind, path, "the log was rotated twice while it was read"), Events()
    return files, events


class LogsToRead(NamedTuple):
    """The logs that are looked at, and what is needed to read them."""

    nginx_logs: Sequence[str]
    fpm_logs: Sequence[Tuple[str, Optional[str]]]  # path, configuration file of the master that writes it
    nginx_pids: Sequence[int]  # which tell true lines from forged ones
    journal_of: Optional[str] = None  # the unit in whose journal nginx has an error log
    # unit, pid, configuration file: of masters that have their log there.
    fpm_journals: Sequence[Tuple[str, int, str]] = ()
    nginx_zone: Optional[int] = None  # seconds east of UTC, where nginx has another zone than the host
    caught: Optional[Mapping[str, Sequence[str]]] = None  # by site: texts of fastcgi_catch_stderr
    addresses: Sequence[str] = ()  # the host's
    scripts: Optional[Callable[[str], Sequence[str]]] = None  # see NginxLog
    repeated: Mapping[str, Sequence[str]] = {}  # by path: see NginxLog


def collect_logs(host: Host, to_read: LogsToRead, window_from: float, now: float) -> "Logs":
    """Of the window [window_from, now], in epoch seconds."""
    until, utc_offset = now + SLACK, host.utc_offset(now)
    zone = utc_offset if to_read.nginx_zone is None else to_read.nginx_zone
    lines: Dict[int, int] = {}
    nginx = partial(
        NginxLog,
        since=window_from,
        until=until,
        utc_offset=zone,
        known_pids=to_read.nginx_pids,
        caught=to_read.caught,
        own=to_read.addresses,
        scripts=to_read.scripts,
    )
    wanted = []
    for number, path in enumerate(dict.fromkeys(to_read.nginx_logs)):
        once = partial(nginx, once=Once(lines, number), repeated=to_read.repeated.get(path, ()))
        back = BACK if number < MOST_BACK else 0
        wanted.append((_Kind("nginx_error", "nginx_log", once, back, NGINX_PROBE), path))
    for path, master in dict.fromkeys(to_read.fpm_logs):
        own = zone_of_fpm(host, path, FpmLog.head)
        zone = utc_offset if own is None else own
        fpm = partial(FpmLog, master=master, since=window_from, until=until, utc_offset=zone)
        wanted.append((_Kind("fpm_error", "fpm_log", fpm), path))
    files: List[LogFile] = []
    events = Events()
    budget = TOTAL_BYTES
    for number, (kind, path) in enumerate(wanted):
        if budget <= 0 or number >= MOST_LOGS:
            files += _refuse(host, kind, path, "not read: the limit for all logs of a host is reached")
            continue
        entries, more = _log(host, kind, path, window_from, budget)
        files += entries
        events.merge(more)
        budget -= sum(entry["bytes_read"] for entry in entries)
    if to_read.journal_of or to_read.fpm_journals:
        from . import journal_log

        logs: List[Tuple[Log, LogFile]] = []
        if to_read.journal_of:
            log = nginx(journal_log.NAME + to_read.journal_of, once=Once(lines, -1))
            logs.append((log, journal_log.read_journal(host, to_read.journal_of, log, window_from)))
        for unit, pid, master in to_read.fpm_journals:
            of_fpm = FpmLog(journal_log.NAME + unit, master, window_from, until, utc_offset)
            logs.append((of_fpm, journal_log.read_fpm(host, unit, pid, of_fpm, window_from)))
        for each, entry in logs:
            events.merge(each.finish())
            entry["from_at"], entry["to_at"], entry["untrusted"] = each.first_at, each.last_at, each.untrusted
            files.append(entry)
            if entry["why"] and entry["kind"] == "fpm_error":
                host.miss("fpm_log", entry["path"], entry["why"])
    if events.dropped:
        why = "%d messages were not counted: they name too many different sites and upstreams"
        host.miss("nginx_log" if events.full else "log_events", None, why % events.dropped)
    return {"files": files, "events": events.list()}
