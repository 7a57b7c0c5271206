# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Visitors whom nginx's files lead to no host, or to a page of another site in a cache."""

import posixpath
import re
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ...parse.nginx.conf import Conf, Directive, named
from ...parse.nginx.listen import bound_at
from ...parse.nginx.locations import matches
from ...parse.nginx.routes import INNER
from ...parse.nginx.served import blocks, servers
from ...parse.timestamps import access_time
from ..host import Host
from ..logs.log_window import WIDE_TAIL, tail
from ..pages.front_pages import Way

if TYPE_CHECKING:
    from ....plugin_utils.shapes.nginx import Nginx

FEWEST = 3  # visitors
# Of a front page nothing but its own "/" is in $1.
_NO_HOST = re.compile(r"(?:https?|\$scheme)://(?:\$(?:(?:request_|document_)?uri|server_name|1)\b|[/?:]|\Z)")
_LEADS = re.compile(r"return 30|permanent|redirect|://")
# With the size of nginx's own page (ngx_http_special_response.c).
_LINE = re.compile(r'(?m)^(\S+) [^"[\n]*\[([^\]\n]+)\] "GET /(?:\?[^ "]*)? HTTP[^"]*" 30\d 1[3-8]\d (.*)')
_HOSTLESS = re.compile(
    r"(?:[^$]|\$\{?(?:request(?:_uri|_method)?|(?:document_)?uri|scheme|args|query_string|is_args)\b)*\Z"
)
_NOWHERE = "line %d: %s leads visitors to no host"
_SHARED = "line %d: %s and %s share cache %s, and %s_cache_key has no $host: they get each other's pages"
Row = Tuple[str, str, str, List[str], Directive]
Names = Tuple[List[str], Set[str]]  # of a server block, and its ports


def _is_asked(own: Names, everything: Sequence[Names], names: Set[str]) -> bool:
    """Whether a site's name leads there, and not strangers alone."""
    there = {name for each in everything if each is not own and each[1] & own[1] for name in each[0]}
    known = not any(name.startswith(("*", ".", "~")) for name in there)
    return known and bool(names - there if names else not there)


def redirects(host: Host, conf: Conf, nginx: "Nginx", default_log: str, since: float) -> None:
    """Where others lead well from the same log, it is not known whose line it is."""
    prefix = nginx["prefix"] or ""
    everything: List[Names] = [
        (block.names, {at.rpartition(":")[2] for listen in block.listen or ["80"] for at in bound_at(listen)})
        for block in blocks(conf)
    ]
    names = {name for each in everything for name in each[0] if re.match(r"\w.*\.", name)}
    led: Dict[str, List[Optional[Tuple[Directive, str]]]] = {}
    for (http, server), own in zip(servers(conf), everything):
        way = Way(host, prefix, http, server, "/")
        acting = [each for level in way.levels[1:] for each in level]
        acting += [each for condition in named(acting, "if") for each in condition.block or []]
        log = posixpath.join(prefix, next((each.args[0] for each in way.near("access_log")), default_log))
        for each in named(acting, "return", "rewrite"):
            written = " ".join([each.name, *each.args])
            if _LEADS.search(written) and (each.name == "return" or matches(each.args[0], "/")):
                well = "$server_name" in written and re.match(r"[.$]?[^\W_]", own[0][0])
                wrong = not well and any(map(_NO_HOST.match, each.args)) and _is_asked(own, everything, names)
                led.setdefault(log, []).append((each, written[:200]) if wrong else None)
    for log, rows in led.items():
        text = "" if None in rows else tail(host, log, WIDE_TAIL, since).decode("utf-8", "replace")
        who = {(who, rest) for who, at, rest in _LINE.findall(text) if (access_time(at) or 0.0) >= since}
        for row in rows[:FEWEST] if len(who) >= FEWEST else ():
            if row:
                host.miss("redirects", row[0].file, _NOWHERE % (row[0].line, row[1]))


def _kept(levels: List[List[Directive]], names: List[str]) -> Iterator[Row]:
    """(zone, key, kind, what its pages come of, place) of each location that keeps pages."""
    for each in levels[-1]:
        kind = each.name[:-5]
        if each.block and each.name in INNER:
            yield from _kept([*levels, each.block], names)
        elif each.name in ("fastcgi_pass", "proxy_pass"):
            wanted = (kind + "_cache", kind + "_cache_key", kind + "_cache_valid", "root", "proxy_set_header")
            zone, key, valid, root, heads = [
                [found.args for level in levels for found in named(level, name)] for name in wanted
            ]
            of = (root or [each.args])[-1] if kind == "fastcgi" else each.args
            if zone and valid and zone[-1] != ["off"] and "$" not in zone[-1][0] + of[0]:
                hears = kind == "proxy" and "host" in str(heads).lower()
                default = [each.args if kind == "proxy" else [""]]
                yield zone[-1][0], (key or default)[-1][0], kind, names if hears else of, each


def shared_keys(host: Host, conf: Conf) -> None:
    seen: Dict[Tuple[str, str], Tuple[List[str], List[str]]] = {}
    for (http, server), block in zip(servers(conf), blocks(conf)):
        for zone, key, kind, of, at in _kept([http.block or [], server.block or []], block.names):
            names, source = seen.setdefault((zone, key), (block.names, of))
            if _HOSTLESS.match(key) and not set(names) & set(block.names) and of != source:
                why = _SHARED % (at.line, names[0], block.names[0], zone, kind)
                host.miss("shared_cache", at.file, why)
