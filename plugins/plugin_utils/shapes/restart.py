# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next restart, reload or boot of nginx and php-fpm would do: the answer of restart_info."""

from typing import List, Literal, Optional

from .missing import Missing
from .shape import Confidence, Severity, TypedDict

RestartVerdict = Literal["fails", "risky", "unknown", "fine", "not_applicable"]
TrialResult = Literal["passed", "refused", "not_run"]


class RestartProblem(TypedDict):
    """What would go wrong, or change."""

    kind: str  # of module_utils/ahead/problems.py
    at: List[str]  # of restart, reload, boot
    severity: Severity  # critical, warning, info
    confidence: Confidence  # certain, likely, possible
    already: Optional[bool]  # it is so now; None: unknown
    program: str  # nginx or php-fpm
    unit: Optional[str]  # systemd's
    config: Optional[str]  # path of the main file
    file: Optional[str]  # that a person has to look at
    line: Optional[int]
    pool: Optional[str]
    endpoint: Optional[str]  # as nginx dials it
    sites: List[str]  # that would suffer
    files: List[str]  # that were changed
    summary: str
    fix: str


class RestartService(TypedDict):
    """nginx, or a php-fpm master."""

    program: str  # nginx or php-fpm
    unit: Optional[str]
    config: str
    running: bool
    enabled: Optional[str]  # UnitFileState
    config_test: TrialResult
    start_test: TrialResult
    why: Optional[str]  # refused or not run


class Cut(TypedDict):
    """What a reload or restart of a running master would cut now."""

    unit: Optional[str]
    config: str
    running: Optional[int]  # requests; None: not counted
    waiting: Optional[int]
    grace: float  # seconds
    reload_cuts: Optional[int]  # at once
    reload_may_cut: Optional[int]  # after the grace, where they take longer
    restart_cuts: Optional[int]


class Restart(TypedDict):
    verdict: RestartVerdict
    msg: str
    problems: List[RestartProblem]
    services: List[RestartService]
    cuts: List[Cut]
    missing: List[Missing]
