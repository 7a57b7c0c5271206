# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a remediation cost the visitors of a host's sites (on_host/visitors.py), and what it said it would."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Visit(NamedTuple):
    """came, went: seconds since 1970; status: of the answer, 0 without one."""

    came: float
    went: float
    status: int


def parse(log: str) -> list[Visit]:
    rows = [line.split() for line in log.splitlines()]
    return sorted(
        Visit(float(came), float(went), int(status))
        for came, went, status in (row for row in rows if len(row) == 3)
    )


def lost(visits: Sequence[Visit], began: float, ended: float) -> list[Visit]:
    """Those who got no page although they were there in this time. A site that did not answer before counts
    from its first page on.
    """
    earlier = [visit for visit in visits if visit.went < began]
    since = began
    if earlier and max(earlier, key=lambda visit: visit.went).status != 200:
        pages = [visit.went for visit in visits if visit.came >= began and visit.status == 200]
        since = min(pages, default=ended)
    return [visit for visit in visits if visit.status != 200 and visit.went >= since and visit.came < ended]


def requests_cut(result: Mapping[str, Any] | None) -> int:
    """How many requests the remediation says that it cut."""
    actions = ((result or {}).get("remediation") or {}).get("actions", [])
    return sum(
        action.get("cut") or 0 for action in actions if action["result"] in ("done", "rolled_back", "failed")
    )


def some(visits: Sequence[Visit], began: float) -> str:
    """For a person: when they came and went, in seconds of the run, and the status."""
    return ", ".join(
        "%.1f-%.1f s: %d" % (visit.came - began, visit.went - began, visit.status) for visit in visits[:12]
    )
