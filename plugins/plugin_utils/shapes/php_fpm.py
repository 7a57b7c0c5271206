# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm: its masters and their pools. Names of pools' fields follow php-fpm's directives."""

from typing import Dict, List, Optional

from .config import ConfigProblem, Writable
from .shape import TypedDict
from .unit import Unit


class ReplacedListen(TypedDict):
    """Of a pool whose name another section has: php-fpm takes both for one, and the later listen counts."""

    endpoint: str
    file: str
    line: int


class LaterPool(TypedDict, total=False):
    """Absent where there is none."""

    replaced: List[ReplacedListen]
    php_log: str  # path: error_log of PHP, where the pool sets it; not before 0.10.0
    zoneless: bool  # its chroot has no /usr/share/zoneinfo; not before 0.12.0


class Pool(LaterPool):
    """A pool with its effective values; None: php-fpm's default depends on the version."""

    name: str
    file: str  # where its section begins
    line: int
    listen: Optional[str]  # as written
    endpoint: Optional[str]  # the same, as nginx's targets spell it
    listen_file: Optional[str]
    listen_line: Optional[int]
    listen_owner: Optional[str]
    listen_group: Optional[str]
    listen_mode: str  # octal
    acl_users: List[str]
    acl_groups: List[str]
    allowed_clients: List[str]
    backlog: Optional[int]
    user: Optional[str]
    group: Optional[str]
    prefix: Optional[str]
    chroot: Optional[str]
    pm: Optional[str]  # static, dynamic or ondemand
    max_children: Optional[int]
    start_servers: Optional[int]
    min_spare: Optional[int]
    max_spare: Optional[int]
    max_requests: int  # 0: no limit
    idle_timeout: float  # seconds
    terminate_timeout: float  # seconds, 0: none
    slowlog_timeout: float  # seconds, 0: none
    slowlog: Optional[str]  # path
    access_log: Optional[str]  # path
    status_path: Optional[str]  # of a URL
    ping_path: Optional[str]
    catch_workers_output: bool
    memory_limit: Optional[str]  # of PHP, as written


class PoolDirective(TypedDict):
    value: str
    file: str
    line: int


class PoolDetail(Pool):
    """A pool with all that its files say, for fpm_info."""

    directives: Dict[str, PoolDirective]  # by name
    php_keys: List[str]  # names of env[] and php settings


class TestFailure(TypedDict, total=False):
    """The line that says why php-fpm would not start, and what it names."""

    kind: str  # id of its signature
    text: str
    file: Optional[str]  # of the configuration
    line: Optional[int]
    pool: Optional[str]
    account: Optional[str]  # user or group that is missing
    directive: Optional[str]  # that this php-fpm does not know


class TestResult(TypedDict, total=False):
    """Absent where the test did not run."""

    ok: bool
    rc: int  # exit status
    output: List[str]
    failure: Optional[TestFailure]  # None: nothing that is known; not before 0.14.0


class TestRefusal(TypedDict, total=False):
    why: Optional[str]  # why the test did not run; absent where it ran


class ConfigTest(TestResult, TestRefusal):
    """php-fpm -t, see module_utils/collect/php_fpm/config_check.py."""

    ran: bool


class LaterLastStart(TypedDict, total=False):
    """Not in snapshots from before 0.13.0."""

    account: Optional[bool]  # whether this host knows the user that it missed; None: it missed none


class LastStart(LaterLastStart):
    """What the last start failed at, as it is now."""

    path: Optional[str]  # that could not be made, run or preloaded
    directory: Optional[bool]  # whether the directory of it is there
    read_only: Optional[bool]  # its file system, to all
    free_bytes: Optional[int]
    free_inodes: Optional[int]  # None: as many as wanted
    address: Optional[bool]  # whether this host has the one that could not be bound
    ini_file: Optional[str]  # of php.ini, that has the setting
    ini_line: Optional[int]
    changed_at: Optional[float]  # epoch seconds: php.ini, the program or the script to preload


class Unseen(TypedDict):
    """What a running master does not see of its host, since its unit has a sandbox."""

    mounts: List[str]  # points at which what is mounted was deleted since
    sockets: List[str]  # of others, which listen


class LaterMaster(TypedDict, total=False):
    """Not in snapshots from before 0.4.0."""

    account: Optional[str]  # user who runs it, where root does not
    writable: Optional[Writable]
    prefix: str
    unseen: Unseen  # absent: its unit gives it what the host has; not before 0.13.0
    last_start: Optional[LastStart]  # None: it runs, or says nothing; not before 0.5.0
    start_command: Optional[str]  # without systemd: /etc/init.d/php-fpm start; not before 0.5.0
    own_network: bool  # in another network namespace than this host's; absent: not so; not before 0.5.0
    undecorated: bool  # workers write to its log as it does itself; absent: none does; not before 0.5.0


class Master(LaterMaster):
    config: str  # path of the main file
    version: Optional[str]  # as file names tell it: 8.2
    binary: Optional[str]  # path; None: not installed
    layout: str  # name of its packaging, see module_utils/collect/php_fpm/layouts.py
    unit: Optional[str]  # systemd's
    unit_state: Optional[Unit]
    running: bool
    pid: Optional[int]
    started_at: Optional[float]  # epoch seconds
    loaded_at: Optional[float]  # epoch seconds of the last start or reload
    error_log: Optional[str]  # path, or syslog; None: configuration cannot be read
    pid_file: Optional[str]
    process_max: int  # workers of all pools, 0: no limit
    daemonize: bool
    process_control_timeout: float  # seconds
    log_level: str
    emergency_restart_threshold: int  # crashes
    emergency_restart_interval: float  # seconds
    files: List[str]  # of the configuration
    config_changed_at: Optional[float]  # epoch seconds: newest file
    config_newer: Optional[bool]  # changed since it was loaded; None: unknown
    config_errors: List[ConfigProblem]
    test: ConfigTest
    pools: List[Pool]


class Fpm(TypedDict):
    installed: bool
    masters: List[Master]  # running ones first
