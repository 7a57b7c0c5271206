# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the policy of a gate. What it does not know is an error that names the place: a misspelt word must
not open a gate. Its contract is docs/policy.schema.json.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast

from ..answers.bounds import DECISIONS
from ..answers.untrusted import clean
from ..shapes.gate import Policy, Rule, Scope, Thresholds, Waiver
from .policy_words import PATTERNS, WORDS

ROOT = "gate_policy"
MATCHERS = (*WORDS, *PATTERNS, "new")
MOST_TEXT = 500
FIRST_YEAR = 2000  # an earlier end of a waiver is a typing mistake
COUNTS = ("hosts", "lost_requests", "cut_requests")


class PolicyError(ValueError):
    """The message names the place in the policy, and what may stand there."""


def read(value: Any) -> Policy:
    """Raises PolicyError."""
    entry = _record({} if value in (None, "") else value, ROOT, ("rules", "thresholds", "waivers", "scope"))
    return {
        "rules": [_rule(item, place) for item, place in _items(entry, "rules")],
        "thresholds": _thresholds(entry.get("thresholds")),
        "waivers": [_waiver(item, place) for item, place in _items(entry, "waivers")],
        "scope": _scope(entry.get("scope")),
    }


def _shown(value: Any) -> str:
    return clean(str(value))[:80]


def _record(value: Any, place: str, known: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError("%s must be a dict, not %s" % (place, _shown(value)))
    for name in value:
        if name not in known:
            raise PolicyError("%s.%s" % (place, _unknown(name, tuple(known), "no such key")))
    return value


def _unknown(word: Any, known: tuple[str, ...], what: str) -> str:
    near = difflib.get_close_matches(str(word), known, 1)
    if near:
        return "%s: there is %s, did you mean %s?" % (_shown(word), what, near[0])
    listed = ", ".join(known) if len(known) <= 12 else "see docs/policy.schema.json"
    return "%s: there is %s (%s)" % (_shown(word), what, listed)


def _items(entry: Mapping[str, Any], name: str) -> list[tuple[Any, str]]:
    value = [] if entry.get(name) is None else entry[name]
    if not isinstance(value, list | tuple):
        raise PolicyError("%s.%s must be a list, not %s" % (ROOT, name, _shown(value)))
    return [(item, "%s.%s[%d]" % (ROOT, name, number)) for number, item in enumerate(value)]


def _words(value: Any, place: str) -> list[str]:
    """One word, or a list of them."""
    words = list(value) if isinstance(value, list | tuple) else [value]
    for word in words:
        if not isinstance(word, str) or not word:
            raise PolicyError("%s must be a word or a list of words, not %s" % (place, _shown(value)))
    if not words:
        raise PolicyError("%s is an empty list, which nothing fits" % place)
    return [clean(word) for word in words]


def _matchers(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, known in WORDS.items():
        if name in entry:
            found[name] = _words(entry[name], "%s.%s" % (place, name))
            for word in found[name]:
                if word not in known:
                    raise PolicyError(
                        "%s.%s: %s" % (place, name, _unknown(word, known, "no %s of this name" % name))
                    )
    for name in PATTERNS:
        if name in entry:
            found[name] = _words(entry[name], "%s.%s" % (place, name))
    if "new" in entry:
        if not isinstance(entry["new"], bool):
            raise PolicyError("%s.new must be true or false, not %s" % (place, _shown(entry["new"])))
        found["new"] = entry["new"]
    return found


def _rule(value: Any, place: str) -> Rule:
    entry = _record(value, place, (*MATCHERS, "decision"))
    decision = entry.get("decision")
    if decision not in DECISIONS:
        raise PolicyError("%s.decision must be one of %s" % (place, ", ".join(DECISIONS)))
    return cast(Rule, {**_matchers(entry, place), "decision": str(decision)})


def _waiver(value: Any, place: str) -> Waiver:
    entry = _record(value, place, (*MATCHERS, "who", "why", "until"))
    found = _matchers(entry, place)
    if not {"cause", "site", "pool", "host"} & set(found):
        raise PolicyError("%s must name a cause, a site, a pool or a host: it would let all pass" % place)
    for name in ("who", "why"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise PolicyError("%s.%s must be a text" % (place, name))
        found[name] = clean(entry[name])[:MOST_TEXT]
    return cast(Waiver, {**found, "until": _day(entry.get("until"), place)})


def _day(value: Any, place: str) -> str:
    """The day alone. YAML makes a date of what is not quoted. Days are compared as texts, so all have four
    digits of a year.
    """
    try:
        day = value if isinstance(value, date) else datetime.strptime(str(value)[:10], "%Y-%m-%d")
    except ValueError:
        day = date.min
    if day.year < FIRST_YEAR:
        raise PolicyError("%s.until must be a day such as 2026-12-31, not %s" % (place, _shown(value)))
    return day.isoformat()[:10]


def _thresholds(value: Any) -> Thresholds:
    place = ROOT + ".thresholds"
    entry = _record({} if value is None else value, place, (*COUNTS, "hosts_percent"))
    found: dict[str, float] = {
        name: int(_number(entry[name], int, "%s.%s" % (place, name))) for name in COUNTS if name in entry
    }
    if "hosts_percent" in entry:
        percent = _number(entry["hosts_percent"], float, place + ".hosts_percent")
        if percent > 100:
            raise PolicyError("%s.hosts_percent must be at most 100" % place)
        found["hosts_percent"] = percent
    return cast(Thresholds, found)


def _number(value: Any, kind: Callable[[Any], float], place: str) -> float:
    """A number that is not below 0. Extra variables are often texts."""
    try:
        number = kind(value) if isinstance(value, int | float | str) and value is not True else -1
        exact = float(number) == float(value)
    except (ValueError, OverflowError):
        number, exact = -1, False
    if isinstance(value, bool) or not exact or not number >= 0 or number == float("inf"):
        raise PolicyError("%s must be a number from 0 on, not %s" % (place, _shown(value)))
    return number


def _scope(value: Any) -> Scope:
    place = ROOT + ".scope"
    entry = _record({} if value is None else value, place, ("sites", "pools"))
    sites, pools = (
        _words(entry[name], "%s.%s" % (place, name)) if name in entry else [] for name in ("sites", "pools")
    )
    return {"sites": sites, "pools": pools}
