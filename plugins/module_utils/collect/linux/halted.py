# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that are there and do not run: stopped, traced, frozen, or in an uninterruptible sleep."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence

from ...parse.linux.proc import WAITS_FOR_READER, parse_stat
from ...parse.redact import redact
from ..host import Host
from .memory import cgroup_of
from .processes import Process

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Halted, HaltKind, LaterHalted

# States of fs/proc/array.c.
KINDS: "Dict[str, HaltKind]" = {"T": "stopped", "t": "traced", "D": "disk_wait"}
NEXT_LOOK = 1.0  # seconds
# No controller has the name "": that asks for version 2's tree.
_FREEZERS = (("freezer", "freezer.state", "FROZEN"), ("", "cgroup.events", "frozen 1"))
MOST_PROCESSES = 1000


class _Look(NamedTuple):
    state: str
    ticks: int
    place: str = ""  # where in the kernel a worker of nginx waits for who reads its logs


def _look(host: Host, pid: int, workers: Sequence[int]) -> Optional[_Look]:
    stat = parse_stat(host.text("/proc/%d/stat" % pid) or "")
    if stat is None:
        return None
    place = (host.text("/proc/%d/wchan" % pid) or "").strip() if pid in workers else ""
    return _Look(stat.state, stat.cpu_ticks, place if WAITS_FOR_READER.match(place) else "")


def _freezer(host: Host, pid: int) -> Optional[str]:
    """The cgroup in which it is frozen."""
    for controller, file, word in _FREEZERS:
        home = cgroup_of(host, pid, controller)
        # The topmost is the one that was frozen: those below are so with it.
        for directory in reversed(home.directories if home else []):
            if word in (host.text(directory + "/" + file) or "").splitlines():
                return directory
    return None


def _holder(host: Host, pid: int, look: _Look) -> "LaterHalted":
    """Who traces it, or in which function of the kernel it waits."""
    if look.state == "D" or look.place:
        place = look.place or redact((host.text("/proc/%d/wchan" % pid) or "").strip(), 64)
        return {} if place in ("", "0") else {"function": place}
    for line in (host.text("/proc/%d/status" % pid) or "").split("\n"):
        name, _colon, value = line.partition(":")
        if name == "TracerPid" and value.strip().isdigit() and int(value):
            comm = redact((host.text("/proc/%d/comm" % int(value)) or "?").strip(), 32)
            return {"tracer": {"comm": comm, "pid": int(value)}}
    return {}


def collect_halted(host: Host, procs: Sequence[Process], workers: Sequence[int]) -> List["Halted"]:
    """procs: those of nginx and php-fpm. One that does not run now and later is halted. workers: nginx's,
    which nothing may hold but the wait for an event.
    """
    roots = {each.pid for each in procs if not each.uid}
    ours = sorted(procs, key=lambda each: each.uid and each.ppid not in roots)
    mine = [each.pid for each in ours if not each.foreign][:MOST_PROCESSES]
    frozen: Dict[str, Optional[str]] = {}
    found: List[Halted] = []
    first: Dict[int, _Look] = {}
    for pid in mine:
        home = host.text("/proc/%d/cgroup" % pid) or ""
        if home not in frozen:
            frozen[home] = _freezer(host, pid)
        cgroup = frozen[home]
        if cgroup:
            found.append({"pid": pid, "kind": "frozen", "cgroup": cgroup})
            continue
        look = _look(host, pid, workers)
        if look and (look.state in KINDS or look.place):
            first[pid] = look
    if first:
        host.sleep(NEXT_LOOK)
    for pid, look in first.items():
        if _look(host, pid, workers) == look:
            kind = KINDS.get(look.state, "blocked")
            found.append({"pid": pid, "kind": kind, **_holder(host, pid, look)})
    return sorted(found, key=lambda process: process["pid"])
