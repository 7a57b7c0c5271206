# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on what visitors did not get by nginx's own word, where that may be their own fault."""

import re
from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.nginx.script_refusals import MISSING, is_check, script_of
from ...parse.pools_at import pools_behind
from ...signatures.lookup import meaning_of, meanings
from ...signatures.nginx import UNOPENED
from ..missing import unseen
from ..pages.path_info import FEWEST, NGINX_ALONE, shown
from ..pages.php_error_reasons import log_sites
from ..workers.invalid_response import FORWARDERS

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.logs import AccessLogs, Event, OddVisits
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.nginx import Front
    from ....plugin_utils.shapes.snapshot import Snapshot

WHAT: "What" = "visitors"
LARGE: "What" = "too_large"
METHOD: "What" = "refused_method"
SENT: "What" = "sent_file"
CHECK: "What" = "health_check"
CIRCLE: "What" = "redirects"
SPOKEN: "What" = "other_protocol"
SCRIPT: "What" = "failed_script"
OTHERS: "What" = "losses_elsewhere"
ASSETS: "What" = "assets"
UNLED: "What" = "permalinks"
AT = "%(file)s:%(line)s: %(written)s"
TOO_LARGE = meanings("body_too_large", "too_large_for_php", "too_many_for_php")
FOR_FIELDS, SENT_MISSING = meanings("too_many_for_php"), meanings("sent_missing")
FOR_PHP = meanings("too_large_for_php")
NAMELESS = (None, "", "_", "default", "localhost")
MOST_NOTES = 3
MANY, MOSTLY = 10, 4  # requests that begin with the PROXY protocol; times as many as pages since
FORMS, PARTS = 5, 10  # requests: of a part many may be asked for by who follows old links
PAGES = re.compile(r"ping|status|health|check", re.I)
TOO_LONG = (
    "%%(requests)d requests with %%(status)d, visitors: %%(visitors)d. Their %s longer than nginx takes "
    "(client_header_buffer_size, large_client_header_buffers)"
)
TLS = (
    "Where TLS ends in front of PHP, see whether HTTPS and X-Forwarded-Proto tell it so; else see the "
    "server block's redirects"
)
CACHED = (
    "nginx's cache keeps redirects (%(file)s:%(line)s: %(written)s), so that one for http comes to "
    "all: keep 200 alone, and empty it. Else HTTPS or X-Forwarded-Proto tell PHP of no TLS"
)
BODY = "%s: nginx refused %d requests with 413: their bodies are larger than client_max_body_size"
FORM = "%s: PHP dropped the bodies of %d requests: they are larger than post_max_size, and nginx takes them"
FIELDS = "%s: PHP dropped a part of %d forms: they have more fields than max_input_vars of PHP"
DROPPED = ((FOR_FIELDS, FIELDS), (FOR_PHP, FORM), (TOO_LARGE, BODY))
PAGE = "%s: nginx hands %s to php-fpm, and no pool has that as ping.path or pm.status_path: the check fails"
ELSEWHERE = (
    "%s: PHP answered each of %d requests for the front page with 404: the php-fpm behind %s does not find "
    "%s. A container or another host has the site at a path of its own: SCRIPT_FILENAME must name that one"
)
FILE = "%s: nginx answered 404 to %d requests: the application had it send a file that is not there"


Judged = Optional[Tuple["What", str]]  # what the note is, and what stands behind its words


def _ways(
    snapshot: "Snapshot", access: "AccessLogs", visits: "OddVisits", kinds: Sequence[str]
) -> "List[Front]":
    """Of the site's server blocks."""
    routes = [each for each in snapshot["nginx"]["routes"] if visits["site"] in (None, each["site"])]
    servers = [route["server"] for route in routes if "server" in route]
    ways = access.get("path_ways") or []
    return [way for way in ways if way["server"] in servers and way["kind"] in kinds]


def _is_lost(visits: "OddVisits") -> bool:
    """Whether what is spoken keeps visitors away, and not scanners: those speak whatever to any port."""
    if visits["requests"] <= visits["others"]:
        return False
    if visits["kind"] == "hello":  # the pages of port 80 come
        return visits["visitors"] >= FEWEST
    # What a balancer begins with has its address alone.
    many = visits["visitors"] >= FEWEST if visits["kind"] == "plain" else visits["requests"] >= MANY
    return many and visits["internal"] and visits["requests"] > MOSTLY * visits["since"]


class Seen(NamedTuple):
    snapshot: "Snapshot"
    visits: "OddVisits"
    ways: "Sequence[Front]"  # where nginx leads them


def _ill(visits: "OddVisits") -> bool:
    """Whether no page comes to several: one stranger has many names, and comes by a balancer's address."""
    return visits.get("external", 0) >= FEWEST and not visits["since"]


def _too_long(seen: Seen) -> Judged:
    return (WHAT if _ill(seen.visits) and seen.visits["requests"] > seen.visits["others"] else LARGE), ""


def _unled(seen: Seen) -> Judged:
    is_page = seen.visits["kind"] == "permalink"
    if not seen.ways or not _ill(seen.visits) or (is_page and seen.visits["paths"] < 2):
        return None
    return (UNLED if is_page else WHAT), AT % seen.ways[0] + " does not pass it to PHP"


def _circle(seen: Seen) -> Judged:
    if seen.visits["visitors"] < 2:  # a test of the load follows no redirect
        return None
    return (CIRCLE if seen.visits["others"] else WHAT), CACHED % seen.ways[0] if seen.ways else TLS


def _made(seen: Seen) -> Judged:
    return (ASSETS, AT % seen.ways[0]) if seen.ways else None


def _untyped(seen: Seen) -> Judged:
    return (ASSETS, "") if seen.ways else None


def _protocol(seen: Seen) -> Judged:
    if seen.visits["kind"] == "hello" and not seen.ways:
        return None
    return (WHAT if _is_lost(seen.visits) else SPOKEN), AT % seen.ways[0] if seen.ways else ""


def _part(seen: Seen) -> Judged:
    """What one visitor alone loses may be his basket's fault. That one script fails is the application's
    matter: spammers may be all who send it something.
    """
    visits, kind = seen.visits, seen.visits["kind"]
    fewest, visitors = (PARTS, FEWEST) if kind == "below" else (FORMS, 2)
    if visits["requests"] < fewest or visits["visitors"] < visitors:
        return None
    if kind == "below" and not (visits["paths"] > 1 and visits["others"]):
        return None  # the whole site fails
    if kind == "denied":
        return (METHOD, AT % seen.ways[0]) if seen.ways else None
    sites = seen.snapshot["nginx"].get("site_logs") or []
    names = log_sites(seen.snapshot, visits["log"], visits)
    if any(site["others"] for site in sites if site["site"] in names):
        return OTHERS, "php-fpm or another program answers so"
    is_site = visits["paths"] > 1 and kind != "expired"  # robots send forms without a session
    return (WHAT if is_site else SCRIPT), "the application answers so"


class Kind(NamedTuple):
    """Requests that are alike."""

    judge: Callable[[Seen], Judged]
    words: str
    ways: Sequence[str] = ()  # what of nginx's files tells more, by its kind
    by_several: bool = True  # where a single stranger made them all, it is nothing
    is_file: bool = False  # its path tells no secret of a visitor's


KINDS = {
    "header": Kind(_too_long, TOO_LONG % "headers, such as cookies, are"),
    "uri": Kind(_too_long, TOO_LONG % "requests' first lines are"),
    "method": Kind(
        lambda _seen: (METHOD, ""),
        "%(requests)d forms sent to %(path)s with 405, visitors: %(visitors)d. nginx sends a file "
        "there, and takes no form",
    ),
    "permalink": Kind(
        _unled,
        "%(requests)d requests for pages such as %(path)s with nginx's own 404, visitors: "
        "%(visitors)d, and no such page came. ",
        ("permalinks",),
    ),
    "circle": Kind(
        _circle,
        "%(requests)d requests for pages such as %(path)s with %(status)d, visitors: %(visitors)d. "
        "Each asked for the same page again at once: it is sent to where it came from. ",
        ("cached",),
    ),
    "made": Kind(
        _made,
        "%(requests)d requests for %(path)s with %(status)d, visitors: %(visitors)d. Pages name it, and "
        "no such file is there. If the application makes it, it needs try_files $uri /index.php$is_args$args "
        "in ",
        ("made",),
        is_file=True,
    ),
    "untyped": Kind(
        _untyped,
        "%(requests)d requests for %(path)s, visitors: %(visitors)d. nginx knows no type of .mjs, so "
        "browsers do not run it, and pages may stay blank: add mjs beside js in mime.types",
        ("untyped",),
        is_file=True,
    ),
    "check": Kind(
        lambda _seen: (CHECK, ""),
        "%(requests)d checks of a balancer for %(path)s with %(status)d, and none with 200 since. A "
        "balancer takes a host out that answers so: let it ask by the site's name, for a page with 200",
        by_several=False,
    ),
    "sent": Kind(
        _part,
        "%(requests)d requests with 500 that send something (POST and the like), such as to %(path)s, "
        "visitors: %(visitors)d. None came since, though they see pages: ",
    ),
    "below": Kind(
        _part,
        "%(requests)d requests with 500 for what is below %(path)s, visitors: %(visitors)d. None came "
        "since, though other pages do: ",
    ),
    "expired": Kind(
        _part,
        "%(requests)d forms with 419, such as to %(path)s, visitors: %(visitors)d. None came since: "
        "the session of a form is gone, as where its cookie is for another domain or for TLS, or its store "
        "is not written: ",
    ),
    "denied": Kind(
        _part,
        "%(requests)d requests that send something with a 403 of nginx's size, such as to %(path)s, "
        "visitors: %(visitors)d. None came since, though they see pages: ",
        ("denied",),
    ),
    "hello": Kind(
        _protocol,
        "%(requests)d requests with 400 that speak TLS, visitors: %(visitors)d. None is taken at port "
        "443, as long as listen has no ssl: ",
        ("hello",),
        by_several=False,
    ),
    "proxied": Kind(
        _protocol,
        "%(requests)d requests with 400 that begin with the PROXY protocol. Where a balancer in "
        "front sends it, give listen proxy_protocol, or let it not be sent; else scanners do",
        ("proxied",),
        by_several=False,
    ),
    "plain": Kind(
        _protocol,
        "%(requests)d requests with 400, visitors: %(visitors)d. They are plain HTTP to a port with "
        "ssl: where TLS ends in front, lead it to a port without",
        ("plain",),
        by_several=False,
    ),
    "path_info": Kind(
        _unled, "%(requests)d requests for %(path)s with %(status)d, visitors: %(visitors)d. ", NGINX_ALONE
    ),
}


def _by_visits(snapshot: "Snapshot", access: "AccessLogs", visits: "OddVisits") -> "List[Missing]":
    kind, several = KINDS[visits["kind"]], visits["visitors"] > 1 or visits["internal"]
    if visits["requests"] < FEWEST or (kind.by_several and not several):
        return []
    judged = kind.judge(Seen(snapshot, visits, _ways(snapshot, access, visits, kind.ways)))
    if not judged:
        return []
    what, behind = judged
    values = visits if kind.is_file else {**visits, "path": shown(visits["path"])}
    words = "%s: the access log has " % (visits["site"] or visits["log"]) + kind.words % values
    return [unseen(what, visits["log"], words + behind)]


def _by_events(snapshot: "Snapshot", explained: Sequence[str]) -> "List[Missing]":
    notes: List[Missing] = []
    for event in snapshot["logs"]["events"]:
        meaning, site = meaning_of(event), event["site"] or "default"
        if event["count"] < FEWEST:
            continue
        if meaning in TOO_LARGE:
            words = next(text for those, text in DROPPED if meaning in those)
            notes.append(unseen(LARGE, event["sample"]["path"], words % (site, event["count"])))
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


def notes_on_visits(snapshot: "Snapshot", findings: "Sequence[Finding]") -> "List[Missing]":
    access = snapshot.get("access")
    explained = [site for item in findings if item["state"] != "latent" for site in item["sites"]]
    notes: List[Missing] = []
    for visits in access.get("odd_visits") or [] if access else []:
        if visits["site"] not in explained:
            notes += _by_visits(snapshot, access, visits) if access else []
    for dropped in access.get("dropped_bodies") or [] if access else []:
        if dropped["count"] >= FEWEST:
            why = FIELDS if dropped.get("fields") else FORM
            why = why % ("pool %s" % dropped["pool"], dropped["count"])
            notes.append(unseen(LARGE, dropped["path"], why))
    notes += _by_events(snapshot, explained)
    return sorted(notes, key=lambda note: note["what"] != WHAT)[:MOST_NOTES]
