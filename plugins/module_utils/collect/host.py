# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to the managed host: files, commands, accounts and the clock. Nothing here changes it."""

import errno
import glob
import grp
import os
import pwd
import re
import socket
import stat as stat_bits
import time
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, TypeVar

from ..parse.linux.proc import parse_status
from . import child

if TYPE_CHECKING:
    from ...plugin_utils.shapes.missing import Missing, What
    from .far_files import FarFiles
    from .trust import Component

Found = TypeVar("Found")

READ_LIMIT = 1024 * 1024
MOST_NAMES = 100000  # of a directory: anybody may make more in his own
# linux/capability.h: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
_READS = 1 << 1 | 1 << 2
# Of a command: a share of the time that is left, within these bounds, in seconds.
COMMAND_SECONDS, PATIENCE, SHARE = 5.0, 30.0, 6
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # systemd 247 paints its errors although nobody looks


class Ran(NamedTuple):
    rc: Optional[int]  # None: it did not run to its end, see run()
    out: str
    err: str

    @property
    def failure(self) -> str:
        return _COLOUR.sub("", self.err).strip()[:500] or "exit status %s" % self.rc


class Stat(NamedTuple):
    type: str  # of _TYPES, or unknown
    mode: int
    uid: int
    gid: int
    size: int  # bytes
    mtime: float  # epoch seconds
    inode: int
    device: int
    ctime: float = 0.0  # of the last change of owner, mode or, in a directory, of what is in it

    @property
    def identity(self) -> Tuple[int, int]:
        return self.device, self.inode


class Account(NamedTuple):
    uid: int
    gid: int
    groups: List[int]  # ids of all


class Room(NamedTuple):
    """Of a file system."""

    read_only: bool
    bytes: int  # free for root
    inodes: Optional[int]  # the same; None: it makes them as it needs them
    others: Optional[int] = None  # bytes free for other accounts


_TYPES = {
    stat_bits.S_IFSOCK: "socket",
    stat_bits.S_IFREG: "file",
    stat_bits.S_IFDIR: "directory",
    stat_bits.S_IFLNK: "link",
    stat_bits.S_IFIFO: "fifo",
}


class HostError(Exception):
    def __init__(self, path: str, number: Optional[int], why: str) -> None:
        super(HostError, self).__init__("%s: %s" % (path, why))
        self.path = path
        self.errno = number
        self.why = why

    @property
    def absent(self) -> bool:
        return self.errno in (errno.ENOENT, errno.ENOTDIR)


def decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _error(path: str, error: OSError) -> HostError:
    return HostError(path, error.errno, error.strerror or str(error))


class Host:
    """The real host. A new one remembers nothing of an earlier look, and asks again what hung there."""

    def __init__(self) -> None:
        self.missing: List[Missing] = []  # what could not be read
        self.components: Dict[str, Component] = {}  # see trust.py
        self.deadline = float("inf")  # when the look must have ended, on the monotonic clock
        self.hung: Set[str] = set()  # programs and logs that did not end in time
        # Called with the path of a log before each piece of it is read.
        self.reading: Callable[[str], None] = lambda _path: None
        # Where a file system may never answer, each access to a path goes through it.
        self.far: Optional[FarFiles] = None

    def miss(self, what: "What", path: Optional[str], why: str, needs: Optional[str] = None) -> None:
        entry: Missing = {"what": what, "path": path, "why": why, "needs": needs}
        if entry not in self.missing:
            self.missing.append(entry)

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        """Seconds since boot, as the kernel's ring buffer counts."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def utc_offset(self, at: float) -> int:
        """Seconds east of UTC in the host's zone at that moment."""
        return int(time.localtime(at).tm_gmtoff)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def reads_all(self) -> bool:
        """Whether it may read what others keep to themselves. The monitor's account may, and is not root."""
        if self.is_root():
            return True
        return bool((parse_status(self.text("/proc/self/status") or "").capabilities or 0) & _READS)

    def left(self) -> float:
        return self.deadline - self.monotonic()

    def run(self, argv: Sequence[str], timeout: Optional[float] = None, most: int = child.OUTPUT) -> Ran:
        """A command without a shell, in the C locale. rc is None, and err says why, when it is absent, wrote
        more than most bytes, or did not end in timeout seconds. One that did not end is not asked again.
        """
        if timeout is None:
            timeout = float(round(max(COMMAND_SECONDS, min(PATIENCE, self.left() / SHARE))))
        name, timeout = argv[0], max(0.0, min(timeout, self.left()))
        if name in self.hung:
            return Ran(None, "", "%s is not asked again: it did not end before" % name)
        try:
            ran = Ran(*child.run(argv, timeout, most))
        except OSError as error:
            return Ran(None, "", "%s: %s" % (name, error.strerror))
        if ran.rc is None and ran.err.endswith(child.LATE % timeout):
            self.hung.add(name)
        return ran

    def reach(self, path: str, access: Callable[[], Found]) -> Found:
        """What an access to a path gives. Raises HostError."""
        try:
            return self.far.reach(path, access) if self.far else access()
        except OSError as error:
            raise _error(path, error)

    def _open(self, path: str, real: bool) -> int:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        if path.startswith(("/proc/", "/sys/")):
            return os.open(path, flags)
        look = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            here = "/proc/self/fd/%d" % look
            if not stat_bits.S_ISREG(os.fstat(look).st_mode):
                raise HostError(path, errno.EINVAL, "not a regular file")
            if real and os.readlink(here) != path:
                raise HostError(path, errno.EPERM, "it was replaced while it was looked at")
            return os.open(here, flags)
        finally:
            os.close(look)

    def read_bytes(self, path: str, offset: int = 0, length: int = READ_LIMIT, real: bool = False) -> bytes:
        """At most length bytes of a regular file. Nothing else is opened: a device may act on that.

        real: path has no links, see trust.named(); it is refused if it has one by now.
        """
        return self.reach(path, partial(self._read, path, offset, length, real))

    def _read(self, path: str, offset: int, length: int, real: bool) -> bytes:
        descriptor = self._open(path, real)
        try:
            if not stat_bits.S_ISREG(os.fstat(descriptor).st_mode):
                raise HostError(path, errno.EINVAL, "not a regular file")
            if offset:
                os.lseek(descriptor, offset, os.SEEK_SET)
            chunks: List[bytes] = []
            while length > 0:
                chunk = os.read(descriptor, min(length, READ_LIMIT))
                if not chunk:
                    break
                chunks.append(chunk)
                length -= len(chunk)
            return b"".join(chunks)
        finally:
            os.close(descriptor)

    def read(self, path: str, limit: int = READ_LIMIT) -> str:
        return decode(self.read_bytes(path, 0, limit))

    def text(self, path: str) -> Optional[str]:
        """None when it cannot be read."""
        try:
            return self.read(path)
        except HostError:
            return None

    def stat(self, path: str, follow: bool = True) -> Stat:
        row = self.reach(path, lambda: os.stat(path, follow_symlinks=follow))
        kind = _TYPES.get(stat_bits.S_IFMT(row.st_mode), "unknown")
        mode = stat_bits.S_IMODE(row.st_mode)
        times_and_place = row.st_mtime, row.st_ino, row.st_dev, row.st_ctime
        return Stat(kind, mode, row.st_uid, row.st_gid, row.st_size, *times_and_place)

    def lacks(self, path: str) -> bool:
        """Whether it is seen that there is no such file."""
        try:
            self.stat(path)
        except HostError as error:
            return error.absent
        return False

    def room(self, path: str) -> Optional[Room]:
        """None where it cannot be asked."""
        try:
            row = self.reach(path, lambda: os.statvfs(path))
        except HostError:
            return None
        inodes = row.f_ffree if row.f_files else None
        return Room(
            bool(row.f_flag & os.ST_RDONLY), row.f_bfree * row.f_frsize, inodes, row.f_bavail * row.f_frsize
        )

    def has_address(self, address: str) -> bool:
        """Whether a socket can be bound to it here; no port of anybody is taken."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address, 0))
        except (OSError, ValueError):
            return False
        return True

    def type_of(self, path: str) -> Optional[str]:
        """The type of what a path leads to; None when that cannot be seen."""
        try:
            return self.stat(path).type
        except HostError:
            return None

    def readlink(self, path: str) -> Optional[str]:
        try:
            return self.reach(path, lambda: os.readlink(path))
        except HostError:
            return None

    def realpath(self, path: str) -> str:
        try:
            return self.reach(path, lambda: os.path.realpath(path))
        except HostError:
            return path

    def listdir(self, path: str) -> List[str]:
        names = self.reach(path, lambda: [row.name for row in islice(os.scandir(path), MOST_NAMES + 1)])
        if len(names) > MOST_NAMES:
            raise HostError(path, None, "it has more than %d names" % MOST_NAMES)
        return sorted(names)

    def names(self, path: str) -> List[str]:
        """The same as listdir, and [] for what cannot be read."""
        try:
            return self.listdir(path)
        except HostError:
            return []

    def glob(self, pattern: str) -> List[str]:
        """The paths in the order of the C locale, in which nginx and php-fpm load files."""
        try:
            return sorted(self.reach(pattern, lambda: glob.glob(pattern)))
        except HostError:
            return []

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        """None when there is none or it cannot be read."""
        try:
            return self.reach(path, lambda: os.getxattr(path, name))
        except HostError:
            return None

    def reply(self, path: str, question: str) -> Optional[str]:
        """What a file of the kernel's replies to a question, which changes nothing: /sys/fs/selinux/access.
        None when it does not.
        """
        descriptor = -1
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            os.write(descriptor, question.encode("utf-8"))
            return decode(os.read(descriptor, 4096))
        except (OSError, ValueError):
            return None
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def user_name(self, uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)

    def group_name(self, gid: int) -> str:
        try:
            return grp.getgrgid(gid).gr_name
        except KeyError:
            return str(gid)

    def group_members(self, gid: int) -> List[str]:
        try:
            return [name for name in grp.getgrgid(gid).gr_mem if name != "root"]
        except KeyError:
            return []

    def account(self, name: str) -> Optional[Account]:
        """With the groups that initgroups(3) would set; None when unknown."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return Account(entry.pw_uid, entry.pw_gid, sorted(set(os.getgrouplist(name, entry.pw_gid))))
