# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the scripts of a site that php-fpm refuses: links, directories, owners, modes and ACLs, as the
pool's account sees them.
"""

import re
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Tuple

from ..parse.endpoint import canonical, reached
from ..parse.linux.permission import READ, Component, Identity, blocked_by
from ..parse.linux.proc import parse_status
from ..parse.nginx.script_refusals import INDEX, script_of
from ..signatures.lookup import meaning_of, meanings
from .endpoint.socket_files import component_of, walk
from .host import Host, HostError

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, ScriptWay
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.snapshot import Snapshot

REFUSED = meanings("script_missing", "script_denied")
MOST = 32


class _Account(NamedTuple):
    """Of a pool."""

    who: Identity
    root: str  # where its files begin, under /proc


def _pool_of(snapshot: "Snapshot", route: "Route") -> Optional[Tuple["Master", "Pool"]]:
    names = set()
    for target in route["endpoints"]:
        facts = snapshot["endpoints"].get(target["endpoint"])
        real = facts["real_path"] if facts else None
        names.update(reached(target["endpoint"], canonical("unix:" + real) if real else None))
    found = [
        (master, pool)
        for master in snapshot["fpm"]["masters"]
        for pool in master["pools"]
        if master["running"] and pool["endpoint"] in names
    ]
    return found[0] if len(found) == 1 else None


def _account(host: Host, snapshot: "Snapshot", master: "Master", pool: "Pool") -> Optional[_Account]:
    """As a worker runs, else as a new one would."""
    for worker in snapshot["workers"]:
        if (worker["config"], worker["pool"]) == (master["config"], pool["name"]):
            status = parse_status(host.text("/proc/%d/status" % worker["pid"]) or "")
            if status.uid >= 0:
                who = Identity(host.user_name(status.uid), status.uid, [status.gid, *status.groups])
                root = "/proc/%d/root" % worker["pid"] if host.is_root() else (pool["chroot"] or "")
                return _Account(who, root)
    account = host.account(pool["user"] or "")
    if account is None:
        return None
    root = "/proc/%d/root" % master["pid"] if host.is_root() and master["pid"] else ""
    who = Identity(pool["user"] or "", account[0], [account[1], *account[2]])
    return _Account(who, root + (pool["chroot"] or "").rstrip("/"))


def _may_be_front(location: str) -> bool:
    modifier, _space, pattern = location.rpartition(" ")
    if not modifier.startswith("~"):
        return INDEX.startswith(pattern)
    try:
        return re.search(pattern, INDEX) is not None
    except (re.error, RecursionError, OverflowError):
        return True


def _way(host: Host, route: "Route", pool: "Pool", account: _Account) -> Optional["ScriptWay"]:
    script = script_of(route, host.realpath)
    if not script:
        return None
    front = script + INDEX[1:] if script.endswith("/") else script
    way = walk(host, front, account.root)
    walked: List[Component] = []
    changed = [0.0]
    try:
        places = way.searched + ([way.path] if way.stat else [])
        for place in places:
            stat = host.stat(account.root + place)
            walked.append(component_of(host, place, account.root, stat))
            changed.append(stat.ctime)
    except HostError:
        return None  # the worker ended
    return {
        "site": route["site"],
        "script": script,
        "front": _may_be_front(route["location"]),
        "pool": pool["name"],
        "user": account.who.user,
        "blocked": blocked_by(walked, account.who, READ),
        "there": way.stat is not None,
        "changed_at": max(changed),
    }


def ways(host: Host, snapshot: "Snapshot", events: Sequence["Event"]) -> List["ScriptWay"]:
    """Of the sites of which php-fpm refused a script."""
    sites = {event["site"] for event in events if event["source"] == "nginx" and meaning_of(event) in REFUSED}
    found: List[ScriptWay] = []
    for route in snapshot["nginx"]["routes"]:
        pool = _pool_of(snapshot, route) if route["site"] in sites and len(found) < MOST else None
        account = _account(host, snapshot, *pool) if pool else None
        way = _way(host, route, pool[1], account) if pool and account else None
        if way and way not in found:
            found.append(way)
    return found
