# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's error log -> events, from text that visitors and applications help to write (docs/looking.md).

What a worker "said into stderr" never counts as the master's. A slow request's line holds its decoded path,
line feeds included: it is open until a line ends in its own last words, and what looks like lines in between
is dropped.
"""

import re
from typing import List, NamedTuple, Optional, Tuple

from ..log_events import Events, Log
from ..redact import redact
from ..signatures import find
from ..timestamps import fpm_time

HEAD_BYTES = re.compile(rb"^\[(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d)(?:\.\d{1,6})?\] [A-Z]{5,7}: ", re.M)
_HEAD = re.compile(
    r"\[(\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\.\d{1,6})?)\] (DEBUG|NOTICE|WARNING|ERROR|ALERT): "
    r"(?:pid \d+, \w+\(\), line \d+: )?",
    re.A,
)
_POOL = re.compile(r"\[pool ([^\]]{1,128})\] ")
_EXIT = re.compile(
    r"child (\d{1,10}) exited (?:on signal (\d{1,9}) \([^()]*?( - core dumped)?\)|with code (\d{1,9}))"
    r" after (\d{1,12}\.\d+) seconds from start\Z",
    re.A,
)
_SAID = re.compile(
    r"child (\d{1,10}) said into (?:stderr|stdout): \"(.*?)\"?(?:, pipe is closed)?\Z", re.S | re.A
)
_REQUEST_END = re.compile(
    r"\"\) (?:executing too slow|execution timed out) \((\d{1,12}\.\d+) sec\), (logging|terminating)\Z", re.A
)
_REQUEST_OPEN = re.compile(r"child (\d{1,10}), script '", re.A)
_ERRNO = re.compile(r" \((\d{1,9})\)\Z", re.A)
_SIGNALS = {4: "sigill", 6: "sigabrt", 7: "sigbus", 9: "sigkill", 11: "sigsegv", 15: "sigterm", 24: "sigxcpu"}
_CODES = (0, 1, 70, 124, 255)
# An open entry's foreign part: 255 bytes of script, 127 of path, 511 of query.
_REACH = 2048

Message = NamedTuple(
    "Message",
    [
        ("at", Optional[float]),
        ("pool", Optional[str]),
        ("signature", Optional[str]),
        ("pid", Optional[int]),
        ("detail", dict),
        ("open", bool),
    ],
)


def _path_only(request: str) -> str:
    """'GET /a/b?token=x' -> 'GET /a/b?[redacted]'."""
    path, query, _rest = request.partition("?")
    return redact(path, 200) + (query and "?[redacted]")


def classify(level: str, text: str) -> Tuple[Optional[str], Optional[int], dict]:
    """(signature, child's pid, detail) of a message without time, level and pool."""
    said = _SAID.match(text)
    if said:
        claim = find("said", said.group(2), "*")
        return claim[0].id if claim else "fpm-said-stderr", int(said.group(1)), {"claimed": True}
    left = _EXIT.match(text)
    if left:
        kind, number = ("code", int(left.group(4))) if left.group(4) else ("signal", int(left.group(2)))
        name = ("%d" % number if number in _CODES else kind) if kind == "code" else _SIGNALS.get(number, kind)
        name = "fpm-exit-" + name + ("-core" if name == "sigsegv" and left.group(3) else "")
        # Deaths at DEBUG the master caused by a reload or a stop.
        return (
            name if level != "DEBUG" else None,
            int(left.group(1)),
            {kind: number, "seconds": float(left.group(5))},
        )
    child, end = _REQUEST_OPEN.match(text), _REQUEST_END.search(text)
    script, found, request = (
        text[child.end() : end.start()].partition("' (request: \"") if child and end else ("", "", "")
    )
    if child and end and found:
        return (
            ("fpm-slow" if end.group(2) == "logging" else "fpm-terminate"),
            int(child.group(1)),
            {"seconds": float(end.group(1)), "script": redact(script, 200), "request": _path_only(request)},
        )
    hit = find("fpm", text, level[:1])
    if not hit:
        # Mostly that it cannot read its configuration.
        return (
            "fpm-error" if level in ("ERROR", "ALERT") and not _REQUEST_OPEN.match(text) else None,
            None,
            {},
        )
    row, groups = hit
    if row.id.startswith("fpm-max-children-"):
        return row.id, None, {"limit": int(groups[0])}
    errno = _ERRNO.search(text)
    detail: dict = {"errno": int(errno.group(1))} if errno else {}
    return row.id, None, dict(detail, address=groups[0][:200]) if "-bind-" in row.id else detail


def parse_message(line: str, utc_offset: int) -> Optional[Message]:
    """A line without its line feed; None without a head. open: a request's text goes on in the next line."""
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
    end = _REQUEST_END.search(line)
    front, found, request = line[: end.start() if end else 0].partition('(request: "')
    return redact(front + found + _path_only(request) + end.group() if end and found else line)


class FpmLog(Log):
    """Feed it a log's lines in order. master: the configuration file of the log's master."""

    def __init__(self, path: str, master: Optional[str], since: float, until: float, utc_offset: int) -> None:
        super(FpmLog, self).__init__(path, since, until, utc_offset)
        self.master = master
        self._held: List[Tuple[Message, str]] = []  # since the last request's text, which may still go on
        self._open: Optional[Tuple[Message, str]] = None
        # byte position where the last request's text, and what it could have forged, ends at the latest
        self._reach = 0

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
                name = "fpm-slow" if last.group(2) == "logging" else "fpm-terminate"
                self._accept(
                    self._open[0]._replace(signature=name, detail={"seconds": float(last.group(1))}),
                    self._open[1],
                )
                self._open = None
            return
        request = message is not None and (message.open or message.signature in ("fpm-slow", "fpm-terminate"))
        if last and not request and (message is None or message.signature != "fpm-said-stderr"):
            # A text that seemed to have ended ends here: only the entry that brought it is true.
            truth = 1 if self._held and self._held[0][0].signature in ("fpm-slow", "fpm-terminate") else 0
            self.untrusted += sum(1 for held, _line in self._held[truth:] if held.signature)
            self._held = self._held[:truth]
        elif message is not None and request:
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
        return self.events

    def _release(self) -> None:
        for message, line in self._held:
            self._accept(message, line)
        self._held = []

    def _accept(self, message: Message, line: str) -> None:
        if self.counts(message.at) and message.signature:
            self.events.add(
                "fpm",
                message.signature,
                message.at or 0,
                self.path,
                line,
                brief,
                pool=message.pool,
                master=self.master,
                pid=message.pid,
                detail=message.detail,
            )
