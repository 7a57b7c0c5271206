# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that can hold a web server's or php-fpm's socket, in one cheap pass over /proc."""

from functools import partial
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

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
from ...parse.titles import PROGRAMS, claim, program_of, relevant
from ..child import Child, Say, end
from ..host import Host, HostError
from ..trust import not_roots

if TYPE_CHECKING:
    from ....plugin_utils.shapes.snapshot import Stranger

READ = 16384  # bytes; a command line beyond it is cut
TITLE_SECONDS = 5.0
NO_TITLE = "the kernel keeps who asks for its command line"


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


_Seen = Tuple[Process, Sequence[int]]  # without its title; its real, effective and saved user


def _seen(host: Host, pid: int) -> Optional[_Seen]:
    """What the kernel says by itself; None when it is gone, a zombie, or a kernel thread."""
    base = "/proc/%d/" % pid
    try:
        stat = parse_stat(host.read(base + "stat", READ))
        if stat is None or stat.state in "ZX" or stat.flags & KERNEL_THREAD:
            return None
        status = parse_status(host.read(base + "status", READ))
    except HostError:
        return None
    # /proc/uptime and btime are virtualised in system containers (lxcfs), the ticks are not.
    started_at = round(host.now() - host.boottime() + float(stat.start_ticks) / TICKS, 2)
    account = (status.uid, status.gid, status.groups)
    exe, foreign = host.readlink(base + "exe"), status.namespaces > 1
    seen = Process(pid, stat.ppid, stat.comm, "", exe, *account, started_at, foreign, NO_TITLE, stat.state)
    return seen, status.uids


def _tell_titles(host: Host, pids: Sequence[int], say: Say) -> None:
    for pid in pids:
        try:
            say([host.read("/proc/%d/cmdline" % pid, READ)])
        except HostError:
            say([])


def _titled(host: Host, known: Sequence[_Seen]) -> List[Process]:
    """While a process has its memory locked, the kernel keeps who asks for its title. With a file system of
    its own that is for ever. So a child asks, root's processes and their children first. A process that
    keeps it has no title, nor has what else its account runs.
    """
    roots = {seen.pid for seen, _uids in known if not seen.uid and not seen.foreign}
    ours = {seen.pid for seen, _uids in known if seen.pid in roots or seen.ppid in roots}
    left = sorted(known, key=lambda each: each[0].pid not in ours)
    found: List[Process] = []
    seconds = TITLE_SECONDS
    while left:
        child = Child(partial(_tell_titles, host, [seen.pid for seen, _uids in left]))
        for answer in iter(partial(child.next, seconds), None):
            seen, uids = left.pop(0)
            title = parse_cmdline("".join(answer))
            program = claim(title)
            doubt = not_roots(host, seen.pid, uids, seen.exe, PROGRAMS[program]) if program else None
            found += [seen._replace(cmdline=title, doubt=doubt)] if answer else []
        end([child])
        seconds /= 2  # or somebody with many accounts would have all the time
        late = seconds < TITLE_SECONDS / 10
        kept = [seen for seen, _uids in left if late or seen.uid == left[0][0].uid]
        if kept and (late or not ours.isdisjoint(seen.pid for seen in kept)):
            # Else a worker of nginx would seem to be gone.
            host.miss("nginx_workers", "/proc/%d/cmdline" % kept[0].pid, NO_TITLE)
        found += kept
        left = [each for each in left if each[0] not in kept]
    return sorted(found)


def processes_of(host: Host, pids: Sequence[int]) -> List[Process]:
    """Those that are there, see process()."""
    return _titled(host, [seen for seen in (_seen(host, pid) for pid in pids) if seen])


def process(host: Host, pid: int) -> Optional[Process]:
    """None when it is gone, a zombie, or a kernel thread."""
    return next(iter(processes_of(host, [pid])), None)


def strangers(host: Host, procs: Sequence[Process], account: Optional[int] = None) -> List["Stranger"]:
    """Masters that are none of root's, nor of the account, which is a uid."""
    return [
        {
            "pid": master.pid,
            "user": host.user_name(master.uid),
            "claims": claim(master.cmdline) or program_of(master.comm) or "php-fpm",
            "title": redact(master.cmdline, 200),
            "exe": redact(master.exe, 200) if master.exe else None,
            "why": redact(master.doubt, 200),
        }
        for master in procs
        if master.doubt and not master.foreign and master.uid != account
    ]


def processes(host: Host) -> List[Process]:
    """Those with a relevant name, by pid. Of the others only the name is read: 15 microseconds."""
    known: List[Optional[_Seen]] = []
    try:
        pids = sorted(int(name) for name in host.listdir("/proc") if name.isdigit())
    except HostError as error:
        host.miss("processes", "/proc", error.why, "a mounted /proc")
        return []
    for pid in pids:
        try:
            if relevant(host.read("/proc/%d/comm" % pid, 64).rstrip("\n")):
                known.append(_seen(host, pid))
        except HostError:
            continue
    return _titled(host, [each for each in known if each])


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
