# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages behind a script's name, such as /index.php/about, of which PHP does not get the path."""

import re
from typing import TYPE_CHECKING, List, Optional, Sequence

from ..parse.nginx.sites import sites_of
from .model import Cause, Match, Reason, evidence
from .php_error_reasons import FEWEST

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Evidence
    from ...plugin_utils.shapes.logs import OddVisits
    from ...plugin_utils.shapes.nginx import Front
    from ...plugin_utils.shapes.snapshot import Snapshot

KIND = "path_info"
LATENT = "PHP gets no PATH_INFO of %s: try_files empties $fastcgi_path_info before it is handed on."
WORDS = "Pages of %s behind a script's name, such as %s, fail: %s."
EMPTIED, NO_FILE = "no PATH_INFO comes to PHP", "try_files looks for them as files"
WHY = {
    "no_location": "no location takes them to PHP",
    "no_file": NO_FILE,
    "emptied": EMPTIED,
    "not_handed": EMPTIED,
    "as_script": "cgi.fix_pathinfo is off, and nginx names the whole path as a script",
}
NGINX_ALONE = ("no_location", "no_file")  # a path that nobody ever used is a 404, too
_SHOWN = re.compile(r"(?:.*?\.php/|/)?[^/]{0,20}(?:/|\Z)")


def missed(visits: "OddVisits") -> bool:
    """By visitors of the site, and not by strangers who try names. A page that nobody gets may be an old
    link.
    """
    several = visits["visitors"] > 1 and visits["paths"] > 1
    return visits["requests"] >= FEWEST and several and bool(visits.get("had")) and not visits["since"]


def shown(path: str) -> str:
    """Without what may be a visitor's secret: the script's name, and one part behind it."""
    match = _SHOWN.match(path)
    text = match.group() if match else ""
    return text if text == path else text + "..."


def _visits(snapshot: "Snapshot", site: str) -> "Optional[OddVisits]":
    access, newest = snapshot.get("access"), None
    logs = snapshot["nginx"].get("site_logs") or []
    mine = {path for each in logs if each["site"] == site for log in each["access"] for path in log["paths"]}
    for visits in access.get("odd_visits", []) if access else []:
        own = visits["site"] == site or (visits["site"] is None and visits["log"] in mine)
        if visits["kind"] == KIND and own and missed(visits):
            newest = visits
    return newest


def _match(cause: Cause, snapshot: "Snapshot", front: "Front", latent: bool) -> Optional[Match]:
    routes = [route for route in snapshot["nginx"]["routes"] if route.get("server") == front["server"]]
    if not routes:
        return None
    site = routes[0]["site"]
    proof: List[Evidence] = [evidence("nginx", front["written"], front["file"], front["line"])]
    words = LATENT % (site or "default")
    if not latent:
        visits = _visits(snapshot, site)
        if not visits:
            return None
        words = WORDS % (site or "default", shown(visits["path"]), WHY[front["kind"]])
        text = "%(requests)d requests for paths behind a script's name with %(status)d" % visits
        proof.append(evidence("nginx_access", text, visits["log"], at=visits["last"]))
        if front["found"]:
            proof.append(evidence("file", "cgi.fix_pathinfo is off", front["found"]))
    reason = Reason(
        words,
        proof,
        confidence="possible" if front["kind"] in NGINX_ALONE else "likely",
        state="latent" if latent else "active",
        servers=sites_of(routes),
    )
    return Match(cause, "no_path_info", reason)


def path_info(cause: Cause, snapshot: "Snapshot", others: Sequence[Match]) -> List[Match]:
    """others: why php-fpm refuses scripts. Their sites are passed over."""
    access = snapshot.get("access")
    known = [site for match in others for site in match.reason.servers or ()]
    if snapshot["nginx"]["config_newer"]:
        return []
    matches: List[Match] = []
    ways = [(front, False) for front in (access.get("path_ways") or [] if access else [])]
    fronts = snapshot["nginx"].get("fronts") or []
    for front, latent in ways + [(front, True) for front in fronts if front["kind"] == KIND]:
        match = _match(cause, snapshot, front, latent)
        sites = list(match.reason.servers or ()) if match else []
        if match and not any(site in known for site in sites):
            matches.append(match)
            known += sites
    return matches
