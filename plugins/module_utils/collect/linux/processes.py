# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes that can hold a web server's or php-fpm's socket, in one cheap pass over /proc."""

import time
from functools import partial
from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

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
KEPT_SECONDS = (5.0, 2.5, 1.2, 0.6)  # less and less: somebody may have many accounts
ROUND = 4  # times as long for all answers
TITLE = "/proc/%d/cmdline"
KEPT = "the kernel keeps who reads its memory"


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
    seen = Process(pid, stat.ppid, stat.comm, "", exe, *account, started_at, foreign, KEPT, stat.state)
    return seen, status.uids


def _tell(host: Host, path: str, pids: Sequence[int], most: int, say: Say) -> None:
    for pid in pids:
        try:
            say([host.read(path % pid, most)])
        except HostError:
            say([])


def _next(child: Child, seconds: float, until: float) -> Optional[List[str]]:
    """Many answers that each come just in time would take as long, too."""
    answer: Optional[List[str]] = child.next(min(seconds, until - time.monotonic()))
    return answer


def texts_in_time(
    host: Host, path: str, accounts: Mapping[int, object], most: int = READ
) -> Dict[int, Optional[str]]:
    """A file that needs a process's memory, by pid; None: it cannot be read. accounts: by pid.

    While a process has that locked, the kernel keeps who asks. With a file system of its own that is for
    ever. So a child asks. What is kept is left out, as is what else its account runs.
    """
    left, found = list(accounts), {}
    for seconds in KEPT_SECONDS:
        if not left:
            break
        child, until = Child(partial(_tell, host, path, left, most)), time.monotonic() + ROUND * seconds
        for answer in iter(partial(_next, child, seconds, until), None):
            found[left.pop(0)] = answer[0] if answer else None
        end([child])
        left = [pid for pid in left if accounts[pid] != accounts[left[0]]]
    return found


def _titled(host: Host, known: Sequence[_Seen]) -> List[Process]:
    """root's processes and their children are asked first. One that the kernel keeps has no title."""
    roots = {seen.pid for seen, _uids in known if not seen.uid and not seen.foreign}
    ours = {seen.pid for seen, _uids in known if seen.pid in roots or seen.ppid in roots}
    in_order = sorted(known, key=lambda each: each[0].pid not in ours)
    titles = texts_in_time(host, TITLE, {seen.pid: seen.uid for seen, _uids in in_order})
    found = [seen for seen, _uids in in_order if seen.pid not in titles]
    late = len({seen.uid for seen in found}) >= len(KEPT_SECONDS)
    if late or not ours.isdisjoint(seen.pid for seen in found):
        # Else a worker of nginx would seem to be gone.
        host.miss("nginx_workers", TITLE % found[0].pid, KEPT)
    for seen, uids in known:
        text = titles.get(seen.pid)
        if text is not None:
            title = parse_cmdline(text)
            program = claim(title)
            doubt = not_roots(host, seen.pid, uids, seen.exe, PROGRAMS[program]) if program else None
            found.append(seen._replace(cmdline=title, doubt=doubt))
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
