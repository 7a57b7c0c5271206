# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts from hosts, fitted into columns. Control characters are spelled out, and wide ones take
two columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

DAY = 86400
# How long ago: from how many seconds on a unit is used, its size, its name.
_UNITS = ((1000 * DAY, 365 * DAY, "years"), (2 * DAY, DAY, "days"), (3600, 3600, "h"), (60, 60, "min"))
# Of two columns in terminals, though Unicode calls them neutral: numbers in circles, hexagrams.
_WIDE = re.compile("[\u3248-\u324f\u4dc0-\u4dff]")
# Vowels and finals of Hangul. They take no column of their own, so they are spelled out.
_JOINING = re.compile("[\u1160-\u11ff\ud7b0-\ud7c6\ud7cb-\ud7fb]")

_spelled_out: list[bool] = []


@contextmanager
def letters(known: bool) -> Iterator[None]:
    """While the block runs, what is not ASCII is spelled out, unless the terminal knows it."""
    mark = [] if known else [True]
    _spelled_out.extend(mark)
    try:
        yield
    finally:
        del _spelled_out[len(_spelled_out) - len(mark) :]


def clean(text: Any) -> str:
    """One line in which nothing can move the cursor, change colours or turn the direction of writing."""
    kept = []
    for char in unicodedata.normalize("NFC", str(text)):
        if char in "\t\n\r":
            kept.append(" ")
        elif _spelled_out and not char.isascii():
            kept.append(ascii(char)[1:-1])
        elif char.isprintable() and not (unicodedata.category(char)[0] == "M" or _JOINING.match(char)):
            kept.append(char)
        else:
            kept.append(ascii(char)[1:-1])
    return re.sub(r" {2,}", " ", "".join(kept)).strip()


def width(text: str) -> int:
    """Columns that a cleaned text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide + len(_WIDE.findall(text))


def cut(text: Any, columns: int) -> str:
    """A cleaned text of at most so many columns. Dots stand for what was cut off."""
    line = clean(text)
    if width(line) <= columns:
        return line
    taken, room = [], columns - 3
    for char in line:
        room -= width(char)
        if room < 0:
            break
        taken.append(char)
    return "".join(taken).rstrip() + "..."


def pad(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def _broken(line: str, columns: int) -> list[str]:
    """A cleaned text on as many lines as it takes, broken between words, and within one that is too long."""
    broken: list[str] = []
    while width(line) > columns:
        room = next(end for end in range(min(len(line), columns), 0, -1) if width(line[:end]) <= columns)
        gap = line.rfind(" ", 0, room + 1)
        broken.append(line[: gap if gap > 0 else room])
        line = line[gap + 1 if gap > 0 else room :]
    return [*broken, line] if line else broken


def wrap(text: Any, columns: int, lines: int) -> list[str]:
    """A cleaned text on at most so many lines. Where it is longer, its middle is left out: an errno, or the
    point, stands at the end as often as at the beginning.
    """
    whole = clean(text)
    broken = _broken(whole, columns)
    if len(broken) <= lines:
        return broken
    if lines < 2:
        return [cut(whole, columns)]
    ends, words = lines // 2, whole.split(" ")
    tail = ["..." + whole[-(columns // 2 - 3) :]]  # half as many, since characters may be wide
    for number in range(1, len(words)):
        last = _broken("... " + " ".join(words[-number:]), columns)
        if len(last) > ends:
            break
        tail = last
    return [*broken[: lines - len(tail)], *tail]


def names(items: Sequence[str], columns: int, lines: int = 1, hidden: int = 0) -> list[str]:
    """As many of the names as fit on the lines, then how many more there are. At least one line. hidden: how
    many more nobody has named.
    """
    left = [clean(item) for item in items]
    listed: list[str] = []
    while left and len(listed) < lines:
        last = len(listed) == lines - 1
        taken = used = 0
        for number, item in enumerate(left, 1):
            used += width(item) + (2 if number > 1 else 0)
            if used > columns:
                break
            if used + len(_more(len(left) - number + hidden, last)) <= columns:
                taken = number
        listed.append(
            (", ".join(left[:taken]) or cut(left[0], columns - (12 if len(left) > 1 else 0)))
            + _more(len(left) - (taken or 1) + hidden, last)
        )
        left = left[taken or 1 :]
    return listed or ["-"]


def _more(rest: int, last: bool) -> str:
    if not rest:
        return ""
    return " +%d more" % rest if last else ","


def moment(epoch: float | None, now: float) -> str:
    """Its clock, and how long ago it was: for what is read at once."""
    shown = clock(epoch, now)
    return shown if epoch is None or shown == "-" else "%s, %s" % (shown, ago(now - epoch))


def clock(epoch: float | None, now: float) -> str:
    """Local time of day, with the date when it was another day, "-" when nobody knows."""
    if epoch is None:
        return "-"
    try:
        then = datetime.fromtimestamp(epoch).astimezone()
        today = datetime.fromtimestamp(now).astimezone()
    except (OverflowError, OSError, ValueError):
        return "-"
    past = now - epoch
    if then.date() == today.date():
        return then.strftime("%H:%M:%S")
    if abs(past) >= 300 * DAY:
        return then.strftime("%Y-%m-%d")
    return then.strftime("%b %d" if abs(past) >= 10 * DAY else "%b %d %H:%M")


def ago(seconds: float) -> str:
    """As "8 min ago". The clock of a host may be ahead of ours: then as "in 8 min"."""
    size, unit = next((pair[1:] for pair in _UNITS if abs(seconds) >= pair[0]), (1, "s"))
    number = int(abs(seconds) // size)
    if unit == "s" and (seconds < 0 or number < 1):
        return "just now"
    span = "%d %s" % (number, unit)
    return span + " ago" if seconds > 0 else "in " + span


def plural(number: int, noun: str) -> str:
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")


def span(seconds: int) -> str:
    """900 as "15 min", 906 as "15 min 6 s": the two largest units. 90 stays "90 s"."""
    if 60 < seconds < 120:
        return "%d s" % seconds
    parts = list[str]()
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append("%d %s" % (number, unit + ("s" if unit == "day" and number > 1 else "")))
    return " ".join(parts[:2]) or "0 s"
