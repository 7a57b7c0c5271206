# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A remediation: what was done, what became of each finding, and the module's reply."""

from typing import Dict, List, Literal, Optional

from .finding import Verdict
from .plan import Chosen
from .shape import Status, TypedDict
from .snapshot import Snapshot

# What came of an action, of a finding, of what a killed run had left, and of all of it.
ActionResult = Literal["failed", "done", "would", "unchanged", "rolled_back", "refused", "skipped"]
FindingOutcome = Literal["escalated", "fixed", "would_fix", "rolled_back", "not_needed"]
Fate = Literal["put_back", "kept", "left", "tidied", "damaged"]
RunOutcome = Literal["left_alone", "nothing_to_do", "would_change", "done", "busy"]

RefusalKind = Literal[
    # Of an action: what the options say.
    "skip",
    "only",
    "max_risk",
    "max_disruption",
    "max_cut",
    "swap_size",
    "repeated",  # it was done once, or too often of late
    "managed",  # a tool or a panel writes the file
    "action",  # the host is not as the action needs it
    "trial",  # what is tried before it objects
    # Of a host: its status, who we are, and another run.
    "unknown",
    "failing",
    "degraded",
    "not_root",
    "busy",
]


class Taken(Chosen):
    """An action of the plan, and what came of it."""

    running: Optional[int]  # as planned
    result: ActionResult
    refusal_kind: Optional[RefusalKind]  # of a result skipped or refused; None: of a host before 0.14.0, too
    why: str
    files: List[str]
    commands: List[str]
    backup: Optional[str]  # directory with the files as they were
    cut: int  # running requests
    seconds: float


class Shown(TypedDict):
    """A finding's endpoint and sites at a time."""

    probe: str
    http: Optional[int]  # status of a page of the first of its sites that was asked
    queue: Optional[int]  # connections


class Named(TypedDict):
    """What names a finding."""

    cause: str  # id
    reason: Optional[str]  # id
    site: Optional[str]
    endpoint: Optional[str]
    pool: Optional[str]


class FindingResult(Named):
    """What became of a finding."""

    result: FindingOutcome
    before: Optional[Shown]  # None: nobody looked
    after: Optional[Shown]
    why: str


class Still(Named):
    """What is active after all that was done."""

    summary: str
    new: bool  # it was not so before


class Undone(TypedDict):
    """A change that a killed run had left open. See module_utils/change/left_behind.py."""

    name: str  # of the action
    target: Optional[str]
    at: Optional[float]  # epoch seconds
    files: List[str]
    fate: Fate
    why: str
    by_hand: List[str]  # commands that take back what was left


class Remediation(TypedDict):
    check_mode: bool
    outcome: RunOutcome
    refusal_kind: Optional[RefusalKind]  # the host was left alone; None: it was not, or a host before 0.14.0
    why: str  # the same as a sentence
    status_before: Status
    status_after: Optional[Status]  # None: in check mode
    diagnosed_at: float  # epoch seconds
    answered_after: Optional[float]  # seconds from the diagnosis; None: nothing had to be waited for
    undone: Optional[Undone]
    actions: List[Taken]
    findings: List[FindingResult]  # in the order of the verdict
    still: List[Still]


class Difference(TypedDict):
    """What changed in a file, as Ansible prints it with --diff. Secrets are redacted on the host."""

    before_header: str  # path, /dev/null where there was none
    after_header: str
    prepared: str  # the hunks of diff -u


class Reply(Verdict):
    """The verdict before anything was done; its status is the host's now."""

    changed: bool
    window: int  # seconds of log that were read
    diff: List[Dict[str, str]]  # of each changed file
    snapshot: Snapshot
    remediation: Remediation
