# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a table for a terminal of 100 columns: one block for each cause, whatever the number of
hosts.

What a remediation did comes first. Then comes what is broken now, worst first. The rest of the fleet takes a
line or two for each status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from . import remedy_table
from .bounds import STATUSES
from .catalogue import cure_of_the_past
from .cause_blocks import COLUMNS, block_of, groups_of
from .layout import COLORS, MAX_ROWS, NUMBERS, STAMPS, WIDTH, Line, cells
from .remedies import full_name, open_findings
from .shapes.report import Explained, HostEntry, Report
from .text import clean, cut, moment, names, plural, span, wrap

NOTE = 6  # lines below the hosts of a status
LABELS = {"not_applicable": "not applicable"}
# A part of this collection that raised, by its name in missing.
DEFECTS = {
    "rule_failed": "the rule %s failed, please report it",
    "collector_failed": "the look at %s failed, please report it",
}


def _why_not_known(entry: HostEntry) -> str:
    """What stands below a host's name when there is no finding to show."""
    if entry.get("error"):
        return str(entry["error"])
    if entry["status"] == "recovered" or (entry["findings"] and entry["status"] != "unknown"):
        return ""
    first = next(iter(entry["missing"]), None)
    if first is None:
        return ""
    why = STAMPS.sub("", first["why"])
    if first["what"] in ("cause_of_losses", "earlier_losses"):
        return why
    if first["what"] in DEFECTS:
        return "%s: %s" % (DEFECTS[first["what"]] % first["path"], why)
    return "missing %s%s: %s%s" % (
        first["what"],
        " " + first["path"] if first["path"] else "",
        why,
        " (needs %s)" % first["needs"] if first["needs"] else "",
    )


def _gone(finding: Explained, now: float) -> str:
    lost = ", %d lost" % finding["count"] if finding["count"] else ""
    past = "was %s from %s on%s" % (full_name(finding), moment(finding["since"], now), lost)
    cure = cure_of_the_past(finding)
    return "%s; to keep it away: %s" % (past, cure) if cure else past


def _listed(status: str, hosts: Sequence[str], note: str) -> list[Line]:
    """Hosts of one status that have the same thing said of them."""
    head = "%-15s %4d  " % (LABELS.get(status, status), len(hosts))
    room = WIDTH - len(head)
    listed = names(hosts, room, 1 if status in ("healthy", "not_applicable") else 2)
    indent = " " * len(head)
    lines: list[Line] = [
        ((head if not number else indent) + line, COLORS.get(status)) for number, line in enumerate(listed)
    ]
    return lines + [(indent + line, None) for line in wrap(note, room, NOTE)]


def _others(hosts: Mapping[str, HostEntry], now: float) -> list[Line]:
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
                note = _why_not_known(entry)
                key = NUMBERS.sub(
                    "0", re.sub(r"\b%s\b" % re.escape(host), "", note) if host in note else note
                )
            else:
                continue
            notes.setdefault(key, (note, []))[1].append(host)
        for note, members in sorted(notes.values(), key=lambda item: -len(item[1])):
            if len(members) > 1 and note and status == "recovered":
                note = "%s: %s" % (members[0], note)
            lines += _listed(status, members, note)
    return lines


def _strangers(hosts: Mapping[str, HostEntry]) -> list[Line]:
    """Processes that call themselves nginx or php-fpm and are none of root's, on healthy hosts too."""
    strangers = [(host, stranger) for host, entry in hosts.items() for stranger in entry["strangers"]]
    total = sum(max(entry["strangers_total"], len(entry["strangers"])) for entry in hosts.values())
    head = "%-15s %4d  " % ("strangers", total)
    lines = [
        '%s: pid %d of %s calls itself "%s": %s'
        % (host, item["pid"], item["user"], item["title"], item["why"])
        for host, item in strangers[:MAX_ROWS]
    ]
    more = total - len(lines)
    lines += ["and %d more, in the report" % more] if lines and more else []
    return [
        (
            (head if not number else " " * len(head)) + cut(line, WIDTH - len(head)),
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


def render(report: Report, now: float, footer: str = "") -> list[Line]:
    """Each line with its colour or None. now: epoch seconds; times are shown in the controller's zone.
    footer: the last line.
    """
    remedy = remedy_table.block(report["hosts"])
    hosts: dict[str, HostEntry] = {
        name: {**entry, "findings": open_findings(entry)} for name, entry in report["hosts"].items()
    }
    groups = groups_of(hosts)
    worst = next((status for status in STATUSES if report["summary"]["counts"].get(status)), None)
    clock = datetime.fromtimestamp(now).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    lines: list[Line] = [
        *((line, COLORS.get(worst or "")) for line in wrap(headline(report["summary"]["counts"]), WIDTH, 2)),
        (cut("looked back %s from %s" % (span(report["window"]), clock), WIDTH), None),
    ]
    lines += [("", None), *remedy] if remedy else []
    if groups:
        lines += [
            ("", None),
            (cells(("HOSTS", "SITES / POOL", "SINCE", "LOST"), COLUMNS), None),
            ("-" * WIDTH, None),
        ]
    for group in groups:
        lines += [*block_of(group, now), ("", None)]
    others = [*_others(hosts, now), *_strangers(hosts)]
    if others:
        lines += ([] if groups else [("", None)]) + [*others, ("", None)]
    # The path in it is there to be copied, so this is the one text that is never cut.
    return lines + ([(clean(footer), None)] if footer else [])
