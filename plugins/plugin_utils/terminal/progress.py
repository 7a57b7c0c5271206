# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a callback says while a play runs: failures in a line each, and which hosts are slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..reports.report import failure
from .layout import MAX_ROWS, NUMBERS, Line
from .text import clean, names, plural, span, wrap

# A host is slow after so many seconds, a task is long. What is said then is said again after twice as many.
SLOW, LONG = 10, 30
OURS = "webmedic.php_fpm."
MAX_LINES = 3  # of one failure


class Outcome(NamedTuple):
    """A result as a callback gets it, of any engine from 2.16 on."""

    host: str
    task: str
    action: str
    data: Mapping[str, Any]
    ours: bool  # a task of this collection's roles

    @classmethod
    def of(cls, result: Any) -> Outcome:
        # The engine's newer names; 2.16 to 2.18 have the older ones alone.
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        data = result.result if hasattr(result, "result") else result._result
        name = clean(task.get_name())
        return cls(
            str(host.get_name()), clean(task.name or name), str(task.action), data, name.startswith(OURS)
        )


class Message(NamedTuple):
    """Something that was said of a host. word: FAILED, UNREACHABLE or WARNING."""

    word: str
    host: str
    text: str
    short: bool = False


def why(data: Mapping[str, Any]) -> str:
    """The reason of a failure, on one line."""
    if data.get("censored"):
        return clean(data["censored"])
    reason = clean(failure({"msg": data.get("msg"), "module_stderr": data.get("module_stderr")}))
    printed = clean(str(data.get("stderr") or "").strip().rpartition("\n")[2])
    return "%s: %s" % (reason, printed) if printed and printed not in reason else reason


def in_short(text: str) -> str:
    """Its first sentence. The rest of what our tasks fail with stands in the table."""
    return text.partition(". ")[0]


def warnings(data: Mapping[str, Any]) -> list[str]:
    """The warnings of a result. Deprecations are for who writes the playbook, and are left out."""
    listed = data.get("warnings")
    return [clean(text) for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def grouped(messages: Sequence[Message], columns: int) -> list[Line]:
    """A line for each thing that was said, whatever the number of hosts. A long one takes some more, unless
    it stands in the table, too.
    """
    alike: dict[tuple[str, str], list[Message]] = {}
    for item in messages:
        key = NUMBERS.sub("0", item.text.replace(item.host, ""))
        alike.setdefault((item.word, key), []).append(item)
    lines: list[Line] = []
    rows = sorted(alike.values(), key=lambda items: -len(items))
    for items in rows[:MAX_ROWS]:
        hosts = list(dict.fromkeys(item.host for item in items))
        head = "%s %s: " % (items[0].word, names(hosts, max(20, columns // 3))[0])
        color = "yellow" if items[0].word in ("WARNING", "ignored") else "red"
        lines += [
            (("    " if number else "") + line, color)
            for number, line in enumerate(
                wrap(head + items[0].text, columns - 4, 1 if items[0].short else MAX_LINES)
            )
        ]
    left = {item.host for items in rows[MAX_ROWS:] for item in items}
    return lines + (
        [("and %s with other words; -v shows them" % plural(len(left), "host"), None)] if left else []
    )


def waiting(seconds: int, answered: int, slow: Sequence[str], columns: int) -> str:
    """As "after 20 s: 297 hosts have answered, waiting for web17, web18 +1 more"."""
    verb = "has" if answered == 1 else "have"
    head = "after %s: %s %s answered" % (span(seconds), plural(answered, "host"), verb)
    if not slow:
        return head
    head += ", waiting for "
    return head + names(slow, max(20, columns - len(head)))[0]


class Waiting:
    """Names the hosts that take long, and counts the others where the whole task does. say: prints a line.

    A thread does it, since no event tells that nothing happens. It touches nothing but its own fields and the
    engine's display, which the engine locks before it forks.
    """

    def __init__(
        self, say: Callable[[str], None], columns: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._columns, self._clock = say, columns, clock
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._begin()

    def _begin(self) -> None:
        self._began, self._next, self._answered = self._clock(), SLOW, 0
        self._started: dict[str, float] = {}

    def task(self) -> None:
        with self._lock:
            self._begin()

    def started(self, host: str) -> None:
        with self._lock:
            self._started[host] = self._clock()
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="webmedic-waiting", daemon=True)
            self._thread.start()

    def answered(self, host: str) -> None:
        with self._lock:
            self._answered += self._started.pop(host, None) is not None

    def line(self) -> str:
        """What is to be said now; mostly nothing."""
        with self._lock:
            now = self._clock()
            seconds = int(now - self._began)
            slow = [host for host, since in self._started.items() if now - since >= SLOW]
            if not self._started or seconds < self._next or not (slow or seconds >= LONG):
                return ""
            self._next = 2 * seconds
            return waiting(seconds, self._answered, slow, self._columns)

    def _watch(self) -> None:
        while not self._over.wait(1):
            line = self.line()
            if line:
                self._say(line)

    def end(self) -> None:
        self._over.set()
