# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what may be done about alerts. A word that it does not know is an error that says where. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import DISRUPTIONS, RISKS

from ..answers.policy_values import PolicyError, count, items, record, shown, words, words_of
from ..gate.policy_words import WORDS
from ..shapes.alerts import AlertPolicy, AlertRule, Throttle

ROOT, SCHEMA = "respond_policy", "docs/alert_policy.schema.json"
DECISIONS = ("mend", "ask", "leave")
IDS = ("cause", "reason", "severity", "confidence")
PATTERNS = ("alert", "host", "site", "pool")
CHOICES = {"max_risk": RISKS, "max_disruption": DISRUPTIONS}
# What a rule allows that does not say more.
LIMITS: AlertRule = {"max_risk": "low", "max_disruption": "none", "max_cut": 0}
THROTTLE: Throttle = {"host_responses": 4, "host_seconds": 3600, "fleet_mends": 3, "fleet_seconds": 900}


def read(value: Any) -> AlertPolicy:
    """Raises PolicyError."""
    entry = record({} if value in (None, "") else value, ROOT, ("rules", "throttle"), SCHEMA)
    throttle = record(entry.get("throttle") or {}, ROOT + ".throttle", tuple(THROTTLE), SCHEMA)
    read_throttle = {
        name: count(throttle.get(name, default), "%s.throttle.%s" % (ROOT, name))
        for name, default in cast(dict[str, int], THROTTLE).items()
    }
    return {
        "rules": [_rule(item, place) for item, place in items(entry.get("rules"), ROOT + ".rules")],
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


def _choice(value: Any, known: Sequence[str], place: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise PolicyError("%s must be one of %s, not %s" % (place, ", ".join(known), shown(value)))
    return str(value)


def _rule(value: Any, place: str) -> AlertRule:
    entry = record(value, place, ("decision", *IDS, *PATTERNS, *LIMITS), SCHEMA)
    found: dict[str, Any] = {
        "decision": _choice(entry.get("decision"), DECISIONS, place + ".decision"),
        **words_of(entry, place, {name: WORDS[name] for name in IDS}, SCHEMA),
        **{name: words(entry[name], "%s.%s" % (place, name)) for name in PATTERNS if name in entry},
    }
    for name, known in CHOICES.items():
        if name in entry:
            found[name] = _choice(entry[name], known, "%s.%s" % (place, name))
    if "max_cut" in entry:
        found["max_cut"] = count(entry["max_cut"], place + ".max_cut")
    limits = [name for name in LIMITS if name in entry]
    if limits and found["decision"] != "mend":
        raise PolicyError("%s.%s goes with decision: mend alone" % (place, limits[0]))
    return cast(AlertRule, found)
