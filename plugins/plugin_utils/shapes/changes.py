# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different between two reports."""

from __future__ import annotations

from typing import Dict, List, Optional

from .remediation import Named
from .shape import Severity, State, Status, TypedDict


class Changed(Named):
    """A finding of one or both reports."""

    host: str
    sites: List[str]
    sites_left: int  # how many more there are
    severity: Severity  # of the later report that has it
    was: Optional[State]  # None: it was not found
    now: Optional[State]
    was_severity: Optional[Severity]  # of the earlier report; None: it was not found
    was_sites: List[str]
    was_sites_left: int
    looked: bool  # False: one of the reports says nothing of this host, so nobody knows since when it is so
    since: Optional[float]  # epoch seconds of the first lost request
    lost_before: int  # lost requests in the window
    lost_after: int
    lost_in_both: int  # at most so many of them are counted twice
    title: str
    fix: str


class HostChange(TypedDict):
    """None: the report has no such host."""

    host: str
    was: Optional[Status]
    now: Optional[Status]


class Lost(TypedDict):
    """Requests that were lost since a time. Where a window begins before it, the number lies between two."""

    since: float  # epoch seconds
    at_least: int
    at_most: int
    unread: int  # seconds since that time which no window holds: what was lost in them is unknown
    causes: Dict[str, int]  # at most, by cause


class PoolLoad(TypedDict):
    """None: unknown."""

    busy: Optional[int]  # workers
    max_children: Optional[int]
    queue: Optional[int]  # connections that wait to be accepted
    backlog: Optional[int]


class Saturation(TypedDict):
    """How near a pool is to its limit. Known only where a report keeps snapshots."""

    host: str
    config: str  # of its master
    pool: str
    endpoint: Optional[str]
    before: Optional[PoolLoad]  # None: unknown
    after: Optional[PoolLoad]
    trend: str  # nearer, farther, same or unknown


class Changes(TypedDict):
    before: str  # UTC, when the report was made
    after: str
    new: List[Changed]  # not there before, or over then, or only latent
    gone: List[Changed]  # not there any more, or over
    same: List[Changed]
    unknown: List[Changed]  # found before, on hosts that the later report could not look at
    came: List[str]  # hosts that only the later report has
    went: List[str]
    hosts: List[HostChange]  # whose status is another, the worst now first
    lost: Lost
    saturation: List[Saturation]  # the nearest to the limit first
    saturation_unknown: List[str]  # hosts of both reports without a snapshot in one of them
