# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with nginx. The builds are what nginx -V of Debian 11, 12 and 13 printed."""

import os
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.code_owners import owners_of_code
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built

FIXTURES = fixtures("nginx")
MAIN = "/etc/nginx/nginx.conf"
SITE = "server { server_name a.example; location / { fastcgi_pass unix:/run/php/a.sock; } }"
NOW = 1775139797.0


def build(version: str = "1.22.1-debian12") -> Tuple[int, str, str]:
    with open(os.path.join(FIXTURES, version + "-build.txt"), encoding="utf-8") as stream:
        return 0, "", stream.read()


def a_host(files: Optional[Dict[str, Any]] = None, **more: Any) -> Built:
    commands = more.pop("commands", {"/usr/sbin/nginx -V": build()})
    every = {
        "/usr/sbin/nginx": "",
        "/etc/nginx/sites-enabled/a": SITE,
        MAIN: "user www-data; error_log /var/log/nginx/error.log; http { include sites-enabled/*; }",
    }
    every.update(files or {})
    return Built(every, commands, **more)


def master(
    arguments: str = "/usr/sbin/nginx -g daemon on; master_process on;", pid: int = 40, **more: Any
) -> Process:
    values: Dict[str, Any] = dict(
        {
            "ppid": 1,
            "exe": "/usr/sbin/nginx",
            "uid": 0,
            "gid": 0,
            "groups": [0],
            "started_at": NOW - 5000,
            "foreign": False,
        },
        **more,
    )
    return Process(pid=pid, comm="nginx", cmdline="nginx: master process " + arguments, **values)


def worker(pid: int = 41, title: str = "nginx: worker process", **more: Any) -> Process:
    values: Dict[str, Any] = dict(
        {
            "ppid": 40,
            "exe": None,
            "uid": 33,
            "gid": 33,
            "groups": [33],
            "started_at": NOW - 4000,
            "foreign": False,
        },
        **more,
    )
    return Process(pid=pid, comm="nginx", cmdline=title, **values)


def paths(missing: List[Dict[str, Any]], what: str) -> List[Any]:
    return [entry["path"] for entry in missing if entry["what"] == what]


ROOTLESS = {
    "/home/alice/nginx.conf": "user www-data; error_log /home/alice/e.log; http { include "
    "/etc/nginx/sites-enabled/*; include /etc/secret; }",
    "/etc/secret": "secret words;",
}


def rootless(**more: Any) -> Built:
    return a_host(
        ROOTLESS,
        accounts={"alice": (1000, 1000, [1000]), "www-data": (33, 33, [33])},
        stats={"/etc/secret": Stat("file", 0o600, 0, 0, 0, 0.0, 1, 1)},
        **more,
    )


def own(pid: int = 30, uid: int = 1000) -> Process:
    return master("/usr/sbin/nginx -c /home/alice/nginx.conf", pid=pid, uid=uid)._replace(
        doubt="it runs as alice"
    )


def folder(uid: int, gid: int = 0, kind: str = "directory") -> Stat:
    return Stat(kind, 0o755, uid, gid, 0, 0.0, 1, 1)


class Shared(Built):
    """bob and ann have accounts; keepers: who owns which link."""

    keepers: Dict[str, int] = {}

    def stat(self, path: str, follow: bool = True) -> Stat:
        if not follow and path in self.links:
            return folder(self.keepers.get(path, 0), kind="link")
        return super(Shared, self).stat(path, follow)

    def group_name(self, gid: int) -> str:
        return {0: "root", 1000: "bob"}.get(gid, str(gid))


def owners(
    stats: Dict[str, Stat],
    root: str = "/srv/app",
    script: str = "$document_root$fastcgi_script_name",
    links: Optional[Dict[str, str]] = None,
    keepers: Optional[Dict[str, int]] = None,
) -> Any:
    there = dict({"/srv": folder(0), "/home": folder(0), "/srv/app": folder(0)}, **stats)
    host = Shared(
        stats=there,
        links=links or {},
        accounts={"root": (0, 0, [0]), "bob": (1000, 1000, [1000]), "ann": (1001, 1001, [1001])},
    )
    host.keepers = keepers or {}
    route: Dict[str, Any] = {"root": root, "params": {"SCRIPT_FILENAME": script} if script else {}}
    owners_of_code(host, [route])
    return route["owners"]
