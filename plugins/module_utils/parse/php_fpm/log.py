# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's error log -> events, from text that visitors and applications help to write (docs/looking.md).

What a worker "said into stderr" never counts as the master's. The entry of a slow request holds its decoded
path, line feeds included. It is open until a line ends in the entry's last words: all between is dropped.
"""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from ...signatures.kinds import OF_ADDRESS
from ...signatures.lookup import meanings
from ...signatures.php_fpm import PHP_FPM, SLOW, STDERR
from ...signatures.table import Signature
from ..log_events import Events, Log
from ..redact import redact
from ..timestamps import fpm_time
from .zlog import without_place

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Detail, Event

_HEAD = re.compile(
    r"\[(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})?)\] (DEBUG|NOTICE|WARNING|ERROR|ALERT): ",
    re.A,
)
_POOL = re.compile(r"\[pool ([^\]]{1,128})\] ")
_EXIT = re.compile(r"child \d{1,18} exited (?:on|with) (signal|code) (\d{1,18}) ", re.A)
_OUTPUT = re.compile(
    r"child (\d{1,10}) said into (?:stderr|stdout): \"(.*?)\"?(?:, pipe is closed)?\Z", re.S | re.A
)
_REQUEST_END = re.compile(
    r"\"\) (?:executing too slow|execution timed out) \((\d{1,12}\.\d+) sec\), (logging|terminating)\Z", re.A
)
_REQUEST_OPEN = re.compile(r"child (\d{1,10}), script '", re.A)
_ERRNO = re.compile(r" \((\d{1,9})\)\Z", re.A)
# An open entry's foreign part: 255 bytes of script, 127 of path, 511 of query.
_REACH = 2048

FULL = meanings("pool_full")
# The two messages that hold a request, by their last word.
_REQUESTS = {row.format.rsplit(" ", 1)[1]: row for row in PHP_FPM.rows() if row.meaning in SLOW}


class Message(NamedTuple):
    at: Optional[float]  # epoch seconds
    pool: Optional[str]
    signature: Optional[Signature]
    pid: Optional[int]  # the worker's
    detail: "Detail"
    open: bool  # a request's text goes on in the next line

    @property
    def has_request(self) -> bool:
        return self.open or self.signature in _REQUESTS.values()


def _path_only(request: str) -> str:
    """'GET /a/b?token=x' -> 'GET /a/b?[redacted]'."""
    path, query, _rest = request.partition("?")
    return redact(path, 200) + (query and "?[redacted]")


def classify(level: str, text: str) -> Tuple[Optional[Signature], Optional[int], "Detail"]:
    """(signature, worker's pid, detail) of a message without time, level and pool."""
    words = _OUTPUT.match(text)
    if words:
        claim = PHP_FPM.find(words.group(2), STDERR)
        return claim[0] if claim else None, int(words.group(1)), {"claimed": True}
    # Deaths that the master caused by a reload or a stop stand at DEBUG, where no row is.
    hit = PHP_FPM.find(text, level)
    if not hit:
        return None, None, {}
    row, places = hit
    if row.format.startswith("child %d"):
        detail: Detail = {"seconds": float(".".join(places[-2:]))}
        death = _EXIT.match(text)
        if not death:
            detail["script"], detail["request"] = redact(places[1], 200), _path_only(places[2])
        elif death.group(1) == "code":
            detail["code"] = int(death.group(2))
        else:
            detail["signal"] = int(death.group(2))
        return row, int(places[0]), detail
    if _REQUEST_OPEN.match(text):
        return None, None, {}
    if row.meaning in FULL and places:
        return row, None, {"limit": int(places[0])}
    errno = _ERRNO.search(text) if "%q" not in row.format else None
    where: Detail = {"errno": int(errno.group(1))} if errno else {}
    if row.id in OF_ADDRESS:
        where["address"] = places[0][:200]
    return row, None, where


def parse_message(line: str, utc_offset: int) -> Optional[Message]:
    """A line without its line feed; None without a head."""
    line = without_place(line)
    head = _HEAD.match(line)
    if not head:
        return None
    named = _POOL.match(line, head.end())
    pool, text = (named.group(1), line[named.end() :]) if named else (None, line[head.end() :])
    signature, pid, detail = classify(head.group(2), text)
    return Message(
        fpm_time(head.group(1), utc_offset),
        pool,
        signature,
        pid,
        detail,
        not signature and bool(_REQUEST_OPEN.match(text)),
    )


def brief(line: str) -> str:
    """The line without the query of a request."""
    end = _REQUEST_END.search(line)
    front, opening, request = line[: end.start() if end else 0].partition('(request: "')
    return redact(front + opening + _path_only(request) + end.group() if end and opening else line)


def note_failure(event: "Event", text: str) -> None:
    """In an event: why php-fpm does not start, by its newest line. text: redacted."""
    from .problems import read_line

    failure = None if {"claimed", "failure"} & set(event["detail"]) else read_line(text)
    if failure:
        event["detail"] = {**event["detail"], "failure": failure.fault}


class FpmLog(Log):
    """master: the configuration file of the log's master."""

    head = re.compile(rb"^\[(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d)(?:\.\d{1,6})?\] [A-Z]{5,7}: ", re.M)

    def __init__(self, path: str, master: Optional[str], since: float, until: float, utc_offset: int) -> None:
        super(FpmLog, self).__init__(path, since, until, utc_offset)
        self.master = master
        self._held: List[Tuple[Message, str]] = []  # since the last request's text, which may still go on
        self._open: Optional[Tuple[Message, str]] = None
        # byte position where the last request's text, and what it could have forged, ends at the latest
        self._reach = 0

    def time_of(self, head: str) -> Optional[float]:
        return fpm_time(head, self.utc_offset)

    def begin_inside(self, start: int) -> None:
        self._reach = start + _REACH

    def feed(self, raw: bytes, start: int) -> None:
        line = raw[: 2 * _REACH].decode("utf-8", "replace")
        message = parse_message(line, self.utc_offset) if raw else None
        last = _REQUEST_END.search(line)
        if start + len(raw) >= self._reach:
            self._open = None
            self._release()
        if self._open:
            self.untrusted += 1 if message and message.signature else 0
            if last:
                row = _REQUESTS[last.group(2)]
                message = self._open[0]._replace(signature=row, detail={"seconds": float(last.group(1))})
                self._accept(message, self._open[1])
                self._open = None
            return
        if last and (message is None or not message.has_request and "claimed" not in message.detail):
            # A text that seemed to have ended ends here: only the entry that brought it is true.
            truth = 1 if self._held and self._held[0][0].has_request else 0
            self.untrusted += sum(1 for held, _line in self._held[truth:] if held.signature)
            self._held = self._held[:truth]
        elif message is not None and message.has_request:
            self._release()
            self._reach = start + _REACH
            if message.open:
                self._open = (message, line)
            else:
                self._held.append((message, line))
        elif message is not None and start < self._reach:
            self._held.append((message, line))
        elif message is not None:
            self._accept(message, line)

    def finish(self) -> Events:
        self._release()
        for event, line in self.events.newest():
            if "] ERROR: " in line or "] ALERT: " in line:
                note_failure(event, brief(line))
        return self.events

    def _release(self) -> None:
        for message, line in self._held:
            self._accept(message, line)
        self._held = []

    def _accept(self, message: Message, line: str) -> None:
        if self.counts(message.at) and message.signature:
            self.events.add(
                "fpm",
                message.signature.id,
                message.at or 0,
                self.path,
                line,
                brief,
                pool=message.pool,
                master=self.master,
                pid=message.pid,
                detail=message.detail,
            )
