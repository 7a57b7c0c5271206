# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as a table for a terminal of 100 columns: one block for each cause, whatever the number of
hosts.

What a remediation did comes first, then what is broken now, worst first, then the rest of the fleet, a line
or two for each status.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from . import remedy_table
from .layout import (
    MAX_ROWS,
    NUMBERS,
    WIDTH,
    Key,
    Line,
    Pair,
    cells,
    fold,
    hosts_cell,
    hosts_of,
    labelled,
    rest,
)
from .remedies import full_name, left
from .shapes import STATUSES
from .text import clean, cut, moment, names, pad, plural, span, width, wrap

# The columns of a row: hosts, site and pool, since, lost. With the gaps and the indent they fill the width.
COLUMNS = (38, 36, 12, 6)

LABELS = {"not_applicable": "not applicable"}
COLORS = {
    "failing": "red",
    "degraded": "yellow",
    "unknown": "yellow",
    "unreachable": "red",
    "recovered": "cyan",
    "healthy": "green",
}

# What nginx, php-fpm and the kernel put before the message itself: it says when, which the table has in a
# column.
_STAMPS = re.compile(
    r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: (?:\*\d+ )?|\[\d\d-\w{3}-\d{4} "
    r"\d\d:\d\d:\d\d(?:\.\d+)?\] |\[ *\d+\.\d+\] )"
)


class Group(NamedTuple):
    """All findings of one cause and reason in one state, as (host, finding)."""

    status: str  # the worst among its hosts
    found: list[Pair]

    @property
    def hosts(self) -> list[str]:
        return hosts_of(self.found)


# ------------------------------------------------------------------------------------------ causes


def _groups(hosts: Mapping[str, Mapping[str, Any]]) -> list[Group]:
    found: dict[tuple[str, str | None], list[Pair]] = {}
    for host, entry in hosts.items():
        for finding in entry["findings"]:
            if finding["state"] != "recovered":
                found.setdefault((finding["cause"], finding["reason"]), []).append((host, finding))
    groups = [
        Group(min((hosts[host]["status"] for host, _finding in pairs), key=STATUSES.index), pairs)
        for pairs in found.values()
    ]
    return sorted(
        groups,
        key=lambda group: (
            STATUSES.index(group.status),
            -len(group.hosts),
            group.found[0][1]["code"] or 99,
            full_name(group.found[0][1]),
        ),
    )


def _proof(finding: Mapping[str, Any]) -> str:
    """The deciding evidence as one line: where it was seen, and what."""
    if not finding["evidence"]:
        return str(finding["summary"])
    piece = finding["evidence"][0]
    told = _STAMPS.sub("", piece["text"])
    where = piece["source"]
    if piece["path"] and piece.get("line") is not None:
        where = "%s:%s" % (piece["path"], piece["line"])
    elif piece["path"] and "/" not in told:
        where = piece["path"]
    return "%s: %s" % (where, told)


def _sites(finding: Mapping[str, Any]) -> list[str]:
    """As "shop.example (443)": two sites may have one name. A report from before 0.4.0 has the
    names alone.
    """
    return (
        ["%s (%s)" % (site["name"], site["listen"]) for site in finding["servers"]]
        or finding["sites"]
        or [finding["site"] or ""]
    )


def _place(findings: Iterable[Mapping[str, Any]], columns: int) -> str:
    """Sites and pool of a row; the endpoint where neither is known."""
    sites = list(dict.fromkeys(site for finding in findings for site in _sites(finding) if site))
    pools = list(dict.fromkeys(finding["pool"] for finding in findings if finding["pool"]))
    pool = " / " + names(pools, 14)[0] if pools else ""
    if sites:
        return names(sites, columns - width(pool))[0] + pool
    return pool[3:] or cut(
        next((finding["endpoint"] for finding in findings if finding["endpoint"]), "-"), columns
    )


# Where there are too many rows, sites no longer part them, then nothing but the fix.
_ROWS: tuple[Key, ...] = (
    lambda item: (tuple(_sites(item)), item["pool"], item["endpoint"], item["unit"]),
    lambda item: (item["pool"], item["endpoint"], item["unit"]),
    lambda item: item["fix"],
)


def _row(pairs: list[Pair], now: float) -> list[Line]:
    findings = [finding for _host, finding in pairs]
    since = min((finding["since"] for finding in findings if finding["since"] is not None), default=None)
    lost = sum(finding["count"] for finding in findings)
    where, below = hosts_cell(hosts_of(pairs), COLUMNS[0])
    return [
        (
            cells(
                (where, _place(findings, COLUMNS[1]), moment(since, now), str(lost) if lost else "-"), COLUMNS
            ),
            None,
        ),
        *below,
    ]


def _why(pairs: list[Pair]) -> list[Line]:
    host, first = pairs[0]
    proof = _proof(first) if _alike(pairs) else "%s: %s" % (host, _proof(first))
    return labelled(
        "why" if all(finding["confidence"] == "certain" for _host, finding in pairs) else "why?", proof, 2
    )


def _alike(pairs: list[Pair]) -> bool:
    """Whether one piece of evidence speaks for all: the numbers in it, such as times and pids, may differ."""
    return len({NUMBERS.sub("0", _proof(finding)) for _host, finding in pairs}) == 1


def _block(group: Group, now: float) -> list[Line]:
    first = group.found[0][1]
    latent = all(finding["state"] == "latent" for _host, finding in group.found)
    right = "%s  %s" % (full_name(first), plural(len(group.hosts), "host"))
    room = WIDTH - width(right) - 2
    title = "%s  %s" % ("LATENT" if latent else group.status.upper(), clean(first["title"]))
    heading = title if width(title) <= room else cut(title, room)
    lines: list[Line] = [(pad(heading, room) + "  " + right, COLORS.get(group.status))]
    rows = fold(group.found, _ROWS)
    same_why = _alike(group.found)
    same_fix = len({finding["fix"] for _host, finding in group.found}) == 1
    for pairs in rows[:MAX_ROWS]:
        lines += _row(pairs, now)
        lines += [] if same_why else _why(pairs)
        lines += [] if same_fix else labelled("fix", pairs[0][1]["fix"], 2)
    lines += rest(rows)
    lines += _why(group.found) if same_why else []
    lines += labelled("fix", first["fix"], 2) if same_fix else []
    return lines + labelled("not", _first_sentence(first["do_not"]), 2)


def _first_sentence(do_not: str) -> str:
    """The catalogue's "Do not restart in a loop: ... Nor ..." behind a label that already says "not"."""
    sentence = do_not.split(". ")[0].rstrip(".")
    return sentence[len("Do not ") :] if sentence.startswith("Do not ") else sentence


# ------------------------------------------------------------------------------------------ the rest of the
# fleet


# A part of this collection that raised, by its name in missing.
DEFECTS = {
    "rule_failed": "the rule %s failed, please report it",
    "collector_failed": "the look at %s failed, please report it",
}


def _why_not_known(entry: Mapping[str, Any]) -> str:
    """What stands behind a host's name when there is no finding to show."""
    if entry.get("error"):
        return str(entry["error"])
    if entry["status"] == "recovered" or (entry["findings"] and entry["status"] not in ("unknown",)):
        return ""
    first = next(iter(entry["missing"]), None)
    if first is None:
        return ""
    why = _STAMPS.sub("", first["why"])
    if first["what"] == "cause_of_losses":
        return why
    if first["what"] in DEFECTS:
        return "%s: %s" % (DEFECTS[first["what"]] % first["path"], why)
    return "missing %s%s: %s%s" % (
        first["what"],
        " " + first["path"] if first["path"] else "",
        why,
        " (needs %s)" % first["needs"] if first["needs"] else "",
    )


def _gone(finding: Mapping[str, Any], now: float) -> str:
    lost = ", %d lost" % finding["count"] if finding["count"] else ""
    return "was %s from %s on%s" % (full_name(finding), moment(finding["since"], now), lost)


def _listed(status: str, hosts: Sequence[str], note: str) -> list[Line]:
    """Hosts of one status that have the same thing said of them."""
    head = "%-15s %4d  " % (LABELS.get(status, status), len(hosts))
    room = WIDTH - len(head)
    listed = names(hosts, room, 1 if status in ("healthy", "not_applicable") else 2)
    indent = " " * len(head)
    lines: list[Line] = [
        ((head if not number else indent) + line, COLORS.get(status)) for number, line in enumerate(listed)
    ]
    return lines + [(indent + line, None) for line in wrap(note, room, 2)]


def _others(hosts: Mapping[str, Mapping[str, Any]], now: float) -> list[Line]:
    """Hosts without a block of their own, by status; those of which the same is said share a line."""
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
            shown = (
                note
                if len(members) == 1 or not note
                else "%s: %s" % (members[0], note)
                if status == "recovered"
                else note
            )
            lines += _listed(status, members, shown)
    return lines


def _strangers(hosts: Mapping[str, Mapping[str, Any]]) -> list[Line]:
    """Processes that call themselves nginx or php-fpm and are not to be believed, on ill hosts and on healthy
    ones.
    """
    found = [(host, stranger) for host, entry in hosts.items() for stranger in entry["strangers"]]
    total = sum(max(entry["strangers_total"], len(entry["strangers"])) for entry in hosts.values())
    head = "%-15s %4d  " % ("strangers", total)
    told = [
        '%s: pid %d of %s calls itself "%s": %s'
        % (host, item["pid"], item["user"], item["title"], item["why"])
        for host, item in found[:MAX_ROWS]
    ]
    more = total - len(told)
    told += ["and %d more, in the report" % more] if told and more else []
    return [
        (
            (head if not number else " " * len(head)) + cut(line, WIDTH - len(head)),
            "yellow" if not number else None,
        )
        for number, line in enumerate(told)
    ]


# ------------------------------------------------------------------------------------------ the whole


def headline(counts: Mapping[str, int]) -> str:
    """As "16 hosts: 9 failing, 3 degraded, 4 healthy"."""
    parts = [
        "%d %s" % (counts[status], LABELS.get(status, status)) for status in STATUSES if counts.get(status)
    ]
    return "%s: %s" % (plural(sum(counts.values()), "host"), ", ".join(parts) or "nothing to report")


def render(report: Mapping[str, Any], now: float, footer: str = "") -> list[Line]:
    """The table as (line, colour or None). now: epoch seconds; times are shown in the controller's zone.
    footer: the last line.
    """
    remedy = remedy_table.block(report["hosts"])
    hosts = {name: {**entry, "findings": left(entry)} for name, entry in report["hosts"].items()}
    groups = _groups(hosts)
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
        lines += [*_block(group, now), ("", None)]
    others = [*_others(hosts, now), *_strangers(hosts)]
    if others:
        lines += ([] if groups else [("", None)]) + [*others, ("", None)]
    # A path is there to be copied: it is the one text that is never cut.
    return lines + ([(clean(footer), None)] if footer else [])
