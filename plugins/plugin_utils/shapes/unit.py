# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A systemd unit, by systemctl show and its journal."""

from typing import Dict, List, Literal, Optional

from .shape import TypedDict

Writer = Literal["systemd", "php-fpm", "command"]


class StartFault(TypedDict):
    """What a line names as why php-fpm does not start."""

    kind: str  # id of its signature; "": a line of systemd's
    meaning: str
    places: List[str]  # what stands in those of its format
    file: Optional[str]  # of the configuration
    line: Optional[int]
    pool: Optional[str]
    errno: Optional[int]


class LaterUnitLine(TypedDict, total=False):
    """Not in snapshots from before 0.13.0, nor of a line that is no message of systemd's that is known."""

    meaning: str  # what systemd means with it: main_ended, unit_started, ...
    places: List[str]  # what stands in those of its format, as the status of what ended


class UnitLine14(LaterUnitLine, total=False):
    """Not in snapshots from before 0.14.0, whose texts begin with "by[pid]: "."""

    by: Writer  # command: another program of root's
    pid: Optional[int]
    ini_fault: str  # what PHP complains of in php.ini, where the line is about that


class UnitLine15(UnitLine14, total=False):
    """Not in snapshots from before 0.15.0."""

    failure: StartFault  # absent: it names none
    ready: bool  # php-fpm says that it is; absent where it does not


class UnitLine(UnitLine15):
    """A line of the unit's journal."""

    at: float  # epoch seconds
    text: str


class LaterUnit(TypedDict, total=False):
    """Not in snapshots from before 0.4.0."""

    can_reload: bool
    sandbox: Dict[str, str]  # settings that give it other files than the host has
    families: Optional[str]  # RestrictAddressFamilies=, None: all
    type: Optional[str]  # Type=; not before 0.5.0
    writing: Dict[str, str]  # ProtectSystem= and the paths that it may or may not write; not before 0.5.0
    unmet: List[str]  # conditions and assertions that kept the last start back; not before 0.5.0
    # Others that a start of one that is down "starts" or "stops"; not before 0.10.0. Sockets that it "needs":
    # not before 0.18.0.
    ties: Dict[str, str]
    said: List[UnitLine]  # the last lines of other programs that it runs as root; not before 0.11.0
    limits: Dict[str, str]  # tight RuntimeMaxSec=, WatchdogSec=, LimitNPROC=, TasksMax=; not before 0.11.0
    pid_file: Optional[str]  # PIDFile=; not before 0.11.0


class Unit(LaterUnit):
    name: str
    load: Optional[str]  # LoadState: loaded, masked, not-found, ...
    active: Optional[str]  # ActiveState
    sub: Optional[str]  # SubState
    result: Optional[str]  # Result of the last run
    restart: Optional[str]  # Restart=
    enabled: Optional[str]  # UnitFileState
    oom_policy: Optional[str]  # OOMPolicy=
    fragment: Optional[str]  # path of the unit file
    restarts: int  # automatic ones
    main_pid: int  # 0: none
    exec_main_code: int  # si_code of waitid(2): 1 exited, 2 killed, 3 dumped
    exec_main_status: int  # exit status or signal
    changed_at: Optional[float]  # epoch seconds, of its state
    active_since: Optional[float]
    inactive_since: Optional[float]
    need_reload: bool  # unit file changed on disk
    runtime_directory: str  # RuntimeDirectory=, "": none
    private_tmp: bool
    command: Optional[str]  # ExecStart, without arguments that may hold a secret
    start_limit_hit: bool
    log: List[UnitLine]  # [] unless it is down or changed lately
