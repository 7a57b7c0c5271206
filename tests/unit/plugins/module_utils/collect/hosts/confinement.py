# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts on which SELinux is enforcing, AppArmor is in force, or nginx's unit has a filter."""

from typing import Any, Dict, List, Optional, Set, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.confinement import (
    collect_confinement,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.built import Built
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import key, now, place

SELINUX = "/sys/fs/selinux"
CLASSES = {
    "dir": ("7", {"search": 24, "add_name": 18}),
    "file": ("6", {"read": 2, "getattr": 4, "open": 19}),
    "sock_file": ("10", {"write": 3}),
    "unix_stream_socket": ("28", {"connectto": 23}),
    "tcp_socket": ("26", {"name_connect": 27, "name_bind": 22}),
}
HTTPD = "system_u:system_r:httpd_t:s0"
OURS = "unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023"


def file(kind: str) -> str:
    return "system_u:object_r:%s:s0" % kind


class Confined(Built):
    """A described host beside the snapshot of what was seen of it before. allowed: (type that asks, type,
    class, permission)."""

    def __init__(self, snapshot: Host) -> None:
        super().__init__(now=now(snapshot))
        self.snapshot = snapshot
        self.allowed: Set[Tuple[str, str, str, str]] = set()
        self.permissive: Set[str] = set()
        self.labels: Dict[str, str] = {}
        self.questions: List[str] = []
        self.worker = snapshot["nginx"]["workers"][0]
        self.master = snapshot["fpm"]["masters"][0]["pid"]

    def enforcing(self, value: str = "1") -> "Confined":
        self.file(SELINUX + "/enforce", value)
        for tclass, (index, bits) in CLASSES.items():
            self.file("%s/class/%s/index" % (SELINUX, tclass), index)
            for permission, bit in bits.items():
                self.file("%s/class/%s/perms/%s" % (SELINUX, tclass, permission), str(bit))
        return self.file(SELINUX + "/booleans/httpd_can_network_connect", "0 0")

    def domains(self, nginx: str = HTTPD, fpm: str = HTTPD, ours: str = OURS) -> "Confined":
        for pid, context in ((self.worker, nginx), (self.master, fpm), ("self", ours)):
            self.file("/proc/%s/attr/current" % pid, context + "\0")
        return self

    def labelled(self, **labels: str) -> "Confined":
        """The directories of the socket, and the socket itself."""
        for parent in place(self.snapshot)["parents"]:
            self.labels[parent["path"]] = file(labels.get("directory", "var_run_t"))
        place(self.snapshot)["selinux"] = file(labels.get("socket", "httpd_var_run_t"))
        return self

    def lets(self, *rules: Tuple[str, str, str, str]) -> "Confined":
        self.allowed.update(rules)
        return self

    def lets_the_web_in(self) -> "Confined":
        """As the policy of a distribution does."""
        return self.lets(
            ("httpd_t", "var_run_t", "dir", "search"),
            ("httpd_t", "httpd_var_run_t", "sock_file", "write"),
            ("httpd_t", "httpd_t", "unix_stream_socket", "connectto"),
        )

    def audit(self, *lines: str) -> "Confined":
        """Lines of auditd, whose log was written to just now."""
        path = "/var/log/audit/audit.log"
        self.file(path, "".join(line + "\n" for line in lines))
        return self

    def stat(self, path: str, follow: bool = True) -> Any:
        row = super().stat(path, follow)
        return row._replace(mtime=self.clock) if "audit.log" in path else row

    def xattr(self, path: str, name: str) -> Optional[bytes]:
        context = self.labels.get(path) if name == "security.selinux" else None
        return context.encode("utf-8") + b"\0" if context else None

    def reply(self, path: str, question: str) -> Optional[str]:
        assert path == SELINUX + "/access"
        self.questions.append(question)
        source, target, index = question.split(" ")
        tclass = next(name for name, (number, _bits) in CLASSES.items() if number == index)
        types = source.split(":")[2], target.split(":")[2]
        bits = sum(
            1 << (bit - 1)
            for permission, bit in CLASSES[tclass][1].items()
            if types + (tclass, permission) in self.allowed
        )
        return "%x ffffffff 0 ffffffff 12 %d" % (bits, types[0] in self.permissive)

    def looked_at(self) -> Any:
        return collect_confinement(self, self.snapshot)

    def answers_for(self, endpoint: str = "") -> List[Tuple[str, str, Optional[bool]]]:
        rows = self.looked_at()["selinux"]["endpoints"].get(endpoint or key(self.snapshot), [])
        return [(row["tclass"], row["permission"], row["allowed"]) for row in rows]


def on_unix() -> Confined:
    return Confined(a_host().silent_logs())


def on_tcp() -> Confined:
    facts = {"family": "inet", "address": "127.0.0.1", "port": 9000, "path": None, "real_path": None}
    return Confined(a_host().silent_logs().dials("127.0.0.1:9000", **facts))
