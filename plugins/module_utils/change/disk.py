# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door through which a host is changed. Each method is one step: taken, or not.

A path leads only through directories that root alone can write to, see way(). What a method wrote has reached
the disk when it returns.
"""

import contextlib
import errno
import os
import stat
from typing import Iterator, List, Optional, Sequence, Tuple

from ..collect.host import Host, Ran
from ..work.step import Access, Refusal
from . import live_socket
from .rights import ACL, Meta, apply_meta, home_of, ids_of, meta_of, others, place_of, with_search
from .way import way

SERVICE_SECONDS = 90.0  # systemd's default for a unit to start or stop
READ_LIMIT = 1 << 28
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY


def _sync(folder: int) -> None:
    descriptor = os.open(".", _DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot sync a directory
            raise
    finally:
        os.close(descriptor)


class Disk:
    """Its methods raise Refusal, and OSError when they cannot."""

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[Tuple[int, str]]:
        """The directory of a path, open, and its name in there."""
        try:
            with way(path) as there:
                if there.names[1:]:
                    raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
                yield there.folder, there.names[0]
        except OSError as error:
            if error.errno is None or str(error.filename).startswith("/"):  # of what was done meanwhile
                raise
            raise OSError(error.errno, error.strerror, path)

    @contextlib.contextmanager
    def open(self, path: str, flags: int, mode: int = 0) -> Iterator[int]:
        """What is at path, and is no link."""
        with self._at(path) as (folder, name):
            descriptor = os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=folder)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def real(self, path: str) -> str:
        """The path without links, of a file that need not be there."""
        with way(path, True) as there:
            return there.real

    def exists(self, path: str) -> bool:
        try:
            with self.open(path, os.O_PATH):
                return True
        except (FileNotFoundError, NotADirectoryError):
            return False

    def names(self, folder: str) -> List[str]:
        with self.open(folder, _DIRECTORY) as descriptor:
            return sorted(os.listdir(descriptor))

    def read(self, path: str) -> Optional[bytes]:
        """The content of a regular file; None when nothing is there."""
        try:
            with self._at(path) as (folder, name):
                if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                    raise OSError(errno.EINVAL, "not a regular file")
                with self.open(path, os.O_RDONLY) as descriptor, os.fdopen(
                    descriptor, "rb", closefd=False
                ) as stream:
                    return stream.read(READ_LIMIT)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def meta(self, path: str) -> Meta:
        with self.open(path, os.O_PATH) as descriptor:
            return meta_of(descriptor)

    def created(self, mode: int) -> Meta:
        """The rights of a new file of ours."""
        return Meta(os.geteuid(), os.getegid(), mode, None, None, 1)

    def refusal(self, path: str) -> Optional[str]:
        """Why there must be no new file at path, whether or not it replaces one."""
        for place in filter(self.exists, (path, os.path.dirname(path))):
            with self.open(place, os.O_PATH) as descriptor:
                who = others(descriptor)
                if who:
                    return "%s can write to %s: a change of it is left to a person" % (who, place)
                if place == path and os.fstat(descriptor).st_nlink > 1:
                    return "%s has a second name (a hard link), which would keep the old content" % path
                if not os.access(place_of(descriptor), os.W_OK):
                    return (
                        "%s cannot be written to: it is immutable (see lsattr), or on a read-only file system"
                        % place
                    )
        return None

    def sync(self, path: str) -> None:
        """The directory that path lies in."""
        with self._at(path) as (folder, _name):
            _sync(folder)

    def make_directory(self, path: str, mode: int) -> None:
        with self._at(path) as (folder, name):
            os.mkdir(name, 0o700, dir_fd=folder)
            os.chmod(name, mode, dir_fd=folder)
            _sync(folder)

    def write_file(self, path: str, data: bytes, like: Optional[Meta] = None) -> None:
        """Nothing may be at path, not even a link. like: the rights that the file has before anyone can open
        it. None is 0600 and ours.
        """
        with self.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) as descriptor:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            if like:
                apply_meta(descriptor, like)
            os.fsync(descriptor)

    def link(self, path: str, second: str) -> None:
        with self._at(path) as (folder, name), self._at(second) as (other, twin):
            os.link(name, twin, src_dir_fd=folder, dst_dir_fd=other, follow_symlinks=False)

    def replace(self, path: str, target: str) -> None:
        """Renames path in one instant, over whatever is at target."""
        with self._at(path) as (folder, name), self._at(target) as (other, wanted):
            os.replace(name, wanted, src_dir_fd=folder, dst_dir_fd=other)
            _sync(folder)
            if os.path.dirname(path) != os.path.dirname(target):
                _sync(other)

    def remove(self, path: str) -> None:
        """No error when it is gone already, not even where nothing may be written."""
        if not self.exists(path):
            return
        with self._at(path) as (folder, name):
            os.unlink(name, dir_fd=folder)
            _sync(folder)

    def remove_directory(self, path: str) -> None:
        """One that is gone or not empty is left."""
        try:
            with self._at(path) as (folder, name):
                os.rmdir(name, dir_fd=folder)
                _sync(folder)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise

    def remove_tree(self, path: str) -> None:
        """A directory of files."""
        if self.exists(path):
            for name in self.names(path):
                self.remove(os.path.join(path, name))
            self.remove_directory(path)

    def set_mtime(self, folder: str, mtime_ns: int) -> None:
        with self.open(folder, _DIRECTORY) as descriptor:
            os.utime(descriptor, ns=(os.fstat(descriptor).st_atime_ns, mtime_ns))

    def set_rights(self, folder: str, meta: Meta) -> None:
        """Owner, mode and attributes of a directory."""
        with self.open(folder, _DIRECTORY) as descriptor:
            apply_meta(descriptor, meta._replace(mtime_ns=None))

    def let_search(self, folder: str, user: str, really: bool = True) -> None:
        """An entry in a directory's ACL. Nobody else may do more than before. not really: only whether it
        could be.
        """
        uid, _gid = ids_of(user)
        with self.open(folder, _DIRECTORY) as descriptor:
            who, meta = others(descriptor), meta_of(descriptor)
            if who:
                raise Refusal("%s can write to %s: who may pass there is left to a person" % (who, folder))
            person = home_of(self.real(folder))
            if person:
                raise Refusal(
                    "%s lies in the home of %s: who may pass there is left to a person" % (folder, person)
                )
            try:
                raw = with_search((meta.xattrs or {}).get(ACL), meta.mode, uid)
            except Refusal as refusal:
                raise Refusal("%s was not opened to %s: %s" % (folder, user, refusal))
            if really:
                os.setxattr(descriptor, ACL, raw)
                os.fsync(descriptor)

    def grant(self, access: Access) -> None:
        """Rights of a live socket."""
        live_socket.grant(access)

    def withdraw(self, path: str, file: List[int], before: Meta, after: Meta) -> None:
        live_socket.put_back(path, file, before, after)

    def run(self, argv: Sequence[str], timeout: float = SERVICE_SECONDS) -> Ran:
        """A command that changes the host. rc None: it is absent or did not end within timeout seconds."""
        return Host().run(argv, timeout)
