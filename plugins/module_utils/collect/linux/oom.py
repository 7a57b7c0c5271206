# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of this host that the kernel, systemd-oomd or earlyoom killed for memory, and php-fpm's crashes
that the kernel saw. The ring buffer is the whole machine's: only a victim's cgroup tells whose it was
(docs/looking.md).
"""

import re
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.linux import kernel_log
from ...parse.linux.proc import below, limiting_cgroup, unit_of
from ...parse.timestamps import journal_line, ring_line
from ...parse.titles import claim
from ..host import Host
from .processes import Process

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

# path: as the kernel's messages spell it. directory: where it is mounted here, None unknown. events: the text
# that counts OOM kills.
_Cgroup = NamedTuple("_Cgroup", [("path", str), ("directory", Optional[str]), ("events", str)])


def _cgroup(host: Host, pid: int, mounts: str) -> _Cgroup:
    """The memory cgroup of a process."""
    text = (host.text("/proc/%d/cgroup" % pid) or "").replace("/init.scope\n", "\n")
    cgroup = limiting_cgroup(text, mounts, "memory")
    directory = cgroup.directories[0] if cgroup.directories else None
    counter = "memory.events" if cgroup.version == 2 else "memory.oom_control"
    events = host.text("%s/%s" % (directory, counter)) if directory else None
    return _Cgroup(cgroup.path or "/", directory, events or "")


def _ours(
    home: _Cgroup, initial: bool, counter: Optional[int], ids: frozenset, cgroup: Optional[str]
) -> Optional[bool]:
    """Whether a victim's cgroup is of this host; None unknown."""
    if initial and home.path == "/":
        return True
    if initial and cgroup is not None:
        return (cgroup + "/").startswith(home.path + "/")
    theirs = frozenset(_CONTAINER_ID.findall(cgroup or ""))
    return False if counter == 0 else bool(theirs & ids) if theirs and ids else None


def _whose(home: _Cgroup, initial: bool, ids: frozenset, masters: Dict[int, str], kill: dict) -> dict:
    """The unit of a victim's cgroup, and the masters in it. vague: much or all of this host may
    live there.
    """
    cgroup = kill["cgroup"] or "/"
    known = next((one for one in _CONTAINER_ID.findall(cgroup) if one in ids), None)
    if initial:
        path = below(cgroup, home.path)
    else:  # crun puts a container into a cgroup of this name within its own
        path = re.sub(r"^[^/]*(?:/container(?=/|\Z))?", "", cgroup.rpartition(known)[2]) if known else ""
    vague = (
        kill["ours"] is None
        or bool(_SLICES.match(path))
        or any(place.startswith(cgroup + "/") for place in masters.values())
    )
    inside = [
        pid
        for pid, place in masters.items()
        if initial and not vague and (cgroup + "/").startswith(place + "/")
    ]
    return {"unit": None if vague else unit_of(path), "masters": inside, "vague": vague}


def _ring(host: Host) -> Optional[List[Tuple[float, str]]]:
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


def _journal(host: Host, since: float, kernel: bool) -> List[Tuple[float, str, Optional[int], str]]:
    # By what journald itself knows: anybody may write under any identifier (logger -t kernel).
    speakers = ["_PID=1", "_SYSTEMD_UNIT=systemd-oomd.service", "_SYSTEMD_UNIT=earlyoom.service"] + (
        ["_TRANSPORT=kernel"] if kernel else []
    )
    argv = [
        "journalctl",
        "--no-pager",
        "-q",
        "-o",
        "short-unix",
        "--since",
        "@%d" % since,
        "-n",
        "2000",
    ] + " + ".join(speakers).split(" ")
    ran = host.run(argv)
    return [line for line in (journal_line(text) for text in ran.out.split("\n")) if line]


def _watched(host: Host, directory: Optional[str]) -> bool:
    """Whether a daemon that kills without the kernel has a cgroup here."""
    return any(
        host.type_of("%s/system.slice/%s.service" % (point, daemon))
        for point in (directory or "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
        for daemon in ("systemd-oomd", "earlyoom")
    )


def collect_oom(host: Host, procs: Sequence[Process], window_from: float, now: float) -> dict:
    """{"kills", "elsewhere", "own_pids", "counter", "counters", "segfaults", "earlyoom"} of the window
    [window_from, now], in epoch seconds, as oom_info returns them. Of a kill, ours: None unknown; masters:
    pids of those in its cgroup. journalctl runs only for a reason.
    """
    mounts = host.text("/proc/self/mountinfo") or ""
    home = _cgroup(host, 1, mounts)
    masters = {one.pid: _cgroup(host, one.pid, mounts) for one in procs if claim(one.cmdline) == "php-fpm"}
    counts = [(one.path, _OOM_KILL.search(one.events)) for one in [home] + list(masters.values())]
    counters = {path: int(count.group(1)) for path, count in counts if count}
    counter = counters.get(home.path, sum(counters.values()) if counters else None)
    ring = _ring(host)
    told = (
        _journal(host, window_from - SLACK, ring is None)
        if counter or ring is None or _watched(host, home.directory)
        else []
    )
    source = "journal" if ring is None else "kernel"
    lines = (
        [(at, text) for at, identifier, _pid, text in told if identifier == "kernel"]
        if ring is None
        else ring
    )
    initial = host.readlink("/proc/self/ns/cgroup") in (_INITIAL, None)
    own_pids = host.readlink("/proc/self/ns/pid") == _INITIAL_PIDS
    ids = frozenset(_CONTAINER_ID.findall(mounts))

    def inside(entries: List[dict]) -> List[dict]:
        return [one for one in entries if window_from - SLACK <= one["at"] <= now + SLACK]

    own = counters.get(home.path)
    kills = [
        dict(one, source=source, ours=_ours(home, initial, own, ids, one["cgroup"]))
        for one in inside(kernel_log.kills(lines))
    ]
    places = {pid: one.path for pid, one in masters.items()}
    found = [
        dict(one, **_whose(home, initial, ids, places, one)) for one in kills if one["ours"] is not False
    ]
    elsewhere = len(kills) - len(found)
    earlyoom = []
    for kill in inside(kernel_log.unit_kills(told)):
        beside = next(
            (
                one
                for one in found
                if abs(one["at"] - kill["at"]) <= SAME_KILL
                and one["fpm"] == kill["fpm"]
                and (one["vague"] or one["unit"] == kill["unit"])
            ),
            None,
        )
        if kill["kind"] == "earlyoom":
            earlyoom.append({name: kill[name] for name in ("at", "pid", "comm", "fpm", "text")})
        elif beside:
            beside.update(unit=kill["unit"], vague=False)
        else:
            limited = re.search(
                r"^oom [1-9]", home.events, re.M
            )  # its limit was reached, not the machine's end
            found.append(
                dict(
                    kill,
                    kind=kill["kind"] or ("cgroup" if limited else "global"),
                    ours=True,
                    masters=[],
                    vague=False,
                    limit_kb=None,
                    anon_rss_kb=None,
                    source="journal",
                )
            )
    faults = [
        dict(one, ours=True if initial and home.path == "/" else None)
        for one in inside(kernel_log.crashes(lines))
    ]
    return {
        "kills": sorted(found, key=lambda one: one["at"])[-MOST_KILLS:],
        "elsewhere": elsewhere,
        "own_pids": own_pids,
        "counter": counter,
        "counters": counters,
        "segfaults": faults[-MOST_KILLS:],
        "earlyoom": earlyoom[-MOST_KILLS:],
    }
