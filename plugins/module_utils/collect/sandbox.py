# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a program as root so that it changes nothing: every file system is read-only to it, and it has no
network (docs/looking.md). The directories for temporary files, and what a subclass mounts, are writable
memory. Needs a host that lets root make namespaces.
"""

import ctypes
import errno
import os
import signal
from typing import Dict, List, Optional, Sequence, Tuple

from ..parse.linux.proc import unescaped
from . import child
from .host import Ran, decode

OURS = "webmedic"  # the source of the mounts that stay writable
SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")  # opcache makes a lock file when it is loaded
# All devices that there are in it. To open another one is an act, and a log may be a link to it.
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_READY = b"ready"
# linux/{sched,mount}.h
_NEWNS, _NEWIPC, _NEWNET = 0x20000, 0x8000000, 0x40000000
RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_FLAGS = {
    "nosuid": NOSUID,
    "nodev": NODEV,
    "noexec": 8,
    "noatime": 1024,
    "nodiratime": 2048,
    "relatime": 1 << 21,
}


class Sandbox:
    """Prepared by the child, between fork and exec."""

    used: List[str] = []  # paths that must stay visible

    def __init__(self) -> None:
        self.libc = ctypes.CDLL(None, use_errno=True)

    def call(self, name: str, *arguments: object) -> None:
        if getattr(self.libc, name)(*arguments) != 0:
            number = ctypes.get_errno()
            raise OSError(number, "%s: %s" % (name, os.strerror(number)))

    def mount(
        self, source: str, target: str, flags: int, kind: Optional[bytes] = None, data: Optional[bytes] = None
    ) -> None:
        self.call("mount", os.fsencode(source), os.fsencode(target), kind, ctypes.c_ulong(flags), data)

    def prepare(self) -> None:
        """Mounts of a subclass."""

    def _few_devices(self) -> None:
        nodes = [
            (name, os.open("/dev/" + name, os.O_PATH | os.O_CLOEXEC))
            for name in DEVICES
            if os.path.exists("/dev/" + name)
        ]
        self.mount(OURS, "/dev", NOSUID | NODEV, b"tmpfs", b"mode=0755,size=1m")
        for name, node in nodes:
            os.close(os.open("/dev/" + name, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            self.mount("/proc/self/fd/%d" % node, "/dev/" + name, BIND)
            os.close(node)
        for name, target in _LINKS.items():
            os.symlink(target, "/dev/" + name)
        os.mkdir("/dev/shm")

    def enter(self) -> None:
        child.die_with_parent()
        self.call("unshare", _NEWNS | _NEWIPC | _NEWNET)
        self.mount("none", "/", REC | PRIVATE)
        self.prepare()
        self._few_devices()
        for folder in SCRATCH:
            if (
                os.path.isdir(folder)
                and not os.path.islink(folder)
                and not any(path.startswith(folder + "/") for path in self.used)
            ):
                self.mount(OURS, folder, NOSUID | NODEV, b"tmpfs", b"mode=1777,size=16m")
        self._seal()

    def _seal(self) -> None:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
            rows = stream.read().split("\n")[:-1]
        top: Dict[str, Tuple[str, int]] = {}  # only the last mount at a place can be reached
        for row in rows:
            left, _dash, right = row.partition(" - ")
            where = left.split(" ")
            point = unescaped(where[4])
            top[point] = right.split(" ")[1], sum(_FLAGS.get(word, 0) for word in where[5].split(","))
        for point, (source, kept) in top.items():
            if source == OURS:
                continue
            try:
                device = 0 if point.startswith("/dev/") else NODEV
                self.mount("none", point, REMOUNT | BIND | RDONLY | device | kept)
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.ENOENT):  # another mount lies over it
                    raise

    def run(
        self,
        argv: Sequence[str],
        timeout: float,
        pass_fds: Sequence[int] = (),
        env: Optional[Dict[str, str]] = None,
        enough: bytes = b"",
    ) -> Ran:
        """The same as Host.run(), inside. env, enough: see child.run()."""
        reader, writer = os.pipe()

        def enter() -> None:
            try:
                signal.setitimer(signal.ITIMER_REAL, timeout)  # nobody waits for what is done before exec
                self.enter()
                signal.setitimer(signal.ITIMER_REAL, 0)
                os.write(writer, _READY)
            except BaseException as error:  # the program must not run outside of it, whatever went wrong
                os.write(writer, str(error).encode("utf-8", "replace")[:1000])
                os._exit(127)

        try:
            with child.adopting():  # of opcache.preload
                ran = Ran(*child.run(argv, timeout, prepare=enter, pass_fds=pass_fds, env=env, enough=enough))
            os.close(writer)
            writer = -1
            why = os.read(reader, 1000)
            if why == _READY:
                return ran
            return Ran(None, "", "no namespace for it: %s" % (decode(why) or "it was not made in time"))
        except OSError as error:
            return Ran(None, "", str(error))
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)
