# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint between nginx and php-fpm: its file, who listens, and what a client gets."""

from typing import List, Literal, Optional

from .shape import TypedDict

# What connect(2) gave, and what a FastCGI request without PHP gave.
ConnectResult = Literal[
    "ok", "missing", "refused", "denied", "full", "timeout", "unreachable", "error", "not_tried"
]
ProbeResult = Literal["answered", "no_answer", "not_fastcgi", "closed", "not_tried"]


class Rights(TypedDict):
    """Of a file or directory."""

    path: str
    owner: str
    group: str
    mode: str  # octal


class Directory(Rights):
    """A directory on the way to a socket."""

    acl: Optional[List[str]]  # as getfacl prints it


class SocketFile(TypedDict):
    """The file of a unix socket. None: no unix socket, or unknown."""

    exists: Optional[bool]
    type: Optional[str]  # socket, file, directory, missing, dangling_link, unknown, ...
    link_to: Optional[str]  # where the path's last part points
    real_path: Optional[str]  # where links lead
    owner: Optional[str]
    group: Optional[str]
    uid: Optional[int]
    gid: Optional[int]
    mode: Optional[str]  # octal
    acl: Optional[List[str]]
    selinux: Optional[str]  # label
    parents: List[Directory]  # in the order of search


class LaterListener(TypedDict, total=False):
    """Not in snapshots from before 0.4.0; maker not before 0.14.0."""

    # uid of who made the socket: a master, for all of its workers. None: unknown, or a master holds it.
    maker: Optional[int]
    claims_fpm: bool  # calls itself php-fpm, and is none of root's
    uid: int
    user: str


class Listener(LaterListener):
    """A process that holds the listening socket."""

    pid: int
    comm: str
    exe: Optional[str]  # path
    cmdline: str  # php-fpm's title, of others the first word
    fpm: bool
    master_config: Optional[str]  # of a php-fpm master's title
    pool: Optional[str]  # of a worker's title
    unit: Optional[str]  # systemd's


class LaterBlocked(TypedDict, total=False):
    """Not in snapshots from before 0.13.0, which have the sentence. mandatory_access has the user alone."""

    user: str  # who is refused
    owner: str  # of path
    group: str
    mode: str  # octal
    wanted: str  # r, w or x, which is search
    applies: str  # whose permissions: owner, group, other, user entry or group entry of the ACL
    masked: bool  # an entry grants it, and the ACL's mask takes it away
    configured: str  # nginx's user by its configuration, who may; of user_not_in_force
    groups: List[str]  # that would let in, and are not in force
    why: str  # the sentence: before 0.13.0, and in the answer of fpm_socket_info


class Blocked(LaterBlocked):
    """What refuses nginx on the way to a socket, or a pool's account on the way to a script."""

    path: str
    # directory, socket, file, socket_unit (systemd made it), mandatory_access, or what is not in force: see
    # collect/endpoint/in_force.py
    kind: str
    acl: bool  # an ACL decides


class Dialled(TypedDict):
    """What connect(2) gave."""

    result: ConnectResult
    errno: Optional[int]
    error: Optional[str]  # strerror(3)


class Connect(Dialled):
    tried: bool
    as_user: Optional[str]  # None: as ourselves
    blocked_by: Optional[Blocked]


class Answer(TypedDict):
    """What a FastCGI request without PHP gave."""

    result: ProbeResult
    ms: Optional[float]  # until the answer
    detail: Optional[str]
    waited: float  # seconds


class Probe(Answer):
    queue: Optional[int]  # connections, after the wait for an answer
    accepted: Optional[int]  # connections at once, after that wait


class Address(TypedDict):
    """One address that a host name leads to."""

    address: str
    result: ConnectResult
    errno: Optional[int]
    probe: ProbeResult


class Outcome(TypedDict):
    """Of dialling one address of an endpoint."""

    key: str  # endpoint
    address: str
    connect: Dialled
    probe: Answer


class Waiting(TypedDict):
    """Connections in the queue. None: unknown."""

    live: Optional[int]
    dead: Optional[int]  # whose client has given up


class Flow(TypedDict):
    """Connections while the probe waited."""

    seconds: float
    arrived: int
    answered: int


class Hidden(TypedDict):
    """What a sandbox hides."""

    path: str
    unit: Optional[str]
    setting: Optional[str]  # NAME=VALUE of systemd.exec(5)
    who: str  # from whom: nginx or php-fpm


class NameSource(TypedDict):
    """What gives a name its addresses, where /etc/hosts does."""

    path: str  # the file that was changed last
    changed_at: float  # epoch seconds


class MadeBy(TypedDict):
    """A socket unit of systemd's, and the service that gets its socket."""

    name: str
    service: str
    load: Optional[str]  # LoadState of the service


class LaterEndpoint(TypedDict, total=False):
    """Not in snapshots from before 0.4.0; beside not before 0.14.0."""

    name_source: NameSource  # not before 0.15.0
    made_by: MadeBy  # where nobody listens and no pool is configured to; not before 0.19.0
    # Others than php-fpm, at another address of a name than those in listeners.
    beside: List[Listener]
    waiting: Waiting
    abandoned: Optional[int]  # accepted connections whose client has given up
    flow: Optional[Flow]  # None: nobody waited
    hidden: Optional[Hidden]


class Endpoint(SocketFile, LaterEndpoint):
    family: str  # unix, inet, inet6 or name
    path: Optional[str]
    address: Optional[str]
    port: Optional[int]
    listening: Optional[bool]  # None: on another host
    listeners: List[Listener]
    listener_path: Optional[str]  # under /proc: where the listener's own file is
    inode_matches: Optional[bool]  # listener holds this very file; None: unknown
    queue: Optional[int]  # connections that wait to be accepted
    backlog: Optional[int]  # of the listening socket
    accepted: Optional[int]  # connections that are open
    connect: Connect
    probe: Probe
    addresses: Optional[List[Address]]  # of a host name
