# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's error log -> events, from text that visitors and applications help to write (docs/looking.md).

A message with foreign text may hold whole forged lines. But one entry is one write of at most 2048 bytes.
What stands within that reach of such an entry is dropped, or in doubt until it proves to be nginx's. A log
never decides alone.
"""

import re
from collections import deque
from typing import (
    TYPE_CHECKING,
    Callable,
    Deque,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from ...signatures.lookup import meaning_of
from ...signatures.nginx import HAVE_PARTS, LOST, NO_SERVER, PHASES, REFUSED, STDERR, TIMED_OUT, UNSEEN
from ..log_events import Events, Log
from ..timestamps import nginx_time
from .log_entry import ENTRY_LIMIT, Entry, brief, fields, is_next, parse_entry

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import LaterEvent

MANY_STRANGERS = 16
LEVELS = ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg")
_IN_HEADER = " while reading response header from upstream"
_MOST_DOUBTS = 5000
_MOST_TRIES = 4096
UNSHOWN = REFUSED | UNSEEN


class _Seen:
    """An entry within reach of one with foreign text."""

    def __init__(self, start: int, entry: Entry, line: str) -> None:
        self.start, self.entry, self.line = start, entry, line
        self.doubt: Set[int] = set()  # the pids that must prove to be nginx's
        self.tries = 1  # of its request, with this one
        self.rest = ""  # other lines


class Once(NamedTuple):
    """nginx writes an entry to each log of a block: it counts in the first of them that is read."""

    lines: Dict[int, int]  # of all logs, by hash(): the number of the log
    number: int

    def counts(self, line: str) -> bool:
        return self.lines.setdefault(hash(line), self.number) == self.number


class NginxLog(Log):
    """known_pids: nginx's processes now. caught: by site, the texts of its fastcgi_catch_stderr.
    own: the host's addresses. scripts: of a site, see script_refusals.py. repeated: the levels of its
    error_log, where a block names it more than once.
    """

    head = re.compile(rb"^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[[a-z]{4,6}\] \d+#\d+: ", re.M)

    def __init__(
        self,
        path: str,
        since: float,
        until: float,
        utc_offset: int,
        known_pids: Iterable[int] = (),
        caught: Optional[Mapping[str, Sequence[str]]] = None,
        own: Sequence[str] = (),
        scripts: Optional[Callable[[str], Sequence[str]]] = None,
        once: Optional[Once] = None,
        repeated: Sequence[str] = (),
    ) -> None:
        super(NginxLog, self).__init__(path, since, until, utc_offset)
        self._known = set(known_pids)
        self._caught, self._own, self._scripts = caught or {}, frozenset(own), scripts
        self._once, self._repeated = once, repeated
        self._lines: Dict[int, int] = {}  # how often each came, by hash()
        self._strangers: Set[int] = set()
        self._foreign: Deque[int] = deque()  # starts of entries with foreign text that still reach here
        self._last_foreign: Optional[_Seen] = None
        self._open = False  # the last entry with foreign text has not ended yet
        self._pending: Deque[_Seen] = deque()
        self._doubts: List[_Seen] = []
        # The newest failed try of each request that may go on, by the worker's pid and the request.
        self._tries: Dict[Tuple[int, str], _Seen] = {}

    def time_of(self, head: str) -> Optional[float]:
        return nginx_time(head, self.utc_offset)

    def begin_inside(self, start: int) -> None:
        self._foreign.append(start - 1)

    def feed(self, raw: bytes, start: int) -> None:
        end = start + len(raw) + 1
        while self._foreign and self._foreign[0] + ENTRY_LIMIT < end:
            self._foreign.popleft()
        self._settle()
        line = raw[: 2 * ENTRY_LIMIT].decode("utf-8", "replace")
        entry = parse_entry(line, self.utc_offset) if raw[:1].isdigit() else None
        self._open = self._open and self._reached()
        if entry is None or self._open:
            self.untrusted += 1 if entry and entry.row else 0
            self._continue(line)
            self._open = self._open and ", client: " not in line
            return
        if end - ENTRY_LIMIT in self._foreign:
            self._drop(end - ENTRY_LIMIT)
            self.untrusted += 1 if entry.row else 0
            return
        seen = _Seen(start, entry, line)
        if not self._foreign and not entry.foreign:
            self._accept(seen)
            return
        self._pending.append(seen)
        if entry.twice and not entry.foreign and self._reached():
            self._doubt(self._foreign[0])
            self.untrusted += 1 if self._pending.pop().entry.row else 0
            return
        if self._foreign and entry.foreign:
            self._doubt(self._foreign[0])
        if entry.foreign:
            self._foreign.append(start)
            self._last_foreign = seen
            self._open = not entry.whole and end < start + ENTRY_LIMIT

    def finish(self) -> Events:
        self._foreign.clear()
        self._settle()
        doubts, self._doubts = self._doubts, []
        for seen in doubts:
            self._judge(seen, True)
        for seen in self._tries.values():
            self._count(seen)
        self._tries.clear()
        for event, line in self.events.newest():
            meaning = meaning_of(event)
            if meaning in HAVE_PARTS or meaning in TIMED_OUT:
                from .message_parts import shown_parts

                event["detail"] = {**event["detail"], **shown_parts(meaning, line)}
        return self.events

    def _reached(self) -> bool:
        """Whether the last entry with foreign text reaches the current line."""
        return (
            self._last_foreign is not None
            and bool(self._foreign)
            and self._last_foreign.start == self._foreign[-1]
        )

    def _continue(self, line: str) -> None:
        """The line belongs to the last entry with foreign text, if that reaches here."""
        if self._last_foreign is None or not self._reached():
            return
        self._last_foreign.rest += line + "\n"
        self._doubt(self._foreign[0])
        forged = self._drop(self._last_foreign.start)
        entry = self._last_foreign.entry
        if (
            entry.message.startswith(STDERR)
            and not entry.whole
            and line.count(", client: ") == 1
            and not forged
        ):
            front, _found, rest = line.partition(", client: ")
            if front.endswith(tuple('" while ' + phase for phase in PHASES)):
                site, endpoint = fields(rest, False)
                self._last_foreign.entry = entry._replace(
                    site=site, endpoint=endpoint, whole=True, in_header=front.endswith(_IN_HEADER)
                )

    def _drop(self, begun: int) -> int:
        """All behind begun was text of that entry. How many messages that were."""
        forged = 0
        while self._pending and self._pending[-1].start > begun:
            forged += 1 if self._pending.pop().entry.row else 0
        while self._foreign and self._foreign[-1] > begun:
            self._foreign.pop()
        self.untrusted += forged
        return forged

    def _doubt(self, after: int) -> None:
        among = [seen for seen in self._pending if seen.start > after]
        pids = {seen.entry.pid for seen in among}
        for seen in among:
            seen.doubt |= pids

    def _settle(self) -> None:
        """Judges what no entry with foreign text reaches any more."""
        while self._pending and (not self._foreign or self._pending[0].start <= self._foreign[0]):
            if self._open and self._foreign and self._pending[0] is self._last_foreign:
                break  # its end will name the site
            self._judge(self._pending.popleft(), len(self._doubts) >= _MOST_DOUBTS)

    def _judge(self, seen: _Seen, last: bool) -> None:
        """A pid may prove itself by a later entry that is in no doubt. last: there is no later one."""
        strangers = seen.doubt - self._known
        self._strangers |= strangers
        if not seen.doubt or not strangers and len(self._strangers) < MANY_STRANGERS:
            self._accept(seen)
        elif last or not strangers:
            self.untrusted += 1 if seen.entry.row else 0
        else:
            self._doubts.append(seen)

    def _accept(self, seen: _Seen) -> None:
        entry = seen.entry
        self._known.add(entry.pid)
        self._strangers.discard(entry.pid)
        if self.counts(entry.at) and entry.row and not self._is_copy(seen.line):
            if entry.request is None:
                self._count(seen)
            else:
                self._hold(seen, entry.request)

    def _is_copy(self, line: str) -> bool:
        if self._repeated:
            level = LEVELS.index(line[line.find("[") + 1 : line.find("]")])
            copies = sum(1 for each in self._repeated if each in LEVELS[: level + 1])
            came = self._lines[hash(line)] = self._lines.get(hash(line), 0) + 1
            if (came - 1) % max(1, copies):
                return True
        return self._once is not None and not self._once.counts(line)

    def _count(self, seen: _Seen, next_one: Optional[Entry] = None) -> None:
        """next_one: the failed try that the same request came to."""
        entry = seen.entry
        later: LaterEvent = {}
        if next_one:
            later["passed"] = True
            if next_one.row and next_one.row.meaning in NO_SERVER:
                later["none_left"] = True
        elif entry.kept:
            later["passed"] = False
        if self._caught and self._is_caught(seen):
            later["caught"] = True
        if self._own and entry.row and entry.row.meaning in LOST:
            client = seen.line.partition(", client: ")[2].partition(",")[0]
            later.update({"own": True} if client in self._own else {})
        if self._scripts and entry.row and entry.row.meaning in UNSHOWN:
            from .script_refusals import is_front

            if is_front(entry.row.meaning, seen.line, self._scripts(entry.site or "")):
                later["front"] = True
        self.events.add(
            "nginx",
            entry.row.id if entry.row else "",
            entry.at or 0,
            self.path,
            seen.line,
            brief,
            entry.site,
            entry.endpoint,
            pid=entry.pid,
            detail=entry.detail,
            later=later,
        )

    def _is_caught(self, seen: _Seen) -> bool:
        """Whether fastcgi_catch_stderr names what PHP said (ngx_http_fastcgi_process_header())."""
        entry = seen.entry
        if not entry.in_header or not entry.message.startswith(STDERR):
            return False
        stderr = entry.message[len(STDERR) :] + "\n" + seen.rest
        return any(text in stderr for text in self._caught.get(entry.site or "", ()))

    def _hold(self, seen: _Seen, request: str) -> None:
        """Counts the failed try before it of the same request: nginx went on to another server."""
        name = (seen.entry.pid, request)
        before = self._tries.pop(name, None)
        if before:
            passed = is_next(before.entry, seen.entry, before.tries)
            self._count(before, seen.entry if passed else None)
            seen.tries += before.tries if passed else 0
        elif len(self._tries) >= _MOST_TRIES:
            for each in self._tries.values():
                self._count(each)
            self._tries.clear()
        self._tries[name] = seen
