# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that php-fpm did not find and that are there. For its workers' caches they are gone still, or
somebody has put or opened them again.
"""

from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from ..parse.nginx.script_refusals import GONE, INDEX, MISSING, opening
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of
from ..signatures.nginx import BEFORE_SCRIPT
from .model import Cause, Match, Place, Reason, evidence, losses_of, newest_of, sample
from .php_refuses import reloaded
from .script_ways import is_open, page_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event, ScriptWay
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot

Again = Tuple[str, bool, str, "Evidence"]  # reason, active, words, proof


def _is_gone(event: "Event", way: "ScriptWay") -> bool:
    parts, page = event["detail"], page_of(way)
    if meaning_of(event) in GONE:
        return parts.get("script") in [page, *way.get("open", [])]
    return meaning_of(event) in BEFORE_SCRIPT and opening(parts, [page[: -len(INDEX)]]) == page


def _cached(snapshot: "Snapshot", routes: Sequence["Route"], newest: "Event", way: "ScriptWay") -> Again:
    """PHP resolved the path by its cache, and opened what that led to."""
    last, site = newest["last"], routes[0]["site"] or "default"
    page = newest["detail"].get("script") or page_of(way)
    kept, age = way.get("cached"), snapshot["taken_at"] - last
    over = reloaded(snapshot, routes, last) or (kept is not None and age > kept + LOG_SECOND)
    proof = "%s is there" % page
    if way["changed_at"] <= last + LOG_SECOND:
        proof += ", and nothing on its way was changed since"
    length = "%d s (realpath_cache_ttl)" % kept if kept is not None else "realpath_cache_ttl"
    words = "PHP did not find %s of %s, which is there: its cache of paths leads to what was removed, for %s."
    return "cached_path", not over, words % (page, site, length), evidence("file", proof, page)


def _back(routes: Sequence["Route"], last: float, way: "ScriptWay") -> Optional[Again]:
    if way["changed_at"] <= last + LOG_SECOND or "changed" not in way:
        return None
    changed, page, site = way["changed"], page_of(way), routes[0]["site"] or "default"
    if way["rights"]:
        reason_id, what = "closed_root", "owner, mode or ACL of %s were changed since" % changed
        words = "PHP found no script of %s: %s, who runs pool %s, may search %s by now."
        words %= (site, way["user"], way["pool"], changed)
    else:
        reason_id, what = "script_refused", "%s was changed since" % changed
        words = "PHP did not find %s of %s, which is there again." % (page, site)
    text = "%s, and %s is there" % (what, page)
    return reason_id, False, words, evidence("file", text, changed, at=way["changed_at"])


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
    if not ways or not all(map(is_open, ways)):
        return []
    way = ways[0]
    gone = [event for event in events if _is_gone(event, way)]
    lost = gone or [event for event in events if meaning_of(event) in MISSING and event.get("front")]
    if not lost:
        return []
    newest = newest_of(lost)
    last = newest["last"]
    cached = gone and (way.get("linked") or way["changed_at"] <= last + LOG_SECOND)
    found = _cached(snapshot, routes, newest, way) if cached else _back(routes, last, way)
    if not found:
        return []
    reason_id, active, words, proof = found
    reason = Reason(
        words,
        [sample(newest), proof],
        losses_of(lost),
        confidence="likely",
        state="active" if active else "recovered",
        place=Place(way["pool"], None),
        servers=sites_of(routes),
    )
    return [Match(cause, reason_id, reason)]
