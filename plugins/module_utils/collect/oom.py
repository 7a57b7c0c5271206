# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of this host that the kernel, systemd-oomd or earlyoom killed for memory, and php-fpm's crashes that the kernel saw.

The ring buffer is shared by all containers of a machine. A kill is ours when the victim's cgroup lies below the one in which this
host's init lives; where a private cgroup namespace hides that, the container's id decides if both sides show one, else nobody knows.
"""

import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..parse import kernel_log
from ..parse.proc import parse_cgroup
from ..parse.timestamps import journal_line, ring_line
from .host import Host, HostError
from .processes import Process

SLACK = 5.0  # seconds that the ring's clock may be off within a window
SAME_KILL = 10.0  # systemd tells of a kill within seconds of the kernel
JOURNAL_LINES = 2000
# PROC_CGROUP_INIT_INO of include/linux/proc_ns.h: the namespace in which paths are the machine's own.
_INITIAL = "cgroup:[4026531835]"
_CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
_MOUNT = re.compile(r"^\d+ \d+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$", re.M)
_TELLING = re.compile(r"oom|Kill|memory: usage|Task in |segfault|traps: |unhandled ")
MOST_KILLS = 50
_DAEMONS = ("systemd-oomd.service", "earlyoom.service")

_Home = NamedTuple("_Home", [("root", str), ("version", int), ("initial", Optional[bool]), ("containers", frozenset), ("mounts", List[Tuple[str, str]])])


def _read(host: Host, path: str) -> str:
    try:
        return host.read(path)
    except HostError:
        return ""


def _memory_path(text: str, version: int) -> Optional[str]:
    """The path of the memory controller in /proc/PID/cgroup."""
    for one in parse_cgroup(text):
        if (version == 1 and "memory" in one.controllers) or (version == 2 and not one.controllers):
            return one.path
    return None


def _home(host: Host) -> _Home:
    """Where in the machine's tree of memory cgroups this host lives, and where that tree is mounted."""
    table = _read(host, "/proc/self/mountinfo")
    found = _MOUNT.findall(table)
    first = [(root, point) for root, point, kind, options in found if kind == "cgroup" and "memory" in options.split(",")]
    version = 1 if first else 2
    mounts = first or [(root, point) for root, point, kind, _options in found if kind == "cgroup2"]
    path = _memory_path(_read(host, "/proc/1/cgroup"), version) or "/"
    root = path[:-len("/init.scope")] or "/" if path.endswith("/init.scope") else path
    namespace = host.readlink("/proc/self/ns/cgroup")
    return _Home(root, version, namespace == _INITIAL if namespace else None, frozenset(_CONTAINER_ID.findall(table)), mounts)


def _file(host: Host, home: _Home, path: str, name: str) -> str:
    """A cgroup's file. A mount may show a part of the tree only: its root is cut off the path."""
    for root, point in home.mounts:
        below = path[len(root):] if root != "/" and (path + "/").startswith(root + "/") else path
        text = _read(host, "%s%s/%s" % (point, below.rstrip("/"), name))
        if text:
            return text
    return ""


def _counters(host: Host, home: _Home, procs: Sequence[Process]) -> Dict[str, int]:
    """{cgroup: OOM kills since it exists} of this host's own cgroup and of those in which php-fpm runs."""
    wanted = [home.root]
    for one in procs:
        if one.cmdline.startswith("php-fpm: master"):
            wanted.append(_memory_path(_read(host, "/proc/%d/cgroup" % one.pid), home.version) or home.root)
    found: Dict[str, int] = {}
    for path in dict.fromkeys(wanted):
        text = _file(host, home, path, "memory.events" if home.version == 2 else "memory.oom_control")
        count = re.search(r"^oom_kill (\d+)$", text, re.M)
        if count:
            found[path] = int(count.group(1))
    return found


def _ours(home: _Home, cgroup: Optional[str], counters: Dict[str, int]) -> Optional[bool]:
    """Whether a victim's cgroup, as the machine spells it, is of this host. None: cannot be told."""
    if home.initial is not False and home.root == "/":
        return True
    if home.initial is not False and cgroup is not None:
        return (cgroup + "/").startswith(home.root + "/")
    if counters.get(home.root) == 0:
        return False
    ids = set(_CONTAINER_ID.findall(cgroup or ""))
    return bool(ids & home.containers) if ids and home.containers else None


def _ring(host: Host) -> Optional[List[Tuple[float, str]]]:
    ran = host.run(["dmesg"])
    if ran.rc != 0:
        why = ran.err.strip()[:200] or "exit status %s" % ran.rc
        host.miss("kernel_log", None, "dmesg: %s" % why, "root, or kernel.dmesg_restrict = 0; CAP_SYSLOG in a container")
        return None
    boot_at = host.now() - host.boottime()
    return [line for line in (ring_line(text, boot_at) for text in ran.out.split("\n") if _TELLING.search(text)) if line]


def _journal(host: Host, since: float, kernel: bool) -> List[Tuple[float, str, Optional[int], str]]:
    speakers = ["systemd", "systemd-oomd", "earlyoom"] + (["kernel"] if kernel else [])
    argv = ["journalctl", "--no-pager", "-q", "-o", "short-unix", "--since", "@%d" % since, "-n", str(JOURNAL_LINES)]
    for speaker in speakers:
        argv += ["-t", speaker]
    ran = host.run(argv)
    return [line for line in (journal_line(text) for text in ran.out.split("\n")) if line] if ran.rc == 0 else []


def _watched(host: Host, home: _Home) -> bool:
    """Whether a daemon that kills without the kernel runs here: systemd-oomd or earlyoom have a cgroup then."""
    points = [point for _root, point in home.mounts] + ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]
    for point in points:
        for daemon in _DAEMONS:
            try:
                if host.stat("%s/system.slice/%s" % (point, daemon)).type == "directory":
                    return True
            except HostError:
                continue
    return False


def collect_oom(host: Host, procs: Sequence[Process], window_from: float, now: float) -> Dict[str, Any]:
    """{"kills", "elsewhere", "counter", "counters", "segfaults", "earlyoom"} of the window [window_from, now], in epoch seconds.

    kills: {at, pid (the machine's), comm, cgroup, unit, kind (global | cgroup | systemd_oomd), ours (None: cannot be told), fpm, limit_kb,
    anon_rss_kb, source (kernel | journal), text}, the newest 50. elsewhere: how many the ring has of other containers.
    counter: OOM kills of this host's cgroup since it exists (of php-fpm's own where the host has none), None unknown; counters: by cgroup.
    segfaults: {at, pid, comm, module, signature, ours, text} of php-fpm.
    earlyoom: {at, pid, comm, fpm, text}; it starts with SIGTERM and no kernel line exists.
    The ring's clock drifts: times are right to some seconds. One dmesg; journalctl only when there is a reason.
    """
    home = _home(host)
    counters = _counters(host, home, procs)
    counter = counters.get(home.root, sum(counters.values()) if counters else None)
    ring = _ring(host)
    watched = _watched(host, home)
    told = _journal(host, window_from - SLACK, ring is None) if counter or ring is None or watched else []
    if ring is None:
        ring = [(at, text) for at, identifier, _pid, text in told if identifier == "kernel"]
        source = "journal"
    else:
        source = "kernel"

    def inside(entry: Dict[str, Any]) -> bool:
        return bool(window_from - SLACK <= entry["at"] <= now + SLACK)

    kills = [dict(kill, unit=None, source=source, ours=_ours(home, kill["cgroup"], counters)) for kill in filter(inside, kernel_log.kills(ring))]
    found = [kill for kill in kills if kill["ours"] is not False]
    elsewhere = len(kills) - len(found)
    earlyoom = []
    for kill in filter(inside, kernel_log.unit_kills(told)):
        if kill["kind"] == "earlyoom":
            earlyoom.append({name: kill[name] for name in ("at", "pid", "comm", "fpm", "text")})
            continue
        beside = [one for one in found if abs(one["at"] - kill["at"]) <= SAME_KILL and one["fpm"] == kill["fpm"]]
        if beside:
            beside[0]["unit"] = beside[0]["unit"] or kill["unit"]
            continue
        events = _file(host, home, home.root, "memory.events")
        limited = re.search(r"^oom [1-9]", events, re.M)
        found.append({"at": kill["at"], "pid": kill["pid"], "comm": kill["comm"], "cgroup": kill["cgroup"], "unit": kill["unit"],
                      "kind": kill["kind"] or ("cgroup" if limited else "global"), "ours": True, "fpm": kill["fpm"], "limit_kb": None,
                      "anon_rss_kb": None, "source": "journal", "text": kill["text"]})
    faults = [dict(one, ours=True if home.initial is not False and home.root == "/" else None) for one in filter(inside, kernel_log.crashes(ring))]
    return {"kills": sorted(found, key=lambda one: one["at"])[-MOST_KILLS:], "elsewhere": elsewhere, "counter": counter, "counters": counters,
            "segfaults": faults[-MOST_KILLS:], "earlyoom": earlyoom[-MOST_KILLS:]}
