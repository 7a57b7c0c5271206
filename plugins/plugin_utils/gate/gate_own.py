# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gate's own requests for a page add to the losses that the next look counts. No visitor lost
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ..answers.bounds import reader_of
from ..answers.untrusted import Mismatch
from ..shapes.gate import Own, Phase
from ..shapes.site_page import SitePages

# By host and site.
Counts = Mapping["tuple[str, str]", int]
NONE_LOST: Counts = MappingProxyType({})
OWN = reader_of(Own)


def page_counts(pages: Mapping[str, SitePages | str] | None) -> Counts:
    """Of one look: each page that nginx answered in the place of php-fpm, and has logged."""
    return {
        (host, page["site"]): 1
        for host, answer in (pages or {}).items()
        if not isinstance(answer, str)
        for page in answer["pages"]
        if page["by"] == "nginx" and page["endpoints"]
    }


def added(known: Counts, more: Counts) -> Counts:
    return {key: known.get(key, 0) + more.get(key, 0) for key in {**known, **more}}


def listed(counts: Counts) -> list[Own]:
    return [{"host": host, "site": site, "count": count} for (host, site), count in counts.items()]


def read(kept: Any) -> Counts:
    """Of the gate of a saved report. Nothing where it has none that can be read."""
    items = kept.get("own") if isinstance(kept, Mapping) else None
    try:
        found: list[Own] = [OWN(item, "own") for item in items or ()]
    except (Mismatch, TypeError):
        return {}
    return {(item["host"], item["site"]): item["count"] for item in found}


def known(task_vars: Mapping[str, Any], variable: str, phase: Phase, hosts: Iterable[str]) -> Counts:
    """Of earlier looks and gates of this phase in this run. variable: where each of them is registered."""
    found: dict[tuple[str, str], int] = {}
    for host in hosts:
        variables = task_vars["hostvars"].raw_get(host) if host in task_vars["hostvars"] else {}
        earlier = variables.get(variable)
        gate = earlier.get("gate") if isinstance(earlier, Mapping) else None
        if isinstance(gate, Mapping) and gate.get("phase") == phase:
            found |= {key: count for key, count in read(gate).items() if key[0] == host}
    return found
