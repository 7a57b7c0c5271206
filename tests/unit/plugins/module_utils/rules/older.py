# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose nginx runs, or ran, with an older configuration than its files."""

from typing import Any, Dict, Optional

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

OLD = "unix:/run/php/old.sock"
SITE_FILE = "/etc/nginx/sites-enabled/shop"
WORKER = 41
GONE = {"file": "/etc/nginx/conf.d/gone.conf", "line": 4, "log": "/var/log/nginx/error.log"}


def loaded_at(at: float, **facts: Any) -> Dict[str, Any]:
    loaded = {"at": at, "newer_files": [], "replaced": False, "master_groups": [0], "configured": None}
    return dict(loaded, default_log=GONE["log"], **facts)


def dead(host: Host, key: str = OLD, probe: str = "not_tried") -> Host:
    """What was seen of the place that nginx dials."""
    there = dict(host["endpoints"][hosts.key(host)])
    there["connect"] = dict(there["connect"], result="ok" if probe == "answered" else "missing")
    there["probe"] = dict(there["probe"], result=probe)
    host["older"]["endpoints"][key] = there
    return host


def dials_the_old_place(
    *ago: float, signature: str = "ng-connect-enoent", loaded: float = 500.0, pid: int = WORKER, **more: Any
) -> Host:
    """A site was led to the pool's socket, and nginx's log tells of the socket before.

    loaded: seconds since nginx's workers were started. pid: of the worker that lost the requests.
    """
    host = a_host()
    now = hosts.now(host)
    host.with_nginx(workers=[WORKER], loaded=loaded_at(now - loaded))
    host.with_nginx(config_newer=False, config_changed_at=now - 9000.0)
    host["older"] = {"endpoints": {}, "refusal": None}
    more.setdefault("endpoint", OLD)
    return host.nginx_said(signature, *(ago or (60.0, 50.0)), pids=[pid], **more)


def not_loaded(**more: Any) -> Host:
    return dead(dials_the_old_place(**more))


def refused(at: Optional[float] = 100.0, text: str = 'cannot load certificate "/c.pem"') -> Host:
    host = not_loaded()
    host["older"]["refusal"] = dict(GONE, at=at and hosts.now(host) - at, text=text)
    return host


def replaced() -> Host:
    host = not_loaded()
    host["nginx"]["loaded"]["replaced"] = True
    return host
