# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares two reports of a fleet: what is new, what is gone, what was lost since. Pure.

A host that could not be looked at proves nothing. What was found on it before is unknown, not gone.
After a remediation, what counts is what it left.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from ..answers.bounds import SEVERITIES, STATUSES, UNSEEN
from ..shapes.changes import Changed, Changes, HostChange, Lost
from ..shapes.report import Explained, HostEntry, Report
from ..shapes.shape import Status
from .remedies import identity, open_findings
from .saturation import saturation

# How much a state of a finding matters. None: it was not found.
WEIGHT = {None: 0, "recovered": 1, "latent": 2, "active": 3}
OPEN = 2


class Match(NamedTuple):
    """A finding in both reports; None where one has it not."""

    host: str
    before: Explained | None
    after: Explained | None


class Step(NamedTuple):
    """Of a timeline. begin, end: epoch seconds."""

    begin: float
    end: float
    lost: int


def changes(before: Report, after: Report, since: float | None = None) -> Changes:
    """What `after` says that `before` did not. since: epoch seconds from which lost requests count; None for
    the time of `before`.
    """
    matches = [match for host in _names(before, after) for match in _matched(host, before, after)]
    lists: dict[str, list[Changed]] = {"new": [], "gone": [], "same": [], "unknown": [], "": []}
    for match in matches:
        changed = _changed(match, _looked(before, match.host) and _looked(after, match.host))
        lists[_list_of(changed, _looked(after, match.host))].append(changed)
    loads, unknown_loads = saturation(before, after)
    return {
        "before": before["generated_at"],
        "after": after["generated_at"],
        "new": lists["new"],
        "gone": lists["gone"],
        "same": lists["same"],
        "unknown": lists["unknown"],
        "came": [host for host in after["hosts"] if host not in before["hosts"]],
        "went": [host for host in before["hosts"] if host not in after["hosts"]],
        "hosts": _status_changes(before, after),
        "lost": _lost(matches, before, after, epoch(before["generated_at"]) if since is None else since),
        "saturation": loads,
        "saturation_unknown": unknown_loads,
    }


def epoch(generated_at: str) -> float:
    """Epoch seconds of a report's time."""
    return datetime.strptime(generated_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()


def _names(before: Report, after: Report) -> Iterable[str]:
    return dict.fromkeys([*after["hosts"], *before["hosts"]])


# ------------------------------------------------------------------------------------------ which is which


def _place(finding: Explained) -> Hashable:
    """All of its identity but the sites: which of them is the first may be another one next time."""
    return finding["cause"], finding["reason"], finding["endpoint"], finding["pool"]


# Two findings are one where the first of these is equal that is equal for any. Counts, times, pids and
# words are in none of them.
KEYS: Sequence[Callable[[Explained], Hashable]] = (identity, lambda finding: identity(finding)[:4], _place)


def _share_a_site(finding: Explained, other: Explained) -> bool:
    sites, others = set(finding["sites"]), set(other["sites"])
    return not sites or not others or bool(sites & others)


def _matched(host: str, before: Report, after: Report) -> list[Match]:
    """The findings of a host in both reports, in the order of the later one."""
    left = _findings(before["hosts"].get(host))
    now = _findings(after["hosts"].get(host))
    partner: dict[int, Explained] = {}
    for key in KEYS:
        for number, finding in enumerate(now):
            if number in partner:
                continue
            for place, earlier in enumerate(left):
                if key(earlier) == key(finding) and (key is not _place or _share_a_site(earlier, finding)):
                    partner[number] = left.pop(place)
                    break
    return [
        *(Match(host, partner.get(number), finding) for number, finding in enumerate(now)),
        *(Match(host, earlier, None) for earlier in left),
    ]


def _findings(entry: HostEntry | None) -> list[Explained]:
    return open_findings(entry) if entry else []


# ------------------------------------------------------------------------------------------ what is new


def _looked(report: Report, host: str) -> bool:
    """Whether a report can say that something is not on a host."""
    entry = report["hosts"].get(host)
    return entry is not None and entry["status"] not in UNSEEN


def _changed(match: Match, looked: bool) -> Changed:
    finding = match.after or match.before
    if finding is None:
        raise ValueError("a match of nothing")
    return {
        "host": match.host,
        "cause": finding["cause"],
        "reason": finding["reason"],
        "site": finding["site"],
        "endpoint": finding["endpoint"],
        "pool": finding["pool"],
        "sites": finding["sites"],
        "sites_left": finding["sites_left"],
        "severity": finding["severity"],
        "was": match.before["state"] if match.before else None,
        "now": match.after["state"] if match.after else None,
        "was_severity": match.before["severity"] if match.before else None,
        "was_sites": _sites(match.before) if match.before else [],
        "was_sites_left": match.before["sites_left"] if match.before else 0,
        "looked": looked,
        "since": finding["since"],
        "lost_before": match.before["count"] if match.before else 0,
        "lost_after": match.after["count"] if match.after else 0,
        "lost_in_both": _lost_in_both(match),
        "title": finding["title"],
        "fix": finding["fix"],
    }


def _sites(finding: Explained | Changed) -> list[str]:
    return finding["sites"] or ([finding["site"]] if finding["site"] else [])


def is_worse(changed: Changed) -> bool:
    """Whether a finding of both reports is more severe now, or about a site that it was not about before."""
    was = changed["was_severity"]
    if was is not None and SEVERITIES.index(changed["severity"]) < SEVERITIES.index(was):
        return True
    before, after, left_before = set(changed["was_sites"]), set(_sites(changed)), changed["was_sites_left"]
    if len(after) + changed["sites_left"] > len(before) + left_before:
        return True
    # So many of them may have been among the others.
    return len(after - before) > left_before


def _list_of(changed: Changed, looked_after: bool) -> str:
    """The list of Changes that a finding belongs to; "" for one that was over before and is not seen now."""
    was, now = WEIGHT[changed["was"]], WEIGHT[changed["now"]]
    if changed["now"] is None and was < OPEN:
        return ""
    if changed["now"] is None and not looked_after:
        return "unknown"
    if now < OPEN <= was:
        return "gone"
    return "new" if was < now and (was < OPEN or changed["now"] == "active") else "same"


def _status_changes(before: Report, after: Report) -> list[HostChange]:
    found: list[HostChange] = [
        {"host": host, "was": was, "now": now}
        for host in _names(before, after)
        for was, now in [(_status(before, host), _status(after, host))]
        if was != now
    ]
    return sorted(found, key=lambda item: STATUSES.index(item["now"]) if item["now"] else len(STATUSES))


def _status(report: Report, host: str) -> Status | None:
    entry = report["hosts"].get(host)
    return entry["status"] if entry else None


# ------------------------------------------------------------------------------------------ what was lost


def _lost(matches: Iterable[Match], before: Report, after: Report, since: float) -> Lost:
    """The window of the later report may begin before `since`. Then the times of the losses tell, as far as
    they are known, and else only bounds are known.

    What a finding lost before `since` is at most what the earlier report counted. That holds if it was made
    then or later and looked back as far.
    """
    begins = epoch(after["generated_at"]) - after["window"]
    made = epoch(before["generated_at"])
    comparable = made >= since and made - before["window"] <= begins
    least = most = 0
    causes: dict[str, int] = {}
    for match in matches:
        finding = match.after
        if finding is None or not finding["count"]:
            continue
        earlier, later = _timed(finding, since)
        count = max(0, finding["count"] - earlier)
        known = later
        if begins >= since or (finding["since"] is not None and finding["since"] >= since):
            count = known = finding["count"]
        elif comparable and _looked(before, match.host):
            known = max(later, count - _lost_in_both(match))
        least += min(known, count)
        most += count
        if count:
            causes[finding["cause"]] = causes.get(finding["cause"], 0) + count
    return {
        "since": since,
        "at_least": least,
        "at_most": most,
        "unread": max(0, int(begins - since)),
        "causes": dict(sorted(causes.items(), key=lambda item: (-item[1], item[0]))),
    }


def lost_since(
    finding: Explained, after: Report, since: float, change: Changed | None, made: float | None
) -> int:
    """Requests that a finding of the later report lost since then. made: when the earlier report was made.

    The host's clock may be wrong, and a step of the timeline may have begun before. So what the earlier
    report did not count was lost since, but for what the times put between the two. Without that report,
    all of a step counts that ended later.
    """
    count = finding["count"]
    begins = epoch(after["generated_at"]) - after["window"]
    if begins >= since or (finding["since"] is not None and finding["since"] >= since):
        return count
    steps = _steps(finding)
    if change is None or made is None or not change["looked"]:
        return min(count, sum(step.lost for step in steps if step.end > since)) if steps else count
    between = sum(step.lost for step in steps if made <= step.begin and step.end <= since)
    return min(count, max(_timed(finding, since)[1], count - change["lost_in_both"] - between))


def _lost_in_both(match: Match) -> int:
    """At most so many losses are in both reports: what was over before the first of the later one is not."""
    if match.before is None or match.after is None:
        return 0
    steps, since = _steps(match.after), match.after["since"]
    first = min([step.begin for step in steps[:1]] + ([since] if since is not None else []), default=0)
    gone = sum(step.lost for step in _steps(match.before) if step.end <= first)
    return max(0, match.before["count"] - gone)


def _timed(finding: Explained, since: float) -> tuple[int, int]:
    """(losses that were certainly before, losses that were certainly since)."""
    steps = _steps(finding)
    return (
        sum(step.lost for step in steps if step.end <= since),
        sum(step.lost for step in steps if step.begin >= since),
    )


def _steps(finding: Explained) -> list[Step]:
    line = finding.get("timeline")
    if not line or line["step"] <= 0:
        return []
    begins = (line["begin"] + number * line["step"] for number in range(len(line["counts"])))
    return [Step(at, at + line["step"], count) for at, count in zip(begins, line["counts"], strict=True)]
