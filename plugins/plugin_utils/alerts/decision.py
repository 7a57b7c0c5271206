# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decides by a policy what is done about a host. Where no rule fits, a person is asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.registry import CAUSES

from ..answers.complaints import harmless
from ..reports.remedies import WELL, full_name
from ..shapes.alerts import AlertDecision, AlertEvent, AlertPolicy, AlertRule, Judged
from ..shapes.plan import Planned
from ..shapes.report import Explained, HostEntry
from .policy import DECISIONS, DISRUPTIONS, IDS, LIMITS, RISKS, ROOT

_ENDPOINT = re.compile(r"[A-Za-z0-9_./@:\[\]-]*:[A-Za-z0-9_./@:\[\]-]+\Z", re.ASCII)
UNMENDABLE = "nothing that is safe to do would mend it"


def _hit(values: Sequence[str | None], patterns: Sequence[str], every: bool) -> bool | None:
    """Whether the patterns fit; None where that depends on what is not known."""
    known = [value for value in values if value is not None]
    hits = [any(fnmatchcase(value, pattern) for pattern in patterns) for value in known]
    if every and not all(hits):
        return False
    if any(hits) and not every:
        return True
    if len(known) < len(values):
        return None
    return bool(hits) and all(hits)


def _fits(rule: AlertRule, finding: Explained, host: str, event: AlertEvent) -> bool | None:
    """Of a rule that mends all sites must fit: what mends one of them changes the others."""
    wanted, known = cast(Mapping[str, Any], rule), cast(Mapping[str, Any], finding)
    if any(name in wanted and known[name] not in wanted[name] for name in IDS):
        return False
    named: dict[str, list[str | None]] = {
        "alert": [alert["name"] for alert in event["alerts"]],
        "host": [host],
        "pool": [finding["pool"]],
        "site": [*finding["sites"], *[None] * bool(finding["sites_left"])] or [finding["site"]],
    }
    every = rule["decision"] == "mend"
    hits = [
        _hit(values, wanted[name], every and name == "site")
        for name, values in named.items()
        if name in wanted
    ]
    if False in hits:
        return False
    return None if None in hits else True


def _by_rule(policy: AlertPolicy, finding: Explained, host: str, event: AlertEvent) -> tuple[AlertRule, str]:
    """The first rule that fits. Where nobody knows whether it does, no later one mends: a person is asked."""
    for number, rule in enumerate(policy["rules"]):
        fits, place = _fits(rule, finding, host, event), "%s.rules[%d]" % (ROOT, number)
        if fits:
            return rule, "%s says %s" % (place, rule["decision"])
        if fits is None and rule["decision"] != "mend":
            return {"decision": "ask"}, "%s may be about it, and nobody knows its pool, site or alert" % place
    if finding["state"] == "recovered":
        return {"decision": "leave"}, "it is over"
    return {"decision": "ask"}, policy["wrong"] or "no rule of %s is about it" % ROOT


def _beyond(rule: AlertRule, action: Planned) -> str:
    """Why a rule does not allow an action that it would be for; empty where it does."""
    limits = {**LIMITS, **rule}
    for name, scale, value in (
        ("max_risk", RISKS, action["risk"]),
        ("max_disruption", DISRUPTIONS, action["disruption"]),
    ):
        limit = cast(Mapping[str, Any], limits)[name]
        if scale.index(value) > scale.index(limit):
            return "%s of %s is %s, beyond %s: %s" % (name[4:], action["id"], value, name, limit)
    return ""


def decide(policy: AlertPolicy, entry: HostEntry, host: str, event: AlertEvent) -> AlertDecision:
    """What is done about the host that was looked at."""
    if entry.get("error") or entry["status"] in ("unknown", "unreachable", "not_applicable"):
        return _whole("ask", "%s: %s" % (entry["status"], entry.get("error") or _unseen(entry)), entry)
    rules = [_by_rule(policy, finding, host, event) for finding in entry["findings"]]
    judged: list[Judged] = [
        {"finding": number, "name": full_name(finding), "decision": rule["decision"], "why": why}
        for number, (finding, (rule, why)) in enumerate(zip(entry["findings"], rules, strict=True))
    ]
    for item, finding in zip(judged, entry["findings"], strict=True):
        why = _unfit(finding)
        if item["decision"] == "mend" and why:
            item["decision"], item["why"] = "ask", why
    allowed = _allowed(entry["plan"], judged, [rule for rule, _why in rules])
    decisions = [item["decision"] for item in judged]
    calm = "leave" if judged or entry["status"] in WELL else "ask"
    word = next((word for word in DECISIONS if word in decisions), calm)
    made = _whole(word, _summary(judged, entry["status"]), entry)
    made["judged"] = judged
    if allowed:
        mended = [number for number, item in enumerate(judged) if item["decision"] == "mend"]
        causes = {entry["findings"][number]["cause"] for number in mended}
        cuts = [cast(int, {**LIMITS, **rules[number][0]}["max_cut"]) for number in mended]
        made["only"] = list(dict.fromkeys(action["id"] for action in allowed))
        # The remediation looks again, and may find more than was decided on.
        made["only"] += dict.fromkeys(entry["findings"][number]["endpoint"] or "" for number in mended)
        made["skip"] = sorted({cause.id for cause in CAUSES} - causes)
        made["max_risk"] = max((action["risk"] for action in allowed), key=RISKS.index)
        made["max_disruption"] = max((action["disruption"] for action in allowed), key=DISRUPTIONS.index)
        made["max_cut"] = min(cuts)
    return made


def _unfit(finding: Explained) -> str:
    """Why it is not mended by an alert, whatever a rule says; empty where it may be."""
    if finding["state"] != "active":
        return "it is %s, and an alert mends only what is active" % finding["state"]
    # It is handed to the remediation, which would mend the same for all pools without one.
    endpoint = finding["endpoint"]
    if endpoint is None:
        return "it is of no endpoint, and an alert mends for one alone"
    return "" if _ENDPOINT.match(endpoint) else "its endpoint has no plain name"


def _refusal(action: Planned, judged: Sequence[Judged], rules: Sequence[AlertRule]) -> str:
    """Why an action is not allowed: all findings that it is for must be to mend, within their limits."""
    for number in action["findings"]:
        if judged[number]["decision"] != "mend":
            return "%s is also for %s, which is not to be mended" % (action["id"], judged[number]["name"])
        why = _beyond(rules[number], action)
        if why:
            return why
    return "" if action["findings"] else "%s is for no finding" % action["id"]


def _allowed(plan: Sequence[Planned], judged: Sequence[Judged], rules: Sequence[AlertRule]) -> list[Planned]:
    """The actions that may be done. What cannot be mended by them becomes a question.

    The remediation is told ids of actions, so one that is refused takes all of the same id with it. And a
    finding is mended by all of its actions or by none. Each round has fewer findings to mend.
    """
    while True:
        whys = [(action["id"], _refusal(action, judged, rules)) for action in plan]
        refused = {name: why for name, why in reversed(whys) if why}
        left = False
        for number, item in enumerate(judged):
            wanted = [action["id"] for action in plan if number in action["findings"]]
            why = next((refused[name] for name in wanted if name in refused), "" if wanted else UNMENDABLE)
            if item["decision"] == "mend" and why:
                item["decision"], item["why"] = "ask", why
                left = True
        if not left:
            return [action for action in plan if action["id"] not in refused]


def _whole(decision: str, why: str, entry: HostEntry) -> AlertDecision:
    return {
        "decision": decision,
        "why": harmless(why),
        "status": entry["status"],
        "judged": [],
        "only": [],
        "skip": [],
        "max_risk": "low",
        "max_disruption": "none",
        "max_cut": 0,
    }


def _unseen(entry: HostEntry) -> str:
    if entry["status"] == "not_applicable":
        return "no route from nginx to PHP-FPM was found there"
    missing = entry["missing"][0] if entry["missing"] else None
    return "%s could not be seen" % missing["what"] if missing else "it could not be looked at well enough"


def _summary(judged: Sequence[Judged], status: str) -> str:
    if not judged:
        return "the host is %s: nothing was found" % status
    words = {"mend": "mend %s", "ask": "ask a person about %s", "leave": "leave %s as it is"}
    parts = [
        words[word] % ", ".join(dict.fromkeys(item["name"] for item in judged if item["decision"] == word))
        for word in DECISIONS
        if any(item["decision"] == word for item in judged)
    ]
    return "%s: %s" % (status, "; ".join(parts))
