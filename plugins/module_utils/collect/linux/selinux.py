# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""SELinux's policy, asked as nginx's domain: the kernel answers for any two contexts, and changes nothing.

Linux: security/selinux/selinuxfs.c (sel_write_access), hooks.c (selinux_socket_unix_stream_connect,
selinux_socket_connect_helper, selinux_inode_permission).
"""

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ...parse.linux.denials import allows, port_context
from ...parse.number import number
from ..host import Host, HostError
from .hidden import other_view
from .labels import SELINUX, label

if TYPE_CHECKING:
    from ....plugin_utils.shapes.confinement import Access, Denial, Selinux
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.snapshot import Snapshot

# Each lets the web server's domain connect to any port, in the reference policy and in Fedora's.
BOOLEANS = ("httpd_can_network_connect", "httpd_can_network_relay")
_MOST_ENDPOINTS = 200


class Answers:
    """Of the policy. Each question is asked once."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.bits: Dict[Tuple[str, str], Tuple[str, Optional[int]]] = {}
        self.answers: Dict[Tuple[str, str, str, str], Optional[bool]] = {}

    def allowed(self, source: str, target: str, tclass: str, permission: str) -> Optional[bool]:
        question = (source, target, tclass, permission)
        if question not in self.answers:
            self.answers[question] = self._ask(*question)
        return self.answers[question]

    def _ask(self, source: str, target: str, tclass: str, permission: str) -> Optional[bool]:
        if (tclass, permission) not in self.bits:
            base = "%s/class/%s/" % (SELINUX, tclass)
            index = (self.host.text(base + "index") or "").strip()
            bit = number((self.host.text(base + "perms/" + permission) or "").strip())
            self.bits[tclass, permission] = index, bit
        index, bit = self.bits[tclass, permission]
        if not index or not bit or " " in source + target:
            return None
        return allows(self.host.reply(SELINUX + "/access", "%s %s %s" % (source, target, index)), bit)


def context_of(host: Host, path: str) -> Optional[str]:
    """Of a file."""
    raw = host.xattr(path, "security.selinux")
    return raw.rstrip(b"\0").decode("utf-8", "replace") if raw else None


class Policy:
    """facts: filled in by ask()."""

    def __init__(self, host: Host, snapshot: "Snapshot") -> None:
        self.host, self.snapshot = host, snapshot
        worker = next(iter(snapshot["nginx"]["workers"]), None)
        self.allowed = Answers(host).allowed
        self.view = other_view(host, worker)
        self.facts: Selinux = {
            "nginx": label(host, worker) if worker is not None else None,
            "ours": label(host, "self"),
            "loaded_at": self._loaded_at(),
            "booleans": {
                name: value for name in BOOLEANS for value in [self._boolean(name)] if value is not None
            },
            "endpoints": {},
        }
        self.files = self._of_files() if self.differs else {}

    @property
    def differs(self) -> bool:
        """Whether nginx has a domain that is not ours: else the probe tells it all."""
        return self.facts["nginx"] is not None and self.facts["nginx"] != self.facts["ours"]

    @property
    def wants_denials(self) -> bool:
        refused = any(access["allowed"] is not True for rows in self.files.values() for access in rows)
        ports = any(endpoint["family"] != "unix" for endpoint in self._dialled().values())
        return refused or self.differs and ports and not self.facts["booleans"].get(BOOLEANS[0])

    def _loaded_at(self) -> Optional[float]:
        """Each load of a policy makes these files anew."""
        try:
            return self.host.stat(SELINUX + "/class/tcp_socket/index").mtime
        except HostError:
            return None

    def _boolean(self, name: str) -> Optional[bool]:
        text = self.host.text("%s/booleans/%s" % (SELINUX, name))
        return text.startswith("1") if text else None

    def _dialled(self) -> Dict[str, "Endpoint"]:
        keys = {
            target["endpoint"]
            for route in self.snapshot["nginx"]["routes"]
            for target in route["endpoints"]
            if not target["down"]
        }
        known = self.snapshot["endpoints"]
        return {key: known[key] for key in sorted(keys)[:_MOST_ENDPOINTS] if key in known}

    def _access(
        self,
        target: str,
        tclass: str,
        permission: str,
        path: Optional[str] = None,
        port: Optional[int] = None,
        label_at: Optional[float] = None,
    ) -> "Access":
        source = self.facts["nginx"] or ""
        return {
            "source": source,
            "target": target,
            "tclass": tclass,
            "permission": permission,
            "path": path,
            "port": port,
            "allowed": self.allowed(source, target, tclass, permission),
            "label_at": label_at,
        }

    def _of_files(self) -> Dict[str, List["Access"]]:
        rows: Dict[str, List["Access"]] = {}
        for key, endpoint in self._dialled().items():
            if endpoint["family"] != "unix" or not endpoint["exists"]:
                continue
            accesses: List["Access"] = []
            for parent in endpoint["parents"]:
                context = context_of(self.host, self.view + parent["path"])
                if context:
                    accesses.append(self._access(context, "dir", "search", parent["path"]))
            path = endpoint["real_path"] or endpoint["path"]
            if endpoint["selinux"]:
                accesses.append(self._access(endpoint["selinux"], "sock_file", "write", path))
            holder = next(
                (listener for listener in endpoint["listeners"] if listener["master_config"]),
                next(iter(endpoint["listeners"]), None),
            )
            domain = label(self.host, holder["pid"]) if holder else None
            if domain:
                accesses.append(self._access(domain, "unix_stream_socket", "connectto", path))
            rows[key] = accesses
        return rows

    def ask(self, denials: List["Denial"]) -> None:
        """Asks for the ports, whose contexts refusals alone tell, and again for each refusal."""
        self.facts["endpoints"].update(self.files)
        for key, endpoint in self._dialled().items() if self.differs else ():
            seen = port_context(denials, endpoint["port"]) if endpoint["port"] else None
            if seen:
                access = self._access(seen[0], "tcp_socket", "name_connect", None, endpoint["port"], seen[1])
                self.facts["endpoints"][key] = [access]
        for denial in denials:
            if denial["module"] == "selinux" and denial["target"] and denial["tclass"]:
                answers = [
                    self.allowed(denial["source"], self._now(denial), denial["tclass"], permission)
                    for permission in denial["operation"].split()
                ]
                denied = None if None in answers else not all(answers)
                denial["denied_now"] = denied if self._is_fresh(denial) or denied is False else None

    def _now(self, denial: "Denial") -> str:
        """The context of a file as it is now: the one in the line may be mended."""
        name = denial["name"] or ""
        of_file = name.startswith("/") and denial["tclass"] in ("dir", "file", "sock_file", "lnk_file")
        return (context_of(self.host, name) if of_file else None) or denial["target"] or ""

    def _is_fresh(self, denial: "Denial") -> bool:
        """Whether the port's context still is what the line says: a policy that was loaded later may have
        another one.
        """
        loaded = self.facts["loaded_at"]
        return denial["tclass"] != "tcp_socket" or loaded is None or denial["at"] >= loaded
