# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What readers of answers are made of: they let through plain types, in bounds, without hidden characters.

A reader takes a value and the name of its place, and returns a copy that is safe to keep.
It raises ``Mismatch`` where the value is of another kind, so that the error is that one host's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

MAX_TEXT = 1000
MAX_ITEMS = 200
MAX_NUMBER = 2**64
YEAR_9999 = 253402300799

Reader = Callable[[Any, str], Any]

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_MAYBE_HIDDEN = re.compile(r"[^\t\n -~]")


class Mismatch(ValueError):
    """A host answered something else than it was asked for. The message has no word of the host."""


class Limits(NamedTuple):
    """How large a value without a declared shape may be. text: of each text. chars: of all texts together."""

    depth: int
    values: int
    text: int
    chars: int


ARGUMENTS = Limits(depth=6, values=1000, text=MAX_TEXT, chars=100_000)


def _shown(match: re.Match[str]) -> str:
    char = match.group()
    if char.isprintable():
        return char
    return " " if char.isspace() else "?"


def clean(value: str) -> str:
    """The text as a plain ``str``: slicing through ``str`` sheds the engine's own kinds of string.

    Characters that act on a terminal, turn the direction of writing, or have no width are replaced. Tabs and
    ends of lines stay.
    """
    return _MAYBE_HIDDEN.sub(_shown, str.__getitem__(value, slice(None)))


def text(value: Any, where: str = "", limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise _other(value, where)
    return clean(value[:limit])


def identifier(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise Mismatch("%s is no identifier" % where) if isinstance(value, str) else _other(value, where)
    return clean(value)


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _other(value, where)
    return value


def number(value: Any, where: str, lowest: float = -MAX_NUMBER, highest: float = MAX_NUMBER) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _other(value, where)
    # An int is compared as it is: a very large one cannot become a float.
    if isinstance(value, float) and not math.isfinite(value) or not lowest <= value <= highest:
        raise Mismatch("%s is out of bounds" % where)
    return int(value) if isinstance(value, int) else float(value)


def integer(value: Any, where: str) -> int:
    if not isinstance(value, int):
        raise _other(value, where)
    return int(number(value, where))


def count(value: Any, where: str) -> int:
    return int(number(integer(value, where), where, 0))


def moment(value: Any, where: str) -> int | float:
    """Epoch seconds."""
    return number(value, where, 0, YEAR_9999)


def plain(value: Any, where: str, limits: Limits = ARGUMENTS) -> Any:
    """JSON data without a declared shape."""
    left = {"values": limits.values, "chars": limits.chars}

    def spend(what: str, amount: int) -> None:
        left[what] -= amount
        if left[what] < 0:
            raise Mismatch("%s is larger than %d %s" % (where, getattr(limits, what), what))

    def text_key(key: Any) -> str:
        if not isinstance(key, str):
            raise Mismatch("%s has a key that is no text" % where)
        return key

    def copy(item: Any, depth: int) -> Any:
        spend("values", 1)
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, int | float):
            return number(item, where)
        if isinstance(item, str):
            item = item[: limits.text]
            spend("chars", len(item))
            return clean(item)
        if not isinstance(item, Mapping | list | tuple):
            raise _other(item, where)
        if not depth:
            raise Mismatch("%s is nested deeper than %d levels" % (where, limits.depth))
        if isinstance(item, Mapping):
            # To the engine's JSON such a key gives a dict a type of its own.
            return {
                copy(text_key(key), 0): copy(value, depth - 1)
                for key, value in item.items()
                if not text_key(key).startswith("__ansible")
            }
        return [copy(value, depth - 1) for value in item]

    return copy(value, limits.depth)


def mapping(value: Any, where: str, limits: Limits = ARGUMENTS) -> dict[str, Any]:
    """A dict without a declared shape."""
    if not isinstance(value, Mapping):
        raise _other(value, where)
    copied: dict[str, Any] = plain(value, where or "it", limits)
    return copied


def optional(reader: Reader, absent: Any = None) -> Reader:
    """What stands for null, and for a field that is not there."""
    return lambda value, where: absent if value is None else reader(value, where)


def one_of(*words: str) -> Reader:
    def read(value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise _other(value, where)
        # Ours is returned, not the host's: that may be one of the engine's own kinds of string.
        known = next((word for word in words if word == value), None)
        if known is None:
            raise Mismatch("%s is none of %s" % (where, ", ".join(words)))
        return known

    return read


def listed(reader: Reader, most: int = MAX_ITEMS) -> Reader:
    """A list of such values. What is beyond ``most`` is left out. Null stands for an empty list."""

    def read(value: Any, where: str) -> list[Any]:
        if value is not None and not isinstance(value, list | tuple):
            raise _other(value, where)
        return [reader(item, "%s[%d]" % (where, number)) for number, item in enumerate((value or ())[:most])]

    return read


def record(**fields: Reader) -> Reader:
    """A dict with these fields. Others are left out."""

    def read(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _other(value, where)
        return {
            name: reader(value.get(name), "%s.%s" % (where, name) if where else name)
            for name, reader in fields.items()
        }

    return read


_KINDS: tuple[tuple[Any, str], ...] = (
    (type(None), "missing"),
    (bool, "true or false"),
    (int | float, "a number"),
    (str, "a text"),
    (Mapping, "a dict"),
    (list | tuple, "a list"),
)


def _other(value: Any, where: str) -> Mismatch:
    kind = next((word for kinds, word in _KINDS if isinstance(value, kinds)), "of no kind that JSON has")
    return Mismatch("%s is %s" % (where or "it", kind))
