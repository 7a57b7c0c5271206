# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings in force of what nginx's log says there was too little of, and which sites use it."""

from typing import TYPE_CHECKING, Iterable, List, Set, Tuple

from ...parse.nginx.conf import Conf, Directive, every, named
from ...parse.nginx.pass_settings import passes, size
from ...parse.nginx.routes import server_names, site_name
from ...parse.nginx.served import servers
from ...parse.number import count
from ...signatures.lookup import meanings
from ...signatures.nginx import NO_CONNECTION
from ..host import Host
from .nginx_files import Reading

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, LaterLogs
    from ....plugin_utils.shapes.nginx import Nginx, ServerBlock
    from ....plugin_utils.shapes.scarce import HeaderBuffer, LackingLocation, ZoneUser

TOO_BIG, ZONE_FULL = meanings("too_big"), meanings("zone_full")
NO_LOCATION = meanings("no_location")
SCARCE = TOO_BIG | NO_CONNECTION | ZONE_FULL | NO_LOCATION
CONNECTIONS = 512  # nginx's default
MOST = 200
# Directives that use a zone. A level with its own inherits none.
_USES = ("limit_req", "limit_conn", "fastcgi_cache", "proxy_cache")


def _zone(directive: Directive) -> str:
    if directive.name != "limit_req":
        return directive.args[0]
    return next((arg[5:] for arg in directive.args if arg.startswith("zone=")), "")


def _uses(block: Iterable[Directive], name: str, zone: str, inherited: Set[str]) -> bool:
    """Whether the block, or one inside it, uses the zone by a directive of this name."""
    block = list(block)
    used = set(map(_zone, named(block, name))) or inherited
    return zone in used or any(
        _uses(inner.block, name, zone, used)
        for inner in block
        if inner.block and inner.name in ("server", "location", "if", "limit_except")
    )


def _zone_users(conf: Conf, events: "Iterable[Event]") -> "List[ZoneUser]":
    zones = sorted({event["detail"].get("zone", "") for event in events} - {""})
    users: List[ZoneUser] = []
    for http, server in servers(conf):
        for zone in zones:
            if any(
                _uses(server.block or [], name, zone, set(map(_zone, named(http.block or [], name))))
                for name in _USES
            ):
                users.append({"zone": zone, "server": {"file": server.file, "line": server.line}})
    return users[:MOST]


def _lacking(conf: Conf, events: "Iterable[Event]") -> "List[LackingLocation]":
    """The named locations of the log that a server block of that name leads to, and none has."""
    has: Set[Tuple[str, str]] = set()
    leads: Set[Tuple[str, str]] = set()
    for _http, server in servers(conf):
        site = site_name(server_names(server.block or []))
        for each in every(server.block or []):
            known = has if each.name == "location" else leads
            known.update((site, arg) for arg in each.args if arg.startswith("@"))
    wanted = {(event["site"] or "", event["detail"].get("location", "")) for event in events}
    lacking: List[LackingLocation] = [
        {"site": site, "location": name} for site, name in sorted((wanted & leads) - has)
    ]
    return lacking[:MOST]


def scarce(host: Host, nginx: "Nginx", seen: Set[str], events: "Iterable[Event]") -> "LaterLogs":
    """seen: meanings of the events."""
    conf = Reading.of(host, nginx).conf
    found: LaterLogs = {}
    if seen & TOO_BIG:
        buffers: List[HeaderBuffer] = []
        for each in passes(conf):
            header = each.header
            place: ServerBlock = {"file": each.at.file, "line": each.at.line}
            if header and size(header.args[0]):
                buffers.append({"at": place, "bytes": size(header.args[0]) or 0, "file": header.file})
        found["header_buffers"] = buffers[:MOST]
    if seen & NO_CONNECTION:
        numbers = [count(each.args[0]) for each in named(every(conf.directives), "worker_connections")]
        found["connections"] = next(filter(None, numbers), CONNECTIONS)
    if seen & NO_LOCATION:
        found["lacking_locations"] = _lacking(conf, events)
    if seen & ZONE_FULL:
        found["zone_users"] = _zone_users(conf, events)
    return found
