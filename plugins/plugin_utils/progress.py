# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a callback says while a play runs: failures in a line each, and which hosts are slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from .layout import MAX_ROWS, NUMBERS, Line
from .report import failure
from .text import clean, names, plural, span, wrap

# After so many seconds of a task the slow hosts are named, then each time after twice as many.
SLOW = 10
MAX_LINES = 3  # of one failure


class Outcome(NamedTuple):
    """A result as a callback gets it, of any engine from 2.16 on."""

    host: str
    task: str
    action: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, result: Any) -> Outcome:
        # The engine's newer names; 2.16 to 2.18 have the older ones alone.
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        data = result.result if hasattr(result, "result") else result._result
        return cls(str(host.get_name()), clean(task.name or task.get_name()), str(task.action), data)


class Said(NamedTuple):
    """Something that was said of a host. word: FAILED, UNREACHABLE or WARNING."""

    word: str
    host: str
    text: str


def why(data: Mapping[str, Any]) -> str:
    """The reason of a failure, on one line."""
    if data.get("censored"):
        return clean(data["censored"])
    reason = clean(failure({"msg": data.get("msg"), "module_stderr": data.get("module_stderr")}))
    printed = clean(str(data.get("stderr") or "").strip().rpartition("\n")[2])
    return "%s: %s" % (reason, printed) if printed and printed not in reason else reason


def warnings(data: Mapping[str, Any]) -> list[str]:
    """The warnings of a result. Deprecations are for who writes the playbook, and are left out."""
    listed = data.get("warnings")
    return [clean(text) for text in listed if isinstance(text, str)] if isinstance(listed, list) else []


def grouped(said: Sequence[Said], columns: int) -> list[Line]:
    """A line for each thing that was said, whatever the number of hosts. A long one takes some more."""
    alike: dict[tuple[str, str], list[Said]] = {}
    for item in said:
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
            for number, line in enumerate(wrap(head + items[0].text, columns - 4, MAX_LINES))
        ]
    left = {item.host for items in rows[MAX_ROWS:] for item in items}
    return lines + (
        [("and %s with other words; -v shows them" % plural(len(left), "host"), None)] if left else []
    )


def waiting(seconds: int, answered: int, slow: Sequence[str], columns: int) -> str:
    """As "after 20 s: 297 hosts have answered, waiting for web17, web18 +1 more"."""
    verb = "has" if answered == 1 else "have"
    head = "after %s: %s %s answered, waiting for " % (span(seconds), plural(answered, "host"), verb)
    return head + names(slow, max(20, columns - len(head)))[0]


class Waiting:
    """Names the hosts that have not answered yet. say: prints a line.

    A thread does it, since no event tells that nothing happens. It touches nothing but its own fields and the
    engine's display, which the engine locks before it forks.
    """

    def __init__(self, say: Callable[[str], None], columns: int) -> None:
        self._say, self._columns = say, columns
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._begin()

    def _begin(self) -> None:
        self._began, self._next, self._answered = time.monotonic(), SLOW, 0
        self._slow: dict[str, None] = {}

    def task(self) -> None:
        with self._lock:
            self._begin()

    def asked(self, host: str) -> None:
        with self._lock:
            self._slow[host] = None
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="webmedic-waiting", daemon=True)
            self._thread.start()

    def answered(self, host: str) -> None:
        with self._lock:
            if host in self._slow:
                del self._slow[host]
                self._answered += 1

    def line(self, now: float) -> str:
        """What is to be said now; mostly nothing."""
        with self._lock:
            late = self._slow and now - self._began >= self._next
            if not late:
                return ""
            seconds = self._next
            self._next *= 2
            return waiting(seconds, self._answered, list(self._slow), self._columns)

    def _watch(self) -> None:
        while not self._over.wait(1):
            line = self.line(time.monotonic())
            if line:
                self._say(line)

    def end(self) -> None:
        self._over.set()
