# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judges what a gate has seen, by its policy. Pure.

Each thing is decided by the first rule that fits it, the user's before the default ones. Then waivers let
pass what they name, and thresholds tolerate some of what fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from fnmatch import fnmatchcase

from ..answers.bounds import DECISIONS
from ..answers.complaints import harmless
from ..reports.remedies import full_name
from ..reports.saturation import loads
from ..shapes.gate import Decision, Gate, Match, Phase, Policy, Reason, Waiver
from ..sites import sites_of
from ..terminal.text import names as names_of
from ..terminal.text import plural
from .looks import Looks
from .observed import Seen, observed, sign
from .policy_words import DEFAULT_RULES, SIGNS, WORDS


def judge(
    looks: Looks,
    policy: Policy,
    now: float,
    batch: Sequence[str],
    phase: Phase = "after",
    fleet: int | None = None,
) -> Gate:
    """batch: the hosts that are judged. fleet: number of hosts of the play, for the thresholds."""
    today = datetime.fromtimestamp(now, timezone.utc).strftime("%Y-%m-%d")
    pairs = [(seen, _reason(seen, policy, today)) for seen in observed(looks, batch)]
    others = [name for name in looks.report["hosts"] if name not in set(batch)]
    earlier = observed(looks, others) if others else []
    ill_before = _ill(_reason(seen, policy, today) for seen in earlier)
    reasons = [reason for _seen, reason in pairs]
    _tolerate(reasons, policy, ill_before, fleet or len(looks.report["hosts"]))
    known = set(looks.report["hosts"]) | set(looks.before["hosts"] if looks.before else ())
    whole = len(known) >= (fleet or 0)
    reasons += _of_fleet(looks, policy, today, [seen for seen, _reason_ in pairs], earlier, whole)
    order = {word: number for number, word in enumerate(DECISIONS)}
    reasons.sort(key=lambda reason: order[reason["decision"]])
    decisions = [reason["decision"] for reason in reasons]
    gate: Gate = {
        "phase": phase,
        "verdict": next((word for word in DECISIONS if word in decisions), "pass"),
        "summary": "",
        "since": looks.since,
        "baseline": looks.baseline.path if looks.baseline else None,
        "judged": len(batch),
        "ill": sorted(_ill(reasons)),
        "lost": sum(seen.lost for seen, _reason_ in pairs) if looks.since is not None else None,
        "counts": {word: decisions.count(word) for word in DECISIONS},
        "reasons": reasons,
        "own": None,
    }
    gate["summary"] = _summary(gate)
    return gate


def _ill(reasons: Iterable[Reason]) -> set[str]:
    return {reason["host"] for reason in reasons if reason["decision"] == "fail" and reason["host"]}


# ------------------------------------------------------------------------------------------ one thing


def fits(seen: Seen, match: Match, every_site: bool) -> bool:
    """Whether a rule or a waiver is about this. every_site: it must be about all sites that are concerned."""
    wanted: Mapping[str, object] = match
    for name in WORDS:
        words = wanted.get(name)
        if isinstance(words, list) and getattr(seen, name) not in words:
            return False
    if match.get("new") is not None and seen.new is not match["new"]:
        return False
    if "pool" in match and not _any_fits([seen.pool], match["pool"]):
        return False
    if "host" in match and not _any_fits([seen.host], match["host"]):
        return False
    if "site" not in match:
        return True
    fit = [_any_fits([site], match["site"]) for site in seen.sites]
    if every_site:
        # Of those that are not named, only all can be meant.
        return any(fit) and all(fit) and (not seen.sites_left or "*" in match["site"])
    return any(fit) or seen.sites_left > 0


def _any_fits(values: Iterable[str | None], patterns: Sequence[str]) -> bool:
    return any(value is not None and fnmatchcase(value, pattern) for value in values for pattern in patterns)


def in_scope(seen: Seen, policy: Policy) -> bool:
    """Only what is known to be about other sites, or other pools, is outside. A pool whose configuration is
    refused takes all pools of its master down.
    """
    sites, pools = policy["scope"]["sites"], policy["scope"]["pools"]
    named: list[bool] = []
    if sites and seen.sites:
        named.append(_any_fits(seen.sites, sites) or seen.sites_left > 0)
    if pools and seen.pool is not None and seen.reason != "config_refused":
        named.append(_any_fits([seen.pool], pools))
    return any(named) or not named


def decision(seen: Seen, policy: Policy) -> Decision:
    """What is tolerated for one site is not tolerated where it harms another one too."""
    return next(
        rule["decision"]
        for rule in (*policy["rules"], *DEFAULT_RULES)
        if fits(seen, rule, every_site=rule["decision"] != "fail")
    )


def _reason(seen: Seen, policy: Policy, today: str) -> Reason:
    decided, waiver, why = decision(seen, policy), None, seen.why
    if not in_scope(seen, policy):
        decided, why = "pass", "outside the scope: " + why
    elif decided == "fail":
        waived = next((item for item in policy["waivers"] if fits(seen, item, every_site=True)), None)
        if waived is not None:
            over = waived["until"] < today
            waiver = _words_of(waived, over)
            decided = "fail" if over else "pass"
    return {
        "host": seen.host,
        "site": seen.sites[0] if seen.sites else None,
        "pool": seen.pool,
        "cause": seen.cause,
        "reason": seen.reason,
        "decision": decided,
        "new": seen.new,
        "why": harmless(why),
        "fix": harmless(seen.fix),
        "waiver": waiver,
    }


def _words_of(waiver: Waiver, over: bool) -> str:
    verb = "was waived by %s until %s, which is over: %s" if over else "waived by %s until %s: %s"
    return harmless(verb % (waiver["who"], waiver["until"], waiver["why"]))


# ------------------------------------------------------------------------------------------ all together


def _tolerate(reasons: Iterable[Reason], policy: Policy, before: Collection[str], fleet: int) -> None:
    """Where few enough hosts fail, they are only warned of."""
    thresholds = policy["thresholds"]
    if "hosts" not in thresholds and "hosts_percent" not in thresholds:
        return
    found = list(reasons)
    count = len(_ill(found) | set(before))
    if count > thresholds.get("hosts", fleet) or count * 100 > thresholds.get("hosts_percent", 100) * fleet:
        return
    for reason in found:
        if reason["decision"] == "fail":
            reason["decision"] = "warn"
            reason["why"] = harmless(
                "tolerated, %d of %s: %s" % (count, plural(fleet, "host"), reason["why"])
            )


def _of_fleet(
    looks: Looks,
    policy: Policy,
    today: str,
    all_seen: Sequence[Seen],
    earlier: Sequence[Seen],
    whole: bool,
) -> list[Reason]:
    """What is about no single host. What is here is never tolerated. earlier: of batches before this one.
    whole: all hosts are in the report.
    """
    seen: list[Seen] = []
    for number, waiver in enumerate(policy["waivers"]):
        if waiver["until"] < today:
            words = (number, waiver["who"], waiver["until"], waiver["why"])
            why = "gate_policy.waivers[%d] of %s was for the time until %s: %s" % words
            seen.append(sign(None, "waiver_expired", None, why, "renew it or remove it"))
    empty = _empty_scope(looks, policy, whole)
    if empty:
        why = "no site and no pool that was seen on these hosts is called %s" % names_of(empty, 200)[0]
        fix = "look at gate_policy.scope, and leave gate_snapshot true: snapshots tell the names"
        seen.append(sign(None, "scope_empty", None, why, fix))
    if whole and all(entry["status"] == "not_applicable" for entry in looks.report["hosts"].values()):
        why = "nginx passes nothing to php-fpm on any of these hosts, so there is nothing to judge"
        severity = "warning" if looks.since is None else "critical"
        fix = "look whether these are the hosts of the deploy"
        seen.append(sign(None, "nothing_served", None, why, fix, severity=severity))
    inside = [item for item in all_seen if in_scope(item, policy)]
    lost = sum(item.lost for item in inside)
    if lost:
        why = "%s lost since the deploy began" % plural(lost, "request")
        seen.append(sign(None, "requests_lost", None, why))
    lost_before = sum(item.lost for item in earlier if in_scope(item, policy))
    return [*(_reason(item, policy, today) for item in seen), *_beyond(policy, inside, lost_before)]


def _beyond(policy: Policy, inside: Sequence[Seen], lost_before: int) -> list[Reason]:
    """Each host that has a part in more requests than a threshold accepts. lost_before: what the deploy has
    cost in earlier batches.
    """
    reasons: list[Reason] = []
    for name, cause, what in (
        ("lost_requests", "requests_lost", "lost since the deploy began"),
        ("cut_requests", "reload_cuts", "would be cut by a reload now"),
    ):
        parts: dict[str, int] = {}
        for item in inside:
            number = item.lost if name == "lost_requests" else item.cut
            if item.host and number:
                parts[item.host] = parts.get(item.host, 0) + number
        total = sum(parts.values()) + (lost_before if name == "lost_requests" else 0)
        limit = policy["thresholds"].get(name)
        if not isinstance(limit, int):
            continue
        if name == "cut_requests":
            reasons += [
                {**_reason(item, policy, ""), "decision": "fail"} for item in inside if item.cut is None
            ]
        if total <= limit:
            continue
        for host, number in parts.items():
            words = (number, plural(total, "request"), what, limit)
            why = "%d of %s %s, and gate_policy.thresholds accepts %d" % words
            reasons.append({**_reason(sign(host, cause, None, why), policy, ""), "decision": "fail"})
    return reasons


def _empty_scope(looks: Looks, policy: Policy, whole: bool) -> list[str]:
    """The patterns of the scope that fit nothing: a typing mistake would let pass what it was meant for. Only
    snapshots tell all sites and pools. Until all hosts are in the report, one that fits is enough.
    """
    scope = policy["scope"]
    reports = [looks.report, *([looks.before] if looks.before else [])]
    entries = [entry for report in reports for entry in report["hosts"].values() if "snapshot" in entry]
    if not scope["sites"] and not scope["pools"]:
        return []
    if not entries:
        return [*scope["sites"], *scope["pools"]]
    sites = {site for entry in entries for site in sites_of(entry)}
    sites |= {name for entry in entries for item in entry["findings"] for name in item["sites"]}
    pools = {key.pool for entry in entries for key in loads(entry) or {}}
    empty = [name for name in scope["sites"] if not _any_fits(sites, [name])]
    empty += [name for name in scope["pools"] if not _any_fits(pools, [name])]
    return empty if whole or len(empty) == len(scope["sites"]) + len(scope["pools"]) else []


def _summary(gate: Gate) -> str:
    """The verdict in one line."""
    counts, word = gate["counts"], {"fail": "CLOSED", "warn": "open, with warnings", "pass": "open"}
    lost = ", %s lost since the deploy began" % plural(gate["lost"], "request") if gate["lost"] else ""
    ill = (
        ", %s: %s" % (plural(len(gate["ill"]), "ill host"), names_of(gate["ill"], 60)[0])
        if gate["ill"]
        else ""
    )
    return harmless(
        "Gate %s: %s. %s judged%s; %d fail, %d warn, %d pass%s."
        % (
            gate["phase"], word[gate["verdict"]], plural(gate["judged"], "host"), ill,
            counts["fail"], counts["warn"], counts["pass"], lost,
        )
    )  # fmt: skip


def complaints(gate: Gate, batch: Sequence[str]) -> dict[str, str]:
    """Why each host fails, by host. For what is about the fleet no single host is to blame, so all fail."""
    found: dict[str, list[str]] = {}
    for reason in gate["reasons"]:
        if reason["decision"] == "fail":
            for host in [reason["host"]] if reason["host"] else batch:
                found.setdefault(host, []).append(message(reason))
    return {
        host: harmless("%s%s" % (first, " And %d more, see the report." % len(more) if more else ""))
        for host, (first, *more) in found.items()
    }


def message(reason: Reason) -> str:
    """One reason for a person."""
    title = SIGNS[reason["cause"]].title + ": " if reason["cause"] in SIGNS else ""
    name = full_name(reason) + (", new" if reason["new"] else "")
    parts = ["%s%s (%s)." % (title, reason["why"].rstrip("."), name)]
    if reason["fix"]:
        parts.append("Fix: %s" % reason["fix"])
    if reason["waiver"]:
        parts.append("It %s." % reason["waiver"].rstrip("."))
    return " ".join(parts)
