# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a unit's sandbox hides: its processes see other files on the way to a socket than the host has. See
systemd.exec(5).
"""

from typing import TYPE_CHECKING, Optional, Tuple

from ...parse.linux.proc import unit_of
from ...parse.linux.systemctl import SANDBOX, hides, parse_show, unit_facts
from ..endpoint.socket_files import walk
from ..host import Host, HostError
from .processes import process_cgroup

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Hidden


def other_view(host: Host, pid: Optional[int]) -> str:
    """A process's "/" when it has a mount namespace of its own; "" when it has ours, or nobody may see."""
    if pid is None or not host.is_root():
        return ""
    theirs = host.readlink("/proc/%d/ns/mnt" % pid)
    return "/proc/%d/root" % pid if theirs and theirs != host.readlink("/proc/self/ns/mnt") else ""


def _file(host: Host, path: str) -> Optional[Tuple[int, int]]:
    try:
        return host.stat(path).identity
    except HostError:
        return None


def hidden(host: Host, who: str, pid: Optional[int], path: str) -> Optional["Hidden"]:
    """The first thing on the way to path that who, with this pid, does not see as we do."""
    root = other_view(host, pid)
    way = walk(host, path)
    for place in way.searched + [way.path] if root else ():
        if _file(host, place) != _file(host, root + place):
            unit = unit_of(process_cgroup(host, pid or 0))
            setting = _setting(host, unit, place) if unit else None
            if setting and _is_gone(host, pid or 0, place):
                setting += ", of which the directory was deleted since"
            return {"path": place, "unit": unit, "setting": setting, "who": who}
    return None


def _is_gone(host: Host, pid: int, place: str) -> bool:
    from ...parse.linux.unseen import gone_mounts

    points = gone_mounts(host.text("/proc/%d/mountinfo" % pid) or "")
    return any((place + "/").startswith(point + "/") for point in points)


def _setting(host: Host, unit: str, place: str) -> Optional[str]:
    ran = host.run(["systemctl", "show", "-p", ",".join(SANDBOX), "--", unit])
    return hides(unit_facts(next(iter(parse_show(ran.out)), {}), 0.0)["sandbox"], place)
