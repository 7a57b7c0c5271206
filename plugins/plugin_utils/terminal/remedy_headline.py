# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remediation came to, in a line or two: how much was fixed, and who answers again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..reports.remedies import only_predicted, service, tally, unfinished
from ..shapes.report import HostEntry, Tally
from .layout import PAGE, Line, Page
from .text import plural, wrap

HEADING = "REMEDY  "


def title(hosts: Mapping[str, HostEntry], page: Page = PAGE) -> list[Line]:
    """The result in a line or two; none when no host has a remediation."""
    counts = tally(hosts.values())
    remedied, lost = with_remedy(hosts), unfinished(hosts)
    if counts is None and not lost:
        return []
    parts = [headline(remedied, counts)] if counts else []
    parts += ["%s did not finish" % plural(len(lost), "host")] if lost else []
    color = "red" if lost or counts is None else _color(remedied, counts)
    lines = wrap("; ".join(parts), page.width - len(HEADING), 2)
    return [((" " * len(HEADING) if number else HEADING) + line, color) for number, line in enumerate(lines)]


def with_remedy(hosts: Mapping[str, HostEntry]) -> dict[str, HostEntry]:
    return {name: entry for name, entry in hosts.items() if "remediation" in entry}


def _can_be_fixed(entry: HostEntry) -> bool:
    return any(item["result"] == "would_fix" for item in entry["remediation"]["findings"])


def _in_check_mode(counts: Tally, wanted: str, ill: Sequence[HostEntry]) -> str:
    if not counts["would_fix"]:
        return "nothing is safe to do: %s on %s left to a person; nothing was changed" % (
            wanted,
            plural(len(ill), "host"),
        )
    return "would fix %d of %s, on %d of %s; nothing was changed" % (
        counts["would_fix"],
        wanted,
        sum(_can_be_fixed(entry) for entry in ill),
        plural(len(ill), "host"),
    )


def headline(hosts: Mapping[str, HostEntry], counts: Tally) -> str:
    """As "3 of 4 findings fixed; 2 of 3 hosts answer again, 1.2 to 4.8 s after the diagnosis"."""
    real = [entry for entry in hosts.values() if not only_predicted(entry)]
    if not counts["wanted"]:
        return "nothing to do%s" % ("" if real else "; nothing was changed")
    wanted = plural(counts["wanted"], "finding")
    ill = [
        entry
        for entry in hosts.values()
        if any(item["result"] != "not_needed" for item in entry["remediation"]["findings"])
    ]
    if not real:
        return _in_check_mode(counts, wanted, ill)
    services = [word for word in map(service, ill) if word != "unasked"]
    throughout, again, part = (services.count(word) for word in ("throughout", "again", "part"))
    silent_before = len(services) - throughout
    times = [
        entry["remediation"]["answered_after"]
        for entry in real
        if entry["remediation"]["answered_after"] is not None
    ]
    sentence = "%d of %s fixed" % (counts["fixed"], wanted)
    sentence += "; %s answered throughout" % plural(throughout, "host") if throughout else ""
    if silent_before:
        verb = "answers" if silent_before == 1 else "answer"
        sentence += "; %d of %s %s again" % (again, plural(silent_before, "host"), verb)
    sentence += ", %d in part" % part if part else ""
    if times and (again or part):
        sentence += ", %s after the diagnosis" % _span(times)
    later = sum(only_predicted(entry) and _can_be_fixed(entry) for entry in ill)
    return sentence + ("; %d not tried yet" % later if later else "")


def _color(hosts: Mapping[str, HostEntry], counts: Tally) -> str | None:
    results = {action["result"] for entry in hosts.values() for action in entry["remediation"]["actions"]}
    if counts["rolled_back"] or "failed" in results:
        return "red"
    if counts["escalated"]:
        return "yellow"
    return "green" if counts["wanted"] and counts["fixed"] == counts["wanted"] else None


def _span(seconds: Sequence[float]) -> str:
    low, high = ("%.1f" % min(seconds), "%.1f" % max(seconds))
    return "%s s" % low if low == high else "%s to %s s" % (low, high)
