# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the workers of a pool wait for. It takes a second: only a full pool or a late request is worth it."""

import os
import platform
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ...parse.endpoint import parse
from ...parse.linux.proc import TICKS, mounts, parse_stat
from ...parse.linux.wait import (
    POLLED,
    REMOTE_TYPES,
    Call,
    is_remote_file,
    lock_holder,
    parse_call,
    polled,
    selected,
)
from ...parse.nginx.listen import takes
from ...parse.number import count
from ...parse.redact import redact
from ...signatures.lookup import meaning_of, meanings
from ...signatures.php_fpm import EXIT_SOFTWARE
from ..host import Host, HostError
from .cpu import Meter
from .memory import cgroup_of
from .processes import KEPT
from .sock_diag import netlink
from .worker_sockets import Sockets

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Worker
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.waits import ProcessLimit, Wait, Waits, WorkerSetup, WorkerWait

NO_WORKER, GAVE_UP = meanings("no_worker"), meanings("gave_up")
SAMPLES = 6
PAUSE = 0.15  # seconds
MOST_WORKERS = 32
_HIGHEST = 1 << 56  # no address of a process is above
_PATH = 400
SHELLS = 3  # of which each starts the next
ORPHANS = 256
_SHELLS = ("sh", "dash", "bash")

Pools = Dict[Tuple[Optional[str], str], str]  # see collect/pressure.py
Seen = Tuple[str, Optional[str], Optional[int]]  # kind, on, holder: see shapes/waits.py


def _names(path: str) -> str:
    """A lock's file. The name of a session's is the visitor's cookie."""
    folder, _slash, name = path.rpartition("/")
    return redact(folder + "/sess_*" if name.startswith("sess_") else path, _PATH)


class _Watch:
    """The samples of one worker."""

    def __init__(self, host: Host, pid: int, sockets: Sockets) -> None:
        self.host, self.pid, self.sockets = host, pid, sockets
        self.base = "/proc/%d/" % pid
        self.seen: List[Seen] = []
        self.began = self.cpu()
        self.ran: Optional[float] = None

    def cpu(self) -> Optional[float]:
        """Seconds on a CPU: of schedstat, whose first number is in nanoseconds (kernel/sched/stats.h), or in
        ticks of a kernel without it.
        """
        words = (self.host.text(self.base + "schedstat") or "").split()
        if words and words[0].isdigit() and int(words[0]):
            return int(words[0]) / 1e9
        stat = parse_stat(self.host.text(self.base + "stat") or "")
        return None if stat is None else stat.cpu_ticks / float(TICKS)

    def look(self) -> None:
        stat = parse_stat(self.host.text(self.base + "stat") or "")
        if stat is None or stat.state in "ZX":
            return
        if stat.state == "R":
            self.seen.append(("cpu", None, None))
            return
        wchan = (self.host.text(self.base + "wchan") or "").strip()
        if is_remote_file(wchan):
            self.seen.append(("remote_file", self.mount(), None))
            return
        call = parse_call(self.host.text(self.base + "syscall") or "", platform.machine())
        if call is not None:
            self.seen.append(self.place(call))

    def finish(self) -> None:
        now = self.cpu()
        self.ran = None if now is None or self.began is None else now - self.began

    def place(self, call: Call) -> Seen:
        if call.name in ("accept", "sleep", "futex"):
            return call.name, None, None
        counted = {"select": 0, "poll": 1}.get(call.name)  # which argument is the number of descriptors
        if counted is not None and not call.arguments[counted] & 0xFFFFFFFF:
            return "sleep", None, None
        if call.name == "running":
            return "cpu", None, None
        if call.name == "wait":
            return "program", self.program(), None
        if call.name in ("flock", "fcntl"):
            return self.lock(call.arguments[0])
        if call.name == "write" and self.is_output(call.arguments[0] & 0xFFFFFFFF):
            return "output", self.log_of_master(), None
        if call.name in ("read", "write", "connect"):
            return self.held([call.arguments[0] & 0xFFFFFFFF], call.name == "read")
        if call.name in ("poll", "select", "epoll"):
            return self.held(self.descriptors(call), False)
        return "other", None, None

    def descriptors(self, call: Call) -> List[int]:
        first, second, third = call.arguments[:3]
        if call.name == "epoll":
            rows = (self.host.text(self.base + "fdinfo/%d" % (first & 0xFFFFFFFF)) or "").splitlines()
            words = [row.split() for row in rows if row.startswith("tfd:")]
            return [int(row[1]) for row in words[:POLLED] if len(row) > 1 and row[1].isdigit()]
        if call.name == "poll":
            return polled(self.memory(first, 8 * min(second, POLLED)))
        size = (min(first & 0xFFFFFFFF, 1024) + 7) // 8
        return selected(self.memory(second, size)) + selected(self.memory(third, size))

    def memory(self, address: int, length: int) -> bytes:
        """What the worker has handed to the kernel at that address: numbers of descriptors."""
        if not 0 < address < _HIGHEST or length <= 0:
            return b""
        if KEPT in self.host.hung:
            self.host.miss("worker_waits", None, KEPT)
            return b""
        self.host.reading(KEPT)
        try:
            return self.host.read_bytes(self.base + "mem", address, length)
        except (HostError, OverflowError):
            return b""

    def held(self, descriptors: List[int], reads: bool) -> Seen:
        """By the first of these descriptors that tells something. A worker between two requests reads its
        FastCGI connection (main/fastcgi.c, fcgi_accept_request); in poll(2) it has just accepted it.
        """
        answer: Seen = ("other", None, None)
        for number in descriptors:
            link = self.host.readlink(self.base + "fd/%d" % number) or ""
            if link.startswith("pipe:"):
                return "program", self.program(link), None
            if not link.startswith("socket:["):
                continue
            kind, peer = self.sockets.of(int(link[8:-1]))
            if kind in ("peer", "site"):
                return kind, peer, None
            if kind == "fastcgi":
                answer = ("kept" if reads else "client", None, None)
        return answer

    def is_output(self, descriptor: int) -> bool:
        """The pipe to the master, or a copy of it that a script has opened (php://stderr)."""
        link = self.host.readlink(self.base + "fd/%d" % descriptor) or ""
        known = [self.host.readlink(self.base + "fd/%d" % number) for number in (1, 2)]
        return link.startswith("pipe:") and link in known

    def log_of_master(self) -> Optional[str]:
        """Where the master waits to write, so that it takes no output of its workers (fpm_stdio.c)."""
        stat = parse_stat(self.host.text(self.base + "stat") or "")
        base = "/proc/%d/" % (stat.ppid if stat else 0)
        call = parse_call(self.host.text(base + "syscall") or "", platform.machine())
        if call is None or call.name != "write":
            return None
        return (
            redact(self.host.readlink(base + "fd/%d" % (call.arguments[0] & 0xFFFFFFFF)) or "", _PATH) or None
        )

    def lock(self, descriptor: int) -> Seen:
        path = self.base + "fd/%d" % (descriptor & 0xFFFFFFFF)
        name = self.host.readlink(path)
        if name is None:
            return "other", None, None
        holder: Optional[int] = None
        try:
            stat = self.host.stat(path)
            device = os.major(stat.device), os.minor(stat.device)
            holder = lock_holder(self.host.text("/proc/locks") or "", device[0], device[1], stat.inode)
        except HostError:
            pass
        return "lock", _names(name), holder

    def program(self, pipe: str = "") -> Optional[str]:
        """The name of a program that the worker has started. One that a shell left in the background goes to
        process 1, and keeps the pipe.
        """
        name, pid = "", str(self.pid)
        for _deep in range(SHELLS):
            pids = (self.host.text("/proc/%s/task/%s/children" % (pid, pid)) or "").split()
            if not pids:
                break
            pid = pids[0]
            name = (self.host.text("/proc/%s/comm" % pid) or "").strip()
            if name not in _SHELLS:  # exec() of PHP starts one
                break
        if name in _SHELLS and pipe:
            name = self.orphan(pipe) or name
        return redact(name, 32) or None

    def orphan(self, pipe: str) -> Optional[str]:
        for pid in (self.host.text("/proc/1/task/1/children") or "").split()[:ORPHANS]:
            base = "/proc/%s/" % pid
            if pipe in [self.host.readlink(base + "fd/%d" % number) for number in (1, 2)]:
                return (self.host.text(base + "comm") or "").strip()
        return None

    def mount(self) -> Optional[str]:
        """The mount of the only network file system that the worker sees."""
        rows = mounts(self.host.text(self.base + "mountinfo") or "")
        points = [each.point for each in rows if REMOTE_TYPES.match(each.kind)]
        return redact(points[0], _PATH) if len(points) == 1 else None

    def result(self, seconds: float) -> "WorkerWait":
        counts: Dict[Seen, int] = {}
        for each in self.seen:
            counts[each] = counts.get(each, 0) + 1
        waits: List[Wait] = [
            {"kind": kind, "on": on, "holder": holder, "samples": count}
            for (kind, on, holder), count in sorted(counts.items(), key=lambda item: -item[1])
        ]
        share = 0.0 if self.ran is None or seconds <= 0 else self.ran / seconds
        return {"pid": self.pid, "samples": len(self.seen), "cpu": round(min(1.0, share), 3), "waits": waits}


def _workers(snapshot: "Snapshot", pools: Pools) -> List[Tuple["Worker", str]]:
    """(worker, its pool's endpoint), evenly chosen."""
    found = [
        (worker, pools[worker["config"], worker["pool"]])
        for worker in snapshot["workers"]
        if (worker["config"], worker["pool"]) in pools
    ]
    step = max(1.0, len(found) / float(MOST_WORKERS))
    return [found[int(number * step)] for number in range(min(MOST_WORKERS, len(found)))]


def _limit_of(host: Host, pid: int) -> Optional["ProcessLimit"]:
    """How many processes the innermost control group of a process that is full may have."""
    group = cgroup_of(host, pid, "pids")
    for path in group.directories if group else ():
        limit, now = [
            count((host.text("%s/%s" % (path, name)) or "").strip()) for name in ("pids.max", "pids.current")
        ]
        if limit is not None and now is not None and now >= limit:
            return {"path": path, "limit": limit, "processes": now}
    return None


def _process_limit(host: Host, snapshot: "Snapshot") -> Optional["ProcessLimit"]:
    if not any(meaning_of(event) in NO_WORKER for event in snapshot["logs"]["events"]):
        return None
    pids = [master["pid"] for master in snapshot["fpm"]["masters"] if master["pid"]]
    return next(filter(None, (_limit_of(host, pid) for pid in pids)), None)


def _setups(host: Host, snapshot: "Snapshot", pools: Pools) -> List["WorkerSetup"]:
    if not any(
        meaning_of(event) in GAVE_UP and event["detail"].get("code") == EXIT_SOFTWARE
        for event in snapshot["logs"]["events"]
    ):
        return []
    from .worker_setup import worker_setup

    return [
        worker_setup(host, master, pool)
        for master in snapshot["fpm"]["masters"]
        for pool in master["pools"]
        if (master["config"], pool["name"]) in pools
    ]


def collect_waits(host: Host, snapshot: "Snapshot", pools: Pools) -> Optional["Waits"]:
    """What the workers of these pools wait for."""
    chosen = _workers(snapshot, pools)
    found: "Waits" = {
        "seconds": 0.0,
        "workers": [],
        "throttles": [],
        "stolen": None,
        "running": None,
        "cpus": None,
        "process_limit": _process_limit(host, snapshot),
        "setups": _setups(host, snapshot, pools),
    }
    if not chosen:
        return found
    pids = [worker["pid"] for worker, _endpoint in chosen]

    def is_nginx(address: str, port: int) -> bool:
        return any(takes(route["listen"], address, port) for route in snapshot["nginx"]["routes"])

    sockets = Sockets(host, pids, [parse(endpoint) for _worker, endpoint in chosen], netlink, is_nginx)
    began = host.monotonic()
    meter = Meter(host, pids)
    watches = [_Watch(host, pid, sockets) for pid in pids]
    for number in range(SAMPLES):
        if number:
            host.sleep(PAUSE)
        for watch in watches:
            watch.look()
        meter.look()
    for watch in watches:
        watch.finish()
    seconds = host.monotonic() - began
    return {
        **found,
        "seconds": round(seconds, 2),
        "workers": [watch.result(seconds) for watch in watches if watch.seen],
        "throttles": meter.throttles(),
        "stolen": meter.stolen(),
        "running": meter.running(),
        "cpus": meter.cpus(),
    }
