# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that can hold a web server's or php-fpm's socket, in one cheap pass over /proc."""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ...parse.linux.proc import (
    KERNEL_THREAD,
    TICKS,
    below,
    cgroup_path,
    parse_cgroup,
    parse_cmdline,
    parse_stat,
    parse_status,
    unit_of,
)
from ...parse.redact import redact
from ...parse.titles import PROGRAMS, claim, relevant
from ..host import Host, HostError
from ..trust import not_roots

if TYPE_CHECKING:
    from ....plugin_utils.shapes.snapshot import Stranger

READ = 16384  # bytes; a command line beyond it is cut


class Process(NamedTuple):
    """uid, gid and groups are the effective ones."""

    pid: int
    ppid: int
    comm: str
    cmdline: str
    exe: Optional[str]  # None: without the right to see it
    uid: int
    gid: int
    groups: List[int]
    started_at: float  # epoch seconds
    foreign: bool = False  # it runs in a container below this host
    doubt: Optional[str] = None  # why what calls itself a master is none of root's, see collect/trust.py
    state: str = "S"  # proc(5)


def process(host: Host, pid: int) -> Optional[Process]:
    """None when it is gone, a zombie, or a kernel thread."""
    base = "/proc/%d/" % pid
    try:
        stat = parse_stat(host.read(base + "stat", READ))
        if stat is None or stat.state in "ZX" or stat.flags & KERNEL_THREAD:
            return None
        status = parse_status(host.read(base + "status", READ))
        cmdline = parse_cmdline(host.read(base + "cmdline", READ))
    except HostError:
        return None
    # /proc/uptime and btime are virtualised in system containers (lxcfs), the ticks are not.
    started_at = round(host.now() - host.boottime() + float(stat.start_ticks) / TICKS, 2)
    exe, program = host.readlink(base + "exe"), claim(cmdline)
    doubt = not_roots(host, pid, status.uids, exe, PROGRAMS[program]) if program else None
    account = (status.uid, status.gid, status.groups)
    foreign = status.namespaces > 1
    seen = Process(pid, stat.ppid, stat.comm, cmdline, exe, *account, started_at, foreign, doubt)
    return seen._replace(state=stat.state)


def strangers(host: Host, procs: Sequence[Process], account: Optional[int] = None) -> List["Stranger"]:
    """Masters that are none of root's, nor of the account, which is a uid."""
    return [
        {
            "pid": master.pid,
            "user": host.user_name(master.uid),
            "claims": claim(master.cmdline) or "",
            "title": redact(master.cmdline, 200),
            "exe": redact(master.exe, 200) if master.exe else None,
            "why": redact(master.doubt, 200),
        }
        for master in procs
        if master.doubt and not master.foreign and master.uid != account
    ]


def processes(host: Host) -> List[Process]:
    """Those with a relevant name, by pid. Of the others only the name is read: 15 microseconds."""
    seen: List[Optional[Process]] = []
    try:
        pids = sorted(int(name) for name in host.listdir("/proc") if name.isdigit())
    except HostError as error:
        host.miss("processes", "/proc", error.why, "a mounted /proc")
        return []
    for pid in pids:
        try:
            if relevant(host.read("/proc/%d/comm" % pid, 64).rstrip("\n")):
                seen.append(process(host, pid))
        except HostError:
            continue
    return [each for each in seen if each]


def process_cgroup(host: Host, pid: int) -> str:
    """The cgroup as seen from own_cgroup; "" when unknown or elsewhere."""
    return below(_cgroup(host, pid), own_cgroup(host))


def unit_around(host: Host, pid: int) -> Optional[str]:
    """The unit in which a process runs, though something else may have started it there."""
    return unit_of(process_cgroup(host, pid))


def own_cgroup(host: Host) -> str:
    """The cgroup of this host's init: "/" on a machine or in a namespace of its own, else the container's, as
    the kernel spells it.
    """
    return _cgroup(host, 1) or "/"


def _cgroup(host: Host, pid: int) -> str:
    return cgroup_path(parse_cgroup(host.text("/proc/%d/cgroup" % pid) or ""))
