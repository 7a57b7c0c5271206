# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with sockets: the kernel's table is from a real host, files and processes are described, the dialling
is replayed.
"""

import json
import os
from typing import Any, Dict, List, Optional, Sequence

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint import probe as dialling
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.endpoint.endpoints import (
    collect_endpoints,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import sock_rows
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

FIXTURES = fixtures("sockets")
with open(os.path.join(FIXTURES, "8.2-debian12-saturated.json"), encoding="utf-8") as stream:
    SEEN = json.load(stream)
SAT, KEY = "/run/php/sat.sock", "unix:/run/php/sat.sock"
MAJOR, MINOR, INODE = SEEN["sat_stat"]
IDENTITY = {"user": "www-data", "uid": 33, "gid": 33, "groups": [33], "pid": 41, "account": None}
MASTER = Process(
    35,
    1,
    "php-fpm8.2",
    "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)",
    "/usr/sbin/php-fpm8.2",
    0,
    0,
    [0],
    1.0,
)
WORKER = Process(36, 35, "php-fpm8.2", "php-fpm: pool sat", "/usr/sbin/php-fpm8.2", 33, 33, [33], 1.0)
LISTENER = next(
    row.inode
    for row in sock_rows.parse_unix_diag(bytes.fromhex(SEEN["unix_diag"]))
    if row.name == SAT and row.state == "listen"
)


class SocketHost(Built):
    """A Built with xattrs, and that counts the directories it was asked to list."""

    def __init__(self, xattrs: Optional[Dict[Any, bytes]] = None, **known: Any) -> None:
        super().__init__(**known)
        self.xattrs = xattrs or {}
        self.listed: List[str] = []

    def without_socket(self) -> "SocketHost":
        del self.stats[SAT]
        return self

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        return self.xattrs.get((path, name))

    def listdir(self, path: str) -> List[str]:
        self.listed.append(path)
        return super().listdir(path)


def sock(mode: int = 0o660, uid: int = 33, gid: int = 33, inode: int = INODE, kind: str = "socket") -> Stat:
    return Stat(kind, mode, uid, gid, 0, 1.0, inode, os.makedev(MAJOR, MINOR))


def a_host(
    stats: Optional[Dict[str, Stat]] = None, links: Optional[Dict[str, str]] = None, **more: Any
) -> SocketHost:
    """A host whose /run/php holds the socket, and whose php-fpm master has it open as descriptor 7."""
    held = {"/proc/35/fd/7": "socket:[%d]" % LISTENER, "/proc/35/fd/0": "/dev/null"}
    held.update(links or {})
    return SocketHost(
        stats={SAT: sock()} if stats is None else stats,
        links=held,
        files=dict({"/proc/35/cgroup": "0::/system.slice/php8.2-fpm.service\n"}, **more.pop("files", {})),
        **more,
    )


def dump(*requests: bytes) -> Optional[bytes]:
    answers = {sock_rows.unix_request(): "unix_diag"}
    for port in (9001, 9005):
        answers[sock_rows.tcp_request(2, port)] = "tcp_diag_%d" % port
        answers[sock_rows.tcp_request(10, port)] = "tcp6_diag_%d" % port
    return bytes.fromhex(SEEN[answers[requests[-1]]]) if requests[-1] in answers else b""


class Dialler:
    """Stands in for the probe: one errno for everything, or what the case says per address."""

    def __init__(
        self, number: int = 0, result: str = "answered", by_address: Optional[Dict[str, int]] = None
    ) -> None:
        self.number, self.result, self.by_address = number, result, by_address or {}
        self.calls: List[Any] = []

    def __call__(
        self, targets: Sequence[dialling.Target], rights: Optional[dialling.Rights], seconds: float
    ) -> List[Dict[str, Any]]:
        self.calls.append((list(targets), rights, seconds))
        results = []
        for target in targets:
            outcome = dialling.outcome(target, self.by_address.get(target.address, self.number))
            if outcome["connect"]["result"] == "ok":
                outcome["probe"] = {
                    "result": self.result,
                    "ms": 0.4 if self.result == "answered" else None,
                    "detail": None,
                    "waited": 0.0,
                }
            results.append(outcome)
        return results


def look(  # pylint: disable=dangerous-default-value
    host: SocketHost,
    key: str = KEY,
    dialler: Optional[Dialler] = None,
    identity: Optional[Dict[str, Any]] = IDENTITY,
    procs: Sequence[Process] = (MASTER, WORKER),
    seconds: float = 3.0,
    table: Any = dump,
) -> Any:
    return collect_endpoints(host, [key], identity, procs, seconds, table, dialler or Dialler())[key]


OTHER_VIEW = {"/proc/41/ns/mnt": "mnt:[2]", "/proc/self/ns/mnt": "mnt:[1]"}
SHOW = (
    "systemctl show -p InaccessiblePaths,TemporaryFileSystem,BindPaths,BindReadOnlyPaths,"
    "ProtectHome,PrivateTmp,RootDirectory,RootImage -- nginx.service"
)


def folder(inode: int, mode: int = 0o755) -> Stat:
    return Stat("directory", mode, 0, 0, 0, 1.0, inode, 1)


def sandboxed(theirs: Dict[str, Stat], shown: str) -> SocketHost:
    """nginx has a view of its own, in which /run and /run/php are as given; shown: its unit's settings."""
    stats = {SAT: sock(), "/": folder(1), "/run": folder(2), "/run/php": folder(3)}
    stats.update({"/proc/41/root" + path: stat for path, stat in dict({"/": folder(1)}, **theirs).items()})
    return a_host(
        stats=stats,
        links=OTHER_VIEW,
        files={"/proc/41/cgroup": "0::/system.slice/nginx.service\n"},
        commands={SHOW: (0, shown, "")},
    )


with open(os.path.join(FIXTURES, "8.2-debian12-given-up.json"), encoding="utf-8") as given_up:
    CROWD = json.load(given_up)


class Crowd:
    """The kernel's answers about a listener at which 10 that have given up and 3 others wait. left: nobody
    waits any more.
    """

    def __init__(self, left: bool = False) -> None:
        self.left = left
        self.sent: List[int] = []

    def __call__(self, *requests: bytes) -> Optional[bytes]:
        self.sent.append(len(requests))
        if requests[-1] == sock_rows.unix_request(True):
            return bytes.fromhex(CROWD["unix_diag_clients"])
        if requests[-1] == sock_rows.unix_request():
            return bytes.fromhex(SEEN["unix_diag"] if self.left else CROWD["unix_diag"])
        return (
            bytes.fromhex(CROWD["tcp_diag_9007"]) if requests[-1] == sock_rows.tcp_request(2, 9007) else b""
        )
