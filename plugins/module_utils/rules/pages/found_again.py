# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Front pages that php-fpm did not find and that are there. For its workers' caches they are gone still, or
somebody has put or opened them again.
"""

from typing import TYPE_CHECKING, Optional, Tuple

from ...parse.nginx.script_refusals import GONE, INDEX, MISSING, opening
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of
from ...signatures.nginx import BEFORE_SCRIPT
from ..group import Group
from ..model import Match, Place, evidence, likely, losses_of, newest_of, sample, state_of
from .php_error import CAUSE
from .php_refuses import reloaded
from .script_ways import is_open, page_of, ways_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event, ScriptWay

Again = Tuple[str, bool, str, "Evidence"]  # reason, active, words, proof


def _is_gone(event: "Event", way: "ScriptWay") -> bool:
    parts, page = event["detail"], page_of(way)
    if meaning_of(event) in GONE:
        return parts.get("script") in [page, *way.get("open", [])]
    return meaning_of(event) in BEFORE_SCRIPT and opening(parts, [page[: -len(INDEX)]]) == page


def _cached(group: Group, newest: "Event", way: "ScriptWay") -> Again:
    """PHP resolved the path by its cache, and opened what that led to."""
    snapshot, last = group.snapshot, newest["last"]
    page = newest["detail"].get("script") or page_of(way)
    kept, age = way.get("cached"), snapshot["taken_at"] - last
    over = reloaded(snapshot, group.routes, last) or (kept is not None and age > kept + LOG_SECOND)
    proof = "%s is there" % page
    if way["changed_at"] <= last + LOG_SECOND:
        proof += ", and nothing on its way was changed since"
    length = "%d s (realpath_cache_ttl)" % kept if kept is not None else "realpath_cache_ttl"
    words = "PHP did not find %s of %s, which is there: its cache of paths leads to what was removed, for %s."
    return "cached_path", not over, words % (page, group.site, length), evidence("file", proof, page)


def _back(site: str, last: float, way: "ScriptWay") -> Optional[Again]:
    if way["changed_at"] <= last + LOG_SECOND or "changed" not in way:
        return None
    changed, page = way["changed"], page_of(way)
    if way["rights"]:
        reason_id, what = "closed_root", "owner, mode or ACL of %s were changed since" % changed
        words = "PHP found no script of %s: %s, who runs pool %s, may search %s by now."
        words %= (site, way["user"], way["pool"], changed)
    else:
        reason_id, what = "script_refused", "%s was changed since" % changed
        words = "PHP did not find %s of %s, which is there again." % (page, site)
    text = "%s, and %s is there" % (what, page)
    return reason_id, False, words, evidence("file", text, changed, at=way["changed_at"])


def found_again(group: Group) -> Optional[Match]:
    """Of the events those in which php-fpm did not find the front page, or ended before its script."""
    ways = ways_of(group.snapshot, group.routes[0]["site"], True)
    if not ways or not all(map(is_open, ways)):
        return None
    way = ways[0]
    gone = [event for event in group.events if _is_gone(event, way)]
    lost = gone or [event for event in group.events if meaning_of(event) in MISSING and event.get("front")]
    if not lost:
        return None
    newest = newest_of(lost)
    last = newest["last"]
    cached = gone and (way.get("linked") or way["changed_at"] <= last + LOG_SECOND)
    found = _cached(group, newest, way) if cached else _back(group.site, last, way)
    if not found:
        return None
    reason_id, active, words, proof = found
    reason = likely(
        words,
        [sample(newest), proof],
        losses_of(lost),
        state=state_of(not active),
        place=Place(way["pool"], None),
    )
    return Match(CAUSE, reason_id, reason)
