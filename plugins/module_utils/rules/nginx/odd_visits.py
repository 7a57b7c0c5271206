# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on what visitors did not get by nginx's own word, where that may be their own fault."""

from typing import TYPE_CHECKING, Callable, List, NamedTuple, Optional, Sequence, Tuple

from ..missing import unseen
from ..pages.path_info import FEWEST, NGINX_ALONE, shown
from ..pages.php_error_reasons import log_sites
from .odd_messages import ASSETS, CHECK, LARGE, WHAT, notes_on_messages

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Finding
    from ....plugin_utils.shapes.logs import AccessLogs
    from ....plugin_utils.shapes.missing import Missing, What
    from ....plugin_utils.shapes.nginx import Front
    from ....plugin_utils.shapes.snapshot import Snapshot
    from ....plugin_utils.shapes.visits import OddVisits

METHOD: "What" = "refused_method"
CIRCLE: "What" = "redirects"
SPOKEN: "What" = "other_protocol"
SCRIPT: "What" = "failed_script"
OTHERS: "What" = "losses_elsewhere"
UNLED: "What" = "permalinks"
AT = "%(file)s:%(line)s: %(written)s"
MOST_NOTES = 3
MANY, MOSTLY = 10, 4  # requests that begin with the PROXY protocol; times as many as pages since
FORMS, PARTS = 5, 10  # requests: of a part many may be asked for by who follows old links
TOO_LONG = (
    "%%(requests)d requests with %%(status)d, visitors: %%(visitors)d. Their %s longer than nginx takes "
    "(client_header_buffer_size, large_client_header_buffers)"
)
ROUND = (
    "%(requests)d requests for pages such as %(path)s with %(status)d, visitors: %(visitors)d. "
    "Each asked for the same page again at once: it is sent to where it came from. "
)
TLS = (
    "Where TLS ends in front of PHP, see whether HTTPS and X-Forwarded-Proto tell it so; else see the "
    "server block's redirects"
)
OWN = (
    "nginx itself sends on (return, rewrite): see which server blocks send to each other or to themselves. "
    "Where TLS ends in front, one that sends http to https never ends"
)
CACHED = (
    "nginx's cache keeps redirects (%(file)s:%(line)s: %(written)s), so that one for http comes to "
    "all: keep 200 alone, and empty it. Else HTTPS or X-Forwarded-Proto tell PHP of no TLS"
)
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
    sends = OWN if seen.visits["kind"] == "own_circle" else TLS
    return (CIRCLE if seen.visits["others"] else WHAT), CACHED % seen.ways[0] if seen.ways else sends


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
    "circle": Kind(_circle, ROUND, ("cached",)),
    "own_circle": Kind(_circle, ROUND, ("cached",)),
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


def notes_on_visits(snapshot: "Snapshot", findings: "Sequence[Finding]") -> "List[Missing]":
    access = snapshot.get("access")
    explained = [site for item in findings if item["state"] != "latent" for site in item["sites"]]
    notes: List[Missing] = []
    for visits in access.get("odd_visits") or [] if access else []:
        if visits["site"] not in explained:
            notes += _by_visits(snapshot, access, visits) if access else []
    notes += notes_on_messages(snapshot, explained)
    return sorted(notes, key=lambda note: note["what"] != WHAT)[:MOST_NOTES]
