# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that takes a rotated log's place, and whether its writer can open it."""

import posixpath
from typing import List, NamedTuple, Optional, Sequence, Tuple

from ...parse.linux.logrotate import Settings
from ..host import Host, HostError, Stat
from .log_writers import Writer

WRITE, SEARCH = 2, 1
ACCESS_ACL, DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"


class Replacement(NamedTuple):
    created: Optional[str]  # mode, owner and group
    unwritable: Optional[str] = None  # why
    skipped: Optional[str] = None  # why logrotate does not rotate it


def _may(mode: int, owner: int, group: int, uid: int, groups: Sequence[int], bit: int) -> bool:
    if not uid:
        return True
    if owner == uid:
        return bool(mode >> 6 & bit)
    return bool((mode >> 3 if group in groups else mode) & bit)


def _shut(host: Host, path: str, uid: int, groups: Sequence[int]) -> Optional[str]:
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
        if not _may(stat.mode, stat.uid, stat.gid, uid, groups, SEARCH):
            return folder
    return None


def _gid(host: Host, name: Optional[str], stat: Stat) -> int:
    if name is None:
        return stat.gid
    if name.isdigit():
        return int(name)
    for row in (host.text("/etc/group") or "").split("\n"):
        fields = row.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdigit():
            return int(fields[2])
    return -1


def _uid(host: Host, name: Optional[str], stat: Stat) -> int:
    if name is None:
        return stat.uid
    if name.isdigit():
        return int(name)
    found = host.account(name)
    return found[0] if found else -1


def _skipped(host: Host, folder: str, stat: Stat, settings: Settings) -> Optional[str]:
    """logrotate.c, findNeedRotating(): root rotates nothing in a directory that others can write, unless su
    says as whom.
    """
    if settings.su is None:
        if stat.mode & 0o002:
            return "everybody can write %s (mode %04o), and no su says as whom to rotate" % (
                folder,
                stat.mode,
            )
        if stat.mode & 0o020 and stat.gid:
            words = "group %s can write %s (mode %04o), and no su says as whom to rotate"
            return words % (host.group_name(stat.gid), folder, stat.mode)
        return None
    account = host.account(settings.su)
    if account is None or host.xattr(folder, ACCESS_ACL) is not None:
        return None
    if not _may(stat.mode, stat.uid, stat.gid, account[0], account[2], WRITE):
        words = "su %s: that account cannot rename a log in %s (mode %04o, owner %s)"
        return words % (settings.su, folder, stat.mode, host.user_name(stat.uid))
    return None


def _opens(
    host: Host, writer: Writer, settings: Settings, log: Optional[Stat], folder: Tuple[str, Stat]
) -> Replacement:
    """The new file: who makes it, and whether the writer can open it."""
    path, there = folder
    if settings.create is None:
        if log is not None and not _may(there.mode, there.uid, there.gid, writer.uid, writer.groups, WRITE):
            words = "nothing makes the new file (nocreate), and %s cannot make it in %s (mode %04o, owner %s)"
            why = words % (writer.user, path, there.mode, host.user_name(there.uid))
            return Replacement(None, why)
        return Replacement(None)
    if log is None:
        return Replacement(None)
    create = settings.create
    mode = log.mode if create.mode is None else create.mode
    uid, gid = _uid(host, create.owner, log), _gid(host, create.group, log)
    shown = "%04o %s %s" % (
        mode,
        create.owner or host.user_name(uid),
        create.group or host.group_name(gid) if gid >= 0 else create.group,
    )
    if uid < 0 or gid < 0 or _may(mode, uid, gid, writer.uid, writer.groups, WRITE):
        return Replacement(shown)
    return Replacement(shown, "the new file is %s: %s cannot write it" % (shown, writer.user))


def replaced(host: Host, writer: Writer, settings: Settings) -> Replacement:
    folder = posixpath.dirname(writer.path)
    try:
        there = host.stat(folder)
        log = None if host.lacks(writer.path) else host.stat(writer.path)
        skipped = _skipped(host, folder, there, settings)
        if skipped or settings.copy:
            return Replacement(None, skipped=skipped)
        if writer.also:
            shut = _shut(host, writer.path, writer.also[0], writer.also[1])
            if shut:
                words = "%s cannot search %s (mode %04o): its workers cannot open the new file"
                return Replacement(None, words % (writer.also[2], shut, host.stat(shut).mode))
        if host.xattr(folder, DEFAULT_ACL) is not None or (
            log is not None and host.xattr(writer.path, ACCESS_ACL) is not None
        ):
            return Replacement(None)  # an ACL decides, which logrotate takes along
        return _opens(host, writer, settings, log, (folder, there))
    except HostError:
        return Replacement(None)
