# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate: by what it is judged, what it found, and what it decided."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional

from .shape import Confidence, Severity, State, TypedDict

# What matters most comes first.
Decision = Literal["fail", "warn", "pass"]
Phase = Literal["before", "after"]  # the deploy


class Match(TypedDict, total=False):
    """What a rule or a waiver is about. Absent: it does not matter. A list: one of these."""

    cause: List[str]  # ids, those of the gate among them
    reason: List[str]  # ids
    severity: List[Severity]
    confidence: List[Confidence]
    state: List[State]
    site: List[str]  # patterns of the shell
    pool: List[str]
    host: List[str]
    new: bool  # it was not so in the baseline


class Rule(Match):
    decision: Decision


class Waiver(Match):
    who: str  # lets it pass
    why: str
    until: str  # last day, as 2026-12-31


class Scope(TypedDict):
    """What this gate is about. Empty lists: everything."""

    sites: List[str]  # patterns of the shell
    pools: List[str]


class Thresholds(TypedDict, total=False):
    """What is tolerated. Absent: there is no such threshold."""

    hosts: int  # so many hosts may fail
    hosts_percent: float  # of the hosts of the play
    lost_requests: int  # since the deploy began
    cut_requests: int  # by a reload, now


class Policy(TypedDict):
    rules: List[Rule]  # the first that fits decides
    thresholds: Thresholds
    waivers: List[Waiver]
    scope: Scope


class Reason(TypedDict):
    """One thing that was found, and what was decided on it."""

    host: Optional[str]  # None: the fleet
    site: Optional[str]
    pool: Optional[str]
    cause: str  # id
    reason: Optional[str]  # id
    decision: Decision
    new: Optional[bool]  # it was not so in the baseline; None: there is none
    why: str
    fix: str
    waiver: Optional[str]  # who lets it pass until when, and why


class Own(TypedDict):
    """Requests of the gate itself that were lost: before the deploy since the diagnosis, after it all."""

    host: str
    site: str
    count: int


class Gate(TypedDict):
    phase: Phase
    verdict: Decision
    summary: str  # in one line
    since: Optional[float]  # epoch seconds, when the deploy began
    baseline: Optional[str]  # path of the report of before
    judged: int  # hosts
    ill: List[str]  # hosts that fail
    lost: Optional[int]  # requests since then; None: before the deploy
    counts: Dict[str, int]  # reasons by decision
    reasons: List[Reason]  # what fails first
    own: Optional[List[Own]]  # None: of before 0.9.0
