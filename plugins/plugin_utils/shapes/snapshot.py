# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The snapshot: one look at a host, as JSON. docs/snapshot.schema.json is generated from these shapes."""

from typing import Dict, List, Optional

from .confinement import Confinement
from .endpoint import Endpoint
from .logs import AccessLogs, Logs
from .memory import Halted, Memory, Oom, Worker
from .missing import Missing
from .nginx import Nginx
from .older import Older
from .php_fpm import Fpm
from .risks import Risks
from .shape import TypedDict
from .waits import Waits


class HostFacts(TypedDict):
    is_root: bool  # we are
    utc_offset: int  # seconds east of UTC
    boot_at: float  # epoch seconds
    systemd: bool
    python: str  # version
    cgroup: str  # of the host's init


class Stranger(TypedDict):
    """A process that calls itself a master and is none of root's."""

    pid: int
    user: str
    claims: str  # nginx or php-fpm
    title: str
    exe: Optional[str]  # path
    why: str


class LaterSnapshot(TypedDict, total=False):
    """Not in snapshots from before 0.4.0."""

    strangers: List[Stranger]
    confinement: Confinement  # not in snapshots from before 0.5.0
    access: AccessLogs
    waits: Optional[Waits]  # None: no pool was full and no request late; not in snapshots from before 0.5.0
    halted: List[Halted]  # not in snapshots from before 0.5.0
    older: Older
    risks: Risks  # only where risks were asked for; not in snapshots from before 0.7.0
    changed_files: Dict[str, float]  # epoch seconds, by path; {}: nobody looked; not from before 0.5.0


class Snapshot(LaterSnapshot):
    schema_version: int
    taken_at: float  # epoch seconds
    window: int  # seconds of log that were read
    host: HostFacts
    nginx: Nginx
    fpm: Fpm
    endpoints: Dict[str, Endpoint]  # by endpoint
    workers: List[Worker]
    memory: Memory
    oom: Oom
    logs: Logs
    missing: List[Missing]
