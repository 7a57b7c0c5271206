# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose scripts php-fpm refuses, and the ways of its account to them."""

from typing import Any, Dict

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "php_error"
ROOT = "/var/www/shop"
NAMES = {"SCRIPT_FILENAME": "$document_root$fastcgi_script_name"}
CONFINED = {"module": "selinux", "path": "/srv/shop", "permission": "search", "tclass": "dir", "text": ""}
CONFINED.update(source="system_u:system_r:httpd_t:s0", target="unconfined_u:object_r:user_home_t:s0")


def in_stderr(text: str, signature: str = "ng-stderr-primary", **route: Any) -> Host:
    """By php-fpm, a minute ago. route: what else holds on the site's routes."""
    host = a_host().silent_logs().nginx_said(signature, 60.0)
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    host.on_every_route(**dict({"root": ROOT, "params": NAMES}, **route))
    hosts.quote(host, '*1 FastCGI sent in stderr: "%s" while reading' % text)
    return host


def way(blocked: Any = None, **facts: Any) -> Dict[str, Any]:
    """Of the pool's account to the scripts of the site."""
    refuses = {"path": "/srv/shop", "kind": blocked, "why": "others have no x", "acl": False}
    known = {"site": "shop.example", "script": ROOT + "/", "front": True, "pool": "www", "user": "www-data"}
    known.update(blocked=refuses if blocked else None, there=True, changed_at=0.0)
    return dict(known, **facts)


def with_ways(host: Host, *ways: Dict[str, Any]) -> Host:
    host["logs"]["script_ways"] = list(ways)
    return host
