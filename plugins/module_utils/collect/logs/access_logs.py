# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The access logs of the sites that pass requests to php-fpm: what was lost in a window of time."""

import re
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Tuple, cast

from ...parse.log_events import Events
from ...parse.nginx.access_log import LINE_BYTES, PAGES_BYTES, AccessLog, own_502
from ...parse.nginx.access_pages import front_page
from ...parse.nginx.conf import every
from ...parse.nginx.log_format import LineFormat
from ...parse.nginx.settings import parse_time
from ...parse.nginx.site_logs import Writers, writers
from ...parse.titles import PROGRAMS
from ...signatures.nginx import ACCESS_LOST
from ..host import Host, HostError
from ..nginx.nginx_files import Reading
from ..pages.script_ways import ways_of_nginx
from .log_window import WINDOW_BYTES, File, Source, admit, find_window, log_file, tail
from .logs import BACK, SLACK, TOTAL_BYTES, Rotated, deleted_logs, older, stuck

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import AccessFile, AccessLogs, MissedPage
    from ....plugin_utils.shapes.missing import What
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.snapshot import Snapshot

PROBE = 16 * 1024  # its lines are short, and each has a time
_OWN_502 = ("error_page", "return", "try_files", "limit_req_status", "limit_conn_status")
TAIL = 65536
MOST_LOGS = 64
MISSING: "What" = "access_log"
GIVES_UP = 60.0  # seconds, nginx's default
_TIMEOUT = re.compile(r"\w+_(?:connect|send|read|upstream)_timeout\Z")


def _file(path: str, why: Optional[str]) -> "AccessFile":
    return cast("AccessFile", log_file("nginx_access", path, why))


def _feed(log: AccessLog, chunks: Iterable[bytes], inside: bool) -> bytes:
    """Gives a log its whole lines. inside: the first piece may be the end of one. The last line."""
    carry, last = b"", b""
    for data in chunks:
        if inside:
            data, inside = data.partition(b"\n")[2], False
        data = carry + data
        end = data.rfind(b"\n") + 1
        log.feed_lines(data[:end])
        if end:
            last = data[max(0, end - LINE_BYTES) : end - 1].rpartition(b"\n")[2]
        carry = data[end:] if len(data) - end <= LINE_BYTES else b""
    return last.lstrip(b"\0")


def _why(log: AccessLog, source: Source, last: bytes, begins: Optional[float]) -> Optional[str]:
    """Why it does not tell all of the window."""
    if last and not log.knows(last):
        return "its newest line is not in the log_format of the configuration"
    if log.unread * 10 > log.read:
        return "%d lines are not in the log_format of the configuration" % log.unread
    if source.cut and (begins is None or begins > log.since):
        return "only the newest part of the window was read (%d bytes)" % WINDOW_BYTES
    return None


def _read(
    host: Host, file: File, log: AccessLog, budget: int, refusals: Optional[Sequence[str]]
) -> Tuple["AccessFile", bool]:
    """(file, whether the window may begin in an older file). What it tells is in the log."""
    source, size = Source(host, file), file.stat.size
    start = size
    if file.stat.mtime >= log.since - SLACK:
        start = find_window(source, log.latest, log.since - SLACK, PROBE)
    window, limit = start, min(WINDOW_BYTES, budget)
    if size - start > limit:
        start, source.cut = size - limit, True
    first = source.at(start, PROBE) if start < size else b""
    begins = log.earliest(first)
    last = _feed(log, chain([first], source.chunks(start + len(first))), start > 0)
    entry = _file(file.name, _why(log, source, last, begins))
    if not source.cut and not log.events.has(ACCESS_LOST):
        low = max(0, window - BACK)
        entry["earlier"] = log.last_lost(source.at(low, min(size, window + 2 * PROBE) - low))
    if size > window:
        entry["newest"] = log.latest(last)
        if refusals is not None:
            entry["pages"] = log.pages(source.at(max(0, size - PAGES_BYTES), PAGES_BYTES), refusals)
    after = host.stat(file.real, follow=False)
    if after.identity != file.stat.identity or after.size < size:
        raise Rotated()
    entry["size"], entry["bytes_read"], entry["untrusted"] = size, source.read, log.untrusted
    entry["from_at"], entry["to_at"] = log.first_at, log.last_at
    return entry, window == 0 and (begins is None or begins > log.since)


def _log(
    host: Host,
    path: str,
    make: "partial[AccessLog]",
    optional: bool,
    budget: int,
    refusals: Optional[Sequence[str]],
    again: bool = True,
) -> Tuple[List["AccessFile"], Events]:
    """One log with its predecessors in the window. optional: it need not be there. refusals: None where its
    lines do not stand for all pages.
    """
    files: List[AccessFile] = []
    events = Events()
    todo, name = [path], path
    try:
        for name in todo:
            log = make(name)
            file = admit(host, name)
            if name.endswith((".gz", ".xz", ".bz2", ".zst")):
                raise HostError(name, None, "it was rotated within the window, and compressed")
            entry, reaches_back = _read(host, file, log, budget, refusals)
            why = stuck(host, file) if name == path else None
            if why:
                entry["why"], entry["complete"] = why, False
            files.append(entry)
            events.merge(log.events)
            if name == path and reaches_back:
                todo += older(host, path, file.stat.uid, log.since)
    except HostError as error:
        why = None if optional and error.absent else error.why
        if files:  # a predecessor lacks, so the log does not tell all of the window
            files[0]["why"], files[0]["complete"] = files[0]["why"] or why, False
        files.append(_file(name, why))
    except Rotated:
        if again:
            return _log(host, path, make, optional, budget, refusals, False)
        return [_file(path, "the log was rotated twice while it was read")], Events()
    return files, events


def forms_of(
    nginx: "Nginx", who: Writers, known: Dict[str, LineFormat]
) -> Tuple[List[LineFormat], Optional[str]]:
    """(the formats of a log, why its lines tell nothing). known: those of other logs."""
    formats = nginx.get("log_formats") or {}
    forms: List[LineFormat] = []
    for name in who.formats:
        if name not in formats:
            return [], "nginx knows no log_format %s" % name[:60]
        if name not in known:
            known[name] = LineFormat(formats[name]["text"], formats[name]["escape"])
        forms.append(known[name])
        if known[name].problem:
            return [], known[name].problem
    return forms, None


def soonest(host: Host, nginx: "Nginx") -> Tuple[float, float]:
    """Seconds after which nginx may give up on a request, and since when that is in force."""
    loaded = nginx.get("loaded")
    loaded_at = loaded["at"] if loaded else None
    timed = any("$request_time" in form["text"] for form in (nginx.get("log_formats") or {}).values())
    if not timed or nginx.get("config_newer") is not False or loaded_at is None:
        return 0.0, 0.0
    directives = [each for each in every(Reading.of(host, nginx).conf.directives) if each.args]
    # error_page makes a 504 of a failure that took no time.
    if any(each.name == "error_page" and {"=", "=504"}.intersection(each.args) for each in directives):
        return 0.0, 0.0
    seconds = [parse_time(each.args[0]) or 0.0 for each in directives if _TIMEOUT.match(each.name)]
    return min([GIVES_UP] + seconds), loaded_at


def _may_answer_502(host: Host, nginx: "Nginx") -> bool:
    """Whether nginx is told to, of which its error log need not tell, or to send another page."""
    return any(
        each.name in _OWN_502
        and not {"502", "=502"}.isdisjoint(each.args)
        or (each.name == "server_tokens" and each.args[:1] not in (["on"], ["off"]))
        for each in every(Reading.of(host, nginx).conf.directives)
    )


def collect_access(
    host: Host, nginx: "Nginx", window_from: float, now: float, refusals: Sequence[str] = ()
) -> "AccessLogs":
    """Of the window [window_from, now], in epoch seconds. What cannot be read is told by its entry.
    refusals: statuses of nginx's limits.
    """
    files: List[AccessFile] = []
    events = Events()
    budget = TOTAL_BYTES
    known: Dict[str, LineFormat] = {}
    until, gives_up = now + SLACK, soonest(host, nginx)
    version, program = nginx.get("version"), nginx.get("binary") or ""
    # Of nginx's forks the page has another name.
    is_known = version and not any(name in program for name in PROGRAMS["nginx"][1:])
    own_sizes = own_502(version) if is_known else set()
    master = nginx.get("master")
    deleted = deleted_logs(host, master["pid"] if master else None)
    for number, (path, who) in enumerate(writers(nginx.get("site_logs") or []).items()):
        forms, why = forms_of(nginx, who, known)
        if host.realpath(path) in deleted:
            why = "it was deleted, and nginx still writes to it (nginx -s reopen)"
        if budget <= 0 or number >= MOST_LOGS:
            why = "not read: the limit for all logs of a host is reached"
        if why:
            files.append(_file(path, why))
            continue
        make = partial(
            AccessLog,
            forms=forms,
            writers=who.sites,
            since=window_from,
            until=until,
            soonest=gives_up,
            own_sizes=own_sizes,
        )
        entries, more = _log(host, path, make, who.late, budget, None if who.by_end else refusals)
        files += entries
        events.merge(more)
        budget -= sum(entry["bytes_read"] for entry in entries)
    if events.dropped:
        why = "%d answers were not counted: too many different sites and upstreams" % events.dropped
        host.miss("log_events", None, why)
    found = events.list()
    if any("own_page" in event for event in found) and _may_answer_502(host, nginx):
        for event in found:
            event.pop("own_page", None)
    return {"files": files, "events": found}


def missed_pages(host: Host, snapshot: "Snapshot", since: float) -> "List[MissedPage]":
    """Front pages that nginx itself did not find, by logs of one site each. No error log tells of it."""
    nginx, known = snapshot["nginx"], cast(Dict[str, LineFormat], {})
    found: List[MissedPage] = []
    for path, who in writers(nginx.get("site_logs") or []).items():
        forms, why = forms_of(nginx, who, known)
        site = who.sites[0]["site"]
        if why or any(each["site"] != site for each in who.sites):
            continue
        log = AccessLog(path, forms, who.sites, 0.0, host.now())
        at = front_page(log.last_pages(tail(host, path, TAIL, since)), nginx["version"])
        if at:
            ways = ways_of_nginx(host, snapshot, {site})
            found.append({"site": site, "path": path, "missed": at[0], "came": at[1], "ways": ways})
    return found
