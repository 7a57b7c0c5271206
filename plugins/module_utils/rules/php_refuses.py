# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites whose scripts php-fpm refuses, since nginx or the pool is set up so. That a visitor asks for what is
not there is everyday, and no error.
"""

import re
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence

from ..parse.nginx.sites import sites_of
from ..signatures.lookup import meaning_of, meanings
from .case import reconfigured
from .model import Cause, Match, Reason, evidence, sample
from .upstream_unresolvable import LOG_SECOND, losses_of

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import Event
    from ...plugin_utils.shapes.nginx import Route
    from ...plugin_utils.shapes.snapshot import Snapshot

REFUSED = meanings("script_missing", "script_denied")
# fpm_main.c: what is not there is another error, of realpath() (Primary script unknown).
_CLOSED = re.compile(
    r"(?:\"|; |line 0)Unable to open primary script: (/.{1,200}?) "
    r"\((Operation not permitted|Permission denied)\)"
)
_BASEDIR = re.compile(r"not within the allowed path\(s\): \((.{1,200}?)\)")
_DENIED = re.compile(r"Access to the script '(/.{1,200}?)' has been denied")
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


def _is_page(routes: Sequence["Route"], path: str, any_script: bool) -> bool:
    """Of the site, and its front page: a single script that is closed may be meant so."""
    roots = [(route["root"] or "").rstrip("/") for route in routes]
    return any(
        path == root + "/index.php" or (any_script and path.startswith(root + "/")) for root in roots if root
    )


def _why(snapshot: "Snapshot", routes: Sequence["Route"], event: "Event") -> Optional[str]:
    """What refuses every script of the site, else None."""
    text = event["sample"]["text"]
    closed, denied, allowed = _CLOSED.search(text), _DENIED.search(text), _BASEDIR.search(text)
    # open(2) gives EACCES; it is php_check_open_basedir() that gives EPERM.
    outside = closed is not None and closed.group(2).startswith("Operation")
    if closed and not _is_page(routes, closed.group(1), outside):
        return None
    if closed and outside:
        what = " (%s)" % allowed.group(1) if allowed else ""
        return "its open_basedir%s leaves out %s" % (what, closed.group(1))
    if closed:
        return "the pool's account may not read %s" % closed.group(1)
    if denied:
        names = [name for route in routes for name in (route["root"], route["params"].get("SCRIPT_FILENAME"))]
        if denied.group(1).rstrip("/") in [name.rstrip("/") for name in names if name]:
            return "nginx names %s for each script, which is none" % denied.group(1)
        return None
    return _jailed(snapshot, routes)


def _loaded(snapshot: "Snapshot", routes: Sequence["Route"], last: float) -> bool:
    """Whether nginx, or each php-fpm behind the site, has loaded its settings since: these may be mended."""
    dialled = {target["endpoint"] for route in routes for target in route["endpoints"]}
    loaded = [
        master["loaded_at"]
        for master in snapshot["fpm"]["masters"]
        if dialled.intersection(pool["endpoint"] or "" for pool in master["pools"])
    ]
    if reconfigured(snapshot["nginx"], last + LOG_SECOND):
        return True
    return bool(loaded) and all(each is not None and each > last + LOG_SECOND for each in loaded)


def _blank(cause: Cause, routes: Sequence["Route"]) -> Match:
    """fpm_main.c: a request without REQUEST_METHOD is none of HTTP, and ends at once."""
    first = routes[0]
    words = "PHP answers each request to %s with a blank page: nginx hands it no REQUEST_METHOD."
    text = "fastcgi_pass %s without fastcgi_param REQUEST_METHOD" % first["pass"]
    place = "%s:%s" % (first["file"], first["line"])
    proof = [evidence("nginx", text, place)]
    return Match(
        cause,
        "blank_pages",
        Reason(words % (first["site"] or "default"), proof, confidence="likely", servers=sites_of(routes)),
    )


def refused(cause: Cause, snapshot: "Snapshot") -> List[Match]:
    of_site: Dict[str, List["Route"]] = {}
    blank: Dict[str, List["Route"]] = {}
    for route in snapshot["nginx"]["routes"]:
        of_site.setdefault(route["site"], []).append(route)
        # It may stand in a file that could not be read.
        if route.get("methodless") and not snapshot["nginx"]["config_errors"]:
            blank.setdefault(route["site"], []).append(route)
    matches = [_blank(cause, routes) for routes in blank.values()]
    told = set()
    for event in snapshot["logs"]["events"]:
        site = event["site"] or ""
        if event["source"] != "nginx" or meaning_of(event) not in REFUSED or site not in of_site:
            continue
        why = _why(snapshot, of_site[site], event)
        if why is None or (site, why) in told:
            continue
        told.add((site, why))
        proof: List[Evidence] = [sample(event)]
        reason = Reason(
            "PHP refuses scripts of %s: %s." % (site, why),
            proof,
            losses_of([event]),
            confidence="possible" if _loaded(snapshot, of_site[site], event["last"]) else "likely",
            since=event["first"],
            servers=sites_of(of_site[site]),
        )
        matches.append(Match(cause, "script_refused", reason))
    return matches
