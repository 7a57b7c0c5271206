# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the policy of a gate. What it does not know is an error that names the place: a misspelt word must
not open a gate. Its contract is docs/policy.schema.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from ..answers.bounds import DECISIONS
from ..answers.policy_values import PolicyError, count, items, number, record, shown, words, words_of
from ..answers.untrusted import clean
from ..shapes.gate import Policy, Rule, Scope, Thresholds, Waiver
from .policy_words import PATTERNS, WORDS

ROOT, SCHEMA = "gate_policy", "docs/policy.schema.json"
MATCHERS = (*WORDS, *PATTERNS, "new")
MOST_TEXT = 500
FIRST_YEAR = 2000  # an earlier end of a waiver is a typing mistake
COUNTS = ("hosts", "lost_requests", "cut_requests")


def read(value: Any) -> Policy:
    """Raises PolicyError."""
    entry = record(
        {} if value in (None, "") else value, ROOT, ("rules", "thresholds", "waivers", "scope"), SCHEMA
    )
    return {
        "rules": [_rule(item, place) for item, place in items(entry.get("rules"), ROOT + ".rules")],
        "thresholds": _thresholds(entry.get("thresholds")),
        "waivers": [_waiver(item, place) for item, place in items(entry.get("waivers"), ROOT + ".waivers")],
        "scope": _scope(entry.get("scope")),
    }


def _matchers(entry: Mapping[str, Any], place: str) -> dict[str, Any]:
    found: dict[str, Any] = {**words_of(entry, place, WORDS, SCHEMA)}
    for name in PATTERNS:
        if name in entry:
            found[name] = words(entry[name], "%s.%s" % (place, name))
    if "new" in entry:
        if not isinstance(entry["new"], bool):
            raise PolicyError("%s.new must be true or false, not %s" % (place, shown(entry["new"])))
        found["new"] = entry["new"]
    return found


def _rule(value: Any, place: str) -> Rule:
    entry = record(value, place, (*MATCHERS, "decision"), SCHEMA)
    decision = entry.get("decision")
    if decision not in DECISIONS:
        raise PolicyError("%s.decision must be one of %s" % (place, ", ".join(DECISIONS)))
    return cast(Rule, {**_matchers(entry, place), "decision": str(decision)})


def _waiver(value: Any, place: str) -> Waiver:
    entry = record(value, place, (*MATCHERS, "who", "why", "until"), SCHEMA)
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
        raise PolicyError("%s.until must be a day such as 2026-12-31, not %s" % (place, shown(value)))
    return day.isoformat()[:10]


def _thresholds(value: Any) -> Thresholds:
    place = ROOT + ".thresholds"
    entry = record({} if value is None else value, place, (*COUNTS, "hosts_percent"), SCHEMA)
    found: dict[str, float] = {
        name: count(entry[name], "%s.%s" % (place, name)) for name in COUNTS if name in entry
    }
    if "hosts_percent" in entry:
        percent = number(entry["hosts_percent"], float, place + ".hosts_percent")
        if percent > 100:
            raise PolicyError("%s.hosts_percent must be at most 100" % place)
        found["hosts_percent"] = percent
    return cast(Thresholds, found)


def _scope(value: Any) -> Scope:
    place = ROOT + ".scope"
    entry = record({} if value is None else value, place, ("sites", "pools"), SCHEMA)
    sites, pools = (
        words(entry[name], "%s.%s" % (place, name)) if name in entry else [] for name in ("sites", "pools")
    )
    return {"sites": sites, "pools": pools}
