# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's error log -> events.

Forms (sapi/fpm/fpm/zlog.c): "[02-Apr-2026 14:23:17] WARNING: [pool www] text"; at log_level debug every line has microseconds and
"pid N, function(), line N: "; syslog has "[WARNING] [pool www] text" behind the identifier.

Text of workers and visitors in it, and what can be told:

* 'child N said into stderr: "..."' is a worker's text. It never counts as a message of the master; the few messages that exist only in
  this form become events with claimed: true, because the application can write the same.
* "script '...' (request: "...") executing too slow" and its like "... execution timed out" hold the request's decoded path, line feeds included
  (php-fpm 7.4 to 8.4, seen on real hosts): /a%0a[date] WARNING: ... forges a whole line. Such an entry is open until a line ends in its
  own last words, and lines in between are dropped. The path is at most 127 bytes, too few to hold an end, a false message
  and a new beginning at once.
* With decorate_workers_output = no, and where PHP's own error_log is the same file, workers write whole lines of their own. Lines
  without a head show it (mixed: true); then any line of the file may be a worker's.
"""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .log_events import Events
from .redact import redact
from .signatures import find
from .timestamps import fpm_time

_HEAD = re.compile(r"\[(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})?)\] (DEBUG|NOTICE|WARNING|ERROR|ALERT): (?:pid \d+, \w+\(\), line \d+: )?", re.A)
HEAD_BYTES = re.compile(br"^\[(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d)(?:\.\d{1,6})?\] [A-Z]{5,7}: ", re.M)
_SYSLOG = re.compile(r"\[(DEBUG|NOTICE|WARNING|ERROR|ALERT)\] (?:\w+\(\), line \d+: )?")
_POOL = re.compile(r"\[pool ([^\]]{1,128})\] ")
_CHILD = re.compile(r"child (\d+)\b")
_EXIT = re.compile(r"child (\d+) exited (?:on signal (\d+) \(([^()]*?)( - core dumped)?\)|with code (\d+)) after (\d+\.\d+) seconds from start\Z", re.A)
_SAID = re.compile(r"child (\d+) said into (?:stderr|stdout): \"(.*)\Z", re.S | re.A)
_REQUEST = re.compile(r"child (\d+), script '(.*)' \(request: \"(.*)\"\) (executing too slow|execution timed out)"
                      r" \((\d+\.\d+) sec\), (logging|terminating)\Z", re.A)
_REQUEST_OPEN = re.compile(r"child \d+, script '")
_REQUEST_END = re.compile(r"\"\) (?:executing too slow|execution timed out) \((\d+\.\d+) sec\), (logging|terminating)\Z", re.A)
_OPCACHE = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4} \(\d+\): Fatal Error Unable to allocate shared memory segment of (\d+) bytes: ")
_SIGNALS = {4: "sigill", 6: "sigabrt", 7: "sigbus", 9: "sigkill", 11: "sigsegv", 15: "sigterm", 24: "sigxcpu"}
_CODES = (0, 1, 70, 124, 255)
# An open entry's foreign part: 255 bytes of script, 127 of path, 511 of query.
_OPEN_REACH = 2048

Message = NamedTuple("Message", [
    ("at", Optional[float]), ("level", str), ("pool", Optional[str]), ("signature", Optional[str]), ("pid", Optional[int]),
    ("detail", Dict[str, Any]), ("open", bool), ("end", bool),
])


def _path_only(request: str) -> str:
    """'GET /a/b?token=x' -> 'GET /a/b?[redacted]'."""
    path, query, _rest = request.partition("?")
    return redact(path, 200) + (query and "?[redacted]")


def _exit(found: Any) -> Tuple[str, Dict[str, Any]]:
    detail: Dict[str, Any] = {"seconds": float(found.group(6))}
    if found.group(5) is not None:
        code = detail["code"] = int(found.group(5))
        return "fpm-exit-%d" % code if code in _CODES else "fpm-exit-code", detail
    signal = detail["signal"] = int(found.group(2))
    name = "fpm-exit-" + _SIGNALS.get(signal, "signal")
    return name + "-core" if signal == 11 and found.group(4) else name, detail


def classify(level: str, text: str) -> Tuple[Optional[str], Optional[int], Dict[str, Any]]:
    """(signature, child's pid, detail) of a message without time, level and pool."""
    said = _SAID.match(text)
    if said:
        words = said.group(2)
        # A wrapped or an unfinished line has no closing quote; '", pipe is closed' is the master's.
        words = words[:-len('", pipe is closed')] if words.endswith('", pipe is closed') else words[:-1] if words.endswith('"') else words
        claim = find("said", words, "*")
        return claim[0].id if claim else "fpm-said-stderr", int(said.group(1)), {"claimed": True}
    left = _EXIT.match(text)
    if left:
        # Deaths at DEBUG are those that the master caused by a reload or a stop.
        name, detail = _exit(left)
        return (name if level != "DEBUG" else None), int(left.group(1)), detail
    slow = _REQUEST.match(text)
    if slow:
        detail = {"seconds": float(slow.group(5)), "script": redact(slow.group(2), 200), "request": _path_only(slow.group(3))}
        return "fpm-slow" if slow.group(6) == "logging" else "fpm-terminate", int(slow.group(1)), detail
    hit = find("fpm", text, level[:1])
    if not hit:
        return None, None, {}
    row, groups = hit
    child = _CHILD.match(text)
    detail = {}
    if row.id.startswith("fpm-max-children-") and row.id != "fpm-max-children-conf":
        detail["limit"] = int(groups[0])
    elif row.format.endswith("%e"):
        detail["errno"] = int(groups[-1])
    elif row.id.startswith("fpm-bind-e") or row.id == "fpm-bind-addrinuse":
        detail.update(errno=int(row.format[row.format.rindex("(") + 1:-1]), address=groups[0][:200])
    return row.id, int(child.group(1)) if child else None, detail


def parse_message(line: str, utc_offset: int) -> Optional[Message]:
    """A physical line without its line feed; None without a head. open: a request's text goes on in the next line. end: one ends here."""
    head = _HEAD.match(line) or _SYSLOG.match(line)
    if not head:
        shm = _OPCACHE.match(line)
        return Message(None, "ERROR", None, "fpm-opcache-shm", None, {"bytes": int(shm.group(1))}, False, False) if shm else None
    at, level = (fpm_time(head.group(1), utc_offset), head.group(2)) if head.re is _HEAD else (None, head.group(1))
    named = _POOL.match(line, head.end())
    pool, text = (named.group(1), line[named.end():]) if named else (None, line[head.end():])
    signature, pid, detail = classify(level, text)
    is_request = signature in ("fpm-slow", "fpm-terminate")
    return Message(at, level, pool, signature, pid, detail, not is_request and bool(_REQUEST_OPEN.match(text)),
                   not is_request and signature != "fpm-said-stderr" and bool(_REQUEST_END.search(text)))


def brief(line: str) -> str:
    """A line for a reader: no query string, no secrets."""
    found = re.search(r"\(request: \"(.*)(\"\) (?:executing|execution) [^\"]*)\Z", line)
    return redact(line[:found.start(1)] + _path_only(found.group(1)) + found.group(2) if found else line)


class FpmLog:
    """Feed it a log's lines in order; the counterpart of nginx_log.NginxLog. master: the configuration file of the log's master.

    mixed: the file also holds lines that no php-fpm master writes.
    """

    def __init__(self, path: str, master: Optional[str], since: float, until: float, utc_offset: int) -> None:
        self.path, self.master, self.since, self.until, self.utc_offset = path, master, since, until, utc_offset
        self.events = Events()
        self.untrusted = 0
        self.mixed = False
        self.first_at: Optional[float] = None
        self.last_at: Optional[float] = None
        self._held: List[Tuple[Message, str]] = []  # since the last request's text, which may still go on
        self._reach = self._held_to = 0  # byte positions: where an open text, and what it could have forged, ends at the latest
        self._open: Optional[Tuple[Message, str]] = None

    def begin_inside(self, start: int) -> None:
        """The first line to come may belong to a request's text that began before it."""
        self._held_to = start + _OPEN_REACH

    def feed(self, raw: bytes, start: int) -> None:
        end = start + len(raw) + 1
        line = raw[:2 * _OPEN_REACH].decode("utf-8", "replace")
        message = parse_message(line, self.utc_offset) if raw else None
        if start >= self._held_to:
            self._release()
        if self._reach and end > self._reach:
            self._reach = 0
        if self._reach:  # an open request's text
            self.untrusted += 1 if message and message.signature else 0
            last = _REQUEST_END.search(line)
            if last and self._open:
                name = "fpm-slow" if last.group(2) == "logging" else "fpm-terminate"
                self._accept(self._open[0]._replace(signature=name, detail={"seconds": float(last.group(1))}), self._open[1])
            self._reach = 0 if last else self._reach
            return
        if message is None or message.end:
            if _REQUEST_END.search(line):
                self.untrusted += sum(1 for held, _line in self._held if held.signature and held.signature not in ("fpm-slow", "fpm-terminate"))
                self._held = []
            elif raw and message is None:
                self.mixed = True
            return
        if message.open or message.signature in ("fpm-slow", "fpm-terminate"):
            self._release()
            self._reach, self._open = (start + _OPEN_REACH, (message, line)) if message.open else (0, None)
            self._held_to = start + _OPEN_REACH
        if start < self._held_to and not message.open:
            self._held.append((message, line))
        elif not message.open:
            self._accept(message, line)

    def finish(self) -> Events:
        self._release()
        return self.events

    def _release(self) -> None:
        for message, line in self._held:
            self._accept(message, line)
        self._held = []

    def _accept(self, message: Message, line: str) -> None:
        if message.at is None or not self.since <= message.at <= self.until:
            return
        self.first_at = message.at if self.first_at is None else min(self.first_at, message.at)
        self.last_at = message.at if self.last_at is None else max(self.last_at, message.at)
        if message.signature:
            self.events.add("fpm", message.signature, message.at, self.path, line, brief, pool=message.pool, master=self.master,
                            pid=message.pid, detail=message.detail)
