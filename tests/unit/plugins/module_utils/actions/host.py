# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of the lab as an action sees it, with small named changes."""

import fnmatch
from typing import Any, Dict, List, Optional

from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import resolve
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.view import Files, View
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.plan.capacity import a_host, a_pool
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

CONFIG = "/etc/php/8.2/fpm/php-fpm.conf"
POOL = "/etc/php/8.2/fpm/pool.d/www.conf"
SITE = "/etc/nginx/sites-enabled/shop"
UNIT = "php8.2-fpm.service"
TMPFILES_CONF = "/usr/lib/tmpfiles.d/php8.2-fpm.conf"
FILES = {
    CONFIG: "[global]\npid = /run/php/php8.2-fpm.pid\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
    POOL: "[www]\nuser = www-data\nlisten = /run/php/php8.2-fpm.sock\n"
    "listen.owner = root\nlisten.group = root\n;listen.mode = 0660\n"
    "pm = dynamic\npm.max_children = 2\npm.start_servers = 1\n"
    "pm.min_spare_servers = 1\npm.max_spare_servers = 2\n",
    TMPFILES_CONF: "#Type Path\n    d /run/php 0755 www-data www-data -   -\n",
}
SITE_TEXT = (
    "server {\n    location ~ \\.php$ {\n"
    "        fastcgi_pass unix:/run/php/php7.3-fpm.sock;  # old\n    }\n}\n"
)
GROUPS = {"www-data": ["www-data"], "backup": ["backup"], "web1": ["client1"], "root": ["root"], "34": []}


class Texts(Dict[str, Optional[str]]):
    """Any other file is not there."""

    def __contains__(self, path: object) -> bool:
        return True

    def __missing__(self, path: str) -> None:
        return None


class Listings(Dict[str, List[str]]):
    """What any pattern matches of these files."""

    def __init__(self, texts: Dict[str, str]) -> None:
        super().__init__()
        self.texts = texts

    def __contains__(self, pattern: object) -> bool:
        return True

    def __missing__(self, pattern: str) -> List[str]:
        return sorted(
            path
            for path in self.texts
            if path.count("/") == pattern.count("/") and fnmatch.fnmatchcase(path, pattern)
        )


class Host:
    """One master, one pool and one site, and what the lab broke there. Each change gives the host back."""

    def __init__(self, fault: str = "stopped") -> None:
        self.fault = fault
        self.snapshot: Any = hosts.seen(fault)
        self.texts = FILES
        self.memory: Any = None
        self.master(prefix="/usr")
        self.snapshot["nginx"].update(
            binary="/usr/sbin/nginx",
            options={},
            group="www-data",
            opens=["/var/log/nginx/access.log", "/run/nginx.pid"],
        )

    @property
    def endpoint(self) -> str:
        """The one that the site dials."""
        return str(self.snapshot["nginx"]["routes"][0]["endpoints"][0]["endpoint"])

    def files(self, texts: Dict[str, str]) -> "Host":
        """These alone."""
        self.texts = texts
        return self

    def without(self, path: str) -> "Host":
        return self.files({name: text for name, text in self.texts.items() if name != path})

    def with_file(self, path: str, text: str) -> "Host":
        return self.files(dict(self.texts, **{path: text}))

    def master(self, **facts: Any) -> "Host":
        self.snapshot["fpm"]["masters"][0].update(facts)
        return self

    def unit(self, **facts: Any) -> "Host":
        self.snapshot["fpm"]["masters"][0]["unit_state"].update(facts)
        return self

    def pool(self, **facts: Any) -> "Host":
        self.snapshot["fpm"]["masters"][0]["pools"][0].update(facts)
        return self

    def place(self, **facts: Any) -> "Host":
        """What was seen of the endpoint."""
        self.snapshot["endpoints"][self.endpoint].update(facts)
        return self

    def probe(self, **facts: Any) -> "Host":
        self.snapshot["endpoints"][self.endpoint]["probe"].update(facts)
        return self

    def acl_of(self, path: str, acl: Optional[List[str]]) -> "Host":
        """Of one directory on the way to the sockets; no other has an ACL."""
        for place in self.snapshot["endpoints"].values():
            for parent in place["parents"]:
                parent["acl"] = acl if parent["path"] == path else None
        return self

    def second_pool(self, name: str, **place: Any) -> "Host":
        """A pool of the same master, and what was seen of its endpoint."""
        pools = self.snapshot["fpm"]["masters"][0]["pools"]
        endpoint = "unix:/run/php/%s.sock" % name
        pools.append(dict(pools[0], name=name, endpoint=endpoint))
        self.snapshot["endpoints"][endpoint] = place
        return self

    def silent_logs(self) -> "Host":
        hosts.silent_logs(self.snapshot)
        return self

    def nginx_said(self, signature: str, *ago: float) -> "Host":
        hosts.nginx_said(self.snapshot, signature, *ago)
        return self

    def lines_of_first_event(self, count: int) -> "Host":
        """So many, of which only the newest times are kept."""
        self.snapshot["logs"]["events"][0]["count"] = count
        return self

    def timing_out(self) -> "Host":
        hosts.timing_out(self.snapshot)
        return self

    def crowded(self, dead: int, live: int) -> "Host":
        """dead: those whose clients have gone."""
        return self.place(
            queue=dead + live, accepted=2, waiting={"live": live, "dead": dead}, abandoned=1, backlog=511
        )

    def measured(self, workers: int) -> "Host":
        """A gigabyte and two cores, and a pool of so many workers."""
        pool = a_pool(
            "www",
            workers,
            8,
            pm="dynamic",
            start_servers=1,
            min_spare=1,
            max_spare=2,
            rss_kb=[9000] * workers,
        )
        self.memory = a_host(1024, 100, 2.0, [pool])
        return self

    def plan(self) -> List[Dict[str, Any]]:
        return list(diagnose(self.snapshot)["plan"])

    def arguments(self, action: str) -> Dict[str, Any]:
        """Those that the finding of the fault gives, as the lab saw it."""
        plan = diagnose(hosts.seen(self.fault))["plan"]
        return dict(next(planned["arguments"] for planned in plan if planned["id"] == action))

    @property
    def view(self) -> View:
        return View(self.snapshot, Files(Texts(self.texts), Listings(self.texts)), GROUPS, self.memory, None)

    def resolve(self, action: str, arguments: Dict[str, Any]) -> Step:
        return resolve(action, self.view, arguments)

    def step(self, action: str, **more: Any) -> Step:
        """What the action does that the finding of the fault asks for."""
        return self.resolve(action, dict(self.arguments(action), **more))


def commands(step: Step) -> List[str]:
    return [" ".join(command.do) for command in step.commands]


def undo(step: Step) -> List[List[str]]:
    return [[" ".join(argv) for argv in command.undo] for command in step.commands]


def added_lines(step: Step) -> List[str]:
    """Of all files."""
    added: List[str] = []
    for change in step.changes:
        before = (change.before or b"").decode("utf-8").split("\n")
        added += [line for line in (change.after or b"").decode("utf-8").split("\n") if line not in before]
    return added


def accesses(step: Step) -> List[Any]:
    """(how, kept users, kept groups, whether the socket's own group is kept) of the live sockets of the step
    and of its other ways.
    """
    granted = [
        command.access for way in [step, *step.otherwise] for command in way.commands if command.access
    ]
    return [
        (access.by, list(access.kept_users), list(access.kept_groups), access.kept_own) for access in granted
    ]
