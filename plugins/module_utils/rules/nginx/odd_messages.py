# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on messages of nginx and PHP about requests that may be the visitors' own fault."""

import re
from typing import TYPE_CHECKING, List, Sequence

from ...parse.nginx.script_refusals import MISSING, is_check, script_of
from ...parse.pools_at import pools_behind
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import UNOPENED
from ..missing import unseen
from ..pages.path_info import FEWEST
from ..pages.php_error_reasons import log_sites
from ..workers.invalid_response import FORWARDERS

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.snapshot import Snapshot

WHAT: "What" = "visitors"
LARGE: "What" = "too_large"
CHECK: "What" = "health_check"
SENT: "What" = "sent_file"
ASSETS: "What" = "assets"
UNKEPT, CUT = meanings("upload_unkept"), meanings("file_cut")
TOO_LARGE = meanings("body_too_large", "too_large_for_php", "too_many_for_php") | UNKEPT
FOR_FIELDS, SENT_MISSING = meanings("too_many_for_php"), meanings("sent_missing")
FOR_PHP = meanings("too_large_for_php")
NAMELESS = (None, "", "_", "default", "localhost")
PAGES = re.compile(r"ping|status|health|check", re.I)
BODY = "%s: nginx refused %d requests with 413: their bodies are larger than client_max_body_size"
FORM = "%s: PHP dropped the bodies of %d requests: they are larger than post_max_size, and nginx takes them"
FIELDS = "%s: PHP dropped a part of %d forms: they have more fields than max_input_vars of PHP"
UPLOADS = (
    "%s: PHP kept none of %d uploads: there is no directory that it may write them to (upload_tmp_dir, else "
    "sys_temp_dir or /tmp; open_basedir must name it, and the pool's account may write there)"
)
CUT_OFF = (
    "%s: nginx cut off %d answers, as of %s: that file was written anew in its place while nginx had its old "
    "size. Let a deploy make a new file and rename it; else open_file_cache_valid says for how long"
)
DROPPED = ((UNKEPT, UPLOADS), (FOR_FIELDS, FIELDS), (FOR_PHP, FORM), (TOO_LARGE, BODY))
PAGE = "%s: nginx hands %s to php-fpm, and no pool has that as ping.path or pm.status_path: the check fails"
ELSEWHERE = (
    "%s: PHP answered each of %d requests for the front page with 404: the php-fpm behind %s does not find "
    "%s. A container or another host has the site at a path of its own: SCRIPT_FILENAME must name that one"
)
FILE = "%s: nginx answered 404 to %d requests: the application had it send a file that is not there"


def notes_on_messages(snapshot: "Snapshot", explained: Sequence[str]) -> "List[Missing]":
    access = snapshot.get("access")
    notes: List[Missing] = []
    for dropped in access.get("dropped_bodies") or [] if access else []:
        if dropped["count"] >= FEWEST:
            why = FIELDS if dropped.get("fields") else FORM
            why = why % ("pool %s" % dropped["pool"], dropped["count"])
            notes.append(unseen(LARGE, dropped["path"], why))
    for event in snapshot["logs"]["events"]:
        meaning, site = meaning_of(event), event["site"] or "default"
        if event["count"] < FEWEST:
            continue
        if meaning in TOO_LARGE:
            words = next(text for those, text in DROPPED if meaning in those)
            notes.append(unseen(LARGE, event["sample"]["path"], words % (site, event["count"])))
        elif meaning in CUT:
            words = CUT_OFF % (site, event["count"], event["detail"].get("path", "a file"))
            notes.append(unseen(ASSETS, event["sample"]["path"], words))
        elif meaning in SENT_MISSING and site not in explained:
            notes.append(unseen(SENT, event["sample"]["path"], FILE % (site, event["count"])))
        elif meaning in UNOPENED:
            page = _check_page(snapshot, event)
            notes += [unseen(CHECK, event["sample"]["path"], PAGE % (site, page))] if page else []
            if event.get("front") and meaning in MISSING and site not in explained:
                notes += _elsewhere(snapshot, event)
    return notes


def _elsewhere(snapshot: "Snapshot", event: "Event") -> "List[Missing]":
    """Front pages that a php-fpm behind another program, or of another host, does not find."""
    routes = [route for route in snapshot["nginx"]["routes"] if route["site"] == event["site"]]
    facts = snapshot["endpoints"].get(event["endpoint"] or "")
    if not routes or facts is None or pools_behind(snapshot, routes) or _came(snapshot, event["site"] or ""):
        return []
    if event["site"] in NAMELESS and len(routes) < len(snapshot["nginx"]["routes"]):
        return []  # strangers ask the server that is there for all other names
    names = [each["comm"] for each in facts["listeners"] if each["comm"] in FORWARDERS]
    if facts["listeners"] and not names:
        return []
    behind = "%s, which %s holds," % (event["endpoint"], names[0]) if names else str(event["endpoint"])
    scripts = [script_of(route, str) for route in routes]
    words = ELSEWHERE % (event["site"] or "default", event["count"], behind, scripts[0] or "the script")
    return [unseen(WHAT, event["sample"]["path"], words)]


def _came(snapshot: "Snapshot", site: str) -> bool:
    """Whether the site's log has a page."""
    access = snapshot.get("access")
    files = access["files"] if access else []
    return any(
        pages["answered"] and site in log_sites(snapshot, file["path"], pages)
        for file in files
        for pages in file.get("pages", [])
    )


def _check_page(snapshot: "Snapshot", event: "Event") -> str:
    """The path of a check of php-fpm's that no pool answers. "": it is another request."""
    path = event["detail"].get("uri", "")
    pools = [pool for master in snapshot["fpm"]["masters"] for pool in master["pools"]]
    if (
        not path
        or path.endswith(".php")
        or any(path in (pool["ping_path"], pool["status_path"]) for pool in pools)
    ):
        return ""
    checks = [
        route["location"].split()
        for route in snapshot["nginx"]["routes"]
        if route["site"] == event["site"] and is_check(route)
    ]
    exact = any(each[0] == "=" and each[-1] == path for each in checks)
    # Of a regular expression only the words that each such page has.
    return path if exact or (checks and PAGES.search(path.rpartition("/")[2])) else ""
