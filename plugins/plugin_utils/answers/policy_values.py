# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of a policy: of a gate, or of what may be done about alerts. Each raises PolicyError."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .untrusted import clean

FEW = 12  # words that an error lists


class PolicyError(ValueError):
    """The message names the place in the policy, and what may stand there."""


def shown(value: Any) -> str:
    return clean(str(value))[:80]


def record(value: Any, place: str, known: Iterable[str], schema: str) -> Mapping[str, Any]:
    """A dict of these keys. schema: the file that says what may stand there."""
    if not isinstance(value, Mapping):
        raise PolicyError("%s must be a dict, not %s" % (place, shown(value)))
    for name in value:
        if name not in known:
            raise PolicyError("%s.%s" % (place, unknown(name, tuple(known), "no such key", schema)))
    return value


def unknown(word: Any, known: tuple[str, ...], what: str, schema: str) -> str:
    near = difflib.get_close_matches(str(word), known, 1)
    if near:
        return "%s: there is %s, did you mean %s?" % (shown(word), what, near[0])
    listed = ", ".join(known) if len(known) <= FEW else "see " + schema
    return "%s: there is %s (%s)" % (shown(word), what, listed)


def items(value: Any, place: str) -> list[tuple[Any, str]]:
    """(what stands in the list, its place)"""
    value = [] if value is None else value
    if not isinstance(value, list | tuple):
        raise PolicyError("%s must be a list, not %s" % (place, shown(value)))
    return [(item, "%s[%d]" % (place, number)) for number, item in enumerate(value)]


def words(value: Any, place: str) -> list[str]:
    """One word, or a list of them."""
    found = list(value) if isinstance(value, list | tuple) else [value]
    for word in found:
        if not isinstance(word, str) or not word:
            raise PolicyError("%s must be a word or a list of words, not %s" % (place, shown(value)))
    if not found:
        raise PolicyError("%s is an empty list, which nothing fits" % place)
    return [clean(word) for word in found]


def words_of(
    entry: Mapping[str, Any], place: str, vocabulary: Mapping[str, tuple[str, ...]], schema: str
) -> dict[str, list[str]]:
    """Those keys of the entry of which the vocabulary has all words."""
    found: dict[str, list[str]] = {}
    for name, known in vocabulary.items():
        if name in entry:
            found[name] = words(entry[name], "%s.%s" % (place, name))
            for word in found[name]:
                if word not in known:
                    why = unknown(word, known, "no %s of this name" % name, schema)
                    raise PolicyError("%s.%s: %s" % (place, name, why))
    return found


def number(value: Any, kind: Callable[[Any], float], place: str) -> float:
    """One that is not below 0. Extra variables are often texts."""
    try:
        read = kind(value) if isinstance(value, int | float | str) and value is not True else -1
        exact = float(read) == float(value)
    except (TypeError, ValueError, OverflowError):
        read, exact = -1, False
    if isinstance(value, bool) or not exact or not read >= 0 or read == float("inf"):
        what = "whole number" if kind is int else "number"
        raise PolicyError("%s must be a %s from 0 on, not %s" % (place, what, shown(value)))
    return read


def count(value: Any, place: str) -> int:
    return int(number(value, int, place))
