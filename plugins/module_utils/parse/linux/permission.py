# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file on the way to a unix socket refuses an account, and why: path_resolution(7), unix(7), acl(5)."""

import struct
from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Blocked, Rights

# linux/posix_acl.h, linux/posix_acl_xattr.h
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_TAGS = {1: "user", 2: "user", 4: "group", 8: "group", 16: "mask", 32: "other"}
READ, WRITE, SEARCH = 4, 2, 1


class Entry(NamedTuple):  # of an ACL
    tag: int  # of _TAGS
    permissions: int  # bits: READ, WRITE, SEARCH
    id: int  # uid or gid


class Component(NamedTuple):  # of a path
    path: str
    directory: bool
    uid: int
    gid: int
    mode: int  # its group bits are the mask of an ACL
    acl: Optional[List[Entry]]
    owner: str  # name of uid
    group: str  # name of gid


class Identity(NamedTuple):
    """The account that connects."""

    user: str
    uid: int
    groups: List[int]


def parse_acl(raw: Optional[bytes]) -> Optional[List[Entry]]:
    """The value of system.posix_acl_access; None when there is none or it is not version 2."""
    if raw is None or len(raw) < 4 or struct.unpack_from("<I", raw)[0] != 2:
        return None
    return [Entry(*struct.unpack_from("<HHI", raw, at)) for at in range(4, len(raw) - 7, 8)]


def _rwx(permissions: int) -> str:
    return "".join(letter if permissions & bit else "-" for letter, bit in zip("rwx", (READ, WRITE, SEARCH)))


def acl_text(
    acl: Optional[Sequence[Entry]], user_name: Callable[[int], str], group_name: Callable[[int], str]
) -> Optional[List[str]]:
    """The entries as getfacl prints them."""
    if acl is None:
        return None
    names = {_USER: user_name, _GROUP: group_name}
    return [
        "%s:%s:%s" % (_TAGS.get(tag, "?"), names[tag](number) if tag in names else "", _rwx(permissions))
        for tag, permissions, number in acl
    ]


class _Class(NamedTuple):
    """Of permissions."""

    name: str
    granted: int
    listed: int = 0  # what entries of an ACL grant without its mask
    acl: bool = False  # an ACL decides


def _class(component: Component, who: Identity) -> _Class:
    """The one that applies to who."""
    owns, in_group, mode = who.uid == component.uid, component.gid in who.groups, component.mode
    if component.acl is None:
        if owns:
            return _Class("owner", mode >> 6 & 7)
        return _Class("group", mode >> 3 & 7) if in_group else _Class("other", mode & 7)
    by_tag = {entry.tag: entry.permissions for entry in component.acl if entry.tag not in (_USER, _GROUP)}
    mask = by_tag.get(_MASK, 7)
    if owns:
        return _Class("owner", by_tag.get(_USER_OBJ, 0))
    listed = by_tag.get(_GROUP_OBJ, 0) if in_group else 0
    for tag, permissions, number in component.acl:
        if tag == _USER and number == who.uid:
            return _Class("user entry", permissions & mask, permissions, True)
        if tag == _GROUP and number in who.groups:
            # acl(5): one entry has to grant all that is asked for, which here is one bit.
            in_group, listed = True, listed | permissions
    if in_group:
        return _Class("group entry", listed & mask, listed, True)
    return _Class("other", by_tag.get(_OTHER, 0), acl=True)


def rights_of(place: Component) -> "Rights":
    return {"path": place.path, "owner": place.owner, "group": place.group, "mode": "%04o" % place.mode}


def blocked_by(walk: Sequence[Component], who: Identity, last: int = WRITE) -> Optional["Blocked"]:
    """The first component that refuses who; None when owner, mode and ACL let it through.

    walk: the directories in the order of search, which needs x, then the file. last: what that needs; w is
    for a socket's connect.
    """
    if who.uid == 0:
        return None
    for component in walk:
        wanted = SEARCH if component.directory else last
        match = _class(component, who)
        if match.granted & wanted:
            continue
        file = "socket" if last == WRITE else "file"
        return {
            **rights_of(component),
            "kind": "directory" if component.directory else file,
            "acl": match.acl,
            "user": who.user,
            "wanted": _rwx(wanted).strip("-"),
            "applies": match.name,
            "masked": bool(match.listed & wanted),
        }
    return None
