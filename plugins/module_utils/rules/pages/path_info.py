# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages behind a script's name, such as /index.php/about, of which PHP does not get the path."""

import re
from functools import partial
from typing import TYPE_CHECKING, List, Optional

from ...parse.nginx.sites import sites_of
from ..group import Group, Question
from ..model import Match, Reason, evidence
from .php_error import CAUSE
from .php_error_reasons import FEWEST

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.nginx import Front
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.visits import OddVisits

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


def _no_path_info(front: "Front", latent: bool, group: Group) -> Optional[Match]:
    if any(site in group.hit for site in sites_of(group.routes)):
        return None  # why php-fpm refuses its scripts is known
    proof: List[Evidence] = [evidence("nginx", front["written"], front["file"], front["line"])]
    words = LATENT % group.site
    if not latent:
        visits = _visits(group.snapshot, group.routes[0]["site"])
        if not visits:
            return None
        words = WORDS % (group.site, shown(visits["path"]), WHY[front["kind"]])
        text = "%(requests)d requests for paths behind a script's name with %(status)d" % visits
        proof.append(evidence("nginx_access", text, visits["log"], at=visits["last"]))
        if front["found"]:
            proof.append(evidence("file", "cgi.fix_pathinfo is off", front["found"]))
    reason = Reason(
        words,
        proof,
        confidence="possible" if front["kind"] in NGINX_ALONE else "likely",
        state="latent" if latent else "active",
    )
    return Match(CAUSE, "no_path_info", reason)


def questions(snapshot: "Snapshot") -> List[Question]:
    access, nginx = snapshot.get("access"), snapshot["nginx"]
    if nginx["config_newer"]:
        return []
    missed = access.get("path_ways") or [] if access else []
    ways = [(front, False) for front in missed if front["kind"] in WHY]
    ways += [(front, True) for front in nginx.get("fronts") or [] if front["kind"] == KIND]
    found: List[Question] = []
    for front, latent in ways:
        routes = [route for route in nginx["routes"] if route.get("server") == front["server"]]
        if routes:
            found.append(Question(Group(snapshot, routes), (partial(_no_path_info, front, latent),)))
    return found
