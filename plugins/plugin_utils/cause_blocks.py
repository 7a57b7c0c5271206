# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A block of the table for each cause: where it is, since when, its proof, the fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .bounds import STATUSES
from .layout import (
    COLORS,
    MAX_COMMAND,
    MAX_ROWS,
    NUMBERS,
    STAMPS,
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
from .remedies import full_name
from .shapes.report import Explained, HostEntry
from .text import clean, cut, moment, names, pad, plural, width

# The columns of a row: hosts, site and pool, since, lost. With the gaps and the indent they fill the width.
COLUMNS = (38, 36, 12, 6)


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
    if piece["path"] and piece.get("line") is not None:
        where = "%s:%s" % (piece["path"], piece["line"])
    elif piece["path"] and "/" not in words:
        where = piece["path"]
    return "%s: %s" % (where, words)


def _sites(finding: Explained) -> list[str]:
    """As "shop.example (443)", since two sites may have one name. A report from before 0.4.0 has
    only names.
    """
    return (
        ["%s (%s)" % (site["name"], site["listen"]) for site in finding["servers"]]
        or finding["sites"]
        or [finding["site"] or ""]
    )


def _place(findings: Iterable[Explained], columns: int) -> str:
    """Sites and pool of a row; the endpoint where neither is known."""
    sites = list(dict.fromkeys(site for finding in findings for site in _sites(finding) if site))
    pools = list(dict.fromkeys(finding["pool"] for finding in findings if finding["pool"]))
    pool = " / " + names(pools, 14)[0] if pools else ""
    if sites:
        return names(sites, columns - width(pool))[0] + pool
    return pool[3:] or cut(
        next((finding["endpoint"] for finding in findings if finding["endpoint"]), "-"), columns
    )


# What makes a row. Where there are too many rows, sites no longer part them, then nothing but the fix does.
_ROWS: tuple[Key[Explained], ...] = (
    lambda item: (tuple(_sites(item)), item["pool"], item["endpoint"], item["unit"], item["fix"]),
    lambda item: (item["pool"], item["endpoint"], item["unit"], item["fix"]),
    lambda item: item["fix"],
)


def _row(pairs: list[Pair[Explained]], now: float) -> list[Line]:
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


def _why(pairs: list[Pair[Explained]]) -> list[Line]:
    host, first = pairs[0]
    proof = _proof(first) if _alike(pairs) else "%s: %s" % (host, _proof(first))
    return labelled(
        "why" if all(finding["confidence"] == "certain" for _host, finding in pairs) else "why?", proof, 4
    )


def _alike(pairs: list[Pair[Explained]]) -> bool:
    """Whether one piece of evidence speaks for all. Numbers in it, such as times and pids, may differ."""
    return len({NUMBERS.sub("0", _proof(finding)) for _host, finding in pairs}) == 1


def block_of(group: Group, now: float) -> list[Line]:
    first = group.pairs[0][1]
    latent = all(finding["state"] == "latent" for _host, finding in group.pairs)
    right = "%s  %s" % (full_name(first), plural(len(group.hosts), "host"))
    room = WIDTH - width(right) - 2
    title = "%s  %s" % ("LATENT" if latent else group.status.upper(), clean(first["title"]))
    heading = title if width(title) <= room else cut(title, room)
    lines: list[Line] = [(pad(heading, room) + "  " + right, COLORS.get(group.status))]
    rows = fold(group.pairs, _ROWS)
    same_why = _alike(group.pairs)
    same_fix = len({finding["fix"] for _host, finding in group.pairs}) == 1
    for pairs in rows[:MAX_ROWS]:
        lines += _row(pairs, now)
        lines += [] if same_why else _why(pairs)
        lines += [] if same_fix else labelled("fix", pairs[0][1]["fix"], MAX_COMMAND)
    lines += rest(rows)
    lines += _why(group.pairs) if same_why else []
    lines += labelled("fix", first["fix"], MAX_COMMAND) if same_fix else []
    return lines + labelled("not", _first_sentence(first["do_not"]), 2)


def _first_sentence(do_not: str) -> str:
    """The catalogue's "Do not restart in a loop: ... Nor ..." behind a label that already says "not"."""
    sentence = do_not.split(". ")[0].rstrip(".")
    return sentence[len("Do not ") :] if sentence.startswith("Do not ") else sentence
