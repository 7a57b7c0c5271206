# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit's sandbox hides from its processes, so that they see other files on the way to a socket than the host has: systemd.exec(5)."""

import posixpath
from typing import Dict, Optional, Tuple

from ..parse.proc import unit_of
from ..parse.systemctl import parse_show
from .host import Host, HostError
from .processes import process_cgroup
from .socket_files import walk

# Settings -> which part of a word with colons is a path as the processes see it; or the only paths that they are about.
_LISTS = {"InaccessiblePaths": 0, "TemporaryFileSystem": 0, "BindPaths": 1, "BindReadOnlyPaths": 1}
_ABOUT = {"ProtectHome": ("/home", "/root", "/run/user"), "PrivateTmp": ("/tmp", "/var/tmp"), "RootDirectory": ("/",), "RootImage": ("/",)}


def other_view(host: Host, pid: Optional[int]) -> str:
    """A process's "/" when it has a mount namespace of its own; "" when it has ours, or nobody may see."""
    if pid is None or not host.is_root():
        return ""
    theirs = host.readlink("/proc/%d/ns/mnt" % pid)
    return "/proc/%d/root" % pid if theirs and theirs != host.readlink("/proc/self/ns/mnt") else ""


def _file(host: Host, path: str) -> Optional[Tuple[int, int]]:
    try:
        stat = host.stat(path)
        return stat.device, stat.inode
    except HostError:
        return None


def hidden(host: Host, pid: Optional[int], path: str) -> Optional[dict]:
    """The first thing on the way to path that a process does not see as we do, {path, unit, setting}: unit and setting are None where unknown."""
    root = other_view(host, pid)
    way = walk(host, path)
    for place in way.searched + [way.path] if root else ():
        if _file(host, place) != _file(host, root + place):
            unit = unit_of(process_cgroup(host, pid or 0))
            return {"path": place, "unit": unit, "setting": _setting(host, unit, place) if unit else None}
    return None


def _setting(host: Host, unit: str, place: str) -> Optional[str]:
    ran = host.run(["systemctl", "show", "-p", ",".join([*_LISTS, *_ABOUT]), "--", unit])
    block: Dict[str, str] = next(iter(parse_show(ran.out)), {})
    for name, part in _LISTS.items():
        for word in block.get(name, "").split():
            point = word.lstrip("-+").split(":")[part if ":" in word else 0]
            if _covers(point, place):
                return "%s=%s" % (name, word)
    for name, points in _ABOUT.items():
        value = block.get(name) or "no"
        if value != "no" and any(point == place or _covers(point, place) for point in points):
            return "%s=%s" % (name, value)
    return None


def _covers(point: str, place: str) -> bool:
    return (place + "/").startswith(posixpath.normpath(point) + "/")
