# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what may be done about alerts. A word that it does not know is an error that says where. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import DISRUPTIONS, RISKS

from ..answers.untrusted import clean
from ..gate.policy_words import WORDS
from ..shapes.alerts import AlertPolicy, AlertRule, Throttle

ROOT = "respond_policy"
DECISIONS = ("mend", "ask", "leave")
IDS = ("cause", "reason", "severity", "confidence")
PATTERNS = ("alert", "host", "site", "pool")
CHOICES = {"max_risk": RISKS, "max_disruption": DISRUPTIONS}
# What a rule allows that does not say more.
LIMITS: AlertRule = {"max_risk": "low", "max_disruption": "none", "max_cut": 0}
THROTTLE: Throttle = {"host_responses": 4, "host_seconds": 3600, "fleet_mends": 3, "fleet_seconds": 900}


class PolicyError(ValueError):
    """The message names the place in the policy, and what may stand there."""


def read(value: Any) -> AlertPolicy:
    """Raises PolicyError."""
    entry = _record({} if value in (None, "") else value, ROOT, ("rules", "throttle"))
    rules = [] if entry.get("rules") is None else entry["rules"]
    if not isinstance(rules, list | tuple):
        raise PolicyError("%s.rules must be a list, not %s" % (ROOT, _shown(rules)))
    throttle = _record(entry.get("throttle") or {}, ROOT + ".throttle", tuple(THROTTLE))
    read_throttle = {
        name: _count(throttle.get(name, default), "%s.throttle.%s" % (ROOT, name))
        for name, default in cast(dict[str, int], THROTTLE).items()
    }
    return {
        "rules": [_rule(item, "%s.rules[%d]" % (ROOT, number)) for number, item in enumerate(rules)],
        "throttle": cast(Throttle, read_throttle),
        "wrong": "",
    }


def read_or_ask(value: Any) -> AlertPolicy:
    """One that cannot be read lets nothing be mended. Hosts are still looked at, and a person is asked: an
    alert that fires must not be lost by a typing mistake.
    """
    try:
        return read(value)
    except PolicyError as error:
        return {"rules": [], "throttle": THROTTLE, "wrong": str(error)}


def _shown(value: Any) -> str:
    return clean(str(value))[:80]


def _record(value: Any, place: str, known: Sequence[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError("%s must be a dict, not %s" % (place, _shown(value)))
    for name in value:
        if name not in known:
            raise PolicyError("%s.%s: there is no such key%s" % (place, _shown(name), _near(name, known)))
    return value


def _near(word: Any, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(word), known, 1)
    if near:
        return ", did you mean %s?" % near[0]
    return " (%s)" % ", ".join(known) if len(known) <= 12 else ", see docs/alert_policy.schema.json"


def _count(value: Any, place: str) -> int:
    """Extra variables are often texts."""
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise PolicyError("%s must be a whole number from 0 on, not %s" % (place, _shown(value)))
    return int(digits)


def _choice(value: Any, known: Sequence[str], place: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise PolicyError("%s must be one of %s, not %s" % (place, ", ".join(known), _shown(value)))
    return str(value)


def _words(value: Any, place: str) -> list[str]:
    words = list(value) if isinstance(value, list | tuple) else [value]
    if not words or not all(isinstance(word, str) and word for word in words):
        raise PolicyError("%s must be a word or a list of words, not %s" % (place, _shown(value)))
    return [clean(word) for word in words]


def _rule(value: Any, place: str) -> AlertRule:
    entry = _record(value, place, ("decision", *IDS, *PATTERNS, *LIMITS))
    found: dict[str, Any] = {
        "decision": _choice(entry.get("decision"), DECISIONS, place + ".decision"),
        **{name: _words(entry[name], "%s.%s" % (place, name)) for name in (*IDS, *PATTERNS) if name in entry},
    }
    for name in IDS:
        for word in found.get(name, ()):
            if word not in WORDS[name]:
                near = _near(word, tuple(WORDS[name]))
                raise PolicyError("%s.%s: there is no %s called %s%s" % (place, name, name, word, near))
    for name, known in CHOICES.items():
        if name in entry:
            found[name] = _choice(entry[name], known, "%s.%s" % (place, name))
    if "max_cut" in entry:
        found["max_cut"] = _count(entry["max_cut"], place + ".max_cut")
    limits = [name for name in LIMITS if name in entry]
    if limits and found["decision"] != "mend":
        raise PolicyError("%s.%s goes with decision: mend alone" % (place, limits[0]))
    return cast(AlertRule, found)
