# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx's files dial against what would listen there after a restart, and with which rights.

A socket is made anew at each start, with the owner, group, mode and ACL of the files. A reload keeps it.
"""

import posixpath
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.endpoint.socket_files import unix_facts
from ..collect.host import Host
from ..collect.nginx.nginx_user import group_id
from ..parse.endpoint import canonical, is_this_host, parse, reached
from ..parse.linux.permission import Component, Entry, Identity, blocked_by
from ..parse.php_fpm.socket_mode import mode_of
from ..remediate.launch import Launch
from ..rules.blocked_words import why_blocked
from .problems import NGINX, WARNING, Service, problem

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint
    from ...plugin_utils.shapes.nginx import Nginx, Route, Target
    from ...plugin_utils.shapes.php_fpm import Pool
    from ...plugin_utils.shapes.restart import RestartProblem

# acl(5): the tags of entries that listen.acl_users and listen.acl_groups make.
_USER, _GROUP = 2, 8
_READ_WRITE = 6


class Held(NamedTuple):
    """A pool that would listen."""

    service: Service
    pool: "Pool"


class Dialled(NamedTuple):
    """An endpoint with every way to it."""

    key: str
    target: "Target"  # the first one
    routes: "List[Route]"

    @property
    def sites(self) -> List[str]:
        return list(dict.fromkeys(route["site"] or "default" for route in self.routes))


def dialled(routes: "Sequence[Route]") -> List[Dialled]:
    """What the routes dial. Targets that are marked down are left out."""
    found: Dict[str, Dialled] = {}
    for route in routes:
        for target in route["endpoints"]:
            if not target["down"]:
                entry = found.setdefault(target["endpoint"], Dialled(target["endpoint"], target, []))
                if not entry.routes or entry.routes[-1] is not route:
                    entry.routes.append(route)
    return list(found.values())


def pools_at(host: Host, services: Sequence[Service]) -> Dict[str, List[Held]]:
    """{endpoint: pools that listen there by the files}, also by the path that links lead to."""
    found: Dict[str, List[Held]] = {}
    for service in services:
        for pool in service.master["pools"] if service.master else ():
            key = pool["endpoint"]
            if not key:
                continue
            held = Held(service, pool)
            real = canonical("unix:" + host.realpath(key[5:])) if key.startswith("unix:") else key
            for name in dict.fromkeys((key, real)):
                found.setdefault(name, []).append(held)
    return found


class After:
    """The endpoints as a restart of all would leave them."""

    def __init__(
        self,
        host: Host,
        nginx: "Nginx",
        services: Sequence[Service],
        endpoints: "Dict[str, Endpoint]",
        launches: Dict[str, Launch],
    ) -> None:
        self.host, self.nginx, self.endpoints, self.launches = host, nginx, endpoints, launches
        self.service = next(service for service in services if service.program == NGINX)
        self.pools = pools_at(host, services)
        self.pids = {service.pid for service in services if service.pid is not None}

    def listeners(self, key: str) -> List[Held]:
        real = canonical("unix:" + self.host.realpath(key[5:])) if key.startswith("unix:") else None
        return [held for name in reached(key, real) for held in self.pools.get(name, ())]

    def _stays(self, key: str) -> bool:
        """Whether somebody listens there now who is none of the masters, so that their restart changes
        nothing. Where that cannot be seen, it is taken to stay.
        """
        place = self.endpoints.get(key)
        if place is None or place["listening"] is None:
            return True
        holders = place["listeners"]
        stranger = next((holder for holder in holders if holder.get("claims_fpm")), None)
        if stranger:
            why = "a php-fpm of %s listens there: whether it would after a boot is not known"
            self.host.miss("listener", key, why % (stranger.get("user") or "somebody"))
        ours = any(holder["pid"] in self.pids for holder in holders)
        orphans = bool(holders) and all(holder["fpm"] and holder["pool"] for holder in holders)
        return bool(place["listening"]) and not ours and not orphans

    def _lost(self, way: Dialled) -> bool:
        """Whether nobody would listen. False where that is not this host's to know."""
        if self.listeners(way.key) or not is_this_host(parse(way.key)):
            return False
        return not self._stays(way.key)

    def lost(self) -> "Iterator[RestartProblem]":
        ways = dialled(self.nginx["routes"])
        gone = {way.key for way in ways if self._lost(way)}
        for way in ways:
            if way.key not in gone:
                continue
            place = self.endpoints.get(way.key)
            listening = bool(place and place["listening"])
            whole = any(
                all(target["endpoint"] in gone or target["down"] for target in route["endpoints"])
                for route in way.routes
            )
            words = "nginx's files dial %s, and no pool's file listens there" % way.key
            if listening:
                words += "; what listens there now is gone with the next restart of php-fpm"
            yield problem(
                "no_listener",
                self.service,
                words + ".",
                severity=None if whole else WARNING,
                already=not listening and not self._not_loaded(way),
                file=way.target["file"],
                line=way.target["line"],
                endpoint=way.key,
                sites=way.sites,
            )

    def _not_loaded(self, way: Dialled) -> bool:
        """Whether nginx may run without this way: its file is newer than what runs."""
        loaded = self.nginx.get("loaded")
        newer = set(loaded["newer_files"] if loaded else ())
        return {way.target["file"], *(route["file"] for route in way.routes)} & newer != set()

    def who(self) -> Optional[Identity]:
        """nginx's user by its files, with the groups that a start gives it."""
        loaded = self.nginx.get("loaded")
        configured = loaded["configured"] if loaded else None
        if configured:
            if configured["uid"] is None:
                return None
            return Identity(configured["user"], configured["uid"], list(configured["groups"]))
        user, uid, gid = self.nginx["user"], self.nginx["uid"], self.nginx["gid"]
        if user is None or uid is None:
            return None
        account = self.host.account(user)
        groups = set(account.groups if account else self.nginx["groups"])
        return Identity(user, uid, sorted(groups | ({gid} if gid is not None else set())))

    def denied(self) -> "Iterator[RestartProblem]":
        who = self.who()
        for way in dialled(self.nginx["routes"]) if who else ():
            path = parse(way.key).path
            for held in self.listeners(way.key)[:1] if path else ():
                if _has_unknown(self.host, held.pool):
                    continue
                blocked = blocked_by(self._way(path or "", held), who) if who else None
                if blocked is None:
                    continue
                is_socket = blocked["kind"] == "socket"
                place = self.endpoints.get(way.key)
                words = "nginx's user %s could not use the socket of pool %s after a restart: %s: %s."
                yield problem(
                    "socket_denied",
                    held.service,
                    words
                    % (who.user if who else "", held.pool["name"], blocked["path"], why_blocked(blocked)),
                    already=bool(place and place["connect"]["result"] == "denied"),
                    file=held.pool["listen_file"] or held.pool["file"] if is_socket else blocked["path"],
                    line=held.pool["listen_line"] if is_socket else None,
                    pool=held.pool["name"],
                    endpoint=way.key,
                    sites=way.sites,
                    fix=None if is_socket else "Let nginx's user search %s." % blocked["path"],
                )

    def _way(self, path: str, held: Held) -> List[Component]:
        """The directories as they are, or as systemd would make them, and the socket as php-fpm would."""
        _facts, components, _identity = unix_facts(self.host, path, "")
        launch = self.launches.get(held.service.unit or "")
        searched = [
            made_by_systemd(self.host, component, launch) for component in components if component.directory
        ]
        return searched + [socket_of(self.host, held)]


def made_by_systemd(host: Host, component: Component, launch: Optional[Launch]) -> Component:
    """A directory of RuntimeDirectory= gets its owner and mode from the unit at each start."""
    if launch is None or component.path not in launch.makes or not component.path.startswith("/run/"):
        return component
    uid, gid = launch.ids[:2] if launch.ids else (0, 0)
    mode = int("".join(launch.settings.get("RuntimeDirectoryMode", [])) or "755", 8)
    return component._replace(
        uid=uid, gid=gid, mode=mode, acl=None, owner=host.user_name(uid), group=host.group_name(gid)
    )


def socket_of(host: Host, held: Held) -> Component:
    """fpm_unix_resolve_socket_permissions(): with an ACL the owner and group of the files are ignored."""
    pool = held.pool
    entries = _acl(host, pool)
    uid, gid = (0, 0) if entries else _owner(host, pool)
    mode = mode_of(pool)
    acl = [
        Entry(1, mode >> 6 & 7, 0),
        Entry(4, mode >> 3 & 7, 0),
        Entry(16, 7, 0),
        Entry(32, mode & 7, 0),
    ]
    path = parse(pool["endpoint"] or "").path or ""
    return Component(
        path,
        False,
        uid,
        gid,
        mode,
        acl + entries if entries else None,
        host.user_name(uid),
        host.group_name(gid),
    )


def _owner(host: Host, pool: "Pool") -> Tuple[int, int]:
    """(uid, gid) of the socket. Without listen.owner and listen.group it is the master's, who is root."""
    owner, group = pool["listen_owner"], pool["listen_group"]
    account = host.account(owner) if owner else None
    number = _group(host, group) if group else None
    written = int(owner) if owner and owner.isdigit() else 0
    uid = account.uid if account else written
    if number is not None:
        return uid, number
    # fpm_unix_resolve_socket_permissions(): listen.owner alone gives its group, too.
    return uid, account.gid if account else 0


def _group(host: Host, name: str) -> Optional[int]:
    return int(name) if name.isdigit() else group_id(host, name)


def _has_unknown(host: Host, pool: "Pool") -> bool:
    """Whether it names a group that is not in /etc/group: a directory service may know it."""
    named = pool["acl_groups"] + ([pool["listen_group"]] if pool["listen_group"] else [])
    return any(_group(host, name) is None for name in named)


def _acl(host: Host, pool: "Pool") -> List[Entry]:
    users = [host.account(name) for name in pool["acl_users"]]
    groups = [_group(host, name) for name in pool["acl_groups"]]
    return [Entry(_USER, _READ_WRITE, account.uid) for account in users if account] + [
        Entry(_GROUP, _READ_WRITE, gid) for gid in groups if gid is not None
    ]


def directories_of(pools: Sequence[Held]) -> Dict[str, List[Held]]:
    """{directory of a socket: its pools}"""
    found: Dict[str, List[Held]] = {}
    for held in pools:
        path = parse(held.pool["endpoint"] or "").path
        if path:
            found.setdefault(posixpath.dirname(path), []).append(held)
    return found
