# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A described host for unit tests: files, links, commands and accounts as data, used like
collect.host.Host.
"""

import errno
import fnmatch
import posixpath
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import (
    Account,
    Host,
    HostError,
    Ran,
    Room,
    Stat,
)


class FakeHost(Host):
    """files: {path: text or bytes}; commands: {argv joined by spaces: (rc, out, err)}; denied: paths that
    answer EACCES.

    A command that is not listed is "not found", as on a host that lacks it; calls records each argv.
    """

    def __init__(
        self,
        files: Optional[Dict[str, Any]] = None,
        commands: Optional[Dict[str, Tuple[Optional[int], str, str]]] = None,
        stats: Optional[Dict[str, Stat]] = None,
        links: Optional[Dict[str, str]] = None,
        denied: Sequence[str] = (),
        accounts: Optional[Dict[str, Tuple[int, int, List[int]]]] = None,
        now: float = 1775139797.0,
        root: bool = True,
    ) -> None:
        super(FakeHost, self).__init__()
        self.files = {
            path: text if isinstance(text, bytes) else text.encode("utf-8")
            for path, text in (files or {}).items()
        }
        self.commands = commands or {}
        self.stats = stats or {}
        self.links = links or {}
        self.denied = set(denied)
        self.accounts = accounts or {"root": (0, 0, [0]), "www-data": (33, 33, [33])}
        self.clock = now
        self.root = root
        self.calls: List[List[str]] = []

    def now(self) -> float:
        return self.clock

    def monotonic(self) -> float:
        return self.clock

    def boottime(self) -> float:
        return 5000.0

    def utc_offset(self, at: float) -> int:
        return 0

    def sleep(self, seconds: float) -> None:
        self.clock += seconds

    def is_root(self) -> bool:
        return self.root

    def run(self, argv: Sequence[str], timeout: Optional[float] = None, most: int = 0) -> Ran:
        self.calls.append(list(argv))
        rc, out, err = self.commands.get(
            " ".join(argv), (None, "", "%s: No such file or directory" % argv[0])
        )
        return Ran(rc, out, err)

    def _check(self, path: str) -> str:
        path = self.realpath(path)
        if path in self.denied:
            raise HostError(path, errno.EACCES, "Permission denied")
        return path

    def read_bytes(self, path: str, offset: int = 0, length: int = 1024 * 1024, real: bool = False) -> bytes:
        there = self._check(path)
        if there not in self.files:
            raise HostError(path, errno.ENOENT, "No such file or directory")
        return self.files[there][offset : offset + length]

    def stat(self, path: str, follow: bool = True) -> Stat:
        if not follow and path in self.links:
            return Stat("link", 0o777, 0, 0, 0, 0.0, 1, 1)
        real = self.realpath(path)
        if real in self.stats:
            return self.stats[real]
        if real in self.files:
            return Stat("file", 0o644, 0, 0, len(self.files[real]), self.clock - 86400, 1, 1)
        if any(
            name.startswith(real.rstrip("/") + "/")
            for name in list(self.files) + list(self.stats) + list(self.links)
        ):
            return Stat("directory", 0o755, 0, 0, 0, self.clock - 86400, 1, 1)
        raise HostError(path, errno.ENOENT, "No such file or directory")

    rooms: Dict[str, Room] = {}  # by directory
    addresses: Sequence[str] = ()

    def room(self, path: str) -> Optional[Room]:
        return self.rooms.get(path)

    def has_address(self, address: str) -> bool:
        return address in self.addresses

    def readlink(self, path: str) -> Optional[str]:
        return self.links.get(path)

    def realpath(self, path: str) -> str:
        seen: set = set()
        while path in self.links and path not in seen:
            seen.add(path)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), self.links[path]))
        return path

    def listdir(self, path: str) -> List[str]:
        self._check(path)
        base = path.rstrip("/") + "/"
        names = {
            name[len(base) :].split("/")[0]
            for name in list(self.files) + list(self.stats) + list(self.links)
            if name.startswith(base)
        }
        if not names:
            raise HostError(path, errno.ENOENT, "No such file or directory")
        return sorted(names)

    def glob(self, pattern: str) -> List[str]:
        depth = pattern.count("/")
        return sorted(
            name
            for name in list(self.files) + list(self.links)
            if name.count("/") == depth and fnmatch.fnmatchcase(name, pattern)
        )

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        return None

    def user_name(self, uid: int) -> str:
        return next((name for name, entry in self.accounts.items() if entry[0] == uid), str(uid))

    def group_name(self, gid: int) -> str:
        return next((name for name, entry in self.accounts.items() if entry[1] == gid), str(gid))

    def account(self, name: str) -> Optional[Account]:
        return Account(*self.accounts[name]) if name in self.accounts else None
