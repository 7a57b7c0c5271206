# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the blocks of the table have in common: the width, rows of equal things, labels before texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from .text import clean, cut, names, pad, plural, width, wrap

MAX_ROWS = 8
MAX_COMMAND = 8  # lines of what is there to be copied: it must not lose its middle
INDENT = "  "
NUMBERS = re.compile(r"\d+")
COLORS = {
    "failing": "red",
    "degraded": "yellow",
    "unknown": "yellow",
    "unreachable": "red",
    "recovered": "cyan",
    "healthy": "green",
}

# The time that nginx, php-fpm, opcache and the kernel put before a message. The table has a column for it.
STAMPS = re.compile(
    r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: (?:\*\d+ )?|\[\d\d-\w{3}-\d{4} "
    r"\d\d:\d\d:\d\d(?:\.\d+)?\] |\[ *\d+\.\d+\] "
    r"|\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4} \(\d+\): )"
)

WIDTH = 100  # where there is no terminal
NARROWEST, WIDEST = 80, 160

Line = tuple[str, "str | None"]
# A host, and something that was found or done there.
Item = TypeVar("Item")
Pair = tuple[str, Item]
# What parts the items of different rows.
Key = Callable[[Item], Any]


class Page(NamedTuple):
    """The width of all lines, and what follows from it. With the gaps and the indent, columns fill it.

    terse: a line for what else takes some, as for a large fleet with many causes.
    """

    width: int = WIDTH
    terse: bool = False

    @property
    def rows(self) -> int:
        """How many rows a block may have."""
        return 2 if self.terse else MAX_ROWS

    @property
    def room(self) -> int:
        """What is left of a line behind its label."""
        return self.width - 9

    @property
    def causes(self) -> Sequence[int]:
        """Hosts, site and pool, since, lost."""
        rest = self.width - 38
        return (rest * 3 // 7, rest - rest * 3 // 7, 24, 6)

    @property
    def actions(self) -> Sequence[int]:
        """Result, action, target, hosts, seconds."""
        rest = self.width - 52
        return (11, 24, rest - rest // 3, rest // 3, 7)

    @property
    def findings(self) -> Sequence[int]:
        """Result, finding, hosts, nothing: a row without a target."""
        result, action, target, where, seconds = self.actions
        return (result, action + target + 2, where, seconds)


PAGE = Page()


def label(word: str) -> str:
    return "    %-4s " % word


def labelled(page: Page, word: str, text: Any, lines: int) -> list[Line]:
    """A text behind its label; nothing for an empty one. What is there to be copied keeps its lines."""
    lines = 1 if page.terse and lines < MAX_COMMAND else lines
    return [
        (label(word if not number else "") + line, None)
        for number, line in enumerate(wrap(text, page.room, lines))
    ]


def cells(texts: Sequence[str], columns: Sequence[int]) -> str:
    """A row; the last column is flush right."""
    padded = [pad(cut(text, room), room) for text, room in zip(texts[:-1], columns, strict=False)]
    return INDENT + "  ".join([*padded, cut(texts[-1], columns[-1]).rjust(columns[-1])])


def fold(pairs: Sequence[Pair[Item]], keys: Sequence[Key[Item]]) -> list[list[Pair[Item]]]:
    """Equal things in one row, the largest row first. The first key that gives few rows counts, else the
    last.
    """
    rows: list[list[Pair[Item]]] = []
    for key in keys:
        by_key: dict[Any, list[Pair[Item]]] = {}
        for host, item in pairs:
            by_key.setdefault(key(item), []).append((host, item))
        rows = sorted(by_key.values(), key=lambda members: -len(members))
        if len(rows) <= MAX_ROWS:
            break
    return rows


def hosts_of(pairs: Sequence[Pair[Any]]) -> list[str]:
    return list(dict.fromkeys(host for host, _item in pairs))


def hosts_cell(page: Page, hosts: Sequence[str], columns: int) -> tuple[str, list[Line]]:
    """The hosts of a row, and lines below it: the names where the column has room, else their number, and the
    names below.
    """
    if page.terse or width(", ".join(clean(host) for host in hosts)) <= columns:
        return names(hosts, columns)[0], []
    below: list[Line] = [
        (label("on" if not number else "") + line, None)
        for number, line in enumerate(names(hosts, page.room, 2))
    ]
    return plural(len(hosts), "host"), below


def rest(page: Page, rows: Sequence[list[Pair[Any]]]) -> list[Line]:
    """What stands for the rows beyond the limit."""
    hosts = list(dict.fromkeys(host for pairs in rows[page.rows :] for host in hosts_of(pairs)))
    more = "and %s more in the report, on " % plural(len(rows) - page.rows, "row")
    return [(INDENT + more + names(hosts, page.width - len(INDENT) - len(more))[0], None)] if hosts else []
