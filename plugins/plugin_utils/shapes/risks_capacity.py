# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was seen of the capacity of pools, and of the timeouts on the way to them, for risks alone."""

from typing import List, Optional

from .capacity import Capacity
from .nginx import ServerBlock
from .shape import TypedDict


class Written(TypedDict):
    """Where a directive stands."""

    file: str
    line: int


class ScriptLimit(TypedDict):
    """PHP's max_execution_time: seconds of CPU time (of the clock, in a PHP with threads)."""

    seconds: Optional[int]  # 0: none; None: decided at run time
    source: (
        str  # php_admin_value, php_value, PHP_ADMIN_VALUE, PHP_VALUE, .user.ini, php.ini, command or default
    )
    file: Optional[str]  # None: PHP's default, or the command line
    line: Optional[int]


class PoolSettings(TypedDict):
    """What the files say of a pool, and a snapshot's pool does not. None: it is not written."""

    config: str  # of its master
    pool: str  # name
    script: ScriptLimit
    terminate: Optional[Written]  # request_terminate_timeout
    backlog: Optional[Written]  # listen.backlog
    max_requests: Optional[Written]
    mode: Optional[Written]  # pm
    status_listen: Optional[str]  # pm.status_listen
    stale: bool  # php-fpm may run with older files


class LocationSettings(TypedDict):
    """The same of a fastcgi_pass."""

    server: ServerBlock
    location: str  # arguments of the location
    file: str  # of the fastcgi_pass
    line: int
    header_bytes: Optional[int]  # fastcgi_buffer_size; None: its value is unknown
    header: Optional[Written]  # None: nginx's default
    script: Optional[ScriptLimit]  # that nginx sends along; None: it sends none
    user_ini: Optional[ScriptLimit]  # of .user.ini in the document root
    changed_at: float  # epoch seconds: the newest of the files that these stand in


class WorkerGrowth(TypedDict):
    """One worker, as it is now."""

    config: str  # of its master
    pool: str  # name
    age: float  # seconds
    cpu_seconds: float
    own_kb: int  # its unique memory
    rss_kb: int
    peak_kb: int  # the largest rss_kb that it ever had


class CapacityFacts(TypedDict):
    memory: Capacity
    workers: List[WorkerGrowth]  # a sample
    somaxconn: Optional[int]  # net.core.somaxconn; None: unknown


class BigHeaders(TypedDict):
    """Responses whose headers did not fit, by nginx's log."""

    site: Optional[str]  # as a route has it
    endpoint: Optional[str]
    count: int
    first: float  # epoch seconds
    last: float
    path: str  # of the log
    text: str  # the newest line, redacted


class HeaderFacts(TypedDict):
    seconds: float  # of log, back from the look
    too_big: List[BigHeaders]
