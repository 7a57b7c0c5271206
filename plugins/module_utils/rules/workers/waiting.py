# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds the workers of a pool, where more of them would be held as well."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Tuple

from ..case import Case
from ..model import evidence
from ..seen import Owner
from .held import MOSTLY, STILL, WORKS, Held, kept_room, main_wait, samples_at
from .peers import service

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.waits import CpuThrottle, Waits, WorkerWait

SATED = 0.8  # share of a CPU: a worker that has more is not held by a quota
THROTTLED = 0.3  # share of the periods in which a group had to stop
STOLEN = 0.2  # share of the CPU time
CROWDED = 2.0  # processes that could run, for each CPU
OWN_SHARE = 0.5  # of all CPUs: workers that use more, while all CPUs are wanted, compete with each other
NO_CURE = "more workers would wait as well"
_SESSION = "/sess_*"
_READERS = (
    "visitors who take their answers slowly, which nginx passes on as they come (fastcgi_buffering off, or "
    "X-Accel-Buffering of the page)"
)
_SENDERS = (
    "visitors who send their requests slowly, which nginx passes on as they come (fastcgi_request_buffering "
    "off)"
)


_MASTER = "php-fpm's master, which does not take what they print"
# By the kind of a wait: what it is for, with its name and without.
_WAITS = {
    "lock": ("the lock of %s", "a lock"),
    "futex": ("a lock in memory (futex)", "a lock in memory (futex)"),
    "remote_file": ("the network file system %s", "a network file system"),
    "output": (_MASTER + ": it waits itself to write to %s", _MASTER),
}
_PROGRAM = ("the program %s that they started", "a program that they started")


def _words(kind: str, on: Optional[str]) -> str:
    if kind in ("peer", "site"):
        return service(on or "") + (", nginx of this host" if kind == "site" else "")
    if kind == "lock" and on and on.endswith(_SESSION):
        return "the lock of a session file in %s" % on[: -len(_SESSION)]
    named, nameless = _WAITS.get(kind, _PROGRAM)
    return named.replace("%s", on) if on else nameless


def _rows(case: Case, owner: Owner, waits: "Waits") -> List["WorkerWait"]:
    pids = {worker["pid"] for worker in case.workers(owner)}
    seen = [row for row in waits["workers"] or () if row["pid"] in pids and row["samples"]]
    return [row for row in seen if row["cpu"] is not None]


def _cure(case: Case, limit: int) -> str:
    workers = max(1, len(case.snapshot["nginx"]["workers"]))
    most = (limit - 1) // workers
    kept = next(route["kept_at"] for route in case.routes if route.get("kept_at"))
    where = "%s:%s" % (kept["file"], kept["line"])
    if "by_default" in kept:
        return "write keepalive %d into the upstream (%s)" % (most, where)
    if most < 1:
        return "take keepalive out (%s)" % where
    return "set keepalive to %d or less, or take it out (%s)" % (most, where)


def _pinned(case: Case, owner: Owner, rows: Sequence["WorkerWait"]) -> Optional[Held]:
    room, directives = kept_room(case)
    limit = owner.pool["max_children"]
    if not room or limit is None:
        return None
    # Twice seen between two requests while others wait for a worker.
    idle = [row for row in rows if samples_at(row, "kept") >= 2 and row["cpu"] < STILL]
    seen = bool(rows) and 2 * len(idle) >= len(rows)
    if seen:
        text = "%d of %d workers read an open connection on which no request comes" % (len(idle), len(rows))
    elif room >= limit and not any(map(main_wait, rows)):
        text = "pm.max_children = %d, and nginx may keep %d connections idle" % (limit, room)
    else:
        return None
    still = [row for row in idle if samples_at(row, "kept") == row["samples"]]
    by = "connections that nginx keeps open; more workers would be held as well. The cure: %s"
    by %= _cure(case, limit)
    certain = bool(rows) and len(still) == len(rows) and room >= limit
    proof = directives[:1] + [evidence("proc" if seen else "php-fpm", text)] + directives[1:]
    return Held("keepalive_pinned", by, proof, certain, seen)


def remote_files(case: Case) -> Dict[int, str]:
    """By pid of a worker of these pools: the network file system, or that of FUSE, that it waits for."""
    found: Dict[int, str] = {}
    waits = case.snapshot.get("waits")
    mine = {worker["pid"] for owner in case.running for worker in case.workers(owner)}
    for row in waits["workers"] or () if waits else ():
        main = main_wait(row) if row["pid"] in mine else None
        if main and main["kind"] == "remote_file":
            found[row["pid"]] = main["on"] or "a network file system"
    return found


def _dependency(rows: Sequence["WorkerWait"], halted: Set[int]) -> Optional[Held]:
    """halted: pids in a wait of the kernel's own. Who looks for the same file waits for who asked first."""
    mains = {row["pid"]: main_wait(row) for row in rows}
    groups: Dict[Tuple[str, Optional[str]], List[int]] = {}
    for pid, wait in mains.items():
        if wait is None:
            continue
        holder = mains.get(wait["holder"] or 0)
        root = holder if wait["kind"] == "lock" and holder else wait
        groups.setdefault((root["kind"], root["on"]), []).append(pid)
    if not groups:
        return None
    (kind, on), pids = max(groups.items(), key=lambda item: len(item[1]))
    # Who holds the lock belongs to those who wait for it.
    holders = {wait["holder"] for pid, wait in mains.items() if wait and pid in pids and wait["holder"]}
    belong = set(pids) | holders.intersection(mains)
    belong |= halted.intersection(mains) if kind == "remote_file" else set()
    if 2 * len(belong) <= len(rows):
        return None
    count = len(belong) if kind == "remote_file" else len(pids)
    text = "%d of %d workers wait for %s (/proc, samples of %d workers)"
    proof = [evidence("proc", text % (count, len(rows), _words(kind, on), len(rows)))]
    for pid in sorted(holders):
        held_by = mains.get(pid)
        words = "worker %d holds the lock" % pid if pid in mains else "process %d holds the lock" % pid
        if held_by and held_by["kind"] != "lock":
            words += " and waits for %s" % _words(held_by["kind"], held_by["on"])
        proof.append(evidence("proc", words))
    whole = all(
        wait is not None and wait["samples"] == row["samples"] for row, wait in zip(rows, mains.values())
    )
    certain = count == len(rows) and whole and kind in ("peer", "lock")
    return Held("slow_dependency", "%s; %s" % (_words(kind, on), NO_CURE), proof, certain)


def _asking(case: Case, rows: Sequence["WorkerWait"]) -> Optional[Held]:
    if not any(samples_at(row, "site", "peer") for row in rows):
        return None
    from .self_request import own_address, self_request

    return self_request(case, rows) or own_address(case, rows)


def _slow_visitors(case: Case, rows: Sequence["WorkerWait"]) -> Optional[Held]:
    """Workers that nginx leaves waiting in the middle of a request. It does so for a visitor's sake, where it
    is not to keep the body or the answer itself. One that reads may be idle where nginx keeps connections.
    """
    reads = () if kept_room(case)[0] else ("kept",)
    for kinds, by in ((("client",), _READERS), (reads, _SENDERS)):
        there = [
            row for row in rows if samples_at(row, *kinds) >= MOSTLY * row["samples"] and row["cpu"] < STILL
        ]
        if 2 * len(there) > len(rows):
            text = "%d of %d workers wait for their FastCGI connection in the middle of a request (/proc)"
            return Held(
                "slow_visitors", by, [evidence("proc", text % (len(there), len(rows)))], certain=False
            )
    return None


def _quota(throttle: "CpuThrottle") -> str:
    group = throttle["path"].rpartition("/")[2]
    cores = "" if throttle["cores"] is None else " of %g CPUs" % throttle["cores"]
    if group.endswith((".service", ".slice", ".scope")):
        return "the CPUQuota=%s of %s" % (cores, group)
    return "the CPU quota%s of control group %s" % (cores, throttle["path"])


def _taker(waits: "Waits", share: float) -> Optional[Tuple[str, "Evidence"]]:
    """(what takes the CPU time, its proof). share: of it that the workers have."""
    groups = [each for each in waits["throttles"] or () if each["path"] and each["seconds"] is not None]
    groups = [each for each in groups if None not in (each["throttled"], each["periods"])]
    tight = [each for each in groups if each["throttled"] >= max(1, THROTTLED * each["periods"])]
    stolen, running, cpus = waits["stolen"] or 0.0, waits["running"] or 0.0, waits["cpus"]
    if tight and share < SATED:
        throttle = max(tight, key=lambda each: each["seconds"])
        text = "%(throttled)d of %(periods)d periods throttled, %(seconds).2f s of all CPUs" % throttle
        return _quota(throttle), evidence("cgroup", text, throttle["path"] + "/cpu.stat")
    if stolen >= STOLEN:  # which a guest counts as its own time
        by = "the hypervisor, which gives %d %% of the CPU time to other guests" % round(100 * stolen)
        return by, evidence("proc", "steal time: %.2f of all CPU time" % stolen, "/proc/stat")
    if cpus and WORKS <= share < STILL and running >= CROWDED * cpus:
        by = "%g processes that want the %d CPUs at once" % (running, cpus)
        return by, evidence("proc", by, "/proc/stat")
    return None


def _themselves(rows: Sequence["WorkerWait"], waits: "Waits") -> Optional[Tuple[str, "Evidence"]]:
    own, cpus = sum(row["cpu"] for row in rows), waits["cpus"]
    if not cpus or own < OWN_SHARE * cpus or (waits["running"] or 0.0) < cpus:
        return None
    by = "what their own pages compute: they use %.1f of %d CPUs, and all of these are wanted" % (own, cpus)
    return by, evidence("proc", by, "/proc/stat")


def _starved(rows: Sequence["WorkerWait"], waits: "Waits") -> Optional[Held]:
    """Most workers want a CPU, and something takes the time from them."""
    hungry = [row for row in rows if samples_at(row, "cpu") >= MOSTLY * row["samples"]]
    if not rows or 2 * len(hungry) <= len(rows):
        return None
    share = sum(row["cpu"] for row in hungry) / len(hungry)
    taker = _taker(waits, share) or _themselves(rows, waits)
    if taker is None:
        return None
    by, proof = taker
    text = "%d of %d workers want a CPU and have it %d %% of the time"
    seen = evidence("proc", text % (len(hungry), len(rows), round(100 * share)))
    return Held(
        "cpu_starved", "%s; more workers would share the same CPU time" % by, [seen, proof], certain=False
    )


def _halted(case: Case) -> Set[int]:
    return {process["pid"] for process in case.snapshot.get("halted") or () if process["kind"] == "disk_wait"}


def held(case: Case, owner: Owner) -> Optional[Held]:
    """By what a full pool is held. None: nothing was seen, or nothing against which more workers do not
    help.
    """
    waits = case.snapshot.get("waits")
    if not waits:
        return None
    from .no_worker import cannot_fork, ends_at_start

    rows = _rows(case, owner, waits)
    return (
        ends_at_start(case, owner)
        or cannot_fork(case, owner)
        or _pinned(case, owner, rows)
        or _asking(case, rows)
        or _dependency(rows, _halted(case))
        or _slow_visitors(case, rows)
        or _starved(rows, waits)
    )


def held_requests(case: Case, owner: Owner) -> Optional[Held]:
    """By what the workers are held that serve a request, where others are free."""
    waits = case.snapshot.get("waits")
    if not waits:
        return None
    rows = [
        row for row in _rows(case, owner, waits) if 2 * samples_at(row, "accept", "kept") < row["samples"]
    ]
    # Who waits for a page of this host waits for what that one does.
    rows = [row for row in rows if 2 * samples_at(row, "site") < row["samples"]]
    return _dependency(rows, _halted(case)) or _starved(rows, waits)
