# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who could use a pool beside its site. Who talks FastCGI to a pool runs any PHP file as its account."""

from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Set, Tuple

from ...parse.nginx.sites import Place as SitePlace
from ...parse.nginx.sites import place, site_of
from ...parse.php_fpm.socket_mode import mode_of
from ..model import Cause, Remedy, evidence, ids
from ..seen import sockets_of
from .model import LatentRule, Risk, risk
from .served import Served, served_pools

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Doors, OpenPage
    from ....plugin_utils.shapes.finding import Evidence, Site
    from ....plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause(
    "exposed", ids("shared_pool socket_open_to_all status_page_open tcp_reachable"), severity="warning"
)
MOST_NAMED = 3
# Accounts of the web server itself: what they own is nobody's in particular.
_SHARED = frozenset(
    ("root", "www-data", "apache", "nginx", "http", "www", "wwwrun", "nobody", "daemon", "bin")
)


class _Tenant(NamedTuple):
    """A site, and the accounts that can exchange its code."""

    site: "Site"
    owners: Set[str]
    root: str


def _known(snapshot: "Snapshot") -> Dict[Tuple[str, str], Served]:
    """All pools by configuration and name. One that nobody dials has no routes."""
    masters = snapshot["fpm"]["masters"]
    pools = [Served(master, pool, ()) for master in masters for pool in master["pools"]]
    pools += served_pools(snapshot)
    return {(each.master["config"], each.pool["name"]): each for each in pools}


def _shut(door: "Doors", served: Served, user: Optional[str]) -> List[Remedy]:
    """By hand the live socket alone was opened: then its file is right, and a restart brings that back."""
    pool = served.pool
    if (
        not served.master["unit"]
        or not user
        or not door["everybody"]
        or pool["acl_users"]
        or pool["acl_groups"]
        or sockets_of(served.master["unit_state"])  # SocketMode= of that unit counts
    ):
        return []
    if mode_of(pool) & 0o002:
        return [Remedy("socket_shut", {**served.arguments, "user": user})]
    return []


def _socket(door: "Doors", served: Served, nginx_user: Optional[str]) -> Risk:
    path, pool = door["endpoint"][len("unix:") :], served.pool
    user = pool["user"] or "its account"
    if door["everybody"]:
        who = "Any account of this host"
        why = "mode %s lets everybody write, and everybody can search the directories above it" % door["mode"]
    else:
        others = door["member_count"] - len(door["members"])
        listed = ", ".join(door["members"]) + (" and %d others" % others if others > 0 else "")
        who = "Any member of group %s" % door["group"]
        why = "group %s may write (mode %s), and its members are %s" % (door["group"], door["mode"], listed)
    whose = "the socket" if door["live"] else "the configuration, for the next start"
    proof = [
        evidence("socket", "%s: %s" % (whose, why), path),
        evidence(
            "php-fpm",
            "listen.mode = %s, listen.owner = %s, listen.group = %s"
            % (pool["listen_mode"], pool["listen_owner"] or "unset", pool["listen_group"] or "unset"),
            pool["listen_file"],
            pool["listen_line"],
        ),
    ]
    words = "%s may connect to %s, and so run any PHP file as %s." % (who, path, user)
    return risk("socket_open_to_all", words, proof, _shut(door, served, nginx_user), about=served)


def _port(door: "Doors", served: Served) -> Optional[Risk]:
    if not door["open_to"] or door["filter"]:
        return None
    pool = served.pool
    proof = [
        evidence("php-fpm", "listen = %s" % pool["listen"], pool["listen_file"], pool["listen_line"]),
        evidence("php-fpm", "listen.allowed_clients is not set: every client is taken", pool["file"]),
        evidence("network", "this host has %s" % ", ".join(door["open_to"])),
        evidence("network", "a firewall was not looked at: it may keep others out"),
    ]
    first = door["open_to"][0]
    words = "Pool %s takes every client at %s:%s: who reaches that runs any PHP file as %s." % (
        pool["name"],
        "[%s]" % first if ":" in first else first,
        door["endpoint"].rpartition(":")[2],
        pool["user"] or "its account",
    )
    return risk("tcp_reachable", words, proof, confidence="likely", about=served)


def _doors(snapshot: "Snapshot") -> List[Risk]:
    known = _known(snapshot)
    found: List[Optional[Risk]] = []
    for door in snapshot.get("risks", {}).get("doors", []):
        served = known[door["config"], door["pool"]]
        if door["everybody"] or door["group"]:
            found.append(_socket(door, served, snapshot["nginx"]["user"]))
        else:
            found.append(_port(door, served))
    return [each for each in found if each]


def _tenants(snapshot: "Snapshot", each: Served) -> List[_Tenant]:
    """Without the web server's own accounts."""
    shared = _SHARED | {snapshot["nginx"]["user"] or "root"}
    found: Dict[SitePlace, _Tenant] = {}
    for route in each.routes:
        owners = set(route.get("owners") or ()) - shared
        site = site_of(route)
        if owners:
            found.setdefault(place(site), _Tenant(site, set(), route["root"] or "")).owners.update(owners)
    return list(found.values())


def _shared_pool(snapshot: "Snapshot", each: Served) -> Optional[Risk]:
    """Sites that one account can exchange anyway are no strangers to each other."""
    found = _tenants(snapshot, each)
    apart = [tenant for tenant in found if any(tenant.owners.isdisjoint(other.owners) for other in found)]
    if len(apart) < 2:
        return None
    proof: List[Evidence] = [
        evidence("file", "%s: %s belongs to %s" % (site["name"], root, ", ".join(sorted(owners))), root)
        for site, owners, root in apart[:MOST_NAMED]
    ]
    pool = each.pool
    proof.append(
        evidence("php-fpm", "pool %s runs as %s" % (pool["name"], pool["user"]), pool["file"], pool["line"])
    )
    accounts = sorted({owner for tenant in apart for owner in tenant.owners})
    shown = ", ".join(accounts[:MOST_NAMED]) + (" and others" if len(accounts) > MOST_NAMED else "")
    words = "Sites of %s share pool %s: the PHP of each can read the others' files and end their requests."
    words = words % (shown, pool["name"])
    sites = [tenant.site for tenant in apart]
    return risk("shared_pool", words, proof, servers=sites, about=each)


def _open_page(snapshot: "Snapshot", pages: "List[OpenPage]") -> Risk:
    """The risk of one pool's pages, the status page first."""
    pages = sorted(pages, key=lambda page: page["kind"] != "status")
    first = pages[0]
    kinds = " and ".join(dict.fromkeys(page["kind"] for page in pages))
    proof = [
        evidence(
            "nginx",
            "location %s of %s hands %s on, and no rule there keeps strangers out"
            % (page["location"], page["site"] or "the default server", page["path"]),
            page["file"],
            page["line"],
        )
        for page in pages[:MOST_NAMED]
    ]
    proof.append(evidence("php-fpm", "%s page at %s" % (first["kind"], first["path"])))
    proof.append(evidence("network", "no page was asked for, and a firewall was not looked at"))
    words = "Everybody on the net may ask for the %s page of pool %s, at %s." % (
        kinds,
        first["pool"],
        first["url"],
    )
    servers = [
        site_of(route)
        for route in snapshot["nginx"]["routes"]
        if any(route.get("server") == page["server"] for page in pages)
    ]
    return risk(
        "status_page_open",
        words,
        proof,
        confidence="likely" if first["certain"] else "possible",
        severity="warning" if first["kind"] == "status" else "info",
        servers=list({place(site): site for site in servers}.values()),
        about=_known(snapshot)[first["config"], first["pool"]],
    )


def _open_pages(snapshot: "Snapshot") -> List[Risk]:
    web = snapshot.get("risks", {}).get("web")
    by_pool: Dict[Tuple[str, str], List[OpenPage]] = {}
    for page in web["pages"] if web else ():
        if page["guard"] is None:
            by_pool.setdefault((page["config"], page["pool"]), []).append(page)
    return [_open_page(snapshot, pages) for pages in by_pool.values()]


def _shared_pools(snapshot: "Snapshot") -> List[Risk]:
    shared = [_shared_pool(snapshot, each) for each in served_pools(snapshot)]
    return [each for each in shared if each]


RULE = LatentRule("exposed", CAUSE, (_doors, _shared_pools, _open_pages))
