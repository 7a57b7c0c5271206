# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An alert on its way to a cure: what came in, by what it is judged, what was decided, and what is kept."""

from __future__ import annotations

from typing import Dict, List, Optional

from .shape import Confidence, Disruption, Risk, Severity, TypedDict


class Alert(TypedDict):
    """Absent labels, and those that are no names, are None."""

    name: Optional[str]
    pool: Optional[str]
    cause: Optional[str]
    since: Optional[str]  # as Alertmanager writes it
    fingerprint: Optional[str]
    instance: Optional[str]  # the target that was scraped, without its port; no target can write another


class Refused(TypedDict):
    """An alert that names no host."""

    why: str
    shown: str  # what is safe to show of it


class AlertEvent(TypedDict):
    """What the event filter hands on of one host."""

    host: str  # "-": none
    status: str  # firing, resolved or refused
    alerts: List[Alert]
    refused: List[Refused]


class AlertRule(TypedDict, total=False):
    """What is done about a finding. Absent: it does not matter. A list: one of these."""

    decision: str  # mend, ask or leave
    cause: List[str]  # ids
    reason: List[str]
    severity: List[Severity]
    confidence: List[Confidence]
    alert: List[str]  # patterns of the shell
    host: List[str]
    site: List[str]
    pool: List[str]
    max_risk: Risk  # of an action
    max_disruption: Disruption
    max_cut: int  # running requests


class Throttle(TypedDict):
    host_responses: int  # to alerts of one host, in so many seconds
    host_seconds: int
    fleet_mends: int  # hosts that are mended, in so many seconds
    fleet_seconds: int


class AlertPolicy(TypedDict):
    rules: List[AlertRule]  # the first that fits decides
    throttle: Throttle
    wrong: str  # why it could not be read: nothing is mended by it then; "" where it could


class Judged(TypedDict):
    """A finding, and what is done about it."""

    finding: int  # its number
    name: str  # cause/reason
    decision: str  # mend, ask or leave
    why: str


class AlertDecision(TypedDict):
    """What is done about a host, and within what."""

    decision: str  # mend, ask or leave
    why: str
    status: str  # of the host
    judged: List[Judged]
    only: List[str]  # ids of actions, and endpoints
    skip: List[str]  # ids of causes
    max_risk: Risk
    max_disruption: Disruption
    max_cut: int


class Holder(TypedDict):
    """Who answers for a host now: a process."""

    id: str  # of the response
    node: str  # name of the machine
    boot: str  # id of its boot
    space: str  # of process ids
    pid: int
    started: str  # clock ticks after the boot
    at: float  # epoch seconds
    lease: float  # seconds from then, where nobody can tell whether it runs


class Mend(TypedDict):
    host: str
    at: float


class Book(TypedDict):
    """What all responses know of each other."""

    responses: Dict[str, List[float]]  # when, by host
    mends: List[Mend]
    held: Dict[str, Holder]  # by host
    asked: Dict[str, float]  # when a person was asked last for the same, by host


class LogLine(TypedDict, total=False):
    """One decision."""

    at: str  # UTC
    id: str  # of the response: all of its lines have it
    who: str  # the account, and its job where there is one
    host: str  # "-": none
    step: str  # admit, decide, close or ask
    decision: str
    why: str
    alerts: List[str]
    findings: List[Judged]
    actions: List[str]
    report: Optional[str]  # folder
    request: Optional[str]  # file
