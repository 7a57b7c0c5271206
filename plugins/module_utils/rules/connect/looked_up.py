# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reasons of upstream_unresolvable: what a log says of a name, and an address that the name has no longer."""

from typing import TYPE_CHECKING, List, Optional, Sequence, Set

from ...parse.endpoint import reached
from ...parse.nginx.sites import sites_of
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import by_meaning, meaning_of, meanings
from ..case import NOBODY_THERE, Case, logged_as, site_reconfigured
from ..model import Match, Reason, Remedy, evidence, likely, losses_of, newest_of, sample, state_of
from ..seen import Groups, Seen, among, grouped
from .upstream_unresolvable import CAUSE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

NOT_REACHED = NOBODY_THERE | meanings("unreached", "unbound", "connect_timed_out")
# The others are answers of a resolver.
REASONS = by_meaning({"no_resolver": "no_resolver", "bad_upstream": "bad_address"})
WORDS = {
    "no_resolver": "fastcgi_pass %s has a name to look up, and nginx has no resolver to ask.",
    "bad_address": "fastcgi_pass %s becomes an address that nginx cannot dial.",
    "name_unresolved": "nginx's resolver has no address for the name in fastcgi_pass %s.",
}


def unresolved(
    snapshot: "Snapshot", by_site: Groups["Event"], routes: Sequence["Route"], alone: bool
) -> Optional[Match]:
    """routes: those that a variable decides. alone: nothing else reaches the endpoint."""
    sites = list(dict.fromkeys(route["site"] for route in routes))
    events = among(by_site, sites)
    if not events:
        return None
    newest = newest_of(events)
    hit = [route for route in routes if route["site"] in {event["site"] or "" for event in events}]
    reason_id = REASONS.get(meaning_of(newest), "name_unresolved")
    directive = evidence("nginx", "fastcgi_pass %s" % hit[0]["pass"], hit[0]["file"], hit[0]["line"])
    over = site_reconfigured(snapshot["nginx"], [route["site"] for route in hit], newest["last"] + LOG_SECOND)
    seen: "List[Evidence]" = []
    if reason_id == "no_resolver":
        over = over and all(route.get("resolver") for route in hit)
    elif over:
        from ..losses.revisits import since_reload

        over, seen = since_reload(events, snapshot["nginx"])
    reason = likely(
        WORDS[reason_id] % hit[0]["pass"],
        [directive, sample(newest), *seen],
        losses_of(events),
        state=state_of(over),
        severity=None if alone else "warning",
        servers=sites_of(hit),
        explains=[],
    )
    return Match(CAUSE, reason_id, reason)


def _elsewhere(seen: Seen) -> Groups["Event"]:
    """What nginx did not reach at places that no file names, by site."""
    named: Set[str] = set()
    for route in seen.snapshot["nginx"]["routes"]:
        named.update(place for target in route["endpoints"] for place in reached(target["endpoint"]))
    return grouped(
        [
            event
            for event in seen.lost
            if meaning_of(event) in NOT_REACHED
            and event["endpoint"] not in named
            and "://" not in (event["endpoint"] or "")
        ],
        lambda event: [event["site"] or ""],
    )


def stale(case: Case) -> Optional[Match]:
    """nginx looks a name up when it loads its configuration, and keeps the address (ngx_parse_url)."""
    nginx, endpoint = case.snapshot["nginx"], case.endpoint
    facts, addresses = nginx.get("loaded"), endpoint.get("addresses")
    loaded = facts["at"] if facts else None
    if not addresses or loaded is None or nginx["config_newer"]:
        return None
    routes = [route for route in case.routes if not route["variable"]]
    elsewhere = among(case.seen.once(_elsewhere), [route["site"] for route in routes])
    here, port = logged_as(case.key, endpoint), ":%s" % endpoint.get("port")
    events = [
        event
        for event in elsewhere
        if (event["endpoint"] or "").endswith(port) and event["endpoint"] not in here
    ]
    if not events:
        return None
    newest = newest_of(events)
    target = next(item for route in routes for item in route["endpoints"] if item["endpoint"] == case.key)
    now = ", ".join(entry["address"] for entry in addresses)
    words = "nginx dials %s for %s, whose address is %s now: it looks a name up only when it loads."
    dialled_by = {pid for event in events for pid in event["pids"]}
    # A reload ends the workers. It may come in the second of the last loss.
    ended = bool(dialled_by and nginx["workers"]) and dialled_by.isdisjoint(nginx["workers"])
    over = ended or newest["last"] + LOG_SECOND < loaded
    proof = evidence("nginx", target["written"], target["file"], target["line"], loaded)
    remedy = [Remedy("nginx_reload", {"unit": nginx["unit"], "files": []})] if nginx["unit"] else []
    reason = Reason(
        words % (newest["endpoint"], target["written"], now),
        [proof, sample(newest)],
        losses_of(events),
        [] if over else remedy,
        "likely",
        state_of(over),
        place=case.place._replace(unit=nginx["unit"]),
        servers=sites_of(routes),
        explains=[],
    )
    return Match(CAUSE, "stale_address", reason)
