# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy_pass leads to php-fpm: nginx speaks HTTP, and php-fpm closes a connection that is not FastCGI's."""

from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ..parse.endpoint import reached
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of
from ..signatures.nginx import LOST
from .case import site_reconfigured
from .invalid_response import CAUSE
from .model import Match, Place, Reason, evidence, losses_of, newest_of, sample

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Site
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.php_fpm import Master, Pool
    from ...plugin_utils.shapes.snapshot import Snapshot

WORDS = "nginx speaks HTTP to %s (proxy_pass), where pool %s of php-fpm listens, which speaks FastCGI."


def pool_at(snapshot: "Snapshot", upstream: str) -> Optional[Tuple["Master", "Pool"]]:
    """The pool there, of a master that runs. upstream: as nginx logs it, http://127.0.0.1:9000."""
    there = reached(upstream.partition("://")[2])
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"] if master["running"] else ():
            facts = snapshot["endpoints"].get(pool["endpoint"] or "")
            if pool["endpoint"] in there and facts and facts["listening"]:
                return master, pool
    return None


def _servers(snapshot: "Snapshot", events: List["Event"]) -> List["Site"]:
    """A site without a page of FastCGI's has no route."""
    found: List["Site"] = []
    for name in dict.fromkeys(event["site"] or "" for event in events):
        routes = [route for route in snapshot["nginx"]["routes"] if route["site"] == name]
        nameless: "Site" = {"name": name, "listen": "", "file": None, "line": None}
        found += sites_of(routes) or [nameless]
    return found


def http_to_fpm(snapshot: "Snapshot") -> List[Match]:
    by_upstream: Dict[str, List["Event"]] = {}
    for event in snapshot["logs"]["events"]:
        upstream = event["endpoint"] or ""
        if event["source"] == "nginx" and "://" in upstream and meaning_of(event) in LOST:
            by_upstream.setdefault(upstream, []).append(event)
    matches = []
    for upstream, events in by_upstream.items():
        found = pool_at(snapshot, upstream)
        if found is None:
            continue
        master, pool = found
        newest = newest_of(events)
        over = site_reconfigured(
            snapshot["nginx"], [event["site"] for event in events], newest["last"] + LOG_SECOND
        )
        reason = Reason(
            WORDS % (upstream, pool["name"]),
            [sample(newest), evidence("php-fpm", "listen = %s" % pool["listen"], pool["listen_file"])],
            losses_of(events),
            confidence="likely",
            state="recovered" if over else "active",
            place=Place(pool["name"], master["unit"]),
            servers=_servers(snapshot, events),
        )
        matches.append(Match(CAUSE, "http_to_fpm", reason))
    return matches
