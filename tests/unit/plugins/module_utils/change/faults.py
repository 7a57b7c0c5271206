# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small world of real files, and an os module that fails or kills the process at its Nth change of it."""

import os
import signal
import stat
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import disk as disk_module
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import rights as rights_module
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Change, Command, Step

CALLS = {
    "open",
    "write",
    "fsync",
    "replace",
    "link",
    "unlink",
    "mkdir",
    "rmdir",
    "chmod",
    "fchmod",
    "fchown",
    "setxattr",
    "removexattr",
    "utime",
}
KILLS = ("before", "after", "half")
Tree = Dict[str, Tuple[Any, ...]]


class Steps:
    """Stands in for os. at: the number of the call; how: one of KILLS, or an errno; from_then: every later
    call fails too.
    """

    def __init__(self, at: int, how: Any, from_then: bool = False) -> None:
        self.at, self.how, self.from_then, self.count = at, how, from_then, 0

    def due(self) -> bool:
        self.count += 1
        return self.count == self.at or (self.from_then and self.count > self.at)

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: Any, **options: Any) -> Any:
            if name == "open" and not arguments[1] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
                return real(*arguments, **options)  # only a look
            due = self.due()
            if due and isinstance(self.how, int):
                raise OSError(self.how, os.strerror(self.how))
            if due and self.how == "half" and name == "write":
                os.write(arguments[0], arguments[1][: len(arguments[1]) // 2])
            if due and self.how != "after":
                os.kill(os.getpid(), signal.SIGKILL)
            # What a killed process wrote stays: only a power cut needs the sync, and it is slow.
            try:
                return None if name == "fsync" else real(*arguments, **options)
            finally:
                if due:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call


class Service(disk_module.Disk):
    """A disk whose service notes, at each start, which configuration it read. Starting is a step as well."""

    def __init__(self, world: "World", refuses: Sequence[str] = ()) -> None:
        self.world, self.refuses = world, refuses

    def run(self, argv: Sequence[str], timeout: float = 90.0) -> Ran:
        steps = disk_module.os
        descriptor = steps.open(self.world.service, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(descriptor, self.world.read("pool.conf") or b"")
        os.close(descriptor)
        with open(self.world.service + ".log", "a") as stream:
            stream.write(" ".join(argv) + "\n")
        return Ran(1, "", "it [emerg] does not start") if argv[0] in self.refuses else Ran(0, "", "")


class World:
    """A pool's file with rights and an odd time, and a vhost behind a link. Also a drop-in to create in a
    directory to create, and a file to remove.
    """

    def __init__(self, top: str) -> None:
        self.top, self.etc, self.state = top, os.path.join(top, "etc"), os.path.join(top, "state")
        self.service = os.path.join(top, "service")
        for folder in (top, self.etc, self.path("enabled"), self.path("available")):
            os.makedirs(folder, 0o755, exist_ok=True)
            os.chmod(folder, 0o755)  # a umask may let the group write
        for name, data in (
            ("pool.conf", b"pm = static\n"),
            ("available/site", b"listen 80;\r\n\xff\n"),
            ("gone.conf", b"old\n"),
            ("other.conf", b"other\n"),
        ):
            with open(self.path(name), "wb") as stream:
                stream.write(data)
            os.chmod(self.path(name), 0o644)
        os.symlink("../available/site", self.path("enabled/site"))
        os.chmod(self.path("pool.conf"), 0o640)
        if os.geteuid() == 0:
            os.chown(self.path("pool.conf"), 0, 34)
        for name in ("pool.conf", "available/site", "gone.conf"):
            os.utime(self.path(name), ns=(1500000000123456789, 1500000000123456789))
        self.start = tree(self.etc)
        self.old = self.contents()
        self.step = Step(
            "pool_limit",
            "www",
            [
                Change(self.path("pool.conf"), b"pm = static\n", b"pm = dynamic\n" * 9, 0o600),
                Change(self.path("enabled/site"), b"listen 80;\r\n\xff\n", b"listen 81;\r\n\xff\n", 0o600),
                Change(self.path("unit.d/limit.conf"), None, b"[Service]\n", 0o644),
                Change(self.path("gone.conf"), b"old\n", None, 0o644),
            ],
            [],
            [Command(["restart"], [["restart-again"], ["look"]]), Command(["reload"], [["reload-again"]])],
        )
        self.new = {change.path: change.after for change in self.step.changes}

    def path(self, name: str) -> str:
        return os.path.join(self.etc, name)

    def read(self, name: str) -> Optional[bytes]:
        try:
            with open(self.path(name), "rb") as stream:
                return stream.read()
        except OSError:
            return None

    def edit(self, name: str, data: bytes) -> None:
        """As somebody else would, by hand."""
        with open(self.path(name), "wb") as stream:
            stream.write(data)

    def contents(self) -> Dict[str, Optional[bytes]]:
        names = ("pool.conf", "enabled/site", "unit.d/limit.conf", "gone.conf")
        return {self.path(name): self.read(name) for name in names}

    def whole(self) -> bool:
        """Whether every file is the old or the new one, byte for byte."""
        return all(data in (self.old[path], self.new[path]) for path, data in self.contents().items())

    def log(self) -> List[str]:
        try:
            with open(self.service + ".log") as stream:
                return stream.read().split("\n")[:-1]
        except OSError:
            return []

    def state_names(self) -> List[str]:
        return sorted(os.listdir(self.state)) if os.path.isdir(self.state) else []


def tree(top: str) -> Tree:
    """{path: owner, rights, time of change, names, attributes, content} of a directory and all below."""
    entries = {}  # type: Tree
    for folder, directories, files in os.walk(top):
        for path in [folder] + [os.path.join(folder, name) for name in directories + files]:
            status = os.lstat(path)
            data = None  # type: Any
            if stat.S_ISLNK(status.st_mode):
                data = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as stream:
                    data = stream.read()
            try:
                attributes = {
                    name: os.getxattr(path, name, follow_symlinks=False)
                    for name in os.listxattr(path, follow_symlinks=False)
                }
            except OSError:
                attributes = {}
            entries[path] = (
                status.st_uid,
                status.st_gid,
                status.st_mode,
                status.st_mtime_ns,
                status.st_nlink,
                attributes,
                data,
            )
    return entries


def survives(action: Callable[[], Any], at: int, how: Any, from_then: bool = False) -> bool:
    """Whether action ended by itself in a child process that is killed, or fails, at its step number at. An
    exception in it ends it too.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            steps = Steps(at, how, from_then)
            for module in (disk_module, rights_module):
                setattr(module, "os", steps)  # noqa: B010  (a type checker lets nobody write to a module)
            action()
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return True
