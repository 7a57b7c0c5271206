# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that takes a rotated log's place, and whether its writer can open it."""

import posixpath
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Tuple

from ...parse.linux.logrotate import Settings
from ...parse.linux.permission import SEARCH, WRITE
from ..host import Host, HostError, Stat
from ..nginx.nginx_user import group_id
from .log_writers import Account, Writer, account_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Barred

ACCESS_ACL, DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"


class Replacement(NamedTuple):
    created: Optional[str] = None  # mode, owner and group
    barred: "Optional[Barred]" = None  # nothing is in the way


def _may(mode: int, owner: int, group: int, who: Account, bit: int) -> bool:
    if not who.uid:
        return True
    if owner == who.uid:
        return bool(mode >> 6 & bit)
    return bool((mode >> 3 if group in who.groups else mode) & bit)


def _shut(host: Host, path: str, who: Account) -> Optional[str]:
    """The first directory above a log that an account cannot search."""
    above: List[str] = []
    here = posixpath.dirname(host.realpath(path))
    while here not in above:
        above.append(here)
        here = posixpath.dirname(here)
    for folder in reversed(above):
        stat = host.stat(folder)
        if host.xattr(folder, ACCESS_ACL) is not None:
            continue  # its entries may let it in
        if not _may(stat.mode, stat.uid, stat.gid, who, SEARCH):
            return folder
    return None


def _gid(host: Host, name: Optional[str], stat: Stat) -> int:
    if name is None:
        return stat.gid
    found = int(name) if name.isdigit() else group_id(host, name)
    return -1 if found is None else found


def _uid(host: Host, name: Optional[str], stat: Stat) -> int:
    if name is None:
        return stat.uid
    if name.isdigit():
        return int(name)
    found = host.account(name)
    return found.uid if found else -1


def _barred(kind: str, path: str, mode: int, user: str = "", owner: str = "", group: str = "") -> "Barred":
    return {"kind": kind, "path": path, "mode": "%04o" % mode, "user": user, "owner": owner, "group": group}


def _skipped(host: Host, folder: str, stat: Stat, settings: Settings) -> "Optional[Barred]":
    """logrotate.c, findNeedRotating(): root rotates nothing in a directory that others can write, unless su
    says as whom.
    """
    if settings.su is None:
        if stat.mode & 0o002:
            return _barred("open_to_all", folder, stat.mode)
        if stat.mode & 0o020 and stat.gid:
            return _barred("open_to_group", folder, stat.mode, group=host.group_name(stat.gid))
        return None
    account = account_of(host, settings.su)
    if account is None or host.xattr(folder, ACCESS_ACL) is not None:
        return None
    if not _may(stat.mode, stat.uid, stat.gid, account, WRITE):
        return _barred("su_denied", folder, stat.mode, settings.su, host.user_name(stat.uid))
    return None


def _opens(
    host: Host, writer: Writer, settings: Settings, log: Optional[Stat], folder: Tuple[str, Stat]
) -> Replacement:
    """The new file: who makes it, and whether the writer can open it."""
    create, (path, there) = settings.create, folder
    if log is None:
        return Replacement()
    if create is None:
        if _may(there.mode, there.uid, there.gid, writer.account, WRITE):
            return Replacement()
        owner = host.user_name(there.uid)
        return Replacement(None, _barred("not_created", path, there.mode, writer.account.name, owner))
    mode = log.mode if create.mode is None else create.mode
    uid, gid = _uid(host, create.owner, log), _gid(host, create.group, log)
    owner = create.owner or host.user_name(uid)
    group = create.group or host.group_name(gid)
    shown = "%04o %s %s" % (mode, owner, group)
    if uid < 0 or gid < 0 or _may(mode, uid, gid, writer.account, WRITE):
        return Replacement(shown)
    return Replacement(shown, _barred("closed_file", writer.path, mode, writer.account.name, owner, group))


def replaced(host: Host, writer: Writer, settings: Settings) -> Replacement:
    folder = posixpath.dirname(writer.path)
    try:
        there = host.stat(folder)
        log = None if host.lacks(writer.path) else host.stat(writer.path)
        skipped = _skipped(host, folder, there, settings)
        if skipped or settings.copy:
            return Replacement(None, skipped)
        if writer.also:
            shut = _shut(host, writer.path, writer.also)
            if shut:
                mode = host.stat(shut).mode
                return Replacement(None, _barred("closed_directory", shut, mode, writer.also.name))
        if host.xattr(folder, DEFAULT_ACL) is not None or (
            log is not None and host.xattr(writer.path, ACCESS_ACL) is not None
        ):
            return Replacement()  # an ACL decides, which logrotate takes along
        return _opens(host, writer, settings, log, (folder, there))
    except HostError:
        return Replacement()
