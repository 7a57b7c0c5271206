# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan: the actions for a host, in order."""

from typing import Dict, List, Optional

from .shape import Disruption, Risk, TypedDict


class Chosen(TypedDict):
    """An action for a host."""

    id: str
    target: Optional[str]  # unit, or path of a file or directory
    arguments: Dict[str, object]
    because: List[str]  # cause/reason of the findings, each once
    findings: List[int]  # numbers of the findings, from 0, in the order of the verdict
    risk: Risk
    reversible: bool
    disruption: Disruption


class Draft(Chosen):
    """An action of the plan, before it is known how many requests run."""

    host: str


class Planned(Draft):
    running: Optional[int]  # requests that run now, of which it cuts up to so many; None: unknown
