# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who can use a pool beside nginx: accounts of this host its socket, others its port."""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.endpoint import is_loopback, parse
from ...parse.linux.permission import SEARCH, WRITE
from ...parse.php_fpm.socket_mode import mode_of
from ..host import Host
from ..linux.addresses import addresses
from ..nginx.nginx_user import groups

if TYPE_CHECKING:
    from ....plugin_utils.shapes.endpoint import Endpoint
    from ....plugin_utils.shapes.exposure import Doors
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.php_fpm import Master, Pool
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_POOLS = 200
MOST_NAMED = 5
_PEOPLE = range(1000, 60000)  # UID_MIN and UID_MAX of login.defs
_ACL = re.compile(r"(user|group|mask|other):(.*):([r-][w-][x-])\Z", re.DOTALL)
_BITS = {"r": 4, "w": 2, "x": 1, "-": 0}


class Gate(NamedTuple):
    """The permissions of a file."""

    owner: str
    group: str
    mode: int
    acl: Optional[Sequence[str]]  # as getfacl prints it


def _entries(acl: Sequence[str]) -> List[Tuple[str, str, int]]:
    found = []
    for line in acl:
        match = _ACL.match(line)
        if match:
            found.append((match.group(1), match.group(2), sum(_BITS[each] for each in match.group(3))))
    return found


def others_may(gate: Gate, bit: int) -> bool:
    """Whether an account may that is neither owner nor member nor named."""
    return bool(gate.mode & bit)


def groups_that_may(gate: Gate, bit: int) -> List[str]:
    if gate.acl is None:
        return [gate.group] if gate.mode >> 3 & bit else []
    entries = _entries(gate.acl)
    mask = next((bits for tag, _name, bits in entries if tag == "mask"), 7)
    return [name or gate.group for tag, name, bits in entries if tag == "group" and bits & mask & bit]


def _passable(parents: Sequence[Gate], group: Optional[str]) -> bool:
    """Whether everybody can search these directories, or a group's members."""
    for parent in parents:
        if not others_may(parent, SEARCH) and group not in groups_that_may(parent, SEARCH):
            return False
    return True


def _people(host: Host) -> Dict[str, List[str]]:
    """Accounts that people log in with, by each of their groups. Local files alone."""
    primary: Dict[str, str] = {}
    names: List[str] = []
    listed = groups(host)
    named = {str(gid): name for name, (gid, _members) in listed.items()}
    for row in (host.text("/etc/passwd") or "").split("\n"):
        fields = row.split(":")
        if len(fields) >= 7 and fields[2].isdigit() and int(fields[2]) in _PEOPLE:
            names.append(fields[0])
            primary[fields[0]] = named.get(fields[3], fields[3])
    found: Dict[str, List[str]] = {}
    for name in names:
        found.setdefault(primary[name], []).append(name)
    for group, (_gid, members) in listed.items():
        for name in members:
            if name in primary and name not in found.setdefault(group, []):
                found[group].append(name)
    return found


def _gates(pool: "Pool", facts: "Endpoint") -> Tuple[Gate, bool]:
    """(the socket's, that it is the live one's)"""
    if facts["mode"] and facts["type"] == "socket":
        return Gate(facts["owner"] or "", facts["group"] or "", int(facts["mode"], 8), facts["acl"]), True
    acl: Optional[List[str]] = [] if pool["acl_users"] or pool["acl_groups"] else None
    return Gate(pool["listen_owner"] or "root", pool["listen_group"] or "root", mode_of(pool), acl), False


def _own_groups(pool: "Pool", nginx: "Nginx") -> List[str]:
    """Groups whose members nginx or the pool is."""
    names = (pool["user"], pool["group"], nginx["user"], nginx.get("group"))
    return [name for name in names if name] + ["root"]


def _reached_at(pool: "Pool", own: Sequence[str]) -> List[str]:
    """The addresses at which others than this host reach the pool."""
    there = parse(pool["endpoint"] or "")
    if there.port is None or pool["allowed_clients"]:
        return []
    if there.address == "*":
        return [each for each in own if ":" not in each]
    if there.address == "::":
        return list(own)
    if there.family == "name":
        return []
    return [] if is_loopback(there.address or "localhost") else [there.address or ""]


def _filter(host: Host, unit: Optional[str]) -> Optional[str]:
    """What systemd lets through to the unit's sockets, where it keeps something out, or "unknown"."""
    if not unit:
        return None
    ran = host.run(["systemctl", "show", "-p", "IPAddressDeny,IPAddressAllow", "--", unit])
    if ran.rc != 0:
        host.miss("risk_unseen", unit, "what systemd keeps out: systemctl show: %s" % ran.failure)
        return "unknown"
    values = dict(row.split("=", 1) for row in ran.out.split("\n") if "=" in row)
    denied, allowed = values.get("IPAddressDeny", "").split(), values.get("IPAddressAllow", "").split()
    if not {"0.0.0.0/0", "any"} & set(denied) or {"0.0.0.0/0", "any"} & set(allowed):
        return None
    return "IPAddressDeny=any, IPAddressAllow=%s" % " ".join(allowed)[:200]


def _doors(
    pool: "Pool", master: "Master", snapshot: "Snapshot", people: Dict[str, List[str]], own: Sequence[str]
) -> "Doors":
    key = pool["endpoint"] or ""
    door: Doors = {
        "pool": pool["name"],
        "config": master["config"],
        "endpoint": key,
        "everybody": False,
        "group": None,
        "members": [],
        "member_count": 0,
        "mode": None,
        "live": False,
        "open_to": [],
        "filter": None,
    }
    facts = snapshot["endpoints"].get(key)
    if facts is None or not key.startswith("unix:"):
        door["open_to"] = _reached_at(pool, own)[:MOST_NAMED]
        return door
    gate, door["live"] = _gates(pool, facts)
    door["mode"] = "%04o" % gate.mode
    parents = [
        Gate(each["owner"], each["group"], int(each["mode"], 8), each["acl"]) for each in facts["parents"]
    ]
    if others_may(gate, WRITE) and _passable(parents, None):
        door["everybody"] = True
        return door
    ours = _own_groups(pool, snapshot["nginx"])
    for group in groups_that_may(gate, WRITE):
        inside = [name for name in people.get(group, ()) if name not in ours]
        if len(inside) > 1 and group not in ours and _passable(parents, group):
            door["group"], door["members"], door["member_count"] = group, inside[:MOST_NAMED], len(inside)
            break
    return door


def collect(host: Host, snapshot: "Snapshot") -> List["Doors"]:
    people, own = _people(host), addresses(host)
    found: List[Doors] = []
    filters: Dict[Optional[str], Optional[str]] = {}
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"] if master["running"] else ():
            if not pool["endpoint"] or len(found) >= MOST_POOLS:
                continue
            door = _doors(pool, master, snapshot, people, own)
            if door["open_to"]:
                unit = master["unit"]
                if unit not in filters:
                    filters[unit] = _filter(host, unit)
                door["filter"] = filters[unit]
            found.append(door)
    return [door for door in found if door["everybody"] or door["group"] or door["open_to"]]
