# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a table for a terminal: one block for each cause, whatever the number of hosts.

What a remediation did comes first. Then comes what is broken now, worst first. The rest of the fleet takes a
line or two for each status. The commands to paste and the pages to read come last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..answers.bounds import LABELS, STATUSES
from ..catalogue.catalogue import cure_of_the_past
from ..reports.remedies import full_name, open_findings
from ..shapes.report import Explained, HostEntry, Report
from . import closing, remedy_table
from .cause_blocks import Group, block_of, groups_of
from .layout import COLORS, NUMBERS, PAGE, Line, Page, cells
from .sentence import why_not_known
from .text import ago, clean, cut, moment, names, plural, span, wrap

# From so many hosts on the table has at most so many lines, or nearly: a screen or two.
MANY, MOST_LINES = 50, 52
NOTE = 6  # lines below the hosts of a status


def _gone(finding: Explained, now: float) -> str:
    lost = ", %d lost" % finding["count"] if finding["count"] else ""
    past = "was %s from %s%s" % (full_name(finding), moment(finding["since"], now), lost)
    cure = cure_of_the_past(finding)
    return "%s; to keep it away: %s" % (past, cure) if cure else past


def _listed(page: Page, status: str, hosts: Sequence[str], note: str) -> list[Line]:
    """Hosts of one status that have the same thing said of them."""
    head = "%-15s %4d  " % (LABELS.get(status, status), len(hosts))
    room = page.width - len(head)
    listed = names(hosts, room, 1 if page.terse or status in ("healthy", "not_applicable") else 2)
    indent = " " * len(head)
    lines: list[Line] = [
        ((head if not number else indent) + line, COLORS.get(status)) for number, line in enumerate(listed)
    ]
    return lines + [(indent + line, None) for line in wrap(note, room, 2 if page.terse else NOTE)]


def _others(page: Page, hosts: Mapping[str, HostEntry], now: float) -> list[Line]:
    """Hosts without a block of their own, by status. Hosts with the same note share a line."""
    lines: list[Line] = []
    for status in STATUSES:
        notes: dict[str, tuple[str, list[str]]] = {}
        for host, entry in hosts.items():
            over = [finding for finding in entry["findings"] if finding["state"] == "recovered"]
            if over and status == "recovered":
                key, note = (
                    "|".join(full_name(finding) for finding in over),
                    "; ".join(_gone(finding, now) for finding in over),
                )
            elif entry["status"] == status and not (entry["findings"] and status in ("failing", "degraded")):
                note = why_not_known(entry)
                key = NUMBERS.sub(
                    "0", re.sub(r"\b%s\b" % re.escape(host), "", note) if host in note else note
                )
            else:
                continue
            notes.setdefault(key, (note, []))[1].append(host)
        rows = sorted(notes.values(), key=lambda item: -len(item[1]))
        for note, members in rows[: page.rows] if page.terse else rows:
            if len(members) > 1 and note and status == "recovered":
                note = "%s: %s" % (members[0], note)
            lines += _listed(page, status, members, note)
        left = [host for _note, members in rows[page.rows :] for host in members] if page.terse else []
        lines += _listed(page, status, left, "for other reasons, in the report") if left else []
    return lines


def _strangers(page: Page, hosts: Mapping[str, HostEntry]) -> list[Line]:
    """Processes that call themselves nginx or php-fpm and are none of root's, on healthy hosts too."""
    strangers = [(host, stranger) for host, entry in hosts.items() for stranger in entry["strangers"]]
    total = sum(max(entry["strangers_total"], len(entry["strangers"])) for entry in hosts.values())
    head = "%-15s %4d  " % ("strangers", total)
    lines = [
        '%s: pid %d of %s calls itself "%s": %s'
        % (host, item["pid"], item["user"], item["title"], item["why"])
        for host, item in strangers[: page.rows]
    ]
    more = total - len(lines)
    lines += ["and %d more, in the report" % more] if lines and more else []
    return [
        (
            (head if not number else " " * len(head)) + cut(line, page.width - len(head)),
            "yellow" if not number else None,
        )
        for number, line in enumerate(lines)
    ]


def headline(counts: Mapping[str, int]) -> str:
    """As "16 hosts: 9 failing, 3 degraded, 4 healthy"."""
    parts = [
        "%d %s" % (counts[status], LABELS.get(status, status)) for status in STATUSES if counts.get(status)
    ]
    return "%s: %s" % (plural(sum(counts.values()), "host"), ", ".join(parts) or "nothing to report")


def render(
    report: Report, now: float, footer: str = "", page: Page = PAGE, made: float | None = None
) -> list[Line]:
    """Each line with its colour or None. Times are shown in the controller's zone.

    now: epoch seconds. footer: the last line. made: when the report was made, where that is not now.
    """
    clock = _looked_back(report["window"], now, made)
    lines = _lines(report, now, clock, page)
    if len(report["hosts"]) > MANY and len(lines) > MOST_LINES:
        lines = _lines(report, now, clock, page._replace(terse=True))
    # The path in it is there to be copied, so it is not cut.
    return lines + ([(clean(footer), None)] if footer else [])


def _lines(report: Report, now: float, clock: str, page: Page) -> list[Line]:
    remedy = remedy_table.block(page, report["hosts"])
    hosts: dict[str, HostEntry] = {
        name: {**entry, "findings": open_findings(entry)} for name, entry in report["hosts"].items()
    }
    groups = groups_of(hosts)
    counts = report["summary"]["counts"]
    worst = next((status for status in STATUSES if counts.get(status)), None)
    lines: list[Line] = [
        *((line, COLORS.get(worst or "")) for line in wrap(headline(counts), page.width, 2)),
        (cut(clock, page.width), None),
    ]
    lines += [("", None), *remedy] if remedy else []
    others = [*_others(page, hosts, now), *_strangers(page, hosts)]
    last: list[Line] = [*others, ("", None)] if others else []
    for block in (closing.commands(page, report["hosts"]), closing.pages(page, groups)):
        last += [*block, ("", None)] if block else []
    if not groups:
        return [*lines, ("", None), *last] if last else lines
    lines += [
        ("", None),
        (cells(("HOSTS", "SITES / POOL", "SINCE", "LOST"), page.causes), None),
        ("-" * page.width, None),
    ]
    return [*lines, *_causes(page, groups, now, MOST_LINES - len(lines) - len(last)), *last]


def _causes(page: Page, groups: Sequence[Group], now: float, room: int) -> list[Line]:
    """The blocks of the causes. On a terse page they have so many lines. Those that no longer fit are there
    with heading and first row, then with their heading. The last of these are a number.
    """
    lines: list[Line] = []
    for number, group in enumerate(groups):
        block = block_of(page, group, now)
        left = len(groups) - number - 1
        if not page.terse:
            lines += [*block, ("", None)]
            continue
        kept = next((part for part in (block, block[:2]) if len(lines) + len(part) + 2 * left < room), None)
        if kept is None and len(lines) >= room - 2 and left:
            lines.append(("and %s more, in the report" % plural(left + 1, "cause"), None))
            break
        lines += kept or block[:1]
    return [*lines, ("", None)] if page.terse else lines


def _looked_back(window: int, now: float, made: float | None) -> str:
    then = now if made is None else made
    clock = datetime.fromtimestamp(then).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    old = ", " + ago(now - then) if now - then >= 60 else ""
    return "looked back %s from %s%s" % (span(window), clock, old)
