# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What browsers ask for beside a page, by the last lines of access logs. A file that the application makes
may not come, a module script may have no type. Redirects may come from a cache.
"""

import re
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.nginx.access_pages import TLS
from ...parse.nginx.conf import Conf, Directive, every, named
from ...parse.nginx.odd_visits import Hit, as_visits
from ...parse.nginx.site_logs import writers
from ...parse.timestamps import access_time
from ..host import Host
from ..logs.log_window import MOST_TAILS, PAGES_TAIL, tail
from .front_pages import Way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Front, Nginx
    from ....plugin_utils.shapes.visits import OddVisits

MADE, UNTYPED, CACHED = "made", "untyped", "cached"
FEWEST = 3  # visitors
MOST_PATHS = 4  # of a kind
MOST_WAYS = 32
# As the formats that most have write it. Of a page of the site: strangers name none.
_LINE = re.compile(
    rb'^([^ \n]+) [^"\[\n]*\[([^\]\n]{1,40})\] "GET (/[^" ?\n]{1,99}\.(?:css|m?js))(?:\?[^" \n]*)? '
    rb'HTTP/[\d.]+" (\d{3}) \d+ "https?://([^"/:\n]+)[^"\n]*" "([^"\n]*)"',
    re.M,
)
_KEPT = ("200", "301", "302")  # where fastcgi_cache_valid names no status


class _Wanted(NamedTuple):
    log: str
    site: str
    path: str


def _requests(host: Host, nginx: "Nginx", since: float) -> Iterator[Tuple[_Wanted, Hit]]:
    """The oldest first."""
    for log, who in list(writers(nginx.get("site_logs") or []).items())[:MOST_TAILS]:
        names = [each["site"] for each in who.sites]
        for number, line in enumerate(_LINE.finditer(tail(host, log, PAGES_TAIL, since))):
            address, at, path, status, page, agent = [
                each.decode("utf-8", "replace") for each in line.groups()
            ]
            site = names[0] if len(names) == 1 else page.lower()
            when = access_time(at)
            if when is not None and when >= since and site in names:
                yield _Wanted(log, site, path), Hit(number, when, path, status, (address, agent))


def _made(way: Way, page: Way) -> "Optional[Front]":
    """page: of the same name without an ending, which the application gets."""
    led = page.known and page.tries and ".php" in page.tries[0].args[-1]
    leads = way.passes or (way.tries and way.tries[0].args[-1] != "=404")
    path = way.root(way.near("root", "alias")) + way.uri
    if not way.known or not led or leads or "$" in path or way.host.type_of(path) is not None:
        return None
    return way.front(MADE, way.blocks[-1], path)


def _untyped(http: Directive, server: Directive, way: Way) -> "Optional[Front]":
    blocks = [each.block or [] for each in every([http, server]) if each.name == "types"]
    typed = any("mjs" in each.args for block in blocks for each in block)
    # Another program names the type itself.
    return None if typed or way.passes or not way.known else way.front(UNTYPED, way.blocks[0], way.uri)


def assets(
    host: Host, nginx: "Nginx", blocks: "Dict[str, Tuple[Directive, Directive]]", since: float
) -> "Tuple[List[OddVisits], List[Front]]":
    """blocks: http and server, by site."""
    missed: Dict[Tuple[str, _Wanted], List[Hit]] = {}
    for wanted, hit in _requests(host, nginx, since):
        if hit.status == "404":
            missed.setdefault((MADE, wanted), []).append(hit)
        elif hit.status[:1] in "23":
            missed.pop((MADE, wanted), None)
            if hit.path.endswith(".mjs"):
                missed.setdefault((UNTYPED, wanted), []).append(hit)
    many = [(key, hits) for key, hits in missed.items() if len({hit.who for hit in hits}) >= FEWEST]
    visits: List[OddVisits] = []
    ways: List[Front] = []
    for (kind, wanted), hits in sorted(many, key=lambda each: -len(each[1]))[:MOST_PATHS]:
        if wanted.site not in blocks or host.left() <= 0:
            continue
        http, server = blocks[wanted.site]
        way = Way(host, nginx["prefix"] or "", http, server, wanted.path)
        page = Way(host, nginx["prefix"] or "", http, server, wanted.path.rpartition(".")[0])
        front = _made(way, page) if kind == MADE else _untyped(http, server, way)
        if front:
            visits.append(as_visits(wanted.log, wanted.site, kind, hits))
            ways.append(front)
    return visits, ways


def keeps_redirects(
    host: Host, prefix: str, http: Directive, server: Directive, status: int
) -> "Optional[Front]":
    """By a cache of PHP's answers."""
    inside = list(every(server.block or []))
    cached = any(each.args[:1] != ["off"] for each in named(inside + (http.block or []), "fastcgi_cache"))
    for valid in named(inside, "fastcgi_cache_valid") or named(http.block or [], "fastcgi_cache_valid"):
        if cached and {str(status), "any"} & set(valid.args[:-1] or _KEPT):
            return Way(host, prefix, http, server, "/").front(CACHED, valid, "")
    return None


def without_ssl(
    host: Host, prefix: str, blocks: Sequence[Tuple[Directive, Directive]], conf: Conf
) -> "List[Front]":
    """The listen of each site at the port for TLS, where no server block has ssl there."""
    everything = list(every(conf.directives))
    listens = [
        each for each in named(everything, "listen") if re.search(r"(?:\A|:)443\Z", "".join(each.args[:1]))
    ]
    if any({"ssl", "quic", "proxy_protocol"} & set(each.args) for each in listens) or named(
        everything, "ssl"
    ):
        return []
    return [
        Way(host, prefix, http, server, "/").front(TLS, listen, "")
        for http, server in blocks
        for listen in listens
        if listen in (server.block or [])
    ][:MOST_WAYS]
