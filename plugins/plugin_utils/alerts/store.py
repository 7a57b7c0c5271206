# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory of the responses, on the controller.

    <directory>/decisions.jsonl     one decision a line, the newest last
    <directory>/requests/HOST.txt   what a person is asked to do; it goes when the host is well again
    <directory>/book.json, lock     what all responses know of each other

Several processes use it at the same time. All of it is for its own account alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ..answers.untrusted import Mismatch, integer, listed, moment, number, record, text
from ..shapes.alerts import Book, Holder, LogLine
from . import book
from .event import HOST

LOG, OLD_LOG, BOOK, LOCK, REQUESTS = "decisions.jsonl", "decisions.jsonl.1", "book.json", "lock", "requests"
MOST_LOG = 20_000_000  # bytes, before another one is begun
MOST_LINE = 16_000
MOST_BOOK = 50_000_000
_LEFT_OUT = {"findings": [], "why": "too long to be kept"}

_HOLDER = record(
    id=text, node=text, boot=text, space=text, pid=integer, started=text, at=moment, lease=number
)  # as shapes/alerts.py says
_MEND = record(host=text, at=moment)


class Unusable(RuntimeError):
    """The directory cannot be used. The message says why, and what to do."""


class Store:
    """writes: not in check mode, where nothing is made. Raises Unusable, or OSError."""

    def __init__(self, directory: str, writes: bool = True) -> None:
        self.directory = os.path.abspath(os.path.expanduser(directory))
        if not writes:
            return
        for place in (self.directory, os.path.join(self.directory, REQUESTS)):
            os.makedirs(place, mode=0o700, exist_ok=True)
        found = os.stat(self.directory)
        if found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise Unusable(
                "%s can be written to by others: what stands there decides what is mended. Make it your own, "
                "with mode 0700" % self.directory
            )

    def path(self, *names: str) -> str:
        return os.path.join(self.directory, *names)

    @contextmanager
    def locked(self) -> Iterator[None]:
        descriptor = os.open(self.path(LOCK), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def opened(self) -> Iterator[Book]:
        """The book, for one process at a time. It is written when the block ends well."""
        with self.locked():
            kept = self._read()
            yield kept
            self._put(BOOK, json.dumps(kept))

    def _read(self) -> Book:
        try:
            with open(self.path(BOOK), encoding="utf-8") as stream:
                raw = json.loads(stream.read(MOST_BOOK))
            return {
                "responses": {
                    name: listed(moment)(times, "responses")
                    for name, times in _dict(raw, "responses").items()
                },
                "mends": listed(_MEND, book.MOST_HOSTS)(raw.get("mends"), "mends"),
                "held": {name: _HOLDER(item, "held") for name, item in _dict(raw, "held").items()},
                "asked": {name: moment(at, "asked") for name, at in _dict(raw, "asked").items()},
            }
        except FileNotFoundError:
            return book.empty()
        except (ValueError, RecursionError, AttributeError) as error:
            # It is not begun anew by itself: who holds a host would be forgotten.
            raise Unusable(
                "%s is damaged (%s). Remove it when no response is at work" % (self.path(BOOK), error)
            ) from None

    def _put(self, name: str, content: str) -> None:
        """One file in one step. A link in its place is replaced."""
        draft = self.path(".%s.%d.tmp" % (os.path.basename(name), os.getpid()))
        with suppress(FileNotFoundError):
            os.unlink(draft)
        descriptor = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, self.path(name))

    def log(self, line: LogLine) -> None:
        """All but ASCII is escaped: a terminal that shows the file must not act on what a host wrote."""
        words = json.dumps(line)
        if len(words) > MOST_LINE:
            words = json.dumps({**line, **_LEFT_OUT})
        with self.locked():
            with suppress(FileNotFoundError):
                if os.lstat(self.path(LOG)).st_size > MOST_LOG:
                    os.replace(self.path(LOG), self.path(OLD_LOG))
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.path(LOG), flags, 0o600)
            try:
                os.write(descriptor, (words + "\n").encode("ascii"))
            finally:
                os.close(descriptor)

    def request(self, host: str, content: str) -> str:
        """The path of the file that asks a person."""
        if not HOST.match(host):
            raise Unusable("%r is no name of a file" % host)
        name = os.path.join(REQUESTS, host + ".txt")
        self._put(name, content)
        return self.path(name)

    def withdraw(self, host: str) -> bool:
        """Whether a person was still asked."""
        try:
            os.unlink(self.path(REQUESTS, host + ".txt"))
        except FileNotFoundError:
            return False
        return True


def _dict(raw: Any, name: str) -> dict[str, Any]:
    value = raw.get(name) if isinstance(raw, dict) else None
    if not isinstance(value, dict):
        raise Mismatch("%s is no dict" % name)
    return value


# ------------------------------------------------------------------------------------------ processes


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            return stream.readline().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Clock ticks after the boot; empty where no such process is. A name may hold blanks and brackets."""
    return (_first_line("/proc/%d/stat" % pid).rpartition(")")[2].split() + [""] * 20)[19]


def _space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _node() -> str:
    """Machines that share the directory may have one name: clones, or containers of one image."""
    return "%s %s" % (socket.gethostname(), _first_line("/etc/machine-id")[:8])


def this_process(response: str, pid: int, now: float, lasts: float = 0) -> Holder:
    """pid: of the process that lives as long as the response. lasts: see book.lease()."""
    return {
        "id": response,
        "node": _node(),
        "boot": _first_line("/proc/sys/kernel/random/boot_id"),
        "space": _space(),
        "pid": pid,
        "started": _started(pid),
        "at": now,
        "lease": book.lease(lasts),
    }


def alive(holder: Holder) -> bool | None:
    """Whether the process of a holder runs; None where nobody knows from here."""
    here = this_process("", os.getpid(), 0)
    if holder["node"] == here["node"] and holder["boot"] != here["boot"]:
        return False  # before the last boot
    if holder["node"] != here["node"] or holder["space"] != here["space"] or not here["boot"]:
        return None
    return bool(holder["started"]) and _started(holder["pid"]) == holder["started"]
