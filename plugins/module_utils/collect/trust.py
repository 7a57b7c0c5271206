# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What root may run, load and believe: what root alone can write, and processes that root has started."""

import errno
import posixpath
import re
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .host import Host, HostError, Stat

# To open a device is an act; what a file of /proc says depends on who asks.
KERNEL = ("/dev/", "/proc/", "/sys/")
LINKS = 40  # the kernel's own limit, path_resolution(7)
DELETED = " (deleted)"


class Opening(NamedTuple):
    """A place that others than root can write."""

    path: str
    who: str  # an account, a group, or everybody


class Component(NamedTuple):
    """Of a path."""

    stat: Stat  # of itself
    target: Optional[str]  # where a link leads
    opening: Optional[Opening]


def _writer(host: Host, path: str, stat: Stat) -> Optional[Opening]:
    if stat.uid != 0:
        return Opening(path, host.user_name(stat.uid))
    if stat.mode & 0o002 and stat.type != "link":
        return Opening(path, "everybody")
    # With an ACL the group bits are its mask.
    if (
        stat.mode & 0o020
        and stat.type != "link"
        and (stat.gid != 0 or host.group_members(0) or host.xattr(path, "system.posix_acl_access"))
    ):
        return Opening(path, "group %s" % host.group_name(stat.gid))
    return None


def _component(host: Host, path: str) -> Component:
    """Directories and links are remembered for the whole look."""
    known: Optional[Component] = host.components.get(path)
    if known is None:
        stat = host.stat(path, follow=False)
        target = host.readlink(path) if stat.type == "link" else None
        known = Component(stat, target, _writer(host, path, stat))
        if stat.type in ("directory", "link"):
            host.components[path] = known
    return known


def walk(host: Host, path: str) -> Iterator[Tuple[str, Component]]:
    """Each component of an absolute path, links followed. Raises HostError."""
    left = list(reversed(path.split("/")))
    here, links = "/", 0
    yield here, _component(host, here)
    while left:
        name = left.pop()
        if name in ("", "."):
            continue
        place = posixpath.dirname(here) if name == ".." else posixpath.join(here, name)
        component = _component(host, place)
        yield place, component
        if component.target is None:
            here = place
            continue
        links += 1
        if links > LINKS:
            raise HostError(place, errno.ELOOP, "a loop of links")
        left.extend(reversed(component.target.split("/")))
        here = "/" if component.target.startswith("/") else here


def opening(host: Host, path: str) -> Optional[Opening]:
    """The first file or directory on the way to path, links followed, that someone besides root can write.

    A sticky directory such as /tmp is one. A path that does not exist is as safe as its directory.
    """
    try:
        return next((component.opening for _place, component in walk(host, path) if component.opening), None)
    except HostError as error:
        return (
            None if error.absent else Opening(error.path, "somebody: it cannot be looked at (%s)" % error.why)
        )


def named(host: Host, path: str) -> str:
    """The real path of a configuration file or a log, for Host.read_bytes(real=True).

    Raises HostError for a link that somebody besides root can make, for devices and the kernel's own files.
    """
    here, writable = "/", None
    for place, component in walk(host, path):
        writable = writable or component.opening
        if component.target is None:
            here = place
        elif writable and host.reads_all():
            why = "%s is a link, and %s can write %s: not followed" % (place, writable.who, writable.path)
            raise HostError(path, errno.EPERM, why)
        elif component.target.startswith("/"):
            writable = None
    if here.startswith(KERNEL):
        raise HostError(path, errno.EPERM, "not a regular file (%s)" % here)
    return here


def head(host: Host, path: str, most: int) -> Optional[bytes]:
    """The first bytes of a file that others may have put there; b"" where there is none. None: not known."""
    try:
        return host.read_bytes(named(host, path), 0, most, real=True)
    except HostError as error:
        return b"" if error.absent else None


def folders(host: Host, pattern: str) -> List[str]:
    """The directories in which a pattern finds files, and those on the way from its first star on.

    Whoever can write one of these has the pattern find more, by the time that somebody loads it.
    """
    parts = posixpath.dirname(pattern).split("/")
    first = next((number for number, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts))
    found = ["/".join(parts[:first]) or "/"]
    for number in range(first, len(parts)):
        found += host.glob("/".join(parts[: number + 1]))
    return found


def not_roots(
    host: Host, pid: int, uids: Sequence[int], exe: Optional[str], names: Tuple[str, ...]
) -> Optional[str]:
    """Why a process is no program of root's with one of these words in its file's name; None when it is.

    All its users must be root. Its executable must be the file at a path that only root can write, or must
    have been until an upgrade.
    """
    if len(set(uids)) != 1:
        return "its user ids differ: %s" % ", ".join(map(str, uids))
    if uids[0]:
        return "it runs as %s" % host.user_name(uids[0])
    if exe is None:
        return "its program cannot be read" if host.is_root() else None
    path = exe[: -len(DELETED)] if exe.endswith(DELETED) else exe
    if not any(name in posixpath.basename(path) for name in names):
        return "its program is %s" % path
    try:
        running = host.stat("/proc/%d/exe" % pid)
        if path == exe and host.stat(path).identity != running.identity:
            return "its program is not the file at %s" % path
    except HostError as error:
        return "its program cannot be looked at (%s)" % error.why
    writable = opening(host, path)
    if writable or running.uid:
        return "%s can write its program %s" % (
            writable.who if writable else host.user_name(running.uid),
            path,
        )
    return None
