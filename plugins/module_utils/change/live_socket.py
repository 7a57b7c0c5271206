# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may connect to a socket that php-fpm holds open: owner, group, mode and ACL of its file, changed
without a restart.

The directory may be another account's, which can put anything under the name. So the file is opened once,
without following a link. The kernel must say that the pool's own master listens on it. All else happens by
its descriptor.
"""

import contextlib
import errno
import grp
import os
import pwd
import stat
from typing import Iterator, List, NamedTuple, Tuple

from ..collect.host import Host
from ..collect.linux.processes import process
from ..collect.linux.sock_diag import holders, netlink, read_table
from ..parse.linux.sock_rows import file_id
from ..work.step import Access, NoAcl, Refusal
from .rights import (
    ACL,
    GROUP_ENTRY,
    OWN_GROUP,
    USER_ENTRY,
    Meta,
    apply_meta,
    ids_of,
    mask_of,
    meta_of,
    place_of,
    with_write,
)

_NO_ACL = (errno.ENOTSUP, errno.ENOSYS)


@contextlib.contextmanager
def _open(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _identity(descriptor: int) -> List[int]:
    status = os.fstat(descriptor)
    return [status.st_dev, status.st_ino]


def _judge(descriptor: int, access: Access) -> None:
    """Raises Refusal if it is not the master's own listening socket."""
    status, host = os.fstat(descriptor), Host()
    file = file_id(os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
    inodes = {
        row.inode for row in read_table(host, True, [], netlink) if row.state == "listen" and row.file == file
    }
    master = process(host, access.pid)
    if (
        not stat.S_ISSOCK(status.st_mode)
        or not inodes
        or master is None
        or master.doubt
        or not holders(host, inodes, [master])
    ):
        raise Refusal("%s is not the socket that php-fpm (pid %d) listens on" % (access.path, access.pid))


def _others_in(gid: int, user: str) -> List[str]:
    """Who but root and the user is in a group, as their own group or as one more."""
    names = Host().group_members(gid) + [entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == gid]
    return sorted(set(names) - {"root", user})


def _ids(access: Access) -> List[Tuple[int, int]]:
    """(tag, id) of the ACL's entries that the configuration makes."""
    entries = [OWN_GROUP] if access.kept_own else []
    for tag, names, number in (
        (USER_ENTRY, access.kept_users, lambda name: pwd.getpwnam(name).pw_uid),
        (GROUP_ENTRY, access.kept_groups, lambda name: grp.getgrnam(name).gr_gid),
    ):
        for name in names:
            with contextlib.suppress(KeyError):
                entries.append((tag, number(name)))
    return entries


def _wanted(descriptor: int, access: Access) -> Meta:
    """The rights that the file is to have. Raises Refusal; NoAcl where the file system has no ACLs."""
    meta, (uid, gid) = meta_of(descriptor)._replace(mtime_ns=None), ids_of(access.user)
    xattrs = dict(meta.xattrs or {})
    if meta.uid == uid:
        return meta._replace(mode=meta.mode | 0o600)
    if access.by == "entry":
        try:
            os.getxattr(place_of(descriptor), ACL)
        except OSError as error:
            if error.errno in _NO_ACL:
                raise NoAcl("the file system of %s has no ACLs" % access.path)
        xattrs[ACL] = with_write(xattrs.get(ACL), meta.mode, uid, _ids(access))
        # The mask stands where the group's bits do: acl(5).
        return meta._replace(xattrs=xattrs, mode=meta.mode & ~0o070 | mask_of(xattrs[ACL]) << 3)
    if ACL in xattrs:
        raise Refusal("%s has an ACL: who else may use it is for a person to say" % access.path)
    if access.by == "group":
        shared = _others_in(gid, access.user)
        if shared or not gid:
            raise Refusal(
                "the group of %s has others in it (%s), who could run PHP as the pool's user"
                % (access.user, ", ".join(shared) or "root")
            )
        lost = _others_in(meta.gid, access.user) if meta.mode & 0o020 and meta.gid != gid else []
        wanted = meta._replace(gid=gid, mode=meta.mode | 0o060)
    else:
        lost = [Host().user_name(meta.uid)] if meta.mode & 0o200 and meta.uid else []
        wanted = meta._replace(uid=uid, mode=meta.mode | 0o600)
    if lost:
        raise Refusal("%s, who may use %s now, would be locked out" % (", ".join(lost), access.path))
    return wanted


class Seen(NamedTuple):
    file: List[int]  # device and inode
    before: Meta
    after: Meta  # with the access given


def look(access: Access) -> Seen:
    """Raises Refusal, OSError."""
    with _open(access.path) as descriptor:
        _judge(descriptor, access)
        before = meta_of(descriptor)._replace(mtime_ns=None)
        return Seen(_identity(descriptor), before, _wanted(descriptor, access))


def grant(access: Access) -> None:
    with _open(access.path) as descriptor:
        _judge(descriptor, access)
        apply_meta(place_of(descriptor), _wanted(descriptor, access))


def put_back(path: str, file: List[int], before: Meta, after: Meta) -> None:
    """Only where the rights are still those that were given. A socket that php-fpm made anew since is as its
    configuration says.
    """
    try:
        with _open(path) as descriptor:
            now = meta_of(descriptor)._replace(mtime_ns=None)
            if _identity(descriptor) == file and now == after._replace(mtime_ns=None):
                apply_meta(place_of(descriptor), before)
    except FileNotFoundError:
        pass
