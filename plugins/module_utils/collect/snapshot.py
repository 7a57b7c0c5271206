# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One look at a host, as plain JSON: what the rules judge, what a person can file, and what a replay starts from."""

import platform
from typing import Any, Dict, List, Sequence

from .fpm import collect_fpm
from .host import Host
from .logs import collect_logs
from .memory import collect_memory, collect_workers
from .nginx import collect_nginx
from .oom import collect_oom
from .processes import Process, own_cgroup, processes
from .sockets import collect_endpoints, identity_of
from .units import booted_with_systemd

SCHEMA_VERSION = 1
# A site's name for a socket may be any of many; what nobody dials and no pool listens on is not looked at.
MOST_ENDPOINTS = 5000
WORKER_BYTES = 4 << 20  # of a worker that has served nothing yet


def _endpoints_of_interest(nginx: Dict[str, Any], fpm: Dict[str, Any]) -> List[str]:
    """What nginx dials, then what pools listen on: each once."""
    keys: List[str] = []
    for route in nginx["routes"]:
        keys += [target["endpoint"] for target in route["endpoints"]]
    for master in fpm["masters"]:
        keys += [pool["endpoint"] for pool in master["pools"] if pool["endpoint"]]
    return list(dict.fromkeys(keys))


def _asleep(fpm: Dict[str, Any], procs: Sequence[Process], memory: Dict[str, Any]) -> List[str]:
    """Endpoints of ondemand pools without a worker, whose workers, which the probe would start, a quarter of the memory does not hold."""
    awake = {(one.ppid, one.cmdline) for one in procs}
    found = [pool["endpoint"] for master in fpm["masters"] if master["running"] for pool in master["pools"]
             if pool["endpoint"] and pool["pm"] == "ondemand" and (master["pid"], "php-fpm: pool " + pool["name"]) not in awake]
    free = min([size for size in (memory["limit_bytes"], memory["mem_available"]) if size is not None], default=0)
    return found[free // 4 // WORKER_BYTES:]


def take(host: Host, window: int, probe_seconds: float) -> Dict[str, Any]:
    """The snapshot of a host.

    window: seconds of log to read, back from now. probe_seconds: how long a worker may take to answer the probe.
    A host without a route from nginx to php-fpm is not looked at any further.
    """
    now = host.now()
    procs = processes(host)
    nginx = collect_nginx(host, procs)
    snapshot: Dict[str, Any] = {
        "schema_version": SCHEMA_VERSION, "taken_at": now, "window": window,
        "host": {"is_root": host.is_root(), "utc_offset": host.utc_offset(now), "boot_at": now - host.boottime(),
                 "systemd": booted_with_systemd(host), "python": platform.python_version(), "cgroup": own_cgroup(host)},
        "nginx": nginx, "fpm": {"installed": False, "masters": []}, "endpoints": {}, "workers": [], "memory": {},
        "oom": {"kills": [], "counter": None, "segfaults": []}, "logs": {"files": [], "events": []}, "missing": host.missing,
    }
    if not nginx["routes"]:
        return snapshot
    fpm = snapshot["fpm"] = collect_fpm(host, procs, window=window)
    keys = _endpoints_of_interest(nginx, fpm)
    if len(keys) > MOST_ENDPOINTS:
        host.miss("live_probe", None, "only the first %d of %d endpoints were looked at" % (MOST_ENDPOINTS, len(keys)))
    memory = snapshot["memory"] = collect_memory(host, fpm["masters"])
    asleep = _asleep(fpm, procs, memory)
    if asleep:
        host.miss("live_probe", None, "%d ondemand pools without a worker were not dialled: to start a worker for each may take too much memory" % len(asleep))
    snapshot["endpoints"] = collect_endpoints(host, keys[:MOST_ENDPOINTS], identity_of(nginx), procs, probe_seconds, asleep=asleep)
    snapshot["workers"] = collect_workers(host, procs, fpm["masters"], memory=False)
    logs = [(master["error_log"], master["config"]) for master in fpm["masters"] if master["error_log"]]
    writers = nginx["workers"] + ([nginx["master"]["pid"]] if nginx["master"] else [])
    snapshot["logs"] = collect_logs(host, nginx["error_logs"], logs, now - window, host.now(), writers)
    snapshot["oom"] = collect_oom(host, procs, now - window, now)
    return snapshot
