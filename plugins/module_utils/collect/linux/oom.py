# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of this host that the kernel, systemd-oomd or earlyoom killed for memory, and php-fpm's crashes
that the kernel saw. The ring buffer is the whole machine's: only a victim's cgroup tells whose it was
(docs/looking.md).
"""

import re
from typing import TYPE_CHECKING, Dict, FrozenSet, List, NamedTuple, Optional, Sequence

from ...parse.linux import kernel_log
from ...parse.linux.proc import below, limiting_cgroup, unit_of
from ...parse.timestamps import journal_line, ring_line
from ...parse.titles import claim
from ..host import Host
from .processes import Process

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Kill, Oom, Victim

SLACK = 5.0  # seconds that the ring's clock may be off within a window
SAME_KILL = 10.0  # systemd tells of a kill within seconds of the kernel
MOST_KILLS = 50
RING = 32 << 20  # bytes; some 100 KB as a rule, log_buf_len= makes it larger
# linux/proc_ns.h: PROC_CGROUP_INIT_INO
_INITIAL = "cgroup:[4026531835]"
_INITIAL_PIDS = "pid:[4026531836]"  # PROC_PID_INIT_INO
_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
_TELLING = re.compile(r"oom|Kill|memory: usage|Task in |segfault|traps: |unhandled ")
_SLICES = re.compile(r"(?:/(?!user\.slice)[^/]+\.slice)*/?\Z")
_OOM_KILL = re.compile(r"^oom_kill (\d+)$", re.M)


class _Cgroup(NamedTuple):
    path: str  # as the kernel's messages spell it
    directory: Optional[str]  # where it is mounted here; None: unknown
    events: str  # text that counts OOM kills


def _cgroup(host: Host, pid: int, mounts: str) -> _Cgroup:
    """The memory cgroup of a process."""
    text = (host.text("/proc/%d/cgroup" % pid) or "").replace("/init.scope\n", "\n")
    cgroup = limiting_cgroup(text, mounts, "memory")
    directory = cgroup.directories[0] if cgroup.directories else None
    counter = "memory.events" if cgroup.version == 2 else "memory.oom_control"
    events = host.text("%s/%s" % (directory, counter)) if directory else None
    return _Cgroup(cgroup.path or "/", directory, events or "")


def _ours(
    home: _Cgroup, initial: bool, counter: Optional[int], ids: FrozenSet[str], cgroup: Optional[str]
) -> Optional[bool]:
    """Whether a victim's cgroup is of this host; None unknown."""
    if initial and home.path == "/":
        return True
    if initial and cgroup is not None:
        return (cgroup + "/").startswith(home.path + "/")
    if counter == 0:
        return False
    theirs = frozenset(_CONTAINER_ID.findall(cgroup or ""))
    return bool(theirs & ids) if theirs and ids else None


def _kill(
    victim: "Victim",
    source: str,
    ours: Optional[bool],
    home: _Cgroup,
    initial: bool,
    ids: FrozenSet[str],
    masters: Dict[int, str],
) -> "Kill":
    """A kill, with the unit of the victim's cgroup, and the masters in that. vague: much or all of this host
    may live there.
    """
    cgroup = victim["cgroup"] or "/"
    known = next((name for name in _CONTAINER_ID.findall(cgroup) if name in ids), None)
    path = ""
    if initial:
        path = below(cgroup, home.path)
    elif known:  # crun puts a container into a cgroup of this name within its own
        path = re.sub(r"^[^/]*(?:/container(?=/|\Z))?", "", cgroup.rpartition(known)[2])
    vague = (
        ours is None
        or bool(_SLICES.match(path))
        or any(place.startswith(cgroup + "/") for place in masters.values())
    )
    inside = [
        pid
        for pid, place in masters.items()
        if initial and not vague and (cgroup + "/").startswith(place + "/")
    ]
    return {
        **victim,
        "source": source,
        "ours": ours,
        "unit": None if vague else unit_of(path),
        "masters": inside,
        "vague": vague,
    }


def _add(kills: List["Kill"], unit_kills: Sequence["Kill"]) -> None:
    """Adds what systemd alone tells of. A kill that the kernel tells of as well gets the unit from it."""
    for unit_kill in unit_kills:
        same = next(
            (
                kill
                for kill in kills
                if abs(kill["at"] - unit_kill["at"]) <= SAME_KILL
                and kill["fpm"] == unit_kill["fpm"]
                and (kill["vague"] or kill["unit"] == unit_kill["unit"])
            ),
            None,
        )
        if same:
            same["unit"], same["vague"] = unit_kill["unit"], False
        else:
            kills.append(unit_kill)


def _ring(host: Host) -> Optional[List[kernel_log.Line]]:
    ran = host.run(["dmesg"], most=RING)
    if ran.rc != 0:
        host.miss(
            "kernel_log",
            None,
            "dmesg: %s" % (ran.err.strip()[:200] or "exit status %s" % ran.rc),
            "root, or kernel.dmesg_restrict = 0; CAP_SYSLOG in a container",
        )
        return None
    boot_at = host.now() - host.boottime()
    return [
        line
        for line in (ring_line(text, boot_at) for text in ran.out.split("\n") if _TELLING.search(text))
        if line
    ]


def _journal(host: Host, since: float, kernel: bool) -> List[kernel_log.JournalLine]:
    # By what journald itself knows: anybody may write under any identifier (logger -t kernel).
    speakers = ["_PID=1", "_SYSTEMD_UNIT=systemd-oomd.service", "_SYSTEMD_UNIT=earlyoom.service"] + (
        ["_TRANSPORT=kernel"] if kernel else []
    )
    argv = ["journalctl", "--no-pager", "-q", "-o", "short-unix", "--since", "@%d" % since, "-n", "2000"]
    ran = host.run(argv + " + ".join(speakers).split(" "))
    return [line for line in (journal_line(text) for text in ran.out.split("\n")) if line]


def _watched(host: Host, directory: Optional[str]) -> bool:
    """Whether a daemon that kills without the kernel has a cgroup here."""
    return any(
        host.type_of("%s/system.slice/%s.service" % (point, daemon))
        for point in (directory or "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
        for daemon in ("systemd-oomd", "earlyoom")
    )


def collect_oom(host: Host, procs: Sequence[Process], window_from: float, now: float) -> "Oom":
    """The kills and crashes of the window [window_from, now], in epoch seconds, as oom_info returns them.

    A kill's masters: pids of those in its cgroup. journalctl runs only for a reason.
    """
    mounts = host.text("/proc/self/mountinfo") or ""
    home = _cgroup(host, 1, mounts)
    masters = {
        process.pid: _cgroup(host, process.pid, mounts)
        for process in procs
        if claim(process.cmdline) == "php-fpm"
    }
    counts = [(cgroup.path, _OOM_KILL.search(cgroup.events)) for cgroup in [home] + list(masters.values())]
    counters = {path: int(count.group(1)) for path, count in counts if count}
    own_counter = counters.get(home.path)
    counter = counters.get(home.path, sum(counters.values()) if counters else None)
    ring = _ring(host)
    journal = []
    if counter or ring is None or _watched(host, home.directory):
        journal = _journal(host, window_from - SLACK, ring is None)
    source, lines = "kernel", ring
    if lines is None:
        source, lines = "journal", [(at, text) for at, speaker, _pid, text in journal if speaker == "kernel"]
    initial = host.readlink("/proc/self/ns/cgroup") in (_INITIAL, None)
    ids = frozenset(_CONTAINER_ID.findall(mounts))
    places = {pid: cgroup.path for pid, cgroup in masters.items()}

    def within(at: float) -> bool:
        return window_from - SLACK <= at <= now + SLACK

    victims = [
        (victim, _ours(home, initial, own_counter, ids, victim["cgroup"]))
        for victim in kernel_log.kills(lines)
        if within(victim["at"])
    ]
    kills = [
        _kill(victim, source, ours, home, initial, ids, places)
        for victim, ours in victims
        if ours is not False
    ]
    elsewhere = len(victims) - len(kills)
    # Where the limit of this host was reached, that was not the end of the machine's memory.
    by_kernel = "cgroup" if re.search(r"^oom [1-9]", home.events, re.M) else "global"
    _add(kills, [kill for kill in kernel_log.unit_kills(journal, by_kernel) if within(kill["at"])])
    ours = True if initial and home.path == "/" else None
    crashes = [crash for crash in kernel_log.crashes(lines, ours) if within(crash["at"])]
    early_kills = [kill for kill in kernel_log.early_kills(journal) if within(kill["at"])]
    return {
        "kills": sorted(kills, key=lambda kill: kill["at"])[-MOST_KILLS:],
        "elsewhere": elsewhere,
        "own_pids": host.readlink("/proc/self/ns/pid") == _INITIAL_PIDS,
        "counter": counter,
        "counters": counters,
        "segfaults": crashes[-MOST_KILLS:],
        "earlyoom": early_kills[-MOST_KILLS:],
    }
