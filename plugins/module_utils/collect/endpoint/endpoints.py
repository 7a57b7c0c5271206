# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints between nginx and php-fpm: their files, their listeners, and what a client with nginx's
rights gets.
"""

import os
from typing import TYPE_CHECKING, Callable, Collection, Dict, List, Optional, Sequence, Set, Tuple

from ...parse.endpoint import Endpoint as Place
from ...parse.endpoint import parse
from ...parse.fastcgi import keeps_waiting
from ...parse.linux import permission, sock_rows, sock_table
from ...parse.linux.sock_rows import Sock
from ...parse.titles import claim
from ..host import Host, HostError
from ..linux import sock_diag
from ..linux.hidden import hidden, other_view
from ..linux.processes import Process, processes
from . import probe as dialling
from .addresses import addresses_of, hosts_file, is_local, name_source, pack, targets_of
from .socket_files import no_file, unix_facts

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import (
        Blocked,
        ConnectResult,
        Endpoint,
        Flow,
        Hidden,
        Listener,
        Outcome,
        SocketFile,
    )
    from ....plugin_utils.shapes.nginx import Identity, Nginx

Probe = Callable[[Sequence[dialling.Target], Optional[dialling.Rights], float], List["Outcome"]]


def identity_of(nginx: "Nginx") -> Optional["Identity"]:
    """The account that dials. One that runs the whole of nginx may run its own php-fpm, too."""
    uid, gid = nginx["uid"], nginx["gid"]
    if uid is None or gid is None:
        return None
    who: Identity = {
        "user": nginx["user"] or str(uid),
        "uid": uid,
        "gid": gid,
        "groups": list(nginx["groups"] or [gid]),
        "pid": next(iter(nginx["workers"]), None),
        "account": uid if nginx.get("account") else None,
    }
    if "loaded" in nginx:
        who["configured"] = nginx["loaded"]["configured"]
        who["master_groups"] = nginx["loaded"]["master_groups"]
    return who


class _Survey:
    """The files first, then the table, the dialling, and the table again where nothing answered."""

    def __init__(
        self, host: Host, keys: Sequence[str], identity: Optional["Identity"], dump: sock_diag.Dump
    ) -> None:
        self.host, self.dump, self.identity = host, dump, identity
        self.places = [parse(key) for key in sorted(set(keys))]
        self.hosts = hosts_file(host) if any(place.family == "name" for place in self.places) else {}
        self.view = other_view(host, identity["pid"] if identity else None)
        self.files: Dict[str, SocketFile] = {}
        self.components: Dict[str, List[permission.Component]] = {}
        self.file_ids: Dict[str, Optional[Tuple[int, int]]] = {}
        self.facts: Dict[str, Endpoint] = {}
        self.beside: Dict[str, Set[int]] = {}  # inodes, at other addresses of a name
        self.ours: Set[int] = set()  # inodes, of php-fpm's masters
        self.apart: Set[int] = set()  # inodes, see _out_of_reach()
        for place in self.places:
            key, self.files[place.key] = place.key, no_file()
            if place.family == "unix":
                facts = unix_facts(host, place.path or "", self.view)
                self.files[key], self.components[key], self.file_ids[key] = facts

    def loads(self) -> Dict[str, sock_table.Load]:
        ports = [place.port for place in self.places if place.port is not None]
        names = {
            place.key: (str(place.path), str(self.files[place.key]["real_path"]))
            for place in self.places
            if place.family == "unix"
        }
        wanted = {name for pair in names.values() for name in pair}
        ids = {file for file in self.file_ids.values() if file is not None}
        table: List[Sock] = []
        for row in sock_diag.read_table(self.host, bool(names), ports, self.dump):
            if row.family == "unix":
                # A socket is listed under the spelling it was bound with: /var/run for /run.
                row = row._replace(name=parse("unix:" + row.name).path or row.name)
                if row.inode in self.apart or row.name not in wanted and row.file not in ids:
                    continue
            table.append(row)
        index = sock_table.Index(table)
        return {place.key: self._load(place, index, names.get(place.key, ())) for place in self.places}

    def _load(self, place: Place, table: sock_table.Index, names: Sequence[str]) -> sock_table.Load:
        if place.family == "unix":
            return table.unix(names, self.file_ids[place.key])
        addresses: List[Optional[bytes]] = [None]
        if place.address != "*":
            addresses = [pack(address) for address in addresses_of(place, self.hosts)]
        loads = [table.tcp(address, place.port or 0) for address in addresses]
        found = [load for load in loads if load.listeners] or [sock_table.Load([])]
        found.sort(key=lambda load: self.ours.isdisjoint(row.inode for row in load.listeners))
        mine = {row.inode for row in found[0].listeners}
        # nginx asks all addresses of a name in turn.
        self.beside[place.key] = {row.inode for load in found for row in load.listeners} - mine
        return found[0]

    def listeners(self, procs: Sequence[Process]) -> None:
        self.began = self.host.monotonic()
        self.first = self.loads()
        inodes = {row.inode for load in self.first.values() for row in load.listeners}.union(
            *self.beside.values()
        )
        held = sock_diag.holders(self.host, inodes, procs) if inodes else {}
        described: Dict[Tuple[int, str], Listener] = {}
        account = self.identity["account"] if self.identity else None
        masters = [
            process
            for process in procs
            if claim(process.cmdline) == "php-fpm" and (not process.doubt or process.uid == account)
        ]
        pids = {master.pid for master in masters}
        self.apart = self._out_of_reach(held, pids)
        if any(self.beside.values()):
            self.ours = {
                inode for inode, who in held.items() if not pids.isdisjoint(each.pid for each in who)
            }
        self.first = self.loads() if self.apart or self.ours else self.first
        for place in self.places:
            key, load, file = place.key, self.first[place.key], self.files[place.key]
            seen = file["exists"] is not None
            matches = sock_table.inode_matches(load, self.file_ids.get(key)) if seen else None
            listener_path: Optional[str] = None
            people: Dict[int, Listener] = {}
            here = {row.inode for row in load.listeners}
            for row in load.listeners:
                for holder in held.get(row.inode, ()):
                    # A master may hold thousands.
                    mark = holder.pid, "" if holder in masters else key
                    if mark not in described:
                        described[mark] = sock_diag.describe(self.host, holder, masters, here)
                    people[holder.pid] = described[mark]
                    if matches is False and listener_path is None:
                        listener_path = self._elsewhere(holder.pid, row)
            # Another host's table cannot be read: absent there is not "does not listen".
            local = place.family == "unix" or any(map(is_local, addresses_of(place, self.hosts)))
            not_tried = _not_tried(place)
            self.facts[key] = {
                **file,
                "family": place.family,
                "path": place.path,
                "address": place.address,
                "port": place.port,
                "listening": bool(load.listeners) if local else None,
                "listeners": list(people.values()),
                "listener_path": listener_path,
                "inode_matches": matches,
                "queue": load.queue,
                "backlog": load.backlog,
                "accepted": load.accepted,
                "waiting": {"live": load.live, "dead": load.dead},
                "abandoned": load.abandoned,
                "flow": None,
                "connect": {**not_tried["connect"], "tried": False, "as_user": None, "blocked_by": None},
                "probe": {**not_tried["probe"], "queue": None, "accepted": None},
                "addresses": None,
                "hidden": None,
            }
            self._note_beside(key, held, masters)
            source = name_source(self.host, place, self.hosts)
            if source:
                self.facts[key]["name_source"] = source

    def _note_beside(self, key: str, held: Dict[int, List[Process]], masters: Sequence[Process]) -> None:
        inodes: Set[int] = self.beside.get(key, set())
        people = [held.get(inode, []) for inode in inodes]
        known = {each.pid: each for who in people for each in who}
        rows = {pid: sock_diag.describe(self.host, each, masters, inodes) for pid, each in known.items()}
        strange = [who for who in people if not any(rows[each.pid]["fpm"] for each in who)]
        found = {each.pid: rows[each.pid] for who in strange for each in who}
        if found:
            self.facts[key]["beside"] = list(found.values())

    def _out_of_reach(self, held: Dict[int, List[Process]], masters: Set[int]) -> Set[int]:
        """Listeners under the name of another file: any account has them in a mount namespace of its own."""
        return {
            row.inode
            for key, load in self.first.items()
            if self.files[key]["exists"] is not None
            for row in load.listeners
            if row.file is not None and row.file != self.file_ids[key] and row.inode in held
            if all(holder.uid and not masters & {holder.pid, holder.ppid} for holder in held[row.inode])
        }

    def _elsewhere(self, pid: int, row: Sock) -> Optional[str]:
        """The file that the process bound, when it still is in the process's own view of files."""
        path = "/proc/%d/root%s" % (pid, row.name)
        try:
            stat = self.host.stat(path)
        except HostError:
            return None
        bound = sock_rows.file_id(os.major(stat.device), os.minor(stat.device), stat.inode) == row.file
        return path if bound else None

    def dial(self, seconds: float, probe: Probe, asleep: Collection[str]) -> None:
        rights, as_user = self._rights()
        awake = [place for place in self.places if place.key not in asleep and seconds > 0]
        targets = [target for place in awake for target in targets_of(place, self.hosts)]
        results: Dict[str, List[Outcome]] = {}
        for outcome in probe(targets, rights, seconds) if targets else []:
            results.setdefault(outcome["key"], []).append(outcome)
        silent = False
        for place in self.places:
            tried = results.get(place.key, [])
            # nginx goes on to a name's next address: the best answer counts.
            best = min(tried, key=_rank) if tried else _not_tried(place)
            facts, result = self.facts[place.key], best["connect"]["result"]
            facts["connect"] = {
                **best["connect"],
                "tried": bool(tried),
                "as_user": as_user if tried else None,
                "blocked_by": self._blocked(place.key, result, as_user),
            }
            if place.family == "unix" and result in ("denied", "missing", "refused"):
                facts["hidden"] = self._hidden(place.path or "", facts)
            facts["probe"] = {**best["probe"], "queue": None, "accepted": None}
            if place.family == "name":
                facts["addresses"] = [
                    {
                        "address": outcome["address"],
                        "result": outcome["connect"]["result"],
                        "errno": outcome["connect"]["errno"],
                        "probe": outcome["probe"]["result"],
                    }
                    for outcome in sorted(tried, key=lambda outcome: str(outcome["address"]))
                ]
            if result in ("ok", "full") and facts["listening"] is False:
                facts["listening"] = True  # by a process in another network namespace
            silent = silent or keeps_waiting(facts)
        if silent:
            # A full queue refuses at once.
            self.host.sleep(max(0.0, self.began + seconds - self.host.monotonic()))
            for key, load in self.loads().items():
                facts = self.facts[key]
                if keeps_waiting(facts):
                    facts["probe"]["queue"], facts["probe"]["accepted"] = load.queue, load.accepted
                    facts["flow"] = self._flow(self.first[key], load, facts["probe"]["result"])

    def _flow(self, before: sock_table.Load, after: sock_table.Load, probe: str) -> Optional["Flow"]:
        """Who came and who was answered from the first look at the table to the second."""
        flow = sock_table.flow(before, after)
        if not flow:
            return None
        ours = probe == "no_answer"  # the probe came, too
        return {
            "seconds": round(self.host.monotonic() - self.began, 2),
            "arrived": max(0, flow.came - ours),
            "answered": flow.answered,
        }

    def _rights(self) -> Tuple[Optional[dialling.Rights], Optional[str]]:
        """(what to take on, as whom we dial: None as ourselves)."""
        who = self.identity
        if who is None:
            why = "the account of nginx's workers is unknown: dialled as ourselves"
            self.host.miss("connect_as_nginx", None, why)
            return None, None
        if self.host.is_root():
            return dialling.Rights(who["uid"], who["gid"], list(who["groups"]), self.view), who["user"]
        if who["uid"] == os.geteuid():
            return None, who["user"]
        why = "only root can dial as %s: dialled as ourselves" % who["user"]
        self.host.miss("connect_as_nginx", None, why, "root")
        return None, None

    def _hidden(self, path: str, facts: "Endpoint") -> Optional["Hidden"]:
        """What nginx's unit hides from nginx on the way to a socket, or php-fpm's from all others."""
        people = [("nginx", self.identity["pid"] if self.identity else None)]
        people += [("php-fpm", holder["pid"]) for holder in facts["listeners"]]
        return next(filter(None, (hidden(self.host, who, pid, path) for who, pid in people)), None)

    def _blocked(self, key: str, result: "ConnectResult", as_user: Optional[str]) -> Optional["Blocked"]:
        """What refuses nginx. Where we dialled as ourselves, owner, mode and ACL alone decide."""
        walked = self.components.get(key)
        if walked is None or self.identity is None or (as_user is not None and result != "denied"):
            return None
        who = permission.Identity(self.identity["user"], self.identity["uid"], list(self.identity["groups"]))
        blocked = permission.blocked_by(walked, who)
        if blocked and self.identity["pid"]:
            from .in_force import in_force

            blocked = in_force(self.host, walked, who, self.identity, blocked)
        if blocked and blocked["kind"] == "socket":
            inodes = {row.inode for row in self.first[key].listeners}
            if sock_diag.held_of(self.host, 1, inodes):
                return {**blocked, "kind": "socket_unit"}  # systemd made it
        if blocked is None and as_user is not None:
            path = str(self.files[key]["real_path"])
            return {"path": path, "kind": "mandatory_access", "acl": False, "user": who.user}
        return blocked


def _not_tried(place: Place) -> "Outcome":
    return dialling.outcome(dialling.Target(place.key, place.family, "", 0), None, None, "not_tried")


def _rank(outcome: "Outcome") -> int:
    order = ("answered", "no_answer", "not_fastcgi", "closed")
    result = outcome["probe"]["result"]
    return order.index(result) if result in order else len(order)


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
    """Everything known about each of these endpoints, by key.

    identity: see identity_of(). None dials as ourselves. procs: those that may hold the sockets.
    probe_seconds: for all silent endpoints together. 0 dials nothing. asleep: endpoints that are not dialled.
    The queue that a probe saw counts the probe, too.
    """
    if not keys:
        return {}
    survey = _Survey(host, keys, identity, dump)
    survey.listeners(processes(host) if procs is None else procs)
    survey.dial(probe_seconds, probe, frozenset(asleep))
    return survey.facts
