# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites whose scripts php-fpm refuses, since nginx or the pool is set up so. That a visitor asks for what is
not there is everyday, and no error.
"""

import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..parse.nginx.script_refusals import DENIED, GONE, MISSING, OUTSIDE, aliased, is_check
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of, meanings
from ..signatures.nginx import FATAL, NOT_FOUND, REFUSED
from .case import site_reconfigured
from .model import Cause, Match, Place, Reason, evidence, losses_of, newest_of, sample
from .script_ways import barrier, is_open, page_of, ways_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, ScriptWay
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot

NO_SCRIPT = meanings("script_denied")
_WHOLE = re.compile(r"\$(?:document|realpath)_root/?\$fastcgi_script_name\Z")
METHOD, SCRIPT = "REQUEST_METHOD", "SCRIPT_FILENAME"
QUERY, LENGTH, FIXED = "QUERY_STRING", "CONTENT_LENGTH", "fixed"
_PAGES = "PHP answers each request to %s with "
UNSERVED = {
    METHOD: ("blank_pages", _PAGES + "a blank page: nginx hands it no " + METHOD),
    SCRIPT: ("no_script_name", _PAGES + "404: nginx hands it no " + SCRIPT),
    QUERY: ("no_query", "PHP gets no parameters of a URL of %s: nginx hands it no " + QUERY),
    LENGTH: ("no_body", "PHP gets no body of a request to %s, and no form: nginx hands it no " + LENGTH),
    FIXED: (
        "wrong_length",
        "PHP waits for what is not sent, or gets a part, of a body to %s: nginx hands it a fixed " + LENGTH,
    ),
}
_OF_ROOT = ("$document_root", "$realpath_root", "$request_filename")


def _pool_chroot(snapshot: "Snapshot", route: "Route") -> Optional[str]:
    dialled = {target["endpoint"] for target in route["endpoints"]}
    for master in snapshot["fpm"]["masters"]:
        for pool in master["pools"]:
            if master["running"] and pool["endpoint"] in dialled and pool["chroot"]:
                return pool["chroot"].rstrip("/")
    return None


def _jailed(snapshot: "Snapshot", routes: Sequence["Route"]) -> Optional[str]:
    """What is wrong where a pool's chroot is not taken off the names that nginx gives."""
    for route in routes:
        chroot, root = _pool_chroot(snapshot, route), route["root"] or ""
        script = route["params"].get("SCRIPT_FILENAME", "")
        named = root if script.startswith(_OF_ROOT) else script
        if chroot and named.startswith(chroot + "/"):
            return "the pool lives in chroot %s, and nginx names scripts by %s, outside of it" % (
                chroot,
                named,
            )
    return None


def _doubled(snapshot: "Snapshot", routes: Sequence["Route"], uri: str) -> Optional[str]:
    """alias takes the place of its location, which is a part of $fastcgi_script_name as well. It is meant so
    where the alias is a directory above: /blog with alias /srv, of /srv/blog.
    """
    ways, site = snapshot["logs"].get("script_ways") or [], routes[0]["site"]
    doubled = {way.get("doubled") for way in ways if way["site"] == site}
    for route in routes:
        path = aliased(route)
        whole = _WHOLE.match(route["params"].get("SCRIPT_FILENAME", ""))
        if whole and path and path not in doubled and uri.startswith(path):
            words = "location %s has an alias, and SCRIPT_FILENAME repeats that path behind it: %s%s"
            return words % (path, route["root"], uri)
    return None


def _why(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> Optional[str]:
    """What refuses every script of the site, else None."""
    parts, meaning = event["detail"], meaning_of(event)
    script = parts.get("script")
    if meaning in MISSING:
        return _jailed(snapshot, routes) or _doubled(snapshot, routes, parts.get("uri", ""))
    if script is None or meaning in GONE:  # see found_again.py
        return None
    if meaning in NO_SCRIPT:
        of_pages = [route for route in routes if not is_check(route)]
        names = [name for each in of_pages for name in (each["root"], each["params"].get("SCRIPT_FILENAME"))]
        if script.rstrip("/") in [name.rstrip("/") for name in names if name]:
            return "nginx names %s for each script, which is none" % script
        return None
    if not event.get("front"):
        return None
    error = parts.get("error", "")
    if error == OUTSIDE:
        allowed = parts.get("allowed")
        return "its open_basedir%s leaves out %s" % (" (%s)" % allowed if allowed else "", script)
    if error != DENIED:
        return "it cannot open them (%s)" % error.lower()
    if _open(snapshot, routes, event) and not _opened(snapshot, routes, event):
        return "it could not read %s, and owner and mode let the pool's account in" % script
    return "the pool's account may not read %s" % script


def reloaded(snapshot: "Snapshot", routes: Sequence["Route"], last: float, started: bool = False) -> bool:
    """Whether each php-fpm behind the site was reloaded or started since; started: was started."""
    dialled = {target["endpoint"] for route in routes for target in route["endpoints"]}
    loaded = [
        master["started_at" if started else "loaded_at"]
        for master in snapshot["fpm"]["masters"]
        if dialled.intersection(pool["endpoint"] or "" for pool in master["pools"])
    ]
    return bool(loaded) and all(each is not None and each > last + LOG_SECOND for each in loaded)


def _open(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> List["ScriptWay"]:
    """The ways to the page that was closed, where it is seen to be open."""
    script = event["detail"].get("script")
    ways = ways_of(snapshot, routes[0]["site"], True)
    return [way for way in ways if script and is_open(way) and page_of(way) == script]


def _opened(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> bool:
    """Whether the page that was closed is seen to be open, and was changed since."""
    return any(way["changed_at"] > event["last"] + LOG_SECOND for way in _open(snapshot, routes, event))


def _closed_root(
    cause: Cause, snapshot: "Snapshot", routes: Sequence["Route"], events: Sequence["Event"]
) -> Optional[Match]:
    """A directory that each way to the site's scripts needs. Without that, one script may lack: everyday."""
    ways = ways_of(snapshot, routes[0]["site"], True)
    events = [event for event in events if meaning_of(event) in NOT_FOUND]
    bar = barrier(ways)
    if not events or not bar:
        return None
    newest = newest_of(events)
    reason_id, why, proof = bar
    if reason_id == "closed_root":
        why = "%s, who runs pool %s, may not search %s" % (ways[0]["user"], ways[0]["pool"], why)
    reason = Reason(
        "PHP finds no script of %s: %s." % (newest["site"] or "default", why),
        [proof, sample(newest)],
        losses_of(events),
        confidence="likely",
        place=Place(ways[0]["pool"], None),
        servers=sites_of(routes),
        facts={"path": proof["path"]},
    )
    return Match(cause, reason_id, reason)


def _unserved(snapshot: "Snapshot") -> Dict[Tuple[str, str], List["Route"]]:
    """By site and what nginx does not hand on to php-fpm, which then serves no page (fpm_main.c). Without a
    method a request is none of HTTP, without a script it is a 404. Other programs need no script.
    """
    found: Dict[Tuple[str, str], List["Route"]] = {}
    if snapshot["nginx"]["config_errors"]:  # it may stand in a file that could not be read
        return found
    pools = {
        pool["endpoint"]
        for master in snapshot["fpm"]["masters"]
        for pool in master["pools"]
        if master["running"]
    }
    for route in snapshot["nginx"]["routes"]:
        if route.get("methodless"):
            found.setdefault((route["site"], METHOD), []).append(route)
        elif not pools.intersection(each["endpoint"] for each in route["endpoints"]):
            continue
        elif route.get("nameless"):
            found.setdefault((route["site"], SCRIPT), []).append(route)
        else:
            lacks = [QUERY] if route.get("queryless") else []
            if "length" in route:
                lacks.append(FIXED if route["length"] else LENGTH)
            for what in lacks:
                found.setdefault((route["site"], what), []).append(route)
    return found


def _blank(cause: Cause, what: str, routes: Sequence["Route"]) -> Match:
    first = routes[0]
    reason_id, words = UNSERVED[what]
    text = "fastcgi_pass %s without fastcgi_param %s" % (first["pass"], what)
    if what == FIXED:
        text = "fastcgi_pass %s, with a %s of %s for each request" % (first["pass"], LENGTH, first["length"])
    place = "%s:%s" % (first["file"], first["line"])
    proof = [evidence("nginx", text, place)]
    return Match(
        cause,
        reason_id,
        Reason(
            words % (first["site"] or "default") + ".",
            proof,
            confidence="likely",
            state="active" if what in (METHOD, SCRIPT) else "latent",
            servers=sites_of(routes),
        ),
    )


def _of_site(
    cause: Cause, snapshot: "Snapshot", routes: Sequence["Route"], events: Sequence["Event"]
) -> List[Match]:
    by_reason: Dict[str, List["Event"]] = {}
    for event in events:
        why = _why(snapshot, routes, event)
        if why:
            by_reason.setdefault(why, []).append(event)
    matches: List[Match] = []
    for why, alike in by_reason.items():
        newest = newest_of(alike)
        over, last = _opened(snapshot, routes, newest), newest["last"]
        # What nginx, or each php-fpm, has loaded since may be mended.
        loaded = site_reconfigured(snapshot["nginx"], [newest["site"]], last + LOG_SECOND) or reloaded(
            snapshot, routes, last
        )
        reason = Reason(
            "PHP refuses scripts of %s: %s." % (newest["site"] or "default", why),
            [sample(newest)],
            losses_of(alike),
            confidence="possible" if loaded and not over else "likely",
            state="recovered" if over else "active",
            since=min(event["first"] for event in alike),
            servers=sites_of(routes),
        )
        matches.append(Match(cause, "script_refused", reason))
    return matches


def refused(cause: Cause, snapshot: "Snapshot") -> List[Match]:
    of_site: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        of_site.setdefault(route["site"], []).append(route)
    matches = [
        _blank(cause, what, routes)
        for (site, what), routes in _unserved(snapshot).items()
        # One location may be another thing, such as a status page that never worked.
        if what == METHOD
        or len(routes) == len(of_site[site])
        or any("php" in each["location"] for each in routes)
    ]
    events: Dict[str, List["Event"]] = {}
    vanished: Dict[str, List["Event"]] = {}
    for event in snapshot["logs"]["events"]:
        site, meaning = event["site"] or "", meaning_of(event)
        if event["source"] != "nginx" or site not in of_site:
            continue
        if meaning in REFUSED:
            events.setdefault(site, []).append(event)
        gone = event.get("front") or meaning in GONE
        if (meaning in REFUSED and gone) or meaning in FATAL:
            vanished.setdefault(site, []).append(event)
    for site, of_events in events.items():
        root = _closed_root(cause, snapshot, of_site[site], of_events)
        found = [root] if root else _of_site(cause, snapshot, of_site[site], of_events)
        matches += found
        if found:
            vanished.pop(site, None)
    if vanished:
        from .found_again import found_again

        for site, of_events in vanished.items():
            ways = ways_of(snapshot, site, True)
            matches += found_again(cause, snapshot, of_site[site], of_events, ways)
    return matches
