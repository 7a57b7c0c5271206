# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts about capacity and timeouts of a healthy host with one pool, www, which one site dials.

of_capacity(a_host().with_pool(pm="static"))
"""

from typing import Any, Dict, List, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import with_risks
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import (
    master,
    pool,
    route,
)

MIB = 1 << 20
CAUSES = ("capacity_at_risk", "timeouts_disordered")
INI = "/etc/php/8.2/fpm/php.ini"
DEFAULT = {"seconds": 30, "source": "php.ini", "file": INI, "line": 409}


def a_limit(seconds: Any, source: str = "php.ini", file: Any = INI, line: Any = 409) -> Dict[str, Any]:
    return {"seconds": seconds, "source": source, "file": file, "line": line}


def pool_settings(host: Host, **more: Any) -> Dict[str, Any]:
    own = pool(host)
    facts = {
        "config": master(host)["config"],
        "pool": own["name"],
        "script": DEFAULT,
        "terminate": {"file": own["file"], "line": 12} if own["terminate_timeout"] else None,
        "backlog": {"file": own["file"], "line": 13},
        "max_requests": None,
        "mode": {"file": own["file"], "line": 11},
        "status_listen": None,
        "stale": False,
    }
    return dict(facts, **more)


def location(at: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    """Settings of a route."""
    facts = {
        "server": at["server"],
        "location": at["location"],
        "file": at["file"],
        "line": at["line"],
        "header_bytes": 4096,
        "header": None,
        "script": None,
        "user_ini": None,
        "changed_at": 1000.0,
    }
    return dict(facts, **more)


def used(host: Host, workers: int = 2, own_mib: int = 20, name: str = "", **more: Any) -> Dict[str, Any]:
    """What sizing measures of a pool: so many workers with so much memory each."""
    own = pool(host)
    facts = {
        "config": master(host)["config"],
        "pool": name or own["name"],
        "pm": own["pm"],
        "max_children": own["max_children"],
        "start_servers": own["start_servers"],
        "min_spare": own["min_spare"],
        "max_spare": own["max_spare"],
        "process_max": 0,
        "workers": workers,
        "measured": workers,
        "uss_kb": [own_mib * 1024] * workers,
        "rss_kb": [(own_mib + 24) * 1024] * workers,
        "shared_kb": 24 * 1024,
        "held_kb": own_mib * 1024 * workers,
        "cpu_share": 0.1,
    }
    return dict(facts, **more)


def memory(*pools: Dict[str, Any], limit: Any = 512, others: Any = 100, **more: Any) -> Dict[str, Any]:
    """limit, others: MiB; None: unknown."""
    facts = {
        "limit_bytes": None if limit is None else limit * MIB,
        "limit_from": "cgroup /sys/fs/cgroup/memory.max",
        "limit_file": "/sys/fs/cgroup/memory.max",
        "mem_total": 4096 * MIB,
        "mem_available": 2048 * MIB,
        "swap_total": 0,
        "cgroup_usage": None,
        "swap_limit": None,
        "others_bytes": None if others is None else others * MIB,
        "cores": 2.0,
        "pools": list(pools),
        "unlisted": [],
        "missing": [],
    }
    return dict(facts, **more)


def grown(host: Host, cpu: float, own_mib: float, **more: Any) -> Dict[str, Any]:
    """A worker that computed for so many seconds and holds so much, which is the most that it ever held."""
    kib = int(own_mib * 1024)
    facts = {
        "config": master(host)["config"],
        "pool": pool(host)["name"],
        "age": 1000.0,
        "cpu_seconds": cpu,
        "own_kb": kib,
        "rss_kb": kib + 24 * 1024,
        "peak_kb": kib + 24 * 1024,
    }
    return dict(facts, **more)


def of_capacity(
    host: Any = None,
    settings: Any = None,
    memory_of: Any = None,
    workers: Any = (),
    somaxconn: Any = 4096,
    locations: Any = None,
    too_big: Any = (),
) -> Host:
    """A host for which these were looked at. settings, locations: what differs from the default."""
    host = host or a_host()
    for each in host["nginx"]["routes"]:  # a snapshot from before 0.4.0 does not tell it
        each.setdefault("server", {"file": each["file"], "line": 1})
    rows = [location(each) for each in host["nginx"]["routes"]]
    seen: List[Any] = [dict(rows[0], **(locations or {}))] + rows[1:]
    facts: Dict[str, Any] = {
        "capacity": {
            "memory": memory_of or memory(used(host)),
            "workers": list(workers),
            "somaxconn": somaxconn,
        },
        "pool_settings": [pool_settings(host, **(settings or {}))],
        "locations": seen,
        "big_headers": {"seconds": 7 * 86400.0, "too_big": list(too_big)},
    }
    made: Host = with_risks(host, **facts)
    return made


def where(host: Host) -> Dict[str, Any]:
    """The first site's route."""
    return route(host)


def _found(snapshot: Any) -> List[Dict[str, Any]]:
    """A lab host has risks of other causes, too."""
    return [dict(item) for item in diagnose_ahead(snapshot)["findings"] if item["cause"] in CAUSES]


def risks(snapshot: Any) -> List[Tuple[str, str]]:
    """[(cause, reason)]"""
    return [(item["cause"], item["reason"]) for item in _found(snapshot)]


def the_risk(snapshot: Any) -> Dict[str, Any]:
    """The only one."""
    (found,) = _found(snapshot)
    return found
