# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which file on the way to a unix socket refuses an account, and why: path_resolution(7), unix(7), acl(5)."""

import struct
from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Blocked

# linux/posix_acl.h, linux/posix_acl_xattr.h
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_TAGS = {
    _USER_OBJ: "user",
    _USER: "user",
    _GROUP_OBJ: "group",
    _GROUP: "group",
    _MASK: "mask",
    _OTHER: "other",
}
READ, WRITE, SEARCH = 4, 2, 1


class Entry(NamedTuple):
    """Of an ACL."""

    tag: int  # of _TAGS
    permissions: int  # bits: READ, WRITE, SEARCH
    id: int  # uid or gid


class Component(NamedTuple):
    """Of a path."""

    path: str
    directory: bool
    uid: int
    gid: int
    mode: int  # its group bits are the mask of an ACL
    acl: Optional[List[Entry]]
    owner: str  # name of uid
    group: str  # name of gid


class Identity(NamedTuple):
    """Who wants to pass."""

    user: str
    uid: int
    groups: List[int]


def parse_acl(raw: Optional[bytes]) -> Optional[List[Entry]]:
    """The value of system.posix_acl_access; None when there is none or it is not version 2."""
    if raw is None or len(raw) < 4 or struct.unpack_from("<I", raw)[0] != 2:
        return None
    return [Entry(*struct.unpack_from("<HHI", raw, at)) for at in range(4, len(raw) - 7, 8)]


def _rwx(permissions: int) -> str:
    return "".join(letter if permissions & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))


def acl_text(
    acl: Optional[Sequence[Entry]], user_name: Callable[[int], str], group_name: Callable[[int], str]
) -> Optional[List[str]]:
    if acl is None:
        return None
    names = {_USER: user_name, _GROUP: group_name}
    return [
        "%s:%s:%s"
        % (_TAGS.get(one.tag, "?"), names[one.tag](one.id) if one.tag in names else "", _rwx(one.permissions))
        for one in acl
    ]


class _Class(NamedTuple):
    """A class of permissions. listed: what entries of an ACL grant without its mask. acl: an ACL decides."""

    name: str
    granted: int
    listed: int = 0
    acl: bool = False


def _class(component: Component, who: Identity) -> _Class:
    """The one that applies to who."""
    if component.acl is None:
        for name, applies, shift in (
            ("owner", who.uid == component.uid, 6),
            ("group", component.gid in who.groups, 3),
            ("other", True, 0),
        ):
            if applies:
                return _Class(name, component.mode >> shift & 7)
    entries = component.acl or []
    by_tag = {one.tag: one.permissions for one in entries if one.tag not in (_USER, _GROUP)}
    mask = by_tag.get(_MASK, 7)
    if who.uid == component.uid:
        return _Class("owner", by_tag.get(_USER_OBJ, 0))
    for one in entries:
        if one.tag == _USER and one.id == who.uid:
            return _Class("user entry", one.permissions & mask, one.permissions, True)
    matching = [
        one.permissions
        for one in entries
        if (one.tag == _GROUP and one.id in who.groups)
        or (one.tag == _GROUP_OBJ and component.gid in who.groups)
    ]
    if matching:
        # acl(5): one entry has to grant all that is asked for, which here is one bit.
        listed = 0
        for permissions in matching:
            listed |= permissions
        return _Class("group entry", listed & mask, listed, True)
    return _Class("other", by_tag.get(_OTHER, 0), acl=True)


def _why(component: Component, who: Identity, match: _Class, wanted: int) -> str:
    need = "search (x)" if wanted == SEARCH else "write (w)"
    head = "mode %04o, owner %s:%s: " % (component.mode, component.owner, component.group)
    if match.listed & wanted:
        return head + "the ACL's entry for %s grants %s permission, the ACL's mask takes it away" % (
            who.user,
            need,
        )
    if match.name in ("user entry", "group entry"):
        return head + "the ACL's %s that applies to %s grants no %s permission" % (
            match.name,
            who.user,
            need,
        )
    if match.name == "owner":
        return head + "%s is the owner, and the owner has no %s permission" % (who.user, need)
    if match.name == "group":
        return head + "%s is in group %s, which has no %s permission" % (who.user, component.group, need)
    return head + "%s is neither %s nor in group %s%s, and others have no %s permission" % (
        who.user,
        component.owner,
        component.group,
        " nor named in the ACL" if match.acl else "",
        need,
    )


def blocked_by(walk: Sequence[Component], who: Identity) -> Optional["Blocked"]:
    """The first component that refuses who; None when owner, mode and ACL let it
    through. walk: the directories in the order of search, which needs x, and the socket last, whose connect
    needs w.
    """
    if who.uid == 0:
        return None
    for component in walk:
        wanted = SEARCH if component.directory else WRITE
        match = _class(component, who)
        if not match.granted & wanted:
            return {
                "path": component.path,
                "kind": "directory" if component.directory else "socket",
                "why": _why(component, who, match, wanted),
                "acl": match.acl,
            }
    return None


def mandatory_access(path: str, who: Identity) -> "Blocked":
    """What refused when owner, mode and ACL allow it."""
    return {
        "path": path,
        "kind": "mandatory_access",
        "acl": False,
        "why": "owner, mode and ACL of the socket and of its directories allow %s, and the kernel still "
        "refused:"
        " a security module (SELinux, AppArmor) did" % who.user,
    }
