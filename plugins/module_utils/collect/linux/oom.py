# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of this host that the kernel, systemd-oomd or earlyoom killed for memory, and php-fpm's crashes
that the kernel logged. The ring buffer is the whole machine's: only a victim's cgroup tells whose it was
(docs/looking.md).
"""

import re
from typing import TYPE_CHECKING, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.linux.proc import INITIAL_CGROUP, OOM_KILLS, below, limiting_cgroup, unit_of
from ...parse.timestamps import RING_DRIFT, JournalLine, journal_line, ring_lines
from ...parse.titles import claim
from ..host import Host
from .processes import Process

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import KernelSource, Kill, KillKind, Oom, Victim
    from ...parse.linux import kernel_log

SAME_KILL = 10.0  # systemd reports a kill within seconds of the kernel
MOST_KILLS = 50
RING = 32 << 20  # bytes; some 100 KB as a rule, log_buf_len= makes it larger
_INITIAL_PIDS = "pid:[4026531836]"  # linux/proc_ns.h: PROC_PID_INIT_INO
_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
_TELLING = re.compile(r"oom|Kill|memory: usage|Total swap|Task in |segfault|traps: |unhandled ")
_SLICES = re.compile(r"(?:/(?!user\.slice)[^/]+\.slice)*/?\Z")


class _Cgroup(NamedTuple):
    path: str  # as the kernel's messages spell it
    directory: Optional[str]  # where it is mounted here; None: unknown
    events: str  # text that counts OOM kills


def _cgroup(host: Host, pid: int, mounts: str) -> _Cgroup:
    """The memory cgroup of a process."""
    cgroup = limiting_cgroup(host.text("/proc/%d/cgroup" % pid) or "", mounts, "memory")
    directory = cgroup.directories[0] if cgroup.directories else None
    counter = "memory.events" if cgroup.version == 2 else "memory.oom_control"
    events = host.text("%s/%s" % (directory, counter)) if directory else None
    return _Cgroup(cgroup.path or "/", directory, events or "")


class _Home(NamedTuple):
    """Where the processes of this host live."""

    cgroup: _Cgroup  # of init
    initial: bool  # init's cgroup is spelt as the kernel's messages spell it
    ids: FrozenSet[str]  # of the container that this host is
    counter: Optional[int]  # kills in init's cgroup
    masters: Dict[int, str]  # pid -> cgroup

    @property
    def machine(self) -> bool:
        """It is the whole machine, and no container."""
        return self.initial and self.cgroup.path == "/"


def _ours(home: _Home, cgroup: Optional[str]) -> Optional[bool]:
    """Whether a victim's cgroup is of this host; None: unknown."""
    if home.machine:
        return True
    if home.initial and cgroup is not None:
        return (cgroup + "/").startswith(home.cgroup.path + "/")
    if home.counter == 0:
        return False
    theirs = frozenset(_CONTAINER_ID.findall(cgroup or ""))
    return bool(theirs & home.ids) if theirs and home.ids else None


def _kill(victim: "Victim", source: "KernelSource", ours: Optional[bool], home: _Home) -> "Kill":
    """A kill, with the unit of the victim's cgroup, and the masters in it. vague: much or all of this host
    may live there.
    """
    cgroup = victim["cgroup"] or "/"
    known = next((name for name in _CONTAINER_ID.findall(cgroup) if name in home.ids), None)
    path = ""
    if home.initial:
        path = below(cgroup, home.cgroup.path)
    elif known:  # crun puts a container into a cgroup of this name within its own
        path = re.sub(r"^[^/]*(?:/container(?=/|\Z))?", "", cgroup.rpartition(known)[2])
    above_masters = any(place.startswith(cgroup + "/") for place in home.masters.values())
    vague = ours is None or bool(_SLICES.match(path)) or above_masters
    inside = [pid for pid, place in home.masters.items() if (cgroup + "/").startswith(place + "/")]
    return {
        **victim,
        "source": source,
        "ours": ours,
        "unit": None if vague else unit_of(path),
        "masters": inside if home.initial and not vague else [],
        "vague": vague,
    }


def _add(kills: List["Kill"], unit_kills: Sequence["Kill"]) -> None:
    """Adds what systemd alone reports. A kill that the kernel reports as well gets its unit from systemd."""
    for unit_kill in unit_kills:
        for kill in kills:
            if (
                abs(kill["at"] - unit_kill["at"]) <= SAME_KILL
                and kill["fpm"] == unit_kill["fpm"]
                and (kill["vague"] or kill["unit"] == unit_kill["unit"])
            ):
                kill["unit"], kill["vague"] = unit_kill["unit"], False
                break
        else:
            kills.append(unit_kill)


def _ring(host: Host) -> "Optional[List[kernel_log.Line]]":
    ran = host.run(["dmesg", "-r"], most=RING)
    if ran.rc != 0:
        needs = "root, or kernel.dmesg_restrict = 0; CAP_SYSLOG in a container"
        host.miss("kernel_log", None, "dmesg: " + ran.failure, needs)
        return None
    boot_at = host.now() - host.boottime()
    return [(round(boot_at + at, 3), text) for at, text in ring_lines(ran.out, _TELLING)]


def _journal(host: Host, since: float, kernel: bool) -> "List[JournalLine]":
    # By what journald itself knows: anybody may write under any identifier (logger -t kernel).
    writers = "_PID=1 + _SYSTEMD_UNIT=systemd-oomd.service + _SYSTEMD_UNIT=earlyoom.service"
    argv = ["journalctl", "--no-pager", "-q", "-o", "short-unix", "--since", "@%d" % since, "-n", "2000"]
    ran = host.run(argv + (writers + (" + _TRANSPORT=kernel" if kernel else "")).split(" "))
    return [line for line in (journal_line(text) for text in ran.out.split("\n")) if line]


def _watched(host: Host, directory: Optional[str]) -> bool:
    """Whether a daemon that kills without the kernel has a cgroup here."""
    return any(
        host.type_of("%s/system.slice/%s.service" % (point, daemon))
        for point in (directory or "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
        for daemon in ("systemd-oomd", "earlyoom")
    )


def _home(host: Host, procs: Sequence[Process]) -> Tuple[_Home, Dict[str, int]]:
    """(home, {cgroup: kills counted in it})."""
    mounts = host.text("/proc/self/mountinfo") or ""
    init = _cgroup(host, 1, mounts)
    masters = {
        process.pid: _cgroup(host, process.pid, mounts)
        for process in procs
        if claim(process.cmdline) == "php-fpm"
    }
    counts = [(cgroup.path, OOM_KILLS.search(cgroup.events)) for cgroup in [init] + list(masters.values())]
    counters = {path: int(count.group(1)) for path, count in counts if count}
    initial = host.readlink("/proc/self/ns/cgroup") in (INITIAL_CGROUP, None)
    ids = frozenset(_CONTAINER_ID.findall(mounts))
    places = {pid: cgroup.path for pid, cgroup in masters.items()}
    return _Home(init, initial, ids, counters.get(init.path), places), counters


class Killed(NamedTuple):
    oom: "Oom"
    journal: List[JournalLine]  # empty, too, where there is no reason to read it


def collect_oom(host: Host, procs: Sequence[Process], window_from: float, now: float) -> Killed:
    """The kills and crashes of the window [window_from, now], in epoch seconds. masters of a kill: pids of
    those in its cgroup.
    """
    home, counters = _home(host, procs)
    counter = home.counter
    if counter is None and counters:
        counter = sum(counters.values())
    ring = _ring(host)
    # What is older than the ring stands in the journal.
    ring_from = float("inf") if ring is None else now - host.boottime()
    older = ring_from > window_from
    is_read = counter or older or _watched(host, home.cgroup.directory)
    journal = _journal(host, window_from - RING_DRIFT, older) if is_read else []
    lines = [(each.at, each.text) for each in journal if each.identifier == "kernel" and each.at < ring_from]
    lines += ring or []
    found: Oom = {
        "kills": [],
        "elsewhere": 0,
        "own_pids": host.readlink("/proc/self/ns/pid") == _INITIAL_PIDS,
        "counter": counter,
        "counters": counters,
        "segfaults": [],
    }
    if lines or journal:
        from ...parse.linux import kernel_log

        def within(at: float) -> bool:
            return window_from - RING_DRIFT <= at <= now + RING_DRIFT

        victims = [victim for victim in kernel_log.kills(lines) if within(victim["at"])]
        owned = [(victim, _ours(home, victim["cgroup"])) for victim in victims]
        kills = [
            _kill(victim, "kernel" if victim["at"] >= ring_from else "journal", ours, home)
            for victim, ours in owned
            if ours is not False
        ]
        found["elsewhere"] = len(victims) - len(kills)
        # Where the limit of this host was reached, that was not the end of the machine's memory.
        by_kernel: KillKind = "cgroup" if re.search(r"^oom [1-9]", home.cgroup.events, re.M) else "global"
        _add(kills, [kill for kill in kernel_log.unit_kills(journal, by_kernel) if within(kill["at"])])
        crashes = [crash for crash in kernel_log.crashes(lines, home.machine or None) if within(crash["at"])]
        found["kills"] = sorted(kills, key=lambda kill: kill["at"])[-MOST_KILLS:]
        found["segfaults"] = crashes[-MOST_KILLS:]
    return Killed(found, journal)
