# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller adds to what hosts say. Its reader and docs/report.schema.json are made from it."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional

from .finding import Finding, HostStatus, Verdict
from .gate import Gate
from .remediation import Difference, Remediation
from .shape import TypedDict


class RiskWords(TypedDict, total=False):
    outage: str  # what it would look like when it happens; only of a risk, not in reports from before 0.7.0


class Words(RiskWords):
    """What the catalogue says of a cause."""

    title: str
    fix: str  # the shortest correct action
    advice: str  # what a person does, with commands
    do_not: str  # the usual wrong fix, and why it is wrong here
    doc: str  # where the documentation explains the cause


class Explained(Finding, Words):
    """A finding with the words of the catalogue."""


class Remedied(TypedDict, total=False):
    remediation: Remediation  # absent: the host was only looked at
    diff: List[Difference]  # of each file that was, or would be, changed


class Diagnosis(Verdict, Remedied):
    """What a module returns of a host, as far as the report has a place for it."""


# Why a report has no diagnosis of a host, or none of now.
ErrorKind = Literal["unreachable", "left_play", "not_run", "no_diagnosis", "not_finished", "not_asked"]


class Kept(Remedied, total=False):
    snapshot: Dict[str, object]  # what the host saw; only with diagnose_snapshot
    error: str  # why there is no diagnosis
    error_kind: ErrorKind  # not in reports from before 0.14.0


class HostEntry(HostStatus, Kept):
    """What the report says of one host. After a remediation the findings are those of before it, and the
    status is that of after it.
    """

    findings: List[Explained]  # with the words of the catalogue


class Summary(TypedDict):
    counts: Dict[str, int]  # hosts by status, every status present
    causes: Dict[str, int]  # hosts by cause, the most frequent first


class Run(TypedDict):
    """The run of ansible-playbook that made the report."""

    id: str  # name of its folder
    started: float  # epoch seconds, when it first came to its report
    by: str  # who ran it
    job: Optional[str]  # number of the job in AWX
    version: str  # of this collection
    ansible_version: str
    playbook: Optional[str]
    limit: Optional[str]
    check_mode: bool
    window: int  # seconds of log that were read


class Ran(TypedDict, total=False):
    run: Run  # absent: a report from before 0.6.0


class Gated(TypedDict, total=False):
    gate: Gate  # absent: the report is none of a gate


class Report(Ran, Gated):
    """What the diagnosis found on every host of a fleet, and what a remediation did there. Times in findings
    are epoch seconds of the host's clock.
    """

    schema_version: int
    generated_at: str  # UTC
    window: int  # seconds of log that were read
    hosts: Dict[str, HostEntry]  # by name
    summary: Summary


class Tally(TypedDict):
    """Findings by what became of them."""

    wanted: int  # the sum of the others
    fixed: int
    rolled_back: int
    escalated: int
    would_fix: int


class Mended(TypedDict, total=False):
    remediation: Tally  # absent: no remediation ran
