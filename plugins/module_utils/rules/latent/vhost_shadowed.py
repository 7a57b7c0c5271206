# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server blocks that nginx loads and no request reaches: the right one wins today, or already another."""

from typing import TYPE_CHECKING, List

from ...parse.nginx.listen import shown_address
from ...parse.nginx.sites import site_of
from ..model import Cause, evidence
from .model import LatentRule, Risk, risk

if TYPE_CHECKING:
    from ....plugin_utils.shapes.exposure import Aside, Shadowed, Vhost
    from ....plugin_utils.shapes.finding import Site
    from ....plugin_utils.shapes.snapshot import Snapshot

CAUSE = Cause("vhost_shadowed", ("backup_file", "duplicate_server_name"), severity="warning")


def _sites(snapshot: "Snapshot", *vhosts: "Vhost") -> "List[Site]":
    places = [{"file": vhost["file"], "line": vhost["line"]} for vhost in vhosts]
    sites = [site_of(route) for route in snapshot["nginx"]["routes"] if route.get("server") in places]
    return list({(site["file"], site["line"]): site for site in sites}.values())


def _at(vhost: "Vhost") -> str:
    return "%s:%d" % (vhost["file"], vhost["line"])


def _rank(vhost: "Vhost") -> int:
    """How much its file's name says that it is a backup."""
    return {True: 2, None: 1, False: 0}[vhost["aside"]]


def _pair(snapshot: "Snapshot", pair: "Shadowed") -> Risk:
    winner, loser = pair["winner"], pair["loser"]
    name = pair["names"][0] or "the default server"
    more = " and others" if len(pair["names"]) > 1 else ""
    address = pair["addresses"][0]
    where = "server %s%s at %s: " % (name, more, address)
    ignored = where + "nginx ignores it, since %s is read first" % _at(winner)
    proof = [
        evidence("nginx", ignored, loser["file"], loser["line"]),
        evidence("nginx", where + "it is read first, and answers", winner["file"], winner["line"]),
        evidence(
            "nginx",
            'nginx -t says: conflicting server name "%s" on %s, ignored'
            % (pair["names"][0], shown_address(address)),
        ),
    ]
    if _rank(winner) > _rank(loser):
        proof[:2] = reversed(proof[:2])  # the backup's own line comes first
    backup = _rank(winner) != _rank(loser)
    if backup and _rank(winner) > _rank(loser):
        words = "The backup %s answers for %s%s: %s is loaded, and ignored." % (
            winner["file"],
            name,
            more,
            _at(loser),
        )
    elif backup:
        words = "nginx loads the backup %s as well: it takes over %s%s when %s goes." % (
            loser["file"],
            name,
            more,
            winner["file"],
        )
    else:
        words = "Two server blocks have %s%s at %s: %s wins, and %s is ignored." % (
            name,
            more,
            address,
            _at(winner),
            _at(loser),
        )
    sure = not backup or 2 in (_rank(winner), _rank(loser))
    harmless = pair["same"] or (backup and _rank(winner) < _rank(loser))
    return risk(
        "backup_file" if backup else "duplicate_server_name",
        words,
        proof,
        confidence="certain" if sure else "likely",
        severity="info" if harmless else "warning",
        servers=_sites(snapshot, winner, loser),
    )


def _aside(snapshot: "Snapshot", aside: "Aside") -> Risk:
    names = ", ".join(aside["names"]) or "its sites"
    beside = " beside %s" % aside["original"] if aside["original"] else ""
    vhost = aside["path"]
    proof = [
        evidence("nginx", "its name is a backup's, and the include's pattern takes it", vhost, aside["line"])
    ]
    words = "nginx loads %s%s, which its name calls a backup, and answers for %s by it." % (
        vhost,
        beside,
        names,
    )
    sites = [
        site_of(route)
        for route in snapshot["nginx"]["routes"]
        if "server" in route and route["server"]["file"] == vhost
    ]
    return risk(
        "backup_file",
        words,
        proof,
        confidence="likely",
        severity="info",
        servers=list({(site["file"], site["line"]): site for site in sites}.values()),
    )


def _shadowed(snapshot: "Snapshot") -> List[Risk]:
    """Of blocks of which one passes requests to php-fpm."""
    web = snapshot.get("risks", {}).get("web")
    pairs = web["shadowed"] if web else []
    return [_pair(snapshot, pair) for pair in pairs if pair["winner"]["php"] or pair["loser"]["php"]]


def _backups(snapshot: "Snapshot") -> List[Risk]:
    web = snapshot.get("risks", {}).get("web")
    return [_aside(snapshot, aside) for aside in (web["aside"] if web else []) if aside["php"]]


RULE = LatentRule("vhost_shadowed", CAUSE, (_shadowed, _backups))
