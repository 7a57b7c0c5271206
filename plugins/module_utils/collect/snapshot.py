# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at a host, as plain JSON."""

import platform
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Sequence, Tuple, cast

from ..parse.linux.proc import far_mounts
from ..parse.titles import POOL
from .child import Child, Say, end
from .endpoint.endpoints import collect_endpoints, identity_of
from .host import Host
from .linux.confinement import collect_confinement, no_confinement
from .linux.memory import collect_memory, collect_workers
from .linux.oom import collect_oom
from .linux.processes import Process, own_cgroup, processes, strangers
from .linux.units import booted_with_systemd
from .logs.logs import LogsToRead, collect_logs, deleted_logs, open_files
from .nginx.nginx import collect_nginx, no_nginx
from .php_fpm.masters import collect_fpm
from .where_needed import (
    access,
    changed,
    halted,
    named_places,
    odd_zone,
    older,
    own_addresses,
    scripts,
    waits,
)

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.logs import Logs
    from ...plugin_utils.shapes.memory import Memory
    from ...plugin_utils.shapes.missing import Missing, What
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.php_fpm import Fpm, Master
    from ...plugin_utils.shapes.snapshot import HostFacts, Snapshot

SCHEMA_VERSION = 1
# What nobody dials and no pool listens on is not looked at.
MOST_ENDPOINTS = 5000
WORKER_BYTES = 4 << 20  # of a worker that has served nothing yet
LOG_SECONDS = 10.0  # for a piece of a log, which is then left out
FILE_SECONDS = 5.0  # the same, for one access to a file system that may never answer
# Part of the snapshot -> what is missing without it. Logs come late: others can write there.
STAGES: "Dict[str, What]" = {
    "nginx": "nginx_config",
    "strangers": "processes",
    "fpm": "fpm_config",
    "memory": "memory_limit",
    "endpoints": "live_probe",
    "workers": "fpm_workers",
    "halted": "fpm_workers",
    "oom": "kernel_log",
    "logs": "nginx_log",
    "older": "nginx_loaded",
    "confinement": "connect_as_nginx",
    "access": "access_log",
    "waits": "worker_waits",
    "changed_files": "config_times",
}
DECISIVE = ("nginx", "fpm", "endpoints")  # what comes after is judged wrongly without them


def _endpoints_of_interest(nginx: "Nginx", fpm: "Fpm") -> List[str]:
    dialled = [
        target["endpoint"]
        for route in nginx["routes"]
        for target in route["endpoints"] + route.get("candidates", [])
    ]
    pools = [pool for master in fpm["masters"] for pool in master["pools"]]
    return list(dict.fromkeys(dialled + [pool["endpoint"] for pool in pools if pool["endpoint"]]))


def _endpoints(
    host: Host, snapshot: "Snapshot", procs: List[Process], seconds: float
) -> Dict[str, "Endpoint"]:
    keys = _endpoints_of_interest(snapshot["nginx"], snapshot["fpm"])
    if len(keys) > MOST_ENDPOINTS:
        why = "only the first %d of %d endpoints were looked at" % (MOST_ENDPOINTS, len(keys))
        host.miss("live_probe", None, why)
    asleep = _asleep(snapshot["fpm"], procs, snapshot["memory"])
    if asleep:
        why = "%d ondemand pools without a worker were not dialled: " % len(asleep)
        host.miss("live_probe", None, why + "to start a worker for each may take too much memory")
    identity = identity_of(snapshot["nginx"])
    found = collect_endpoints(host, keys[:MOST_ENDPOINTS], identity, procs, seconds, asleep=asleep)
    if any(place["connect"]["result"] in ("missing", "refused") for place in found.values()):
        from .linux.socket_units import note_makers

        note_makers(host, snapshot, found)
    return found


def _asleep(fpm: "Fpm", procs: Sequence[Process], memory: "Memory") -> List[str]:
    """Endpoints of ondemand pools without a worker, beyond those whose workers fit into a quarter of the
    memory.
    """
    awake = {(process.ppid, process.cmdline) for process in procs}
    sleeping = [
        pool["endpoint"]
        for master in fpm["masters"]
        if master["running"]
        for pool in master["pools"]
        if pool["endpoint"] and pool["pm"] == "ondemand" and (master["pid"], POOL + pool["name"]) not in awake
    ]
    sizes = (memory.get("limit_bytes"), memory.get("mem_available"))
    free = min((size for size in sizes if size is not None), default=0)
    return sleeping[free // 4 // WORKER_BYTES :]


def _may_be_in_journal(master: "Master") -> bool:
    target = master["error_log"] or ""
    return bool(master["running"] and (target == "syslog" or target.startswith(("/dev/", "/proc/"))))


def _miss_renamed(host: Host, snapshot: "Snapshot", fpm_logs: Sequence[Tuple[str, str]]) -> None:
    """Names each log as missing whose program writes to another file by now."""
    nginx, masters = snapshot["nginx"], snapshot["fpm"]["masters"]
    master = nginx["master"]
    for path in deleted_logs(host, master["pid"] if master else None):
        if path in map(host.realpath, nginx["error_logs"]):
            why = "it was deleted, and nginx still writes to it: what has this name now is another file"
            host.miss("nginx_log", path, why, "nginx -s reopen")
    pids = {each["config"]: each["pid"] for each in masters}
    for path, config in fpm_logs:
        held = open_files(host, pids[config])
        if held and path.startswith("/") and host.realpath(path) not in held:
            why = "php-fpm (pid %s) writes to another file"
            host.miss("fpm_log", path, why % pids[config], "kill -USR1 %s" % pids[config])


def _logs(host: Host, snapshot: "Snapshot", since: float) -> "Logs":
    nginx, masters = snapshot["nginx"], snapshot["fpm"]["masters"]
    theirs = [master for master in masters if _may_be_in_journal(master)]
    writers = nginx["workers"] + ([nginx["master"]["pid"]] if nginx["master"] else [])
    journal_of = None
    if any(site["silent"] for site in nginx.get("site_logs") or []):
        from .logs.journal_log import unit_with_log

        journal_of = unit_with_log(host, nginx)
    if theirs:
        from .logs.journal_log import fpm_journal

        theirs = [each for each in theirs if fpm_journal(host, each)]
    journals = [(each["unit"] or "", each["pid"] or 0, each["config"]) for each in theirs]
    configs = [config for _unit, _pid, config in journals]
    logs = [
        (each["error_log"], each["config"])
        for each in masters
        if each["error_log"] and each["config"] not in configs
    ]
    _miss_renamed(host, snapshot, logs)
    zone = odd_zone(host, nginx)
    caught: Dict[str, List[str]] = {}
    for route in nginx["routes"]:
        if "catch_stderr" in route:
            caught.setdefault(route["site"], []).extend(route["catch_stderr"]["texts"])
    to_read = LogsToRead(
        nginx["error_logs"],
        logs,
        writers,
        journal_of,
        journals,
        zone,
        caught,
        own_addresses(host, snapshot),
        scripts(host, nginx),
        nginx.get("repeated_logs") or {},
    )
    found = collect_logs(host, to_read, since, host.now())
    copies = nginx.get("mirrored", [])
    found["events"] = [event for event in found["events"] if event["endpoint"] not in copies]
    found.update(named_places(host, snapshot, found["events"], since))
    return found


def _host_facts(host: Host, now: float) -> "HostFacts":
    return {
        "is_root": host.is_root(),
        "utc_offset": host.utc_offset(now),
        "boot_at": now - host.boottime(),
        "systemd": booted_with_systemd(host),
        "python": platform.python_version(),
        "cgroup": own_cgroup(host),
    }


def _put(snapshot: "Snapshot", stage: str, value: object) -> None:
    cast(Dict[str, object], snapshot)[stage] = value


def _look(host: Host, snapshot: "Snapshot", probe_seconds: float, todo: List[str], say: Say) -> None:
    """The child's part. Its messages: [stage, value, why it failed, what is missing], ["reading", path of a
    log], ["file", place], ["end"].
    """
    host.reading = lambda path: say(["reading", path])
    if host.far:
        host.far.touching = lambda place: say(["file", place])

    @lru_cache(maxsize=None)
    def procs() -> List[Process]:
        return processes(host)

    since = snapshot["taken_at"] - snapshot["window"]

    def account() -> Optional[int]:
        identity = identity_of(snapshot["nginx"])
        return identity["account"] if identity else None

    stages: Dict[str, Callable[[], object]] = {
        "nginx": lambda: collect_nginx(host, procs(), since),
        "strangers": lambda: strangers(host, procs(), account()),
        "fpm": lambda: collect_fpm(host, procs(), window=snapshot["window"], account=account()),
        "memory": lambda: collect_memory(host, snapshot["fpm"]["masters"]),
        "endpoints": lambda: _endpoints(host, snapshot, procs(), probe_seconds),
        "workers": lambda: collect_workers(host, procs(), snapshot["fpm"]["masters"]),
        "halted": lambda: halted(host, snapshot, procs()),
        "oom": lambda: collect_oom(host, procs(), since, snapshot["taken_at"]).oom,
        "logs": lambda: _logs(host, snapshot, since),
        "older": lambda: older(host, snapshot, procs(), probe_seconds),
        "confinement": lambda: collect_confinement(host, snapshot),
        "access": lambda: access(host, snapshot, since),
        "waits": lambda: waits(host, snapshot),
        "changed_files": lambda: changed(host, snapshot),
    }
    for stage in todo:
        value, why = None, None
        try:
            value = stages[stage]()
            _put(snapshot, stage, value)
        except Exception as error:
            why = "%s: %s" % (type(error).__name__, error)
        say([stage, value, why, host.missing])
        if why and stage in DECISIVE:
            return
        if stage == "strangers" and not snapshot["nginx"]["routes"]:
            break
    say(["end"])


def _follow(child: Child, host: Host, snapshot: "Snapshot", todo: Dict[str, str]) -> str:
    """Takes in the child's messages. Gives the log or the place on which it hangs, or ""."""
    log = file = ""
    while True:
        limit = host.left()
        if file:
            limit = min(limit, FILE_SECONDS)
        elif log:
            limit = min(limit, LOG_SECONDS)
        message = child.next(limit)
        if message is None:
            return "" if child.ended or host.left() <= 0 else file or log
        if message[0] == "end":
            for stage in [stage for stage, why in todo.items() if not why]:
                del todo[stage]
            return ""
        if message[0] == "reading":
            log = message[1]
            continue
        if message[0] == "file":
            file = message[1]
            continue
        log = ""
        stage, value, todo[stage], host.missing[:] = message
        if not todo[stage]:
            _put(snapshot, stage, value)
            del todo[stage]


def _take_stages(host: Host, snapshot: "Snapshot", probe_seconds: float, todo: Dict[str, str]) -> None:
    """Looks, and again without each log on which a look hangs."""
    while True:
        left = [stage for stage, why in todo.items() if not why]
        child = Child(partial(_look, host, snapshot, probe_seconds, left))
        try:
            hangs = _follow(child, host, snapshot, todo)
        finally:
            end([child])
        if not hangs:
            return
        host.hung.add(hangs)


def _nothing_seen(now: float, window: int, missing: List["Missing"]) -> "Snapshot":
    return {
        "schema_version": SCHEMA_VERSION,
        "taken_at": now,
        "window": window,
        "host": {
            "is_root": False,
            "utc_offset": 0,
            "boot_at": now,
            "systemd": False,
            "python": platform.python_version(),
            "cgroup": "",
        },
        "nginx": no_nginx(),
        "strangers": [],
        "fpm": {"installed": False, "masters": []},
        "endpoints": {},
        "workers": [],
        "memory": {},
        "oom": {"kills": [], "counter": None, "segfaults": []},
        "logs": {"files": [], "events": []},
        "older": {"endpoints": {}, "refusal": None},
        "confinement": no_confinement(),
        "access": {"files": [], "events": []},
        "waits": None,
        "halted": [],
        "changed_files": {},
        "missing": missing,
    }


def take(host: Host, window: int, probe_seconds: float, seconds: float = 120.0) -> "Snapshot":
    """The snapshot of a host, within about that many seconds. What did not end stays empty, and is missing.

    window: seconds of log to read, back from now. probe_seconds: how long a worker may take to answer.
    Without a route from nginx to php-fpm nothing else is looked at.
    """
    now = host.now()
    host.missing = []  # of this look alone
    host.deadline, host.hung = host.monotonic() + seconds, set()
    mounts = far_mounts(host.text("/proc/self/mountinfo") or "")
    if mounts:
        from .far_files import FarFiles

        host.far = FarFiles(host, mounts)
    snapshot = _nothing_seen(now, window, host.missing)
    todo = dict.fromkeys(STAGES, "")  # and why it failed
    try:
        snapshot["host"] = _host_facts(host, now)
    except Exception as error:
        # Without is_root and the clock's offset everything else would be judged wrongly.
        host.miss("collector_failed", "host", "%s: %s" % (type(error).__name__, error))
    else:
        _take_stages(host, snapshot, probe_seconds, todo)
    late = "the deadline of %g s was over" % seconds if host.left() <= 0 else "it broke off"
    for stage, why in todo.items():
        if why:
            host.miss("collector_failed", stage, why)
        host.miss(STAGES[stage], None, "the look at %s did not come to an end: %s" % (stage, why or late))
    host.deadline = float("inf")
    return snapshot
