# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost requests that are no endpoint's: their line ends before the upstream, or no file of nginx names it."""

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set, Tuple

from ...parse.endpoint import parse
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of
from ...signatures.nginx import LOST
from ..missing import unseen

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.nginx import Nginx, Route
    from ....plugin_utils.shapes.snapshot import Snapshot

MOST_NOTES = 5
CAUSE: "What" = "cause_of_losses"
EARLIER: "What" = "earlier_losses"
ELSEWHERE: "What" = "losses_elsewhere"
UNKNOWN = "no evidence shows the cause of %d lost requests%s%s, such as: %s"
OLDER = "%d requests%s were lost%s, which no file of nginx names: it runs with older ones; such as: %s"
OVER = "%d requests%s were lost%s, which no file of nginx names, until it loaded others; such as: %s"
CUT = "%d lost requests%s%s, perhaps of another program or passed on: their lines end before the upstream: %s"


def _routes(nginx: "Nginx", site: Optional[str]) -> List["Route"]:
    """None: of any site."""
    return [route for route in nginx["routes"] if site in (None, route["site"] or "")]


def _asks_others(nginx: "Nginx", site: Optional[str]) -> bool:
    sites = nginx.get("site_logs") or []
    return any(each["others"] for each in sites if site in (None, each["site"] or ""))


def _is_request(event: "Event") -> bool:
    """Not a visitor whom nginx turned away before it knew the site."""
    return event["site"] is not None or "status" in event["detail"]


def home_of(nginx: "Nginx", event: "Event") -> str:
    """The endpoint where a line lacks it: nginx cuts an entry after 2048 bytes, and a long URL stands before.
    "": it may be one of several, or another program's.
    """
    routes = _routes(nginx, event["site"]) if _is_request(event) else []
    keys = {target["endpoint"] for route in routes for target in route["endpoints"] if not target["down"]}
    named = len(keys) == 1 and all(route["endpoints"] for route in routes)
    return keys.pop() if named and not _asks_others(nginx, event["site"]) else ""


def _is_over(nginx: "Nginx", event: "Event") -> bool:
    """Whether the worker that told of it is gone, and with it the configuration of then."""
    loaded = nginx.get("loaded")
    at = loaded["at"] if loaded else None
    before = at is not None and event["last"] + LOG_SECOND <= at
    return before or bool(nginx["workers"]) and set(nginx["workers"]).isdisjoint(event["pids"])


def _kind(snapshot: "Snapshot", event: "Event") -> "Tuple[What, str]":
    """(id of what is missing, words)"""
    nginx, site = snapshot["nginx"], event["site"]
    routes = _routes(nginx, site)
    if event["endpoint"] is None:
        spares = any(len(route["endpoints"]) > 1 for route in routes)
        others = not routes or _asks_others(nginx, site)
        return (ELSEWHERE, CUT) if spares or others else (CAUSE, UNKNOWN)
    if any(not route["endpoints"] for route in routes):
        return CAUSE, UNKNOWN
    if _is_over(nginx, event):
        return EARLIER, OVER
    keys = [target["endpoint"] for route in routes for target in route["endpoints"]]
    return CAUSE, UNKNOWN if any(parse(key).family == "name" for key in keys) else OLDER


def unplaced(snapshot: "Snapshot", taken: Set[int], findings: Sequence["Finding"]) -> List["Missing"]:
    """taken: id() of the events that the rules of an endpoint were asked about, or told of. Where a site of
    theirs was ill, they are of that.
    """
    explained = {site for item in findings if item["state"] != "latent" for site in item["sites"]}
    whole = all(entry["what"] != "nginx_config" for entry in snapshot["missing"])
    groups: Dict[Tuple[What, str, Optional[str], Optional[str]], List[Event]] = {}
    for event in snapshot["logs"]["events"]:
        if event["source"] != "nginx" or meaning_of(event) not in LOST or id(event) in taken:
            continue
        place, site = event["endpoint"], event["site"]
        if event.get("passed") or event.get("none_left") or "://" in (place or "") or not _is_request(event):
            continue
        if (site or "default") not in explained and (whole or place is None):
            groups.setdefault(_kind(snapshot, event) + (site, place), []).append(event)
    notes: List[Missing] = []
    for (what, words, site, place), events in groups.items():
        of = " of %s" % site if site else ""
        at = " on %s" % place if place else ""
        last = max(events, key=lambda event: event["last"])
        why = words % (sum(event["count"] for event in events), of, at, last["sample"]["text"])
        notes.append({**unseen(what, place, why), "needs": "nginx -s reload" if words is OLDER else None})
    return notes[:MOST_NOTES]
