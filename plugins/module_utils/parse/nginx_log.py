# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's error log -> events, from text that visitors and applications help to write.

What nginx 1.18 to 1.26 really writes (seen on real hosts):

* Nothing is escaped. request:, host: and referrer: hold raw quotes, spaces (HTTP/1.x before 1.21.1) and control characters, but
  never a line feed: the header parser ends a line there. So the fields behind the message are read from the left, the request ends
  at the first ' HTTP/x.y"' (a request line cannot contain one earlier), and what follows it is nginx's own upstream:.
* Messages may hold line feeds: PHP's text in 'FastCGI sent in stderr: "..."', and a decoded %0a in the path of 'open() "..."',
  '"..." is not found', redirection cycles, user names of basic authentication. Whole forged lines can stand there.
  Every message that is not known to be free of foreign text is treated so.
* One entry is one write of at most 2048 bytes with its line feed (NGX_MAX_ERROR_STR), so a forged line stands within
  2048 bytes of the true head of the entry that carries it, and no other entry is ever interleaved.

From this follows what can be told. Within the reach (2048 bytes) of an entry with foreign text:

* an entry of a connection that lacks its own ", client: " goes on in the next line, whatever that looks like;
* a line without a head continues that entry: what looked like entries in between was its text, and is dropped; so does a line that
  brings a second ", client: " behind the first, which is where a true end sticks to a forged line;
* another line with foreign text, or a line that ends exactly at the reach, may be the first entry's own end behind a forged head: the
  lines in between are in doubt, and count only when every process named by a head there is known to be nginx's;
* without either, the entry ended on its first line and nothing behind it is in doubt.

What remains possible: who knows the pid of an nginx worker (an account on the host, PHP code that reads /proc, or a guess among
at most 16 wrong ones) can place a false event behind its own message. Hence a log never decides alone: live state does.
"""

import re
from collections import deque
from functools import lru_cache
from typing import Any, Deque, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from .endpoint import canonical
from .log_events import Events
from .redact import redact
from .signatures import PHASES, Row, find
from .timestamps import nginx_time

ENTRY_LIMIT = 2048  # NGX_MAX_ERROR_STR, src/core/ngx_log.h, with the line feed
MANY_STRANGERS = 16
_MOST_DOUBTS = 5000

_HEAD = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(emerg|alert|crit|error|warn|notice|info|debug)\] (\d+)#(\d+): (?:\*(\d+) )?", re.A)
HEAD_BYTES = re.compile(br"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[[a-z]{4,6}\] \d+#\d+: ", re.M)
_REQUEST_END = re.compile(r" HTTP/(\d)\.\d\"")
_UPSTREAM = re.compile(r"(?:, subrequest: \"[^\"]*\")?, upstream: \"([^\"]*)\"")
_ERRNO = re.compile(r"\((\d+): ")
# Frequent messages without foreign text that are no signature.
_HARMLESS = re.compile(r"client \S+ closed keepalive connection\Z|SSL_\w+\(\) failed \(SSL: [^\"]*\)(?: while SSL handshaking)?\Z|access forbidden by rule\Z"
                       r"|open socket #\d+ left in connection \d+\Z")
_STDERR = 'FastCGI sent in stderr: "'
_FATAL = re.compile(r"(?:PHP message: )?PHP (?:Fatal|Parse|Core|Compile|Recoverable fatal) error:  ")

Entry = NamedTuple("Entry", [
    ("at", Optional[int]), ("level", str), ("pid", int), ("message", str), ("phase", Optional[str]), ("site", Optional[str]),
    ("endpoint", Optional[str]), ("row", Optional[Row]), ("detail", Dict[str, Any]), ("foreign", bool), ("whole", bool), ("twice", bool),
])


@lru_cache(maxsize=256)
def upstream_key(value: str) -> Optional[str]:
    """The value of upstream: -> an endpoint's key. Other protocols keep their scheme, so that nobody takes them for php-fpm's."""
    scheme, found, peer = value.partition("://")
    if not found or not scheme.isalnum() or not peer:
        return None
    if peer.startswith("unix:"):
        peer = "unix:" + peer[5:].split(":", 1)[0]
    elif scheme != "fastcgi":
        peer = peer.split("/", 1)[0]
    return canonical(peer) if scheme == "fastcgi" else "%s://%s" % (scheme, canonical(peer))


def fields(rest: str, cut: bool) -> Tuple[Optional[str], Optional[str]]:
    """What stands behind ", client: " -> (server, endpoint). cut: the entry fills its limit, so its end is missing.

    HTTP/2 and /3 requests of nginx before 1.21.1 may hold spaces and so imitate a request's end; where that is possible and the
    candidates differ, the endpoint is unknown.
    """
    _client, found, tail = rest.partition(", server: ")
    if not found:
        return None, None
    site, found, tail = tail.partition(', request: "')
    if not found:
        return site.split(", ", 1)[0], None
    ends = list(_REQUEST_END.finditer(tail))
    if not ends:
        # HTTP/0.9 has neither headers nor a version: upstream: is the last field. A cut line proves nothing.
        _before, found, last = tail.rpartition(', upstream: "')
        return site, upstream_key(last[:-1]) if found and not cut and last.endswith('"') and '"' not in last[:-1] else None
    value = _UPSTREAM.match(tail, ends[0].end())
    for end in ends[1:]:
        other = _UPSTREAM.match(tail, end.end())
        if end.group(1) != "1" and other and (not value or other.group(1) != value.group(1)):
            return site, None
    return site, upstream_key(value.group(1)) if value else None


@lru_cache(maxsize=256)
def _signature(level: str, message: str, phase: Optional[str], endpoint: Optional[str]) -> Tuple[Optional[Row], Dict[str, Any]]:
    """Remembered, because a failing endpoint repeats itself; nobody may change the returned detail."""
    letter = PHASES.get(phase, "*") if phase else "-"
    hit = find("nginx", message, letter)
    if not hit:
        return None, {}
    row, groups = hit
    if "-temp-" in row.id and level != "crit":
        return None, {}  # a static file nginx may not read: the same words at level error
    if row.id == "ng-premature-header" and (endpoint or "").startswith("http://unix:"):
        row = row._replace(id="ng-premature-http-to-fcgi")
    detail: Dict[str, Any] = {"status": row.status} if row.status else {}
    errno = _ERRNO.search(message)
    if errno:
        detail["errno"] = int(errno.group(1))
    elif "%d" in row.format:
        detail["value"] = next((int(group) for group in groups if group.lstrip("-").isdigit()), None)
    return row, detail


def _stderr_row(text: str, phase: Optional[str]) -> Row:
    """By the first words alone: php-fpm's own messages come bare, the application's behind "PHP message: "."""
    name, status = "ng-stderr-body" if phase == "reading upstream" else "ng-stderr", 0
    if text.startswith(("Primary script unknown", "Unable to open primary script: ")):
        name = "ng-stderr-primary"
    elif text.startswith("Access to the script '"):
        name = "ng-stderr-limit-ext"
    elif _FATAL.match(text):
        name, status = "ng-stderr-fatal", 500
    return Row(name, "h", status or None, "", "%q")


def parse_entry(line: str, utc_offset: int) -> Optional[Entry]:
    """One physical line with a head, without its line feed; None for a line that is not the beginning of an entry.

    foreign: its message may hold text of visitors or of the application. whole: an end of the entry is on this line.
    twice: so is a second one, behind the first.
    """
    head = _HEAD.match(line)
    if not head:
        return None
    at, level, pid = nginx_time(head.group(1), utc_offset), head.group(2), int(head.group(3))
    body = line[head.end():]
    cut = len(line.encode("utf-8", "replace")) + 1 >= ENTRY_LIMIT if len(line) * 4 >= ENTRY_LIMIT else False
    message, tail, rest = body.partition(", client: ")
    if not tail:
        message = message.split(", resolver: ", 1)[0]
    front, found, phase = message.rpartition(" while ")
    if found and phase in PHASES:
        message = front
    else:
        phase = ""
    site, endpoint = fields(rest, cut) if tail else (None, None)
    if message.startswith(_STDERR):
        row: Optional[Row] = _stderr_row(message[len(_STDERR):], phase)
        detail: Dict[str, Any] = {"status": row.status} if row and row.status else {}
        foreign = True
    else:
        row, detail = _signature(level, message, phase or None, endpoint)
        foreign = (row is None or "%q" in row.format or "-temp-" in row.id) and not (row is None and (head.group(5) is None or _HARMLESS.match(message)))
    twice = ", client: " in rest
    if foreign and twice:
        site = endpoint = None  # the message itself may have brought the first of them
    whole = bool(tail) or head.group(5) is None or level == "debug" or not foreign
    return Entry(at, level, pid, message, phase or None, site, endpoint, row, detail, foreign, whole, twice)


def brief(line: str) -> str:
    """A line for a reader: no query string, no referrer, no secrets."""
    front, found, rest = line.partition(', request: "')
    if not found:
        return redact(line)
    end = _REQUEST_END.search(rest)
    request = rest[:end.end() - 1] if end else rest.split('"', 1)[0]
    target, query, _unused = request.partition("?")
    upstream = _UPSTREAM.match(rest, end.end()) if end else None
    text = front + ', request: "' + (target + "?[redacted]" + (end.group().rstrip('"') if end else "") if query else request) + '"'
    return redact(text + (', upstream: "%s"' % upstream.group(1).split("?", 1)[0] if upstream else ""))


class _Seen:
    """An entry within reach of one with foreign text: not judged yet. doubt: the pids that must prove to be nginx's."""

    def __init__(self, start: int, entry: Entry, line: str) -> None:
        self.start = start
        self.entry = entry
        self.line = line
        self.doubt: Optional[Set[int]] = None


class NginxLog:
    """Feed it a log's lines in order. since, until: epoch; entries outside are read for their structure alone.

    known_pids: nginx's processes now. untrusted: entries dropped as forged or unprovable, known after finish().
    first_at, last_at: of the entries inside the window.
    """

    def __init__(self, path: str, since: float, until: float, utc_offset: int, known_pids: Iterable[int] = ()) -> None:
        self.path, self.since, self.until, self.utc_offset = path, since, until, utc_offset
        self.events = Events()
        self.untrusted = 0
        self.first_at: Optional[float] = None
        self.last_at: Optional[float] = None
        self._known = set(known_pids)
        self._foreign: Deque[int] = deque()  # starts of entries with foreign text that still reach here
        self._last_foreign: Optional[_Seen] = None
        self._open = False  # the last entry with foreign text has not ended yet
        self._pending: Deque[_Seen] = deque()
        self._doubts: List[_Seen] = []

    def begin_inside(self, start: int) -> None:
        """The first line to come, at byte start, may belong to an entry that began before it."""
        self._foreign.append(start - 1)

    def feed(self, raw: bytes, start: int) -> None:
        """raw: a physical line without its line feed; start: its position in the file, in bytes."""
        end = start + len(raw) + 1
        while self._foreign and self._foreign[0] + ENTRY_LIMIT < end:
            self._foreign.popleft()
        self._settle()
        line = raw[:2 * ENTRY_LIMIT].decode("utf-8", "replace")
        entry = parse_entry(line, self.utc_offset) if raw[:1].isdigit() else None
        self._open = self._open and self._reached()
        if entry is None or self._open:
            self.untrusted += 1 if entry and entry.row else 0
            self._continue(line)
            self._open = self._open and ", client: " not in line
            return
        seen = _Seen(start, entry, line)
        if not self._foreign:
            if not entry.foreign:
                self._accept(seen)
                return
        elif entry.twice and not entry.foreign and self._reached():
            self._pending.append(seen)
            self._continue("")
            return
        self._pending.append(seen)
        if self._foreign and (entry.foreign or any(begun + ENTRY_LIMIT == end for begun in self._foreign)):
            self._doubt(self._foreign[0])
        if entry.foreign:
            self._foreign.append(start)
            self._last_foreign = seen
            self._open = not entry.whole and end < start + ENTRY_LIMIT

    def finish(self) -> Events:
        self._foreign.clear()
        self._open = False
        self._settle()
        strangers: Set[int] = set()
        for seen in self._doubts:
            strangers |= (seen.doubt or set()) - self._known
        guessed = len(strangers) >= MANY_STRANGERS
        for seen in self._doubts:
            if guessed or not (seen.doubt or set()) <= self._known:
                self.untrusted += 1 if seen.entry.row else 0
            else:
                self._accept(seen)
        self._doubts = []
        return self.events

    def _reached(self) -> bool:
        """Whether the last entry with foreign text reaches the current line."""
        return self._last_foreign is not None and bool(self._foreign) and self._last_foreign.start == self._foreign[-1]

    def _continue(self, line: str) -> None:
        """Not the beginning of an entry: the last entry with foreign text goes on, if that reaches here."""
        if self._last_foreign is None or not self._reached():
            return
        self._doubt(self._foreign[0])
        forged = 0
        while self._pending and self._pending[-1].start > self._last_foreign.start:
            forged += 1 if self._pending.pop().entry.row else 0
        self.untrusted += forged
        entry = self._last_foreign.entry
        if entry.message.startswith(_STDERR) and not entry.whole and line.count(", client: ") == 1 and not forged:
            front, _found, rest = line.partition(", client: ")
            if front.endswith(tuple('" while ' + phase for phase in PHASES)):
                site, endpoint = fields(rest, False)
                self._last_foreign.entry = entry._replace(site=site, endpoint=endpoint, whole=True)

    def _doubt(self, after: int) -> None:
        among = [seen for seen in self._pending if seen.start > after]
        pids = {seen.entry.pid for seen in among}
        for seen in among:
            seen.doubt = pids | (seen.doubt or set())

    def _settle(self) -> None:
        """Judge what no entry with foreign text reaches any more."""
        while self._pending and (not self._foreign or self._pending[0].start <= self._foreign[0]):
            if self._open and self._foreign and self._pending[0] is self._last_foreign:
                break  # its end will name the site
            seen = self._pending.popleft()
            if seen.doubt is None:
                self._accept(seen)
            elif len(self._doubts) < _MOST_DOUBTS:
                self._doubts.append(seen)
            else:
                self.untrusted += 1 if seen.entry.row else 0

    def _accept(self, seen: _Seen) -> None:
        entry = seen.entry
        self._known.add(entry.pid)
        if entry.at is None or not self.since <= entry.at <= self.until:
            return
        self.first_at = entry.at if self.first_at is None else min(self.first_at, entry.at)
        self.last_at = entry.at if self.last_at is None else max(self.last_at, entry.at)
        if entry.row:
            self.events.add("nginx", entry.row.id, entry.at, self.path, seen.line, brief, entry.site, entry.endpoint, pid=entry.pid, detail=entry.detail)
