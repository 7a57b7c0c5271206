# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different from an earlier report, for the page of the later one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..reports.remedies import full_name
from ..shapes.changes import Changed, Changes
from ..terminal.text import clean, plural
from .facts import zoned
from .view import Cause, Member

MOST_ROWS = 50


class Row(NamedTuple):
    """A cause, and the hosts where it is new, gone, or not seen any more. cause: the id of its place."""

    title: str
    name: str
    cause: str
    members: list[Member]
    others: list[str]  # hosts that are not in the later report


class Part(NamedTuple):
    """status: whose colour and mark it has."""

    word: str
    status: str
    total: int  # findings
    rows: list[Row]
    more: int


class Since(NamedTuple):
    """sentence: the numbers. parts: what is new, gone and unknown."""

    before: str
    sentence: str
    parts: list[Part]


def since_of(changes: Changes, members: Mapping[str, Member], causes: list[Cause]) -> Since:
    ids = {cause.name: cause.id for cause in reversed(causes)}
    parts = [
        _part("new", "failing", changes["new"], members, ids),
        _part("gone", "healthy", changes["gone"], members, {}),
        _part("not seen any more", "unknown", changes["unknown"], members, {}),
    ]
    return Since(zoned(changes["before"]), _sentence(changes), [part for part in parts if part.rows])


def _sentence(changes: Changes) -> str:
    parts = ["%d new, %d gone, %d as before" % tuple(len(changes[word]) for word in ("new", "gone", "same"))]
    lost = changes["lost"]
    if lost["at_most"]:
        exact = lost["at_least"] == lost["at_most"]
        number = plural(lost["at_most"], "request")
        parts.append("%s lost" % (number if exact else "%d to %s" % (lost["at_least"], number)))
    for word, hosts in (("came", changes["came"]), ("went", changes["went"])):
        if hosts:
            parts.append("%s %s" % (plural(len(hosts), "host"), word))
    return "; ".join(parts) + "."


def _part(
    word: str,
    status: str,
    items: list[Changed],
    members: Mapping[str, Member],
    ids: Mapping[str, str],
) -> Part:
    found: dict[str, list[Changed]] = {}
    for item in items:
        found.setdefault(full_name(item), []).append(item)
    rows = []
    for name, of_cause in sorted(found.items(), key=lambda pair: -len(pair[1])):
        hosts = list(dict.fromkeys(item["host"] for item in of_cause))
        known = [members[host] for host in hosts if host in members]
        others = [clean(host) for host in hosts if host not in members]
        rows.append(Row(clean(of_cause[0]["title"]), clean(name), ids.get(name, ""), known, others))
    return Part(word, status, len(items), rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS))
