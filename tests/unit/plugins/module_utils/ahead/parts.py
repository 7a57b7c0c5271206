# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of a host as restart_info sees it."""

from typing import Any, Dict, List, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead.problems import FPM, NGINX, Service
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.launch import Launch

UNIT, SOCKET = "php8.2-fpm.service", "unix:/run/php/a.sock"
CONFIG, POOL_FILE = "/etc/php/8.2/fpm/php-fpm.conf", "/etc/php/8.2/fpm/pool.d/a.conf"


def target(key: str, **more: Any) -> Dict[str, Any]:
    place = {"endpoint": key, "written": key, "file": "/etc/nginx/a", "line": 7}
    return dict(place, down=False, backup=False, **more)


def route(*keys: str, site: str = "a.example", **more: Any) -> Dict[str, Any]:
    """down: as in the configuration"""
    targets = [target(key) for key in keys]
    return dict({"site": site, "file": "/etc/nginx/a", "endpoints": targets}, **more)


def nginx(*routes: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    return dict(
        {
            "routes": list(routes),
            "user": "www-data",
            "uid": 33,
            "gid": 33,
            "groups": [33],
            "loaded": {"configured": None, "newer_files": []},
        },
        **more,
    )


def pool(endpoint: str = SOCKET, **more: Any) -> Dict[str, Any]:
    return dict(
        {
            "name": "a",
            "file": POOL_FILE,
            "listen_file": POOL_FILE,
            "listen_line": 3,
            "endpoint": endpoint,
            "listen_owner": "www-data",
            "listen_group": "www-data",
            "listen_mode": "0660",
            "acl_users": [],
            "acl_groups": [],
            "access_log": None,
            "slowlog": None,
        },
        **more,
    )


def master(*pools: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    return dict({"config": CONFIG, "pid": 35, "unit": UNIT, "pools": list(pools or (pool(),))}, **more)


def fpm(*pools: Dict[str, Any], pid: Optional[int] = 35, **more: Any) -> Service:
    made = Service(FPM, CONFIG, "/usr/sbin/php-fpm8.2", pid, UNIT, None, ["a.example"], None)
    return made._replace(master=master(*pools, pid=pid), **more)


def web(**more: Any) -> Service:
    made = Service(NGINX, "/etc/nginx/nginx.conf", "/usr/sbin/nginx", 9, "nginx.service", None, ["a.example"])
    return made._replace(**more)


def endpoint(listening: Optional[bool] = True, *pids: int, **holder: Any) -> Dict[str, Any]:
    """With holders of php-fpm's master and workers."""
    who = dict({"fpm": True, "pool": None, "comm": "php-fpm8.2"}, **holder)
    return {
        "listening": listening,
        "listeners": [dict(who, pid=pid) for pid in pids],
        "connect": {"result": "ok"},
    }


def launch(makes: Optional[List[str]] = None, **settings: List[str]) -> Launch:
    every = dict({"ExecStartPre": [], "RuntimeDirectoryMode": []}, **settings)
    return Launch(
        UNIT, ["/usr/sbin/php-fpm8.2"], {}, [], None, "/", makes or [], ["/lib/x.service"], False, 1.0, every
    )
