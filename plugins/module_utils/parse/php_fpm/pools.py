# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plain facts about a configuration's pools, and what php-fpm would refuse in it. Values of env[],
php_value[] and php_admin_value[] hold passwords: of them only memory_limit leaves.
"""

from typing import Any, Dict, List, Optional

from ..endpoint import canonical
from ..number import number
from .conf import FpmConf, Problem, Section, full_path

_VALUE_ARRAYS = (
    "php_admin_value",
    "php_value",
)  # in order of authority: an administrator's value cannot be overridden


def _memory_limit(pool: Section) -> Optional[str]:
    """php-fpm keeps these lists back to front: the first one in the files is applied last and wins."""
    return next(
        (
            setting.value
            for array in _VALUE_ARRAYS
            for key, setting in pool.arrays.get(array, [])
            if key == "memory_limit"
        ),
        None,
    )


def pool_facts(pool: Section, prefix: str) -> dict:
    """A pool's effective values with php-fpm's defaults; None where the default depends on the version."""
    own = full_path(pool.text("prefix"), None, prefix)
    listen = pool.text("listen")
    listen_at = pool.settings.get("listen")
    tcp = bool(listen) and (":" in str(listen) or number(listen) is not None)
    backlog = pool.number("listen.backlog")

    def path(key: str) -> Optional[str]:
        return full_path(pool.text(key), own, prefix)

    return {
        "name": pool.name,
        "file": pool.file,
        "line": pool.line,
        "listen": listen,
        "endpoint": canonical(listen if tcp else "unix:" + listen, own or prefix) if listen else None,
        "listen_file": listen_at.file if listen_at else None,
        "listen_line": listen_at.line if listen_at else None,
        "listen_owner": pool.text("listen.owner"),
        "listen_group": pool.text("listen.group"),
        "listen_mode": pool.text("listen.mode") or "0660",
        "acl_users": pool.words("listen.acl_users"),
        "acl_groups": pool.words("listen.acl_groups"),
        "allowed_clients": pool.words("listen.allowed_clients"),
        "backlog": backlog,
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
        "memory_limit": _memory_limit(pool),
    }


def refusals(conf: FpmConf, pools: List[dict], as_root: bool = True) -> List[Problem]:
    """What makes any php-fpm refuse to start, in its own words. as_root: a pool has to name a user."""
    found = list(conf.problems)
    if not conf.pools:
        found.append(
            Problem(
                conf.top.file,
                0,
                "No pool defined. at least one pool section must be specified in config file",
            )
        )
    taken: Dict[str, str] = {}
    for section, pool in zip(conf.pools, pools):
        lacks_user = as_root and "user" not in section.settings
        for key, text in [("user", "user has not been defined")] if lacks_user else _pool_refusals(pool):
            found.append(section.problem(key, "[pool %s] %s" % (section.name, text)))
        endpoint = pool["endpoint"]
        if endpoint and endpoint in taken:
            text = "[pool %s] unable to set listen address as it's already used in another pool '%s'" % (
                section.name,
                taken[endpoint],
            )
            found.append(section.problem("listen", text))
        elif endpoint:
            taken[endpoint] = section.name
    return found


def _pool_refusals(pool: dict) -> List[Any]:
    """[(directive, what php-fpm says)], at most one: it stops at the first."""
    dynamic, most = pool["pm"] == "dynamic", pool["max_children"] or 0
    low, high, start = [pool[name] or 0 for name in ("min_spare", "max_spare", "start_servers")]
    for wrong, key, text in (
        (not pool["listen"], "listen", "no listen address have been defined!"),
        (
            pool["pm"] not in ("static", "dynamic", "ondemand"),
            "pm",
            "the process manager is missing (static, dynamic or ondemand)",
        ),
        (most < 1, "pm.max_children", "pm.max_children must be a positive value"),
        (
            pool["slowlog_timeout"] and not pool["slowlog"],
            "request_slowlog_timeout",
            "'slowlog' must be specified for use with 'request_slowlog_timeout'",
        ),
        (
            dynamic and low <= 0,
            "pm.min_spare_servers",
            "pm.min_spare_servers(%d) must be a positive value" % low,
        ),
        (
            dynamic and high <= 0,
            "pm.max_spare_servers",
            "pm.max_spare_servers(%d) must be a positive value" % high,
        ),
        (
            dynamic and max(low, high) > most,
            "pm.max_spare_servers",
            "pm.min_spare_servers(%d) and pm.max_spare_servers(%d) cannot be greater than pm.max_children(%d)"
            % (low, high, most),
        ),
        (
            dynamic and high < low,
            "pm.max_spare_servers",
            "pm.max_spare_servers(%d) must not be less than pm.min_spare_servers(%d)" % (high, low),
        ),
        (
            dynamic and start and not low <= start <= high,
            "pm.start_servers",
            "pm.start_servers(%d) must not be less than pm.min_spare_servers(%d) and not greater than "
            "pm.max_spare_servers(%d)" % (start, low, high),
        ),
    ):
        if wrong:
            return [(key, text)]
    return []
