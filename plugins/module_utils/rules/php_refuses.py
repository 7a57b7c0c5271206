# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites whose scripts php-fpm refuses, since nginx or the pool is set up so. That a visitor asks for what is
not there is everyday, and no error.
"""

import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ..parse.nginx.script_refusals import CLOSED, DENIED, GONE, UNKNOWN, aliased
from ..parse.nginx.sites import sites_of
from ..parse.timestamps import LOG_SECOND
from ..signatures.lookup import meaning_of, meanings
from .case import site_reconfigured
from .model import Cause, Match, Place, Reason, evidence, losses_of, newest_of, sample
from .script_ways import barrier, is_open, page_of, ways_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event, ScriptWay
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot

REFUSED, MISSING = meanings("script_missing", "script_denied"), meanings("script_missing")
FATAL = meanings("php_fatal")
_BASEDIR = re.compile(r"not within the allowed path\(s\): \((.{1,200}?)\)")
_REQUEST = re.compile(r'request: "[A-Z]+ (/[^ ?"]*)')
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


def _doubled(snapshot: "Snapshot", routes: Sequence["Route"], text: str) -> Optional[str]:
    """alias takes the place of its location, which is a part of $fastcgi_script_name as well. It is meant so
    where the alias is a directory above: /blog with alias /srv, of /srv/blog.
    """
    ways, site = snapshot["logs"].get("script_ways") or [], routes[0]["site"]
    request, doubled = _REQUEST.search(text), {way.get("doubled") for way in ways if way["site"] == site}
    for route in routes:
        path = aliased(route)
        whole = _WHOLE.match(route["params"].get("SCRIPT_FILENAME", ""))
        if request and whole and path and path not in doubled and request.group(1).startswith(path):
            words = "location %s has an alias, and SCRIPT_FILENAME repeats that path behind it: %s%s"
            return words % (path, route["root"], request.group(1))
    return None


def _is_page(routes: Sequence["Route"], path: str, any_script: bool) -> bool:
    """Of the site, and its front page: a single script that is closed may be meant so."""
    roots = [(route["root"] or "").rstrip("/") for route in routes]
    return any(
        path == root + "/index.php" or (any_script and path.startswith(root + "/")) for root in roots if root
    )


def _why(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> Optional[str]:
    """What refuses every script of the site, else None."""
    text = event["sample"]["text"]
    closed, denied, allowed = CLOSED.search(text), DENIED.search(text), _BASEDIR.search(text)
    if closed and closed.group(2).startswith(GONE):
        return None  # see found_again.py
    # open(2) gives EACCES; it is php_check_open_basedir() that gives EPERM.
    errno = closed.group(2) if closed else ""
    alone = errno.startswith("Permission")
    if closed and not event.get("front") and not _is_page(routes, closed.group(1), not alone):
        return None
    if closed and not alone and not errno.startswith("Operation"):
        return "it cannot open them (%s)" % errno.lower()
    if closed and not alone:
        what = " (%s)" % allowed.group(1) if allowed else ""
        return "its open_basedir%s leaves out %s" % (what, closed.group(1))
    if closed:
        page, let_in = closed.group(1), _open(snapshot, routes, event)
        if let_in and not _opened(snapshot, routes, event):
            return "it could not read %s, and owner and mode let the pool's account in" % page
        return "the pool's account may not read %s" % page
    if denied:
        names = [name for route in routes for name in (route["root"], route["params"].get("SCRIPT_FILENAME"))]
        if denied.group(1).rstrip("/") in [name.rstrip("/") for name in names if name]:
            return "nginx names %s for each script, which is none" % denied.group(1)
        return None
    unknown = _jailed(snapshot, routes) if UNKNOWN in text else None
    return unknown or (_doubled(snapshot, routes, text) if meaning_of(event) in MISSING else None)


def reloaded(snapshot: "Snapshot", routes: Sequence["Route"], last: float) -> bool:
    """Whether each php-fpm behind the site was reloaded or started since."""
    dialled = {target["endpoint"] for route in routes for target in route["endpoints"]}
    loaded = [
        master["loaded_at"]
        for master in snapshot["fpm"]["masters"]
        if dialled.intersection(pool["endpoint"] or "" for pool in master["pools"])
    ]
    return bool(loaded) and all(each is not None and each > last + LOG_SECOND for each in loaded)


def _open(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> List["ScriptWay"]:
    """The ways to the page that was closed, where it is seen to be open."""
    closed = CLOSED.search(event["sample"]["text"])
    ways = ways_of(snapshot, routes[0]["site"], True)
    return [way for way in ways if closed and is_open(way) and page_of(way) == closed.group(1)]


def _opened(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> bool:
    """Whether the page that was closed is seen to be open, and was changed since."""
    return any(way["changed_at"] > event["last"] + LOG_SECOND for way in _open(snapshot, routes, event))


def _closed_root(
    cause: Cause, snapshot: "Snapshot", routes: Sequence["Route"], events: Sequence["Event"]
) -> Optional[Match]:
    """A directory that each way to the site's scripts needs. Without that, one script may lack: everyday."""
    ways = ways_of(snapshot, routes[0]["site"], True)
    events = [event for event in events if meaning_of(event) in MISSING]
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
    )
    return Match(cause, reason_id, reason)


def _unserved(snapshot: "Snapshot") -> Dict[Tuple[str, str], List["Route"]]:
    """By site and what nginx does not hand on to php-fpm, which then serves no page (fpm_main.c): without a
    method a request is none of HTTP, without a script a 404. Other programs need no script.
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
        gone = event.get("front") or GONE in event["sample"]["text"]
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
