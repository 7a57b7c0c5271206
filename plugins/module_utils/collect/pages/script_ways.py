# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to the scripts of a site that php-fpm refuses: links, directories, owners, modes and ACLs, as the
pool's account sees them.
"""

import errno
import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, cast

from ...parse.linux.permission import READ, Component, Identity, blocked_by
from ...parse.linux.proc import parse_status
from ...parse.nginx.script_refusals import INDEX, aliased, folder_of, script_of
from ...parse.pools_at import pools_behind
from ...signatures.lookup import meaning_of
from ...signatures.nginx import FATAL, NOT_FOUND, REFUSED, UNSEEN
from ..endpoint.socket_files import component_of, walk
from ..host import Host, HostError
from ..linux.confined_way import confined_way
from ..linux.hidden import hidden, other_view
from ..php_fpm.last_start import ini_files

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, GoneRoot, LaterGoneRoot, ScriptWay
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.php_fpm import Master, Pool
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_WAYS = 32
PAGES = ("index.php", "index.html", "app.php", "index.htm")
BELOW = ("", "public/", "web/", "htdocs/", "public_html/", "dist/", "current/")
PATH_CACHE = 120  # seconds, PHP's own (main.c)
_PATH_CACHE = re.compile(r"(?m)^\s*(?:php(?:_admin)?_value\[)?realpath_cache_ttl\]?\s*=\s*\"?([^\s;\"]+)")
COVERED = (errno.EACCES, errno.EPERM, errno.ETIMEDOUT)  # elsewhere


class _Account(NamedTuple):
    """Of a pool."""

    who: Identity
    root: str  # where its files begin, under /proc
    chroot: str = ""
    pid: Optional[int] = None


def _pool_of(snapshot: "Snapshot", route: "Route") -> Optional[Tuple["Master", "Pool"]]:
    found = [each for each in pools_behind(snapshot, [route]) if each[0]["running"]]
    return found[0] if len(found) == 1 else None


def _account(host: Host, snapshot: "Snapshot", master: "Master", pool: "Pool") -> Optional[_Account]:
    """As a worker runs, else as a new one would."""
    chroot = (pool["chroot"] or "").rstrip("/")
    for worker in snapshot["workers"]:
        if (worker["config"], worker["pool"]) == (master["config"], pool["name"]):
            status = parse_status(host.text("/proc/%d/status" % worker["pid"]) or "")
            if status.uid >= 0:
                who = Identity(host.user_name(status.uid), status.uid, [status.gid, *status.groups])
                root = "/proc/%d/root" % worker["pid"] if host.is_root() else chroot
                return _Account(who, root, chroot, worker["pid"])
    account = host.account(pool["user"] or "")
    if account is None:
        return None
    root = "/proc/%d/root" % master["pid"] if host.is_root() and master["pid"] else ""
    who = Identity(pool["user"] or "", account.uid, [account.gid, *account.groups])
    return _Account(who, root + chroot, chroot, master["pid"])


def _may_be_front(location: str) -> bool:
    modifier, _space, pattern = location.rpartition(" ")
    if not modifier.startswith("~"):
        return INDEX.startswith(pattern)
    try:
        return re.search(pattern, INDEX) is not None
    except (re.error, RecursionError, OverflowError):
        return True


def _way(
    host: Host, snapshot: "Snapshot", route: "Route", pool: str, account: _Account
) -> Optional["ScriptWay"]:
    script = script_of(route, host.realpath)
    if not script:
        return None
    front = script + INDEX[1:] if script.endswith("/") else script
    way = walk(host, front, account.root)
    walked: List[Component] = []
    changed, at, written = "", 0.0, 0.0
    try:
        places = way.searched + ([way.path] if way.stat else [])
        for place in places:
            stat = host.stat(account.root + place)
            walked.append(component_of(host, place, account.root, stat))
            if stat.ctime >= at:
                changed, at = place, stat.ctime
            written = max(written, stat.mtime)
    except HostError:
        return None  # the worker ended
    blocked = blocked_by(walked, account.who, READ)
    if blocked:
        blocked["path"] = account.chroot + blocked["path"]
    otherwise = None
    if (blocked or way.stat is None) and not account.chroot and walk(host, front).stat:
        otherwise = hidden(host, "php-fpm" if pool else "nginx", account.pid, front)
    seen: ScriptWay = {
        "site": route["site"],
        "script": script,
        "front": _may_be_front(route["location"]),
        "pool": pool,
        "user": account.who.user,
        "blocked": blocked,
        "there": way.stat is not None,
        "changed_at": at,
        "hidden": otherwise,
        "changed": account.chroot + changed,
        "rights": written + 1 < at,  # who moves a directory writes into the one above
        "linked": way.path != front,
    }
    since = snapshot["taken_at"] - snapshot["window"]
    confined = None if blocked else confined_way(host, account.pid, account.root, places, since)
    if confined:
        confined["path"] = account.chroot + confined["path"]
        seen["confined"] = confined
    if account.chroot and not blocked and way.stat is None and walk(host, front).stat:
        seen["outside"] = True
    path = aliased(route)
    if path and walk(host, script.rstrip("/") + path, account.root).stat:
        seen["doubled"] = path
    return seen


def ways_of_nginx(host: Host, snapshot: "Snapshot", sites: Set[Optional[str]]) -> List["ScriptWay"]:
    nginx = snapshot["nginx"]
    if not sites or nginx["uid"] is None:
        return []
    who = Identity(nginx["user"] or "", nginx["uid"], [nginx["gid"] or 0, *nginx["groups"]])
    pid = next(iter(nginx["workers"]), None)
    account = _Account(who, other_view(host, pid), pid=pid)
    by_root = "$document_root$fastcgi_script_name"
    routes = [cast("Route", dict(each, params={"SCRIPT_FILENAME": by_root})) for each in nginx["routes"]]
    seen = [_way(host, snapshot, route, "", account) for route in routes if route["site"] in sites]
    found = [way for way in seen if way][:MOST_WAYS]
    for way in found:
        there = [way["script"] + below + name for below in BELOW for name in PAGES]
        way["page"] = next((path for path in there if host.type_of(account.root + path) == "file"), "")
    return found


def path_cache(host: Host, master: "Master", pool: "Pool") -> Optional[int]:
    """realpath_cache_ttl of the pool: the longest that its files have."""
    found = [PATH_CACHE]
    for path in ini_files(host, master["config"]) + [pool["file"] or ""]:
        for value in _PATH_CACHE.findall(host.text(path) or ""):
            if not value.isdigit():
                return None
            found.append(int(value))
    return max(found)


def ways(host: Host, snapshot: "Snapshot", events: Sequence["Event"]) -> List["ScriptWay"]:
    """Of the sites of which php-fpm refused a script, and of those of which nginx found none."""
    logged = [event for event in events if event["source"] == "nginx"]
    sites = {event["site"] for event in logged if meaning_of(event) in REFUSED | FATAL}
    found = ways_of_nginx(host, snapshot, {event["site"] for event in logged if meaning_of(event) in UNSEEN})
    for route in snapshot["nginx"]["routes"]:
        pool = _pool_of(snapshot, route) if route["site"] in sites and len(found) < MOST_WAYS else None
        account = _account(host, snapshot, *pool) if pool else None
        way = _way(host, snapshot, route, pool[1]["name"], account) if pool and account else None
        if way and pool and account and way["linked"]:
            way["cached"] = path_cache(host, *pool)
            of_site = [event for event in logged if event["site"] == route["site"]]
            closed = [event["detail"] for event in of_site if meaning_of(event) in NOT_FOUND]
            paths = [each["script"] for each in closed if "script" in each]
            way["open"] = [path for path in paths if host.type_of(account.root + path) == "file"]
        if way and way not in found:
            found.append(way)
    return found


def _is_visited(host: Host, snapshot: "Snapshot", site: str, events: Sequence["Event"], since: float) -> bool:
    """Whether the site is in an error log, or in an access log of its own, since then."""
    if any(event["site"] == site for event in events):
        return True
    of_site: Dict[str, Set[str]] = {}
    for each in snapshot["nginx"].get("site_logs") or []:
        if not each["others"]:
            for path in [path for log in each["access"] for path in log["paths"]]:
                of_site.setdefault(path, set()).add(each["site"])
    try:
        return any(host.stat(path).mtime >= since for path, sites in of_site.items() if sites == {site})
    except HostError:
        return False


def _gone(host: Host, root: str, unmounted: Dict[str, str]) -> "Tuple[LaterGoneRoot, bool]":
    """(what is wrong, whether it may be a site that was given up)."""
    for place, device in unmounted.items():
        # An entry may be left of a disk that is no more, where the files are now.
        if (root + "/").startswith(place + "/") and host.lacks(root + INDEX) and not host.names(root):
            return {"device": device, "place": place}, False
    error = walk(host, root).error
    if error is None or error.errno in COVERED:
        return {}, False
    return {"error": error.why}, error.absent


def gone_roots(host: Host, snapshot: "Snapshot", events: Sequence["Event"], since: float) -> List["GoneRoot"]:
    """Sites whose directory neither nginx nor php-fpm has. Where it is just not there, somebody has to ask
    for the site: the files of old sites are often left.
    """
    table, mounts = [host.text(path) or "" for path in ("/etc/fstab", "/proc/self/mounts")]
    unmounted = {
        row[1]: row[0]
        for row in map(str.split, table.splitlines())
        if len(row) > 3 and row[0][0] != "#" and " %s " % row[1] not in mounts and "noauto" not in row[3]
    }
    found: List[GoneRoot] = []
    for route in snapshot["nginx"]["routes"]:
        root = folder_of(route)
        gone, given_up = _gone(host, root, unmounted) if root and len(found) < MOST_WAYS else ({}, False)
        if given_up and not _is_visited(host, snapshot, route["site"], events, since):
            continue
        pool = _pool_of(snapshot, route) if gone else None
        account = _account(host, snapshot, *pool) if pool else None
        seen = ("", INDEX) if given_up else (INDEX,)
        if account and not any(host.type_of(account.root + root + end) for end in seen):
            found.append({"site": route["site"], "root": root, **gone})
    return found
