# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts for the whole look."""

from typing import Any, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import snapshot as collect
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

ALWAYS = {
    "schema_version",
    "taken_at",
    "window",
    "host",
    "nginx",
    "fpm",
    "endpoints",
    "workers",
    "memory",
    "oom",
    "logs",
    "missing",
    "strangers",
    "confinement",
    "halted",
    "changed_files",
    "access",
    "waits",
    "older",
}
NGINX = {
    "/etc/nginx/nginx.conf": "user www-data;\nhttp {\n  include /etc/nginx/sites-enabled/*;\n}\n",
    "/usr/sbin/nginx": "ELF",
}
BUILT = {
    "/usr/sbin/nginx -V": (
        0,
        "",
        (
            "nginx version: nginx/1.22.1\nconfigure arguments: --prefix=/usr/share/nginx "
            "--conf-path=/etc/nginx/nginx.conf "
            "--error-log-path=/var/log/nginx/error.log --user=www-data\n"
        ),
    )
}
SITE = """\
server {
  listen 80;
  server_name shop.example;
  location ~ \\.php$ {
    fastcgi_pass %s;
  }
}
"""


def a_host(site: str = "", **more: Any) -> Built:
    files = dict(NGINX, **{"/proc/1/comm": "systemd\n"})
    if site:
        files["/etc/nginx/sites-enabled/shop"] = site
    return Built(files=files, commands=dict(BUILT), **more)


def ondemand(many: int, free: int) -> List[str]:
    """Which of so many sleeping pools, and one that has a worker, are not dialled with so many MiB free."""
    pools = [
        {"name": "p%d" % number, "endpoint": "unix:/%d" % number, "pm": "ondemand"} for number in range(many)
    ]
    pools += [
        {"name": "static", "endpoint": "unix:/s", "pm": "static"},
        {"name": "awake", "endpoint": "unix:/a", "pm": "ondemand"},
    ]
    worker = Process(8, 7, "php-fpm8.2", "php-fpm: pool awake", None, 33, 33, [33], 0.0)
    memory = {"limit_bytes": 64 << 30, "mem_available": free << 20}
    return collect._asleep({"masters": [{"running": True, "pid": 7, "pools": pools}]}, [worker], memory)
