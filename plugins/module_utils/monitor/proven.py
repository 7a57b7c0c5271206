# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which masters are real. The monitor's account may not read which program a process of root's runs. A title
proves nothing: whoever may start a program as root, be it sudo, can give it any.

So systemd must have started it, by a program of that name which root alone can write. Or the pid file of its
own configuration names it, and root alone can write both.
"""

import posixpath
from typing import TYPE_CHECKING, List, Optional, Sequence

from ..collect.host import Host, HostError
from ..collect.linux.processes import Process, process_cgroup
from ..collect.linux.units import unit_states
from ..collect.trust import opening
from ..parse.linux.proc import unit_of
from ..parse.titles import PROGRAMS, claim

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.unit import Unit

NEEDS = "a master that systemd starts, or one whose pid file root alone can write"


def _started_by(host: Host, unit: "Optional[Unit]", pid: int, program: str) -> bool:
    command = (unit["command"] or "").split(" ")[0] if unit and unit["main_pid"] == pid else ""
    words = PROGRAMS[program]
    return any(word in posixpath.basename(command) for word in words) and not opening(host, command)


def _names(host: Host, pid_file: Optional[str], pid: int) -> bool:
    try:
        return bool(pid_file) and host.read(pid_file or "", 32).strip() == str(pid)
    except HostError:
        return False


def _seen(procs: Sequence[Process], pid: int) -> bool:
    """Whether the program of the process could be read: then it was judged already."""
    return any(process.pid == pid and process.exe for process in procs)


def proven(host: Host, procs: Sequence[Process], masters: "Sequence[Master]") -> "List[Master]":
    """The masters that are real, and those that do not run."""
    kept: List[Master] = []
    for master in masters:
        pid, file = master["pid"], master["pid_file"] or ""
        if (
            pid is None
            or _seen(procs, pid)
            or _started_by(host, master["unit_state"], pid, "php-fpm")
            or (_names(host, file, pid) and not master["writable"] and not opening(host, file))
        ):
            kept.append(master)
        else:
            host.miss("fpm_master", None, "pid %d only calls itself a master of php-fpm" % pid, NEEDS)
    return kept


def without_strangers(host: Host, procs: Sequence[Process]) -> List[Process]:
    """All but what only calls itself nginx's master."""
    doubtful = {
        process.pid: unit_of(process_cgroup(host, process.pid)) or ""
        for process in procs
        if claim(process.cmdline) == "nginx" and not process.exe and not process.doubt
    }
    units = unit_states(host, list(doubtful.values()), logs=False) if doubtful else {}
    strangers = [
        pid for pid, unit in doubtful.items() if not _started_by(host, units.get(unit), pid, "nginx")
    ]
    for pid in strangers:
        host.miss("nginx_master", None, "pid %d only calls itself a master of nginx" % pid, NEEDS)
    return [process for process in procs if process.pid not in strangers]
