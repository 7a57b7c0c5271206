# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Owner, mode and extended attributes of what is open, and what they let whom do: acl(5)."""

import errno
import os
import pwd
import stat
import struct
from typing import Collection, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from ..collect.host import Host
from ..parse.linux.permission import READ, SEARCH, WRITE, Entry, parse_acl
from ..work.step import Refusal

ACL = "system.posix_acl_access"
# Made from the content: a copy beside other content would be wrong.
_OF_THE_CONTENT = {"security.ima", "security.evm"}
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER, _NOBODY = 1, 2, 4, 8, 16, 32, 0xFFFFFFFF  # posix_acl.h
USER_ENTRY, GROUP_ENTRY, OWN_GROUP = _USER, _GROUP, (_GROUP_OBJ, _NOBODY)

_NO_LOGIN = ("/nologin", "/false", "/sync", "/shutdown", "/halt")


class Meta(NamedTuple):
    """What a file has besides its content."""

    uid: int
    gid: int
    mode: int
    xattrs: Optional[Dict[str, bytes]]  # None: as the directory gives them to a new file
    mtime_ns: Optional[int]  # None: now
    links: int


def place_of(descriptor: int) -> str:
    """A path, for calls that take no descriptor of O_PATH."""
    return "/proc/self/fd/%d" % descriptor


def _xattrs(place: Union[int, str]) -> Dict[str, bytes]:
    try:
        return {name: os.getxattr(place, name) for name in os.listxattr(place) if name not in _OF_THE_CONTENT}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise


def meta_of(descriptor: int) -> Meta:
    status, xattrs = os.fstat(descriptor), _xattrs(place_of(descriptor))
    mode = stat.S_IMODE(status.st_mode)
    return Meta(status.st_uid, status.st_gid, mode, xattrs, status.st_mtime_ns, status.st_nlink)


def apply_meta(place: Union[int, str], meta: Meta) -> None:
    """place: a descriptor, or a path by place_of(). In an order in which nobody may do more meanwhile than
    before or after.
    """
    os.chmod(place, os.stat(place).st_mode & meta.mode)
    os.chown(place, meta.uid, meta.gid)
    if meta.xattrs is not None:
        there = _xattrs(place)
        for name in sorted(set(there) - set(meta.xattrs)):
            os.removexattr(place, name)
        for name, value in sorted(meta.xattrs.items()):
            if there.get(name) != value:
                os.setxattr(place, name, value)
    os.chmod(place, meta.mode)
    if meta.mtime_ns is not None:
        os.utime(place, ns=(meta.mtime_ns, meta.mtime_ns))


def ours(uid: int) -> bool:
    return uid in (0, os.geteuid())


def ids_of(user: str) -> Tuple[int, int]:
    """(uid, gid). Raises Refusal."""
    account = Host().account(user)
    if account is None:
        raise Refusal("there is no user %s" % user)
    return account[:2]


def home_of(folder: str) -> str:
    """Whose home, of those who log in here, a directory is or lies in; empty: nobody's."""
    for entry in pwd.getpwall():
        home = os.path.realpath(entry.pw_dir)
        if home != "/" and not entry.pw_shell.endswith(_NO_LOGIN) and (folder + "/").startswith(home + "/"):
            return entry.pw_name
    return ""


def others(descriptor: int, passing: bool = False) -> str:
    """Who else can write to what is open; empty: nobody. passing: only to what is ours in it; a sticky bit
    guards that.
    """
    status, host = os.fstat(descriptor), Host()
    if not ours(status.st_uid):
        return host.user_name(status.st_uid)
    if passing and status.st_mode & stat.S_ISVTX:
        return ""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    names = []
    if status.st_mode & stat.S_IWGRP:  # with an ACL, this is its mask
        acl = parse_acl(host.xattr(place_of(descriptor), ACL)) or [Entry(_GROUP_OBJ, WRITE, _NOBODY)]
        for tag, _permissions, number in [entry for entry in acl if entry.permissions & WRITE]:
            if tag == _USER and not ours(number):
                names.append(host.user_name(number))
            gid = {_GROUP_OBJ: status.st_gid, _GROUP: number}.get(tag)
            if gid or gid == 0 and host.group_members(0):
                names.append("group " + host.group_name(gid))
    return ", ".join(names)


def _entries(raw: Optional[bytes], mode: int) -> List[Entry]:
    return parse_acl(raw) or [
        Entry(tag, mode >> shift & 7, _NOBODY)
        for tag, shift in ((_USER_OBJ, 6), (_GROUP_OBJ, 3), (_OTHER, 0))
    ]


def _mask(entries: Sequence[Entry]) -> int:
    return next(entry.permissions for tag in (_MASK, _GROUP_OBJ) for entry in entries if entry.tag == tag)


def mask_of(raw: bytes) -> int:
    return _mask(parse_acl(raw) or [])


def _packed(entries: Sequence[Entry]) -> bytes:
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in sorted(entries, key=lambda entry: (entry.tag, entry.id))
    )


def with_search(raw: Optional[bytes], mode: int, uid: int) -> bytes:
    """The ACL of a directory that the user may search. Raises Refusal where others would gain. Pure."""
    entries = _entries(raw, mode)
    if any(entry.tag == _USER and entry.id == uid for entry in entries):
        raise Refusal("its ACL names the user already, which is a person's word")
    # A new mask has to let through what the group may do.
    mask = _mask(entries)
    if not mask & SEARCH and any(
        entry.permissions & SEARCH and entry.tag in (_USER, _GROUP_OBJ, _GROUP) for entry in entries
    ):
        raise Refusal("the mask of its ACL keeps others out, who would be let in as well")
    return _packed(
        [entry for entry in entries if entry.tag != _MASK]
        + [Entry(_USER, SEARCH, uid), Entry(_MASK, mask | SEARCH, _NOBODY)]
    )


def with_write(raw: Optional[bytes], mode: int, uid: int, kept: Collection[Tuple[int, int]]) -> bytes:
    """The ACL of a socket to which the user may connect. kept: (tag, id) of the configuration's own entries,
    which apply as written. What the mask took from all others stays taken.

    Raises Refusal where a hand has shut the user out by name. Pure.
    """
    entries = _entries(raw, mode)
    mask, result = _mask(entries), []
    for entry in entries:
        if (entry.tag, entry.id) == (_USER, uid):
            if not entry.permissions & WRITE and (_USER, uid) not in kept:
                raise Refusal("its ACL names the user and shuts it out, which is a person's word")
        elif entry.tag in (_USER, _GROUP_OBJ, _GROUP) and (entry.tag, entry.id) not in kept:
            result.append(entry._replace(permissions=entry.permissions & mask))
        elif entry.tag != _MASK:
            result.append(entry)
    result.append(Entry(_USER, READ | WRITE, uid))
    wide = 0
    for entry in result:
        wide |= entry.permissions if entry.tag in (_USER, _GROUP_OBJ, _GROUP) else 0
    return _packed(result + [Entry(_MASK, wide, _NOBODY)])
