# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door through which anything on a host is changed. Every method is one step that is either taken or not.

What a method wrote has reached the disk when it returns.
"""

import errno
import os
import stat
from typing import Dict, NamedTuple, Optional, Sequence, Union

from ..collect.host import Host, Ran

SERVICE_SECONDS = 90.0  # what systemd grants a unit to start or stop, unless told otherwise

# xattrs None: as the directory gives them to a new file. mtime_ns None: now.
Meta = NamedTuple("Meta", [
    ("uid", int), ("gid", int), ("mode", int), ("xattrs", Optional[Dict[str, bytes]]), ("mtime_ns", Optional[int]), ("links", int),
])

# They are made from the content, so a copy beside other content would be a lie.
_OF_THE_CONTENT = {"security.ima", "security.evm"}


def _xattrs(place: Union[int, str]) -> Dict[str, bytes]:
    try:
        names = os.listxattr(place)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
    found = {}
    for name in names:
        try:
            found[name] = os.getxattr(place, name)
        except OSError:
            continue
    return {name: value for name, value in found.items() if name not in _OF_THE_CONTENT}


class Disk:
    """The real disk. Each method but meta() changes the host, and raises OSError when it cannot."""

    def meta(self, path: str) -> Meta:
        """Owner, rights, every readable extended attribute (ACL, SELinux label, ...), time of change and count of names of a file."""
        found = os.stat(path, follow_symlinks=False)
        return Meta(found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode), _xattrs(path), found.st_mtime_ns, found.st_nlink)

    def created(self, mode: int) -> Meta:
        """What a new file of ours gets."""
        return Meta(os.geteuid(), os.getegid(), mode, None, None, 1)

    def sync(self, folder: str) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that cannot sync a directory
                raise
        finally:
            os.close(descriptor)

    def make_directory(self, path: str, mode: int) -> None:
        os.mkdir(path, 0o700)
        os.chmod(path, mode)
        self.sync(os.path.dirname(path))

    def write_file(self, path: str, data: bytes, like: Optional[Meta] = None) -> None:
        """A new file; nothing may be at path, not even a link. like: whose it is to be (0600 and ours when None), before anyone can open it."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left):]
            if like:
                self.apply_meta(descriptor, like)
            os.fsync(descriptor)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path)
        finally:
            os.close(descriptor)

    def apply_meta(self, descriptor: int, meta: Meta) -> None:
        os.fchown(descriptor, meta.uid, meta.gid)
        os.fchmod(descriptor, meta.mode)
        # After the mode, which would overwrite the mask of an ACL.
        if meta.xattrs is not None:
            there = _xattrs(descriptor)
            for name in sorted(set(there) - set(meta.xattrs)):
                os.removexattr(descriptor, name)
            for name, value in sorted(meta.xattrs.items()):
                if there.get(name) != value:
                    os.setxattr(descriptor, name, value)
        if meta.mtime_ns is not None:
            os.utime(descriptor, ns=(meta.mtime_ns, meta.mtime_ns))

    def link(self, path: str, second: str) -> None:
        """A second name for the same file."""
        os.link(path, second, follow_symlinks=False)

    def replace(self, path: str, target: str) -> None:
        """Rename, in one instant, over whatever is at target."""
        os.replace(path, target)
        for folder in sorted({os.path.dirname(path), os.path.dirname(target)}):
            self.sync(folder)

    def remove(self, path: str) -> None:
        """A name away; no error when it is gone already, not even where nothing may be written."""
        if not os.path.lexists(path):
            return
        os.unlink(path)
        self.sync(os.path.dirname(path))

    def remove_directory(self, path: str) -> None:
        """An empty directory away; one that is gone or holds something is left."""
        try:
            os.rmdir(path)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
                raise
            return
        self.sync(os.path.dirname(path))

    def remove_tree(self, path: str) -> None:
        """A directory of files away; no error when it is gone already."""
        try:
            names = sorted(os.listdir(path))
        except FileNotFoundError:
            return
        for name in names:
            os.unlink(os.path.join(path, name))
        os.rmdir(path)

    def set_mtime(self, path: str, mtime_ns: int) -> None:
        os.utime(path, ns=(os.stat(path).st_atime_ns, mtime_ns))

    def run(self, argv: Sequence[str], timeout: float = SERVICE_SECONDS) -> Ran:
        """A command that changes the host, such as systemctl. rc None: it is absent or did not end within timeout seconds."""
        return Host().run(argv, timeout)
