# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy_pass leads to php-fpm: nginx speaks HTTP, and php-fpm closes a connection that is not FastCGI's."""

from typing import TYPE_CHECKING, Dict, List, Optional

from ...parse.nginx.sites import sites_of
from ...parse.pools_at import Serving, places_of
from ...signatures.nginx import LOST
from ..group import Group, Question, of_nginx, routes_by_site
from ..model import Match, Place, evidence, likely, sample, state_of
from ..workers.invalid_response import CAUSE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Site
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.snapshot import Snapshot

WORDS = "nginx speaks HTTP to %s (proxy_pass), where pool %s of php-fpm listens, which speaks FastCGI."


def pool_at(snapshot: "Snapshot", upstream: str) -> Optional[Serving]:
    """The pool there, of a master that runs. upstream: as nginx logs it, http://127.0.0.1:9000."""
    there = places_of(snapshot, upstream.partition("://")[2])
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"] if master["running"] else ():
            facts = snapshot["endpoints"].get(pool["endpoint"] or "")
            if pool["endpoint"] in there and facts and facts["listening"]:
                return master, pool
    return None


def _servers(group: Group) -> List["Site"]:
    """A site without a page of FastCGI's has no route."""
    found: List["Site"] = []
    of_site = routes_by_site(group.snapshot)
    for name in dict.fromkeys(event["site"] or "" for event in group.events):
        nameless: "Site" = {"name": name, "listen": "", "file": None, "line": None}
        found += sites_of(of_site.get(name, ())) or [nameless]
    return found


def _http_to_fpm(group: Group) -> Optional[Match]:
    upstream = group.newest["endpoint"] or ""
    found = pool_at(group.snapshot, upstream)
    if found is None:
        return None
    master, pool = found
    listens = evidence("php-fpm", "listen = %s" % pool["listen"], pool["listen_file"])
    over, seen = group.mended
    reason = likely(
        WORDS % (upstream, pool["name"]),
        [sample(group.newest), listens, *seen],
        state=state_of(over),
        place=Place(pool["name"], master["unit"]),
        servers=_servers(group),
    )
    return Match(CAUSE, "http_to_fpm", reason)


def questions(snapshot: "Snapshot") -> List[Question]:
    by_upstream: Dict[str, List["Event"]] = {}
    for event in of_nginx(snapshot, LOST):
        if "://" in (event["endpoint"] or ""):
            by_upstream.setdefault(event["endpoint"] or "", []).append(event)
    return [Question(Group(snapshot, (), events), (_http_to_fpm,)) for events in by_upstream.values()]
