# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A finding: one cause on one endpoint, with its proof. The verdict on a host holds all of its findings.

docs/report.schema.json is held equal to these shapes.
"""

from typing import Dict, List, Optional

from .missing import Missing
from .plan import Planned
from .shape import Confidence, Fault, Severity, State, Status, TypedDict
from .snapshot import Stranger


class Place(TypedDict, total=False):
    """Absent where nothing is known."""

    line: int  # of a configuration file
    at: float  # epoch seconds


class Evidence(Place):
    source: str  # file, probe, systemd, nginx_log, fpm_log, ...
    path: Optional[str]
    text: str


class Facts(TypedDict, total=False):
    """What the words for people name beside the finding's own fields. Absent where it is not known."""

    account: Optional[str]  # that php-fpm looked for in vain
    address: Optional[str]  # where php-fpm was to listen
    answering: Optional[str]  # endpoint of the upstream's server that answers in place of this one
    directive: Optional[str]  # that php-fpm does not know
    # What an error of PHP's is about, of which no page comes; main_file: php-fpm's own is not there. Others
    # than those of this version may come from a newer host. interned_strings: opcache has no room for them.
    # link_circle: links lead in a circle. unit_file: systemd takes the unit's files for none.
    # pid_file: nginx's own does not name its master.
    fault: Optional[Fault]
    file: Optional[str]  # of the configuration, in which the line is that decides
    line: Optional[int]
    # Of what the fault is about: a function, an extension, a variable, a version, a file or a step of
    # systemd's.
    name: Optional[str]
    nginx_config: Optional[str]  # that it was started with, where it is no usual one
    nginx_prefix: Optional[str]  # the same of its prefix
    nginx_unit: Optional[str]  # that runs nginx, where it is no nginx.service
    no_nginx_unit: Optional[bool]  # nginx runs, and no unit of systemd runs it
    no_reload: Optional[bool]  # the finding's unit has no ExecReload=
    path: Optional[str]  # of what lacks, is refused or has to be mended
    pids: Optional[List[int]]  # that a person ends or wakes: all of them, or none
    refusal: Optional[str]  # kind of what keeps nginx from loading its files, as Refusal has it
    sockets: Optional[str]  # units of systemd's that make the sockets of the finding's unit
    # FILE:LINE that php-fpm -t refuses, though a master runs with what stood there before. Not from hosts of
    # before 0.19.0.
    refused: Optional[str]
    start_command: Optional[str]  # what starts php-fpm there in place of systemd
    user: Optional[str]  # of nginx's workers, whom the socket is to let in


class Site(TypedDict):
    """A server block of nginx."""

    name: str  # first server_name
    listen: str  # first address
    file: Optional[str]  # where it begins; None: an older snapshot
    line: Optional[int]


class RuledOut(TypedDict):
    cause: str
    why: str


class Remedy(TypedDict):
    action: str  # id
    arguments: Dict[str, object]


class Timeline(TypedDict):
    """Lost requests by time, as far as nginx's log gave their times."""

    begin: float  # epoch seconds, a multiple of step
    step: int  # seconds
    counts: List[int]  # one for each step


class Finding(TypedDict):
    cause: str  # id
    code: Optional[int]  # number of the cause in the guide
    reason: Optional[str]  # id
    severity: Severity
    confidence: Confidence
    state: State
    site: Optional[str]  # first of sites
    sites: List[str]  # names of servers
    sites_left: int  # how many more there are, which a long reply does not name
    servers: List[Site]
    endpoint: Optional[str]
    pool: Optional[str]
    unit: Optional[str]  # systemd's
    since: Optional[float]  # epoch seconds of the first lost request
    count: int  # lost requests in the window
    timeline: Optional[Timeline]  # None: no times are known
    summary: str
    facts: Optional[Facts]  # None: an older host
    evidence: List[Evidence]
    ruled_out: List[RuledOut]
    missing: List[Missing]
    remedy: List[Remedy]


class HostStatus(TypedDict):
    """What a verdict says of a host beside its findings."""

    status: Status
    plan: List[Planned]
    missing: List[Missing]
    strangers: List[Stranger]  # the first of them
    strangers_total: int


class Verdict(HostStatus):
    findings: List[Finding]
