# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen for risks alone: the snapshot's "risks". A key a subject, absent where it was not seen."""

from typing import List

from .exposure import Doors, Output, Rotation, Web
from .missing import Missing
from .restart import Cut, RestartProblem
from .risks_capacity import CapacityFacts, HeaderFacts, LocationSettings, PoolSettings
from .shape import TypedDict


class RestartFacts(TypedDict):
    """What the next restart would bring, as restart_info has it without its trial start."""

    problems: List[RestartProblem]
    cuts: List[Cut]
    sees_oom: bool  # systemd sees an OOM kill of a unit's process


class SwapArea(TypedDict):
    """Swap in use."""

    path: str
    kind: str  # file or partition
    size_kb: int
    kept: bool  # fstab, a unit or a daemon would use it again after a boot


class Subjects(TypedDict, total=False):
    restart: RestartFacts
    web: Web
    doors: List[Doors]  # those that are open to others than nginx
    rotation: Rotation
    outputs: List[Output]  # of pools whose PHP has an error_log
    swap: List[SwapArea]
    capacity: CapacityFacts
    pool_settings: List[PoolSettings]  # of the masters that run
    locations: List[LocationSettings]  # one for each fastcgi_pass, in the configuration's order
    big_headers: HeaderFacts


class Risks(Subjects):
    missing: List[Missing]  # what could not be seen for it
