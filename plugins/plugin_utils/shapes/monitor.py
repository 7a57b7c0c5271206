# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the monitor's script keeps from one run to the next, as JSON in its state file."""

from typing import Dict, List, Optional

from .missing import Missing
from .nginx import LogFormat
from .shape import TypedDict


class StatusPage(TypedDict):
    """pm.status_listen of a pool."""

    endpoint: str
    path: str  # pm.status_path


class WatchedPool(TypedDict):
    name: str
    endpoint: Optional[str]
    pm: Optional[str]
    max_children: Optional[int]
    status: Optional[StatusPage]  # None: on no listener of its own


class WatchedMaster(TypedDict):
    config: str
    unit: Optional[str]
    pid: Optional[int]  # None: it does not run
    ticks: int  # when it started, in ticks since boot
    error_log: Optional[str]
    process_max: int  # 0: no limit
    pools: List[WatchedPool]


class WatchedSite(TypedDict):
    site: str  # first server_name
    names: List[str]


class WatchedLog(TypedDict):
    """An access log."""

    path: str
    late: bool  # nginx makes it when somebody asks for that name
    formats: List[LogFormat]
    sites: List[WatchedSite]  # that write there


class Watched(TypedDict):
    """What there is to watch, by the configuration that was loaded."""

    at: float  # when it was read, epoch seconds
    files: Dict[str, List[float]]  # mtime, size and inode of what it depends on; []: it is not there
    found: Dict[str, List[str]]  # by pattern: the files that it names
    others: List[int]  # pids that look like a master, and are none
    masters: List[WatchedMaster]
    logs: List[WatchedLog]
    missing: List[Missing]


class Position(TypedDict):
    """How far a log was read."""

    device: int
    inode: int
    offset: int


class Counter(TypedDict):
    name: str  # of the metric
    labels: Dict[str, str]
    value: float


class State(TypedDict):
    version: int
    boot_at: float  # epoch seconds
    watched: Optional[Watched]
    positions: Dict[str, Position]  # by path
    counters: List[Counter]
    raw: Dict[str, float]  # what counts elsewhere, and begins anew when that restarts
    connections: Dict[str, Dict[str, float]]  # by endpoint, by connection: when it was first seen
