# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain facts about a configuration's pools, and what php-fpm would refuse in it. Values of env[],
php_value[] and php_admin_value[] hold passwords: of them memory_limit and error_log alone leave.
"""

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ...signatures import kinds
from ..endpoint import canonical
from ..number import number
from .conf import FpmConf, Section, full_path

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem
    from ....plugin_utils.shapes.php_fpm import Pool, ReplacedListen

ZONEINFO = "/usr/share/zoneinfo"  # without which PHP of Debian or Fedora crashes
# In order of authority: an administrator's value cannot be overridden.
_VALUE_ARRAYS = ("php_admin_value", "php_value")


def _of_php(pool: Section, name: str) -> Optional[str]:
    """php-fpm keeps these lists back to front: the first one in the files is applied last and wins."""
    for array in _VALUE_ARRAYS:
        for key, setting in pool.arrays.get(array, []):
            if key == name:
                return setting.value
    return None


def pool_facts(pool: Section, prefix: str) -> "Pool":
    """A pool's effective values with php-fpm's defaults; None where the default depends on the version."""
    own = full_path(pool.text("prefix"), None, prefix)
    listen = pool.text("listen")
    listen_at = pool.settings.get("listen")

    def dialled(listen: str) -> str:
        tcp = ":" in listen or number(listen) is not None
        return canonical(listen if tcp else "unix:" + listen, own or prefix)

    def path(key: str) -> Optional[str]:
        return full_path(pool.text(key), own, prefix)

    facts: "Pool" = {
        "name": pool.name,
        "file": pool.file,
        "line": pool.line,
        "listen": listen,
        "endpoint": dialled(listen) if listen else None,
        "listen_file": listen_at.file if listen_at else None,
        "listen_line": listen_at.line if listen_at else None,
        "listen_owner": pool.text("listen.owner"),
        "listen_group": pool.text("listen.group"),
        "listen_mode": pool.text("listen.mode") or "0660",
        "acl_users": pool.words("listen.acl_users"),
        "acl_groups": pool.words("listen.acl_groups"),
        "allowed_clients": pool.words("listen.allowed_clients"),
        "backlog": pool.number("listen.backlog"),
        "user": pool.text("user"),
        "group": pool.text("group"),
        "prefix": own,
        "chroot": path("chroot"),
        "pm": (pool.text("pm") or "").lower() or None,
        "max_children": pool.number("pm.max_children"),
        "start_servers": pool.number("pm.start_servers"),
        "min_spare": pool.number("pm.min_spare_servers"),
        "max_spare": pool.number("pm.max_spare_servers"),
        "max_requests": pool.number("pm.max_requests") or 0,
        "idle_timeout": pool.seconds("pm.process_idle_timeout") or 10.0,
        "terminate_timeout": pool.seconds("request_terminate_timeout"),
        "slowlog_timeout": pool.seconds("request_slowlog_timeout"),
        "slowlog": path("slowlog"),
        "access_log": path("access.log"),
        "status_path": pool.text("pm.status_path"),
        "ping_path": pool.text("ping.path"),
        "catch_workers_output": pool.flag("catch_workers_output", False),
        "memory_limit": _of_php(pool, "memory_limit"),
    }
    php_log = (_of_php(pool, "error_log") or "").replace("$pool", pool.name)
    if php_log.startswith("/"):
        facts["php_log"] = php_log
    replaced: List["ReplacedListen"] = [
        {"endpoint": dialled(each.value), "file": each.file, "line": each.line}
        for each in pool.replaced
        if each.value and dialled(each.value) != facts["endpoint"]
    ]
    return {**facts, "replaced": replaced} if replaced else facts


def start_problems(conf: FpmConf, pools: List["Pool"], as_root: bool = True) -> "List[ConfigProblem]":
    """What makes any php-fpm refuse to start. as_root: a pool has to name a user. A section with a ${...} has
    unknown values, and is not judged.
    """
    problems = list(conf.problems)
    if not conf.pools and not conf.variables:
        problems.append(conf.top.problem(kinds.NO_POOL, ""))
    taken: Dict[str, str] = {}
    for section, pool in zip(conf.pools, pools):
        if section.variables:
            continue
        if as_root and "user" not in section.settings:
            problems.append(section.problem(kinds.NO_USER, "user"))
        else:
            problems += _first_problem(section, pool)
        endpoint = pool["endpoint"]
        if endpoint and endpoint in taken:
            problems.append(section.problem(kinds.SAME_LISTEN, "listen", taken[endpoint]))
        elif endpoint:
            taken[endpoint] = section.name
    return problems


def _first_problem(section: Section, pool: "Pool") -> "List[ConfigProblem]":
    """At most one problem: php-fpm stops at the first."""
    most = pool["max_children"] or 0
    low, high, start = [pool[name] or 0 for name in ("min_spare", "max_spare", "start_servers")]
    slow = pool["slowlog_timeout"] > 0 and not pool["slowlog"]
    checks: List[Tuple[bool, str, str, Tuple[int, ...]]] = [
        (not pool["listen"], kinds.NO_LISTEN, "listen", ()),
        (pool["pm"] not in ("static", "dynamic", "ondemand"), kinds.NO_PM, "pm", ()),
        (most < 1, kinds.NO_WORKERS, "pm.max_children", ()),
        (slow, kinds.NO_SLOWLOG, "request_slowlog_timeout", ()),
    ]
    if pool["pm"] == "dynamic":
        outside = bool(start) and not low <= start <= high
        checks += [
            (low < 1, kinds.MIN_SPARE, "pm.min_spare_servers", (low,)),
            (high < 1, kinds.MAX_SPARE, "pm.max_spare_servers", (high,)),
            (max(low, high) > most, kinds.SPARE_OVER_MOST, "pm.max_spare_servers", (low, high, most)),
            (high < low, kinds.SPARE_ORDER, "pm.max_spare_servers", (high, low)),
            (outside, kinds.START_OUTSIDE, "pm.start_servers", (start, low, high)),
        ]
    return [section.problem(kind, key, *values) for wrong, kind, key, values in checks if wrong][:1]
