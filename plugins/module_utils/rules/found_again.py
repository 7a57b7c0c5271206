# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that php-fpm did not find and that are there: for its workers' caches they are gone still, or
somebody has put or opened them again.
"""

from typing import TYPE_CHECKING, List, Optional, Sequence

from ..parse.nginx.script_refusals import CLOSED, GONE, INDEX, UNKNOWN, opening
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from .model import Cause, Match, Place, Reason, evidence, losses_of, sample
from .php_refuses import reloaded

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, ScriptWay
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot


def _page(way: "ScriptWay") -> str:
    return way["script"] + (INDEX[1:] if way["script"].endswith("/") else "")


def _is_gone(event: "Event", way: "ScriptWay") -> bool:
    text, page = event["sample"]["text"], _page(way)
    closed = CLOSED.search(text)
    if closed:
        return closed.group(1) == page and closed.group(2).startswith(GONE)
    return opening(text, [page[: -len(INDEX)]]) == page


def _cached(
    cause: Cause,
    snapshot: "Snapshot",
    routes: Sequence["Route"],
    events: Sequence["Event"],
    way: "ScriptWay",
) -> Match:
    """PHP resolved the path by its cache, and opened what that led to."""
    page, site = _page(way), routes[0]["site"]
    newest = max(events, key=lambda event: event["last"])
    kept, age = way.get("cached"), snapshot["taken_at"] - newest["last"]
    over = reloaded(snapshot, routes, newest["last"]) or (kept is not None and age > kept + LOG_SECOND)
    proof = "%s is there" % page
    if way["changed_at"] <= newest["last"] + LOG_SECOND:
        proof += ", and nothing on its way was changed since"
    length = "%d s (realpath_cache_ttl)" % kept if kept is not None else "realpath_cache_ttl"
    words = "PHP did not find %s of %s, which is there: its cache of paths leads to what was removed, for %s."
    reason = Reason(
        words % (page, site or "default", length),
        [
            sample(newest),
            evidence("file", proof, page),
        ],
        losses_of(events),
        confidence="likely",
        state="recovered" if over else "active",
        place=Place(way["pool"], None),
        servers=sites_of(routes),
    )
    return Match(cause, "cached_path", reason)


def _back(
    cause: Cause, routes: Sequence["Route"], events: Sequence["Event"], way: "ScriptWay"
) -> Optional[Match]:
    newest = max(events, key=lambda event: event["last"])
    if way["changed_at"] <= newest["last"] + LOG_SECOND or "changed" not in way:
        return None
    changed, page, site = way["changed"], _page(way), routes[0]["site"] or "default"
    if way["rights"]:
        reason_id, what = "closed_root", "owner, mode or ACL of %s were changed since" % changed
        words = "PHP found no script of %s: %s, who runs pool %s, may search %s by now." % (
            site,
            way["user"],
            way["pool"],
            changed,
        )
    else:
        reason_id, what = "script_refused", "%s was changed since" % changed
        words = "PHP did not find %s of %s, which is there again." % (page, site)
    reason = Reason(
        words,
        [
            sample(newest),
            evidence("file", "%s, and %s is there" % (what, page), changed, at=way["changed_at"]),
        ],
        losses_of(events),
        confidence="likely",
        state="recovered",
        place=Place(way["pool"], None),
        servers=sites_of(routes),
    )
    return Match(cause, reason_id, reason)


def found_again(
    cause: Cause,
    snapshot: "Snapshot",
    routes: Sequence["Route"],
    events: Sequence["Event"],
    ways: Sequence["ScriptWay"],
) -> List[Match]:
    """events: in which php-fpm did not find the front page of the site, or ended a request before its script.
    ways: of its pools to the front page.
    """
    if not ways or any(way["blocked"] or way.get("hidden") or not way["there"] for way in ways):
        return []
    way = ways[0]
    gone = [event for event in events if _is_gone(event, way)]
    last = max([event["last"] for event in gone], default=0.0)
    if gone and (way.get("linked") or way["changed_at"] <= last + LOG_SECOND):
        return [_cached(cause, snapshot, routes, gone, way)]
    fronts = gone or [event for event in events if UNKNOWN in event["sample"]["text"] and event.get("front")]
    back = _back(cause, routes, fronts, way) if fronts else None
    return [back] if back else []
