# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites whose scripts php-fpm refuses, since nginx or the pool is set up so. That a visitor asks for what is
not there is everyday, and no error.
"""

import re
from functools import partial
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from ...parse.nginx.script_refusals import DENIED, GONE, MISSING, OUTSIDE, aliased, is_check
from ...parse.pools_at import pools_behind
from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import FATAL, NOT_FOUND, REFUSED
from ..group import Group, Question, groups, of_nginx, routes_by_site
from ..model import Match, Place, Reason, State, evidence, likely, losses_of, newest_of, sample, state_of
from .php_error import CAUSE
from .script_ways import barrier, is_open, page_of, ways_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event, ScriptWay
    from ....plugin_utils.shapes.nginx import Route
    from ....plugin_utils.shapes.snapshot import Snapshot

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
    for master, pool in pools_behind(snapshot, [route]):
        if master["running"] and pool["chroot"]:
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
    for way in ways_of(snapshot, routes[0]["site"], True):
        if way.get("outside"):
            chroots = filter(None, [_pool_chroot(snapshot, route) for route in routes])
            return "the pool lives in chroot %s, which has no %s" % (
                next(chroots, "of another"),
                way["script"],
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


def _unnamed(routes: Sequence["Route"], script: str) -> Optional[str]:
    of_pages = [route for route in routes if not is_check(route)]
    names = [name for each in of_pages for name in (each["root"], each["params"].get("SCRIPT_FILENAME"))]
    if script.rstrip("/") not in [name.rstrip("/") for name in names if name]:
        return None
    return "nginx names %s for each script, which is none" % script


def _closed(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event", script: str) -> str:
    """Why the account of the pool does not open the script of a front page."""
    error, allowed = event["detail"].get("error", ""), event["detail"].get("allowed")
    if error == OUTSIDE:
        return "its open_basedir%s leaves out %s" % (" (%s)" % allowed if allowed else "", script)
    if error != DENIED:
        return "it cannot open them (%s)" % error.lower()
    if _open(snapshot, routes, event) and not _opened(snapshot, routes, event):
        return "it could not read %s, and owner and mode let the pool's account in" % script
    return "the pool's account may not read %s" % script


def _why(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> Optional[str]:
    """What refuses every script of the site, else None."""
    parts, meaning = event["detail"], meaning_of(event)
    script = parts.get("script")
    if meaning in MISSING:
        return _jailed(snapshot, routes) or _doubled(snapshot, routes, parts.get("uri", ""))
    if script is None or meaning in GONE:  # see found_again.py
        return None
    if meaning in NO_SCRIPT:
        return _unnamed(routes, script)
    return _closed(snapshot, routes, event, script) if event.get("front") else None


def reloaded(snapshot: "Snapshot", routes: Sequence["Route"], last: float, started: bool = False) -> bool:
    """Whether each php-fpm behind the site was reloaded or started since; started: was started."""
    behind = pools_behind(snapshot, routes)
    loaded = [master["started_at" if started else "loaded_at"] for master, _pool in behind]
    return bool(loaded) and all(each is not None and each > last + LOG_SECOND for each in loaded)


def _open(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> List["ScriptWay"]:
    """The ways to the page that was closed, where it is seen to be open."""
    script = event["detail"].get("script")
    ways = ways_of(snapshot, routes[0]["site"], True)
    return [way for way in ways if script and is_open(way) and page_of(way) == script]


def _opened(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> bool:
    """Whether the page that was closed is seen to be open, and was changed since."""
    return any(way["changed_at"] > event["last"] + LOG_SECOND for way in _open(snapshot, routes, event))


def _closed_root(group: Group) -> Optional[Match]:
    """A directory that each way to the site's scripts needs. Without that, one script may lack: everyday."""
    ways = ways_of(group.snapshot, group.routes[0]["site"], True)
    events = [event for event in group.events if meaning_of(event) in NOT_FOUND]
    bar = barrier(ways)
    if not events or not bar:
        return None
    why = bar.words
    if bar.reason_id == "closed_root":
        why = "%s, who runs pool %s, may not search %s" % (ways[0]["user"], ways[0]["pool"], why)
    reason = likely(
        "PHP finds no script of %s: %s." % (group.site, why),
        [bar.proof, sample(newest_of(events))],
        losses_of(events),
        place=Place(ways[0]["pool"], None),
        facts={"path": bar.proof["path"]},
    )
    return Match(CAUSE, bar.reason_id, reason)


def _unserved(snapshot: "Snapshot") -> Dict[Tuple[str, str], List["Route"]]:
    """By site and what nginx does not hand on to php-fpm, which then serves no page (fpm_main.c). Without a
    method a request is none of HTTP, without a script it is a 404. Other programs need no script.
    """
    found: Dict[Tuple[str, str], List["Route"]] = {}
    if snapshot["nginx"]["config_errors"]:  # it may stand in a file that could not be read
        return found
    for route in snapshot["nginx"]["routes"]:
        lacks = [QUERY] if route.get("queryless") else []
        if "length" in route:
            lacks.append(FIXED if route["length"] else LENGTH)
        if route.get("nameless"):
            lacks = [SCRIPT]
        if lacks and not any(master["running"] for master, _pool in pools_behind(snapshot, [route])):
            lacks = []
        for what in [METHOD] if route.get("methodless") else lacks:
            found.setdefault((route["site"], what), []).append(route)
    return found


def _blank(what: str, group: Group) -> Match:
    first = group.routes[0]
    reason_id, words = UNSERVED[what]
    text = "fastcgi_pass %s without fastcgi_param %s" % (first["pass"], what)
    if what == FIXED:
        text = "fastcgi_pass %s, with a %s of %s for each request" % (first["pass"], LENGTH, first["length"])
    place = "%s:%s" % (first["file"], first["line"])
    proof = [evidence("nginx", text, place)]
    state: State = "active" if what in (METHOD, SCRIPT) else "latent"
    return Match(CAUSE, reason_id, likely(words % group.site + ".", proof, state=state))


def _script_refused(group: Group) -> Optional[List[Match]]:
    snapshot, routes = group.snapshot, group.routes
    by_reason: Dict[str, List["Event"]] = {}
    for event in group.events:
        why = _why(snapshot, routes, event) if meaning_of(event) in REFUSED else None
        if why:
            by_reason.setdefault(why, []).append(event)
    matches: List[Match] = []
    for why, alike in by_reason.items():
        part = group._replace(events=alike)
        over = _opened(snapshot, routes, part.newest)
        # What nginx, or each php-fpm, has loaded since may be mended.
        loaded = part.reconfigured or reloaded(snapshot, routes, part.newest["last"])
        reason = Reason(
            "PHP refuses scripts of %s: %s." % (group.site, why),
            [evidence("file", why), sample(part.newest)],
            losses_of(alike),
            confidence="possible" if loaded and not over else "likely",
            state=state_of(over),
            since=min(event["first"] for event in alike),
        )
        matches.append(Match(CAUSE, "script_refused", reason))
    return matches or None


def _found_again(group: Group) -> Optional[Match]:
    from .found_again import found_again

    return found_again(group)


def questions(snapshot: "Snapshot") -> List[Question]:
    of_site = routes_by_site(snapshot)
    found = [
        Question(Group(snapshot, routes), (partial(_blank, what),))
        for (site, what), routes in _unserved(snapshot).items()
        # One location may be another thing, such as a status page that never worked.
        if what == METHOD
        or len(routes) == len(of_site[site])
        or any("php" in each["location"] for each in routes)
    ]
    for group in groups(snapshot, of_nginx(snapshot, REFUSED | FATAL)):
        found.append(Question(group, (_closed_root, _script_refused, _found_again)))
    return found
