# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A block of the table for each cause: where it is, since when, its proof, the fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..answers.bounds import STATUSES
from ..catalogue.catalogue import steps_for
from ..reports.remedies import full_name, sites_of
from ..shapes.report import Explained, HostEntry
from .layout import (
    COLORS,
    MAX_COMMAND,
    NUMBERS,
    STAMPS,
    Key,
    Line,
    Page,
    Pair,
    cells,
    fold,
    hosts_cell,
    hosts_of,
    labelled,
    rest,
)
from .text import cut, moment, names, pad, plural, width


class Group(NamedTuple):
    """All findings of one cause and reason in one state, as (host, finding)."""

    status: str  # the worst among its hosts
    pairs: list[Pair[Explained]]

    @property
    def hosts(self) -> list[str]:
        return hosts_of(self.pairs)


def groups_of(hosts: Mapping[str, HostEntry]) -> list[Group]:
    by_cause: dict[tuple[str, str | None], list[Pair[Explained]]] = {}
    for host, entry in hosts.items():
        for finding in entry["findings"]:
            if finding["state"] != "recovered":
                by_cause.setdefault((finding["cause"], finding["reason"]), []).append((host, finding))
    groups = [
        Group(min((hosts[host]["status"] for host, _finding in pairs), key=STATUSES.index), pairs)
        for pairs in by_cause.values()
    ]
    return sorted(
        groups,
        key=lambda group: (
            STATUSES.index(group.status),
            -len(group.hosts),
            group.pairs[0][1]["code"] or 99,
            full_name(group.pairs[0][1]),
        ),
    )


def _proof(finding: Explained) -> str:
    """The deciding evidence as one line: where it was seen, and what."""
    if not finding["evidence"]:
        return str(finding["summary"])
    piece = finding["evidence"][0]
    words = STAMPS.sub("", piece["text"])
    where = piece["source"]
    if piece["path"] and piece.get("line"):
        where = "%s:%s" % (piece["path"], piece["line"])
    elif piece["path"] and "/" not in words:
        where = piece["path"]
    return "%s: %s" % (where, words)


def _place(findings: Iterable[Explained], columns: int) -> str:
    """Sites and pool of a row; the endpoint where neither is known."""
    sites = list(dict.fromkeys(site for finding in findings for site in sites_of(finding) if site))
    pools = list(dict.fromkeys(finding["pool"] for finding in findings if finding["pool"]))
    pool = " / " + names(pools, 14)[0] if pools else ""
    if sites:
        return names(sites, columns - width(pool))[0] + pool
    return pool[3:] or cut(
        next((finding["endpoint"] for finding in findings if finding["endpoint"]), "-"), columns
    )


# What makes a row. Where there are too many rows, sites no longer part them, then nothing but the fix does.
_ROWS: tuple[Key[Explained], ...] = (
    lambda item: (tuple(sites_of(item)), item["pool"], item["endpoint"], item["unit"], item["fix"]),
    lambda item: (item["pool"], item["endpoint"], item["unit"], item["fix"]),
    lambda item: item["fix"],
)


def _row(page: Page, pairs: list[Pair[Explained]], now: float) -> list[Line]:
    findings = [finding for _host, finding in pairs]
    since = min((finding["since"] for finding in findings if finding["since"] is not None), default=None)
    lost = sum(finding["count"] for finding in findings)
    where, below = hosts_cell(page, hosts_of(pairs), page.causes[0])
    place = _place(findings, page.causes[1])
    row = cells((where, place, moment(since, now), str(lost) if lost else "-"), page.causes)
    return [(row, None), *below]


def _why(page: Page, pairs: list[Pair[Explained]]) -> list[Line]:
    host, first = pairs[0]
    proof = _proof(first) if _alike(pairs) else "%s: %s" % (host, _proof(first))
    certain = all(finding["confidence"] == "certain" for _host, finding in pairs)
    return labelled(page, "why" if certain else "why?", proof, 4)


def _alike(pairs: list[Pair[Explained]]) -> bool:
    """Whether one piece of evidence speaks for all. Numbers in it, such as times and pids, may differ."""
    return len({NUMBERS.sub("0", _proof(finding)) for _host, finding in pairs}) == 1


def _heading(page: Page, group: Group) -> Line:
    first = group.pairs[0][1]
    latent = all(finding["state"] == "latent" for _host, finding in group.pairs)
    right = "%s  %s" % (full_name(first), plural(len(group.hosts), "host"))
    room = page.width - width(right) - 2
    status = ("LATENT" if latent else group.status.upper()) + "  "
    heading = status + cut(first["title"], room - len(status))
    return pad(heading, room) + "  " + right, COLORS.get(group.status)


def block_of(page: Page, group: Group, now: float) -> list[Line]:
    first, lines = group.pairs[0][1], [_heading(page, group)]
    rows = fold(group.pairs, _ROWS)
    same_why = _alike(group.pairs)
    same_fix = len({finding["fix"] for _host, finding in group.pairs}) == 1
    # On a terse page the commands stand at its end alone.
    pasted = page.terse and any(step.command for step in steps_for(first))
    for pairs in rows[: page.rows]:
        lines += _row(page, pairs, now)
        lines += [] if same_why else _why(page, pairs)
        lines += [] if same_fix or pasted else labelled(page, "fix", pairs[0][1]["fix"], MAX_COMMAND)
    lines += rest(page, rows)
    lines += _why(page, group.pairs) if same_why else []
    lines += _then(page, first)
    lines += labelled(page, "fix", first["fix"], MAX_COMMAND) if same_fix and not pasted else []
    return lines if page.terse else lines + labelled(page, "not", _first_sentence(first["do_not"]), 2)


def _then(page: Page, first: Explained) -> list[Line]:
    """Of a risk, what its outage looks like. A terse page has no room for what did not happen."""
    outage = first.get("outage")
    return labelled(page, "then", outage, 2) if outage and not page.terse else []


def _first_sentence(do_not: str) -> str:
    """The catalogue's "Do not restart in a loop: ... Nor ..." behind a label that already says "not"."""
    sentence = do_not.split(". ")[0].rstrip(".")
    return sentence[len("Do not ") :] if sentence.startswith("Do not ") else sentence
