# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units of systemd's that make sockets, by their files: systemd forgets one that is stopped."""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple

from ...parse.endpoint import canonical, reached
from ...parse.linux.systemctl import DIRECTORIES, parse_show
from ..host import Host

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.snapshot import Snapshot

_LISTENS = re.compile(r"^[ \t]*ListenStream[ \t]*=[ \t]*(\S*)", re.M)
_SERVICE = re.compile(r"^[ \t]*Service[ \t]*=[ \t]*([\w@.:\\-]+\.service)[ \t]*$", re.M)
_HANDED = re.compile(r"^[ \t]*FPM_SOCKETS=", re.M)
_FILE = re.compile(r"^(.+) \(ignore_errors=", re.M)
_UNIT = re.compile(r"[\w.:\\-]+\.socket(\.d)?\Z")


class SocketUnit(NamedTuple):
    name: str
    service: str  # that gets its sockets
    listens: List[str]  # keys of endpoints


def _unit(name: str, text: str) -> SocketUnit:
    listens: List[str] = []
    for place in _LISTENS.findall(text):
        listens = [*listens, canonical(place)] if place else []  # an empty one takes back those before it
    services = _SERVICE.findall(text) or [name.replace(".socket", ".service")]
    return SocketUnit(name, services[-1], listens)


def socket_units(host: Host) -> List[SocketUnit]:
    files: Dict[str, str] = {}
    drop_ins: Dict[str, str] = {}
    for directory in DIRECTORIES:
        for name in filter(_UNIT.match, host.names(directory)):
            path = "%s/%s" % (directory, name)
            if name.endswith(".d"):
                texts = [host.text("%s/%s" % (path, file)) or "" for file in sorted(host.names(path))]
                drop_ins[name[:-2]] = "\n".join([*texts, drop_ins.get(name[:-2], "")])
            elif name not in files:
                files[name] = host.text(path) or ""
    return [_unit(name, text + "\n" + drop_ins.get(name, "")) for name, text in files.items()]


def recall(host: Host, block: Dict[str, str]) -> None:
    """TriggeredBy= of a unit that has FPM_SOCKETS, where systemd has forgotten it."""
    files = _FILE.findall(block.get("EnvironmentFiles", ""))
    handed = "FPM_SOCKETS=" in block.get("Environment", "")
    handed = handed or any(_HANDED.search(host.text(path) or "") for path in files)
    if handed and ".socket" not in block.get("TriggeredBy", ""):
        name = block.get("Id", "")
        makers = [unit.name for unit in socket_units(host) if unit.service == name]
        block["TriggeredBy"] = " ".join(makers) or name.replace(".service", ".socket")


def note_makers(host: Host, snapshot: "Snapshot", endpoints: "Dict[str, Endpoint]") -> None:
    """Who was to make the sockets at endpoints where nobody is and that no pool has."""
    units = socket_units(host) if snapshot["host"]["systemd"] else []
    pools = {pool["endpoint"] for master in snapshot["fpm"]["masters"] for pool in master["pools"]}
    for key, place in endpoints.items():
        names = set(reached(key))
        if place["connect"]["result"] not in ("missing", "refused") or names & pools:
            continue
        for unit in units:
            if names.isdisjoint(unit.listens):
                continue
            ran = host.run(["systemctl", "show", "-p", "LoadState", "--", unit.service])
            load = (parse_show(ran.out) or [{}])[0].get("LoadState")
            place["made_by"] = {"name": unit.name, "service": unit.service, "load": load}
            break
