# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to the managed host: files, commands, accounts and the clock.

Everything that looks at a host does so through a Host, so that the rest of the collection stays pure
and a test can put a described host in its place. Nothing here writes.
"""

import errno
import glob
import grp
import os
import pwd
import stat as stat_bits
import subprocess
import time
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

READ_LIMIT = 1024 * 1024
COMMAND_SECONDS = 10.0

Ran = NamedTuple("Ran", [("rc", Optional[int]), ("out", str), ("err", str)])
Stat = NamedTuple("Stat", [
    ("type", str), ("mode", int), ("uid", int), ("gid", int), ("size", int), ("mtime", float), ("inode", int), ("device", int),
])

_TYPES = (
    (stat_bits.S_ISSOCK, "socket"), (stat_bits.S_ISREG, "file"), (stat_bits.S_ISDIR, "directory"),
    (stat_bits.S_ISLNK, "link"), (stat_bits.S_ISFIFO, "fifo"),
)


class HostError(Exception):
    """A file or directory could not be looked at. errno: the system's number; why: its text."""

    def __init__(self, path: str, number: Optional[int], why: str) -> None:
        super(HostError, self).__init__("%s: %s" % (path, why))
        self.path = path
        self.errno = number
        self.why = why

    @property
    def absent(self) -> bool:
        return self.errno in (errno.ENOENT, errno.ENOTDIR)


def decode(raw: bytes) -> str:
    """bytes of unknown origin -> text; what is not UTF-8 shows as U+FFFD and never raises."""
    return raw.decode("utf-8", "replace")


def _stat(result: os.stat_result) -> Stat:
    kind = next((name for test, name in _TYPES if test(result.st_mode)), "unknown")
    return Stat(kind, stat_bits.S_IMODE(result.st_mode), result.st_uid, result.st_gid,
                result.st_size, result.st_mtime, result.st_ino, result.st_dev)


class Host:
    """The real host. missing: what could not be read, [{what, path, why, needs}], in the order it was met."""

    def __init__(self) -> None:
        self.missing: List[Dict[str, Any]] = []
        self.steps: Dict[str, Any] = {}  # what collect/trust.py has seen of paths

    def miss(self, what: str, path: Optional[str], why: str, needs: Optional[str] = None) -> None:
        entry = {"what": what, "path": path, "why": why, "needs": needs}
        if entry not in self.missing:
            self.missing.append(entry)

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def boottime(self) -> float:
        """Seconds since boot on the clock of the kernel's ring buffer."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    def utc_offset(self, at: float) -> int:
        """Seconds east of UTC in the host's zone at that moment (log lines carry local time without a zone)."""
        return int(time.localtime(at).tm_gmtoff)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def is_root(self) -> bool:
        return os.geteuid() == 0

    def run(self, argv: Sequence[str], timeout: float = COMMAND_SECONDS) -> Ran:
        """A command without a shell, in the C locale. rc is None when it is absent or did not end within timeout seconds."""
        environment = dict(os.environ, LC_ALL="C", LANGUAGE="C")
        try:
            # AnsibleModule.run_command would tie this to a module, and it has no time limit.
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return Ran(None, "", "%s did not end within %g s" % (argv[0], timeout))
        except OSError as error:
            return Ran(None, "", "%s: %s" % (argv[0], error.strerror))
        return Ran(done.returncode, decode(done.stdout), decode(done.stderr))

    def read_bytes(self, path: str, offset: int = 0, length: int = READ_LIMIT) -> bytes:
        """At most length bytes from offset. Refuses what is not a regular file: a fifo would block for ever."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise HostError(path, error.errno, error.strerror or str(error))
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat_bits.S_ISREG(mode):
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
        except OSError as error:
            raise HostError(path, error.errno, error.strerror or str(error))
        finally:
            os.close(descriptor)

    def read(self, path: str, limit: int = READ_LIMIT) -> str:
        return decode(self.read_bytes(path, 0, limit))

    def stat(self, path: str, follow: bool = True) -> Stat:
        try:
            return _stat(os.stat(path) if follow else os.lstat(path))
        except OSError as error:
            raise HostError(path, error.errno, error.strerror or str(error))

    def readlink(self, path: str) -> Optional[str]:
        try:
            return os.readlink(path)
        except OSError:
            return None

    def realpath(self, path: str) -> str:
        return os.path.realpath(path)

    def listdir(self, path: str) -> List[str]:
        try:
            return sorted(os.listdir(path))
        except OSError as error:
            raise HostError(path, error.errno, error.strerror or str(error))

    def glob(self, pattern: str) -> List[str]:
        """Matches in the C locale's order, which is the order in which nginx and php-fpm load them."""
        return sorted(glob.glob(pattern))

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        """An extended attribute, None when there is none or it cannot be read."""
        try:
            return os.getxattr(path, name)
        except OSError:
            return None

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
        """Who is in the group beside root, as the group itself lists them."""
        try:
            return [name for name in grp.getgrgid(gid).gr_mem if name != "root"]
        except KeyError:
            return []

    def account(self, name: str) -> Optional[Tuple[int, int, List[int]]]:
        """(uid, gid, all group ids) of a user by name, as initgroups(3) would set them; None when unknown."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return entry.pw_uid, entry.pw_gid, sorted(set(os.getgrouplist(name, entry.pw_gid)))
