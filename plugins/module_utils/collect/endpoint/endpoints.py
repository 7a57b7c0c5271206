# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints between nginx and php-fpm: their files, their listeners, and what a client with nginx's
rights gets.
"""

import os
from typing import TYPE_CHECKING, Callable, Collection, Dict, List, Optional, Sequence, Tuple

from ...parse import endpoint as endpoints
from ...parse.linux import permission, sock_rows, sock_table
from ...parse.linux.sock_rows import Sock
from ...parse.titles import claim
from ..host import Host, HostError
from ..linux import sock_diag
from ..linux.hidden import hidden, other_view
from ..linux.processes import Process, processes
from . import probe as dialling
from .addresses import addresses_of, hosts_file, is_local, pack, targets_of
from .socket_files import no_file, unix_facts

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Blocked, Endpoint, Flow, Hidden, Listener, Outcome
    from ....plugin_utils.shapes.nginx import Identity, Nginx

Probe = Callable[[Sequence[dialling.Target], Optional[dialling.Rights], float], List["Outcome"]]


def identity_of(nginx: "Nginx") -> Optional["Identity"]:
    """The account that dials. One that runs the whole of nginx may run its own php-fpm, too."""
    uid, gid = nginx["uid"], nginx["gid"]
    if uid is None or gid is None:
        return None
    return {
        "user": nginx["user"] or str(uid),
        "uid": uid,
        "gid": gid,
        "groups": list(nginx["groups"] or [gid]),
        "pid": next(iter(nginx["workers"]), None),
        "account": uid if nginx.get("account") else None,
    }


def _load(
    one: endpoints.Endpoint,
    table: sock_table.Index,
    names: Sequence[str],
    file: Optional[Tuple[int, int]],
    hosts: Dict[str, List[str]],
) -> sock_table.Load:
    if one.family == "unix":
        return table.unix(names, file)
    addresses: List[Optional[bytes]] = (
        [None] if one.address == "*" else [pack(address) for address in addresses_of(one, hosts)]
    )
    loads = [table.tcp(address, one.port or 0) for address in addresses]
    return next((load for load in loads if load.listeners), sock_table.Load([]))


class _Survey:
    """The files first, then the table, the dialling, and the table again where nothing answered."""

    def __init__(
        self, host: Host, keys: Sequence[str], identity: Optional["Identity"], dump: sock_diag.Dump
    ) -> None:
        self.host, self.dump, self.identity = host, dump, identity
        self.places = [endpoints.parse(key) for key in sorted(set(keys))]
        self.hosts = hosts_file(host) if any(one.family == "name" for one in self.places) else {}
        self.view = other_view(host, identity["pid"] if identity else None)
        self.components: Dict[str, List[permission.Component]] = {}
        self.files: Dict[str, Optional[Tuple[int, int]]] = {}
        self.found: Dict[str, Endpoint] = {}
        for one in self.places:
            file = no_file()
            if one.family == "unix":
                file, self.components[one.key], self.files[one.key] = unix_facts(
                    host, one.path or "", self.view
                )
            not_tried = self._not_tried(one)
            self.found[one.key] = {
                **file,
                "family": one.family,
                "path": one.path,
                "address": one.address,
                "port": one.port,
                "listening": None,
                "listeners": [],
                "listener_path": None,
                "inode_matches": None,
                "queue": None,
                "backlog": None,
                "accepted": None,
                "waiting": {"live": None, "dead": None},
                "abandoned": None,
                "flow": None,
                "connect": {**not_tried["connect"], "tried": False, "as_user": None, "blocked_by": None},
                "probe": {**not_tried["probe"], "queue": None, "accepted": None},
                "addresses": None,
                "hidden": None,
            }

    def loads(self) -> Dict[str, sock_table.Load]:
        ports = [one.port for one in self.places if one.port is not None]
        names = {
            one.key: (str(one.path), str(self.found[one.key]["real_path"]))
            for one in self.places
            if one.family == "unix"
        }
        wanted = {name for pair in names.values() for name in pair}
        files = {file for file in self.files.values() if file is not None}
        table: List[Sock] = []
        for row in sock_diag.read_table(self.host, bool(names), ports, self.dump):
            # A socket is listed under the spelling it was bound with: /var/run for /run.
            row = (
                row
                if row.family != "unix"
                else row._replace(name=endpoints.parse("unix:" + row.name).path or row.name)
            )
            if row.family != "unix" or row.name in wanted or row.file in files:
                table.append(row)
        index = sock_table.Index(table)
        return {
            one.key: _load(one, index, names.get(one.key, ()), self.files.get(one.key), self.hosts)
            for one in self.places
        }

    def listeners(self, procs: Sequence[Process]) -> None:
        self.began = self.host.monotonic()
        self.first = loads = self.loads()
        inodes = {row.inode for load in loads.values() for row in load.listeners}
        held = sock_diag.holders(self.host, inodes, procs) if inodes else {}
        described: Dict[int, Listener] = {}
        account = self.identity["account"] if self.identity else None
        masters = [
            one for one in procs if claim(one.cmdline) == "php-fpm" and (not one.doubt or one.uid == account)
        ]
        for one in self.places:
            load, facts = loads[one.key], self.found[one.key]
            local = one.family == "unix" or any(
                is_local(address) for address in addresses_of(one, self.hosts)
            )
            matches = (
                sock_table.inode_matches(load, self.files.get(one.key))
                if facts["exists"] is not None
                else None
            )
            people: Dict[int, Listener] = {}
            for row in load.listeners:
                for holder in held.get(row.inode, ()):
                    if holder.pid not in described:
                        described[holder.pid] = sock_diag.describe(self.host, holder, masters)
                    people[holder.pid] = described[holder.pid]
                    if matches is False and facts["listener_path"] is None:
                        facts["listener_path"] = self._elsewhere(holder.pid, row)
            # Another host's table cannot be read: absent there is not "does not listen".
            facts["listening"] = bool(load.listeners) if local else None
            facts["listeners"], facts["inode_matches"] = list(people.values()), matches
            facts["queue"], facts["backlog"], facts["accepted"] = load.queue, load.backlog, load.accepted
            facts["waiting"] = {"live": load.live, "dead": load.dead}
            facts["abandoned"] = load.abandoned

    def _elsewhere(self, pid: int, row: Sock) -> Optional[str]:
        """The file that the process bound, when it is alive in the process's own view of files."""
        path = "/proc/%d/root%s" % (pid, row.name)
        try:
            stat = self.host.stat(path)
        except HostError:
            return None
        return (
            path
            if sock_rows.file_id(os.major(stat.device), os.minor(stat.device), stat.inode) == row.file
            else None
        )

    def dial(self, seconds: float, probe: Probe, asleep: Collection[str]) -> None:
        rights, as_user = self._rights()
        targets = (
            [target for one in self.places if one.key not in asleep for target in targets_of(one, self.hosts)]
            if seconds > 0
            else []
        )
        results: Dict[str, List[Outcome]] = {}
        for result in probe(targets, rights, seconds) if targets else []:
            results.setdefault(result["key"], []).append(result)
        silent = False
        for one in self.places:
            tried = results.get(one.key, [])
            # nginx goes on to a name's next address: the best answer counts.
            best = min(tried, key=_rank) if tried else self._not_tried(one)
            facts = self.found[one.key]
            facts["connect"] = {
                **best["connect"],
                "tried": bool(tried),
                "as_user": as_user if tried else None,
                "blocked_by": self._blocked(one.key, best["connect"]["result"], as_user),
            }
            if one.family == "unix" and best["connect"]["result"] in ("denied", "missing", "refused"):
                facts["hidden"] = self._hidden(one.path or "", facts)
            facts["probe"] = {**best["probe"], "queue": None, "accepted": None}
            if one.family == "name":
                facts["addresses"] = [
                    {
                        "address": each["address"],
                        "result": each["connect"]["result"],
                        "errno": each["connect"]["errno"],
                        "probe": each["probe"]["result"],
                    }
                    for each in sorted(tried, key=lambda each: str(each["address"]))
                ]
            if best["connect"]["result"] in ("ok", "full") and facts["listening"] is False:
                facts["listening"] = True  # by a process in another network namespace
            silent = silent or _waits(facts)
        if silent:
            # A full queue refuses at once.
            self.host.sleep(max(0.0, self.began + seconds - self.host.monotonic()))
            for key, load in self.loads().items():
                facts = self.found[key]
                if _waits(facts):
                    facts["probe"]["queue"], facts["probe"]["accepted"] = load.queue, load.accepted
                    facts["flow"] = self._flow(self.first[key], load, facts["probe"]["result"])

    @staticmethod
    def _not_tried(one: endpoints.Endpoint) -> "Outcome":
        return dialling.outcome(dialling.Target(one.key, one.family, "", 0), None, None, "not_tried")

    def _flow(self, before: sock_table.Load, after: sock_table.Load, probe: str) -> Optional["Flow"]:
        """Who came and who was answered from the first look at the table to the second."""
        flow = sock_table.flow(before, after)
        if not flow:
            return None
        ours = probe == "no_answer"  # the probe came, too
        return {
            "seconds": round(self.host.monotonic() - self.began, 2),
            "arrived": max(0, flow[0] - ours),
            "answered": flow[1],
        }

    def _rights(self) -> Tuple[Optional[dialling.Rights], Optional[str]]:
        """(what to take on, as whom we dial: None as ourselves)."""
        who = self.identity
        if who is None:
            self.host.miss(
                "connect_as_nginx",
                None,
                "the account of nginx's workers is unknown: dialled as ourselves",
                None,
            )
            return None, None
        if self.host.is_root():
            return dialling.Rights(who["uid"], who["gid"], list(who["groups"]), self.view), who["user"]
        if who["uid"] == os.geteuid():
            return None, who["user"]
        self.host.miss(
            "connect_as_nginx", None, "only root can dial as %s: dialled as ourselves" % who["user"], "root"
        )
        return None, None

    def _hidden(self, path: str, facts: "Endpoint") -> Optional["Hidden"]:
        """What nginx's unit hides from nginx on the way to a socket, or php-fpm's from all others."""
        people = [("nginx", self.identity["pid"] if self.identity else None)]
        people += [("php-fpm", holder["pid"]) for holder in facts["listeners"]]
        return next(filter(None, (hidden(self.host, who, pid, path) for who, pid in people)), None)

    def _blocked(self, key: str, result: str, as_user: Optional[str]) -> Optional["Blocked"]:
        """What refuses nginx. Dialled as ourselves, owner, mode and ACL alone tell."""
        walked = self.components.get(key)
        if walked is None or self.identity is None or (as_user is not None and result != "denied"):
            return None
        who = permission.Identity(self.identity["user"], self.identity["uid"], list(self.identity["groups"]))
        blocked = permission.blocked_by(walked, who)
        account = self.host.account(who.user) if blocked and self.identity["pid"] else None
        if blocked and account:
            # nginx's workers took their groups on when they were started, their own one by nginx's
            # configuration.
            by_now = set(who.groups) | set(account[2]) - {account[1]}
            if not permission.blocked_by(walked, who._replace(groups=list(by_now))):
                why = (
                    "%s is in a group that may, but was put into it after nginx's workers were started"
                    % who.user
                )
                mode = blocked["why"].partition(": ")[0]
                return {**blocked, "kind": "group_not_in_force", "why": "%s: %s" % (mode, why)}
        if blocked is None and as_user is not None:
            return permission.mandatory_access(str(self.found[key]["real_path"]), who)
        return blocked


def _waits(facts: "Endpoint") -> bool:
    return facts["probe"]["result"] == "no_answer" or facts["connect"]["result"] in ("full", "timeout")


def _rank(result: "Outcome") -> int:
    order = ("answered", "no_answer", "not_fastcgi", "closed")
    told = result["probe"]["result"]
    return order.index(told) if told in order else len(order)


def collect_endpoints(
    host: Host,
    keys: Sequence[str],
    identity: Optional["Identity"],
    procs: Optional[Sequence[Process]] = None,
    probe_seconds: float = 3.0,
    dump: sock_diag.Dump = sock_diag.netlink,
    probe: Probe = dialling.probe,
    asleep: Sequence[str] = (),
) -> Dict[str, "Endpoint"]:
    """Everything known about each of these listening places, by key. identity: see identity_of(); None: dial as
    ourselves. asleep: not dialled. procs: those that may hold the sockets. probe_seconds: for all silent
    endpoints together; 0 dials nothing. probe.queue counts the probe too.
    """
    if not keys:
        return {}
    survey = _Survey(host, keys, identity, dump)
    survey.listeners(processes(host) if procs is None else procs)
    survey.dial(probe_seconds, probe, frozenset(asleep))
    return survey.found
