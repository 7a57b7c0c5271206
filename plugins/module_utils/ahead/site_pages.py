# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One page of each PHP site, asked for as a visitor would. Only who gates a deploy asks: PHP runs."""

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.endpoint.http_get import literal
from ..collect.host import Host
from ..collect.nginx.nginx import collect_nginx
from ..collect.nginx.nginx_files import Reading
from ..parse.nginx.listen import Target
from ..parse.nginx.listeners import Listeners, doors_of
from ..parse.nginx.served import Block, blocks
from ..parse.nginx.sites import Place, place, site_of
from ..remediate.pages import OWN, SILENT, Door, Page, ask

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Site
    from ...plugin_utils.shapes.nginx import Nginx
    from ...plugin_utils.shapes.site_page import SitePage, SitePages

AT_ONCE = 8
MOST_SITES = 500
MOST_NAMED = 5
_RANGE = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?\Z")
_NO_PATH = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_BY = {OWN: "site", SILENT: "nginx"}


class BadStatus(Exception):
    """A word that is no status code and no range of them."""


class Accepted(NamedTuple):
    written: str
    ranges: List[Tuple[int, int]]

    def has(self, status: int) -> bool:
        return any(first <= status <= last for first, last in self.ranges)


def accepted(words: Sequence[str]) -> Accepted:
    ranges: List[Tuple[int, int]] = []
    for word in words:
        match = _RANGE.match(word.strip())
        first, last = (int(match.group(1)), int(match.group(2) or match.group(1))) if match else (1, 0)
        if first > last:
            raise BadStatus("%r is no status code, such as 200, and no range, such as 200-399" % word)
        ranges.append((first, last))
    if not ranges:
        raise BadStatus("no status code is accepted: name one, such as 200-399")
    return Accepted(", ".join(words), ranges)


def path_problem(path: str) -> Optional[str]:
    """Why nobody could mean this as the path of a URL. In a message it would look like a line of its own."""
    odd = _NO_PATH.search(path)
    if odd is None:
        return None
    return "%r holds a blank or a control character (%r), which a URL writes as %%20 and the like" % (
        path[:200],
        odd.group(),
    )


class Wanted(NamedTuple):
    """A site, and how it is asked, else why not."""

    site: "Site"
    door: Optional[Door]
    why: str


def doors(sites: "Sequence[Site]", conf_blocks: Sequence[Block]) -> List[Wanted]:
    listeners = Listeners(conf_blocks)
    by_place = {(block.file, block.line): block for block in conf_blocks}
    found: List[Wanted] = []
    for site in sites:
        block = by_place.get((site["file"] or "", site["line"] or 0))
        if block is None:
            found.append(Wanted(site, None, "It is not known where its server block begins."))
        else:
            found.append(_door(site, block, listeners))
    return found


def _door(site: "Site", block: Block, listeners: Listeners) -> Wanted:
    why = "None of its listeners can be asked from here: %s." % (", ".join(block.listen) or "port 80")
    for target in doors_of(block):
        for name in block.names:
            host = literal(name, target).lower()
            answering = listeners.answering(target, host)
            if answering == block:
                return Wanted(site, Door(place(site), site["name"], target, name), "")
            if answering is None:
                why = "It is not known which server block answers for %s: a name is a regular expression."
                why = why % host
            else:
                why = "For %s at %s nginx answers with %s:%d." % (
                    host,
                    _listener(target),
                    answering.file,
                    answering.line,
                )
    return Wanted(site, None, why)


def _listener(target: Target) -> str:
    if target.family == "unix":
        return "unix:" + target.address
    address = "[%s]" % target.address if target.family == "inet6" else target.address
    return "%s:%d" % (address, target.port)


def _url(door: Door, path: str) -> str:
    usual = 443 if door.target.tls else 80
    port = "" if door.target.port in (0, usual) else ":%d" % door.target.port
    scheme = "https" if door.target.tls else "http"
    return "%s://%s%s/%s" % (scheme, literal(door.server_name, door.target), port, path.lstrip("/"))


def _entry(site: "Site", why: str) -> "SitePage":
    """The entry of a site that was not asked."""
    return {
        "site": site["name"],
        "file": site["file"],
        "line": site["line"],
        "asked": False,
        "ok": None,
        "why": why,
        "url": None,
        "listener": None,
        "tls": None,
        "status": None,
        "error": None,
        "by": None,
        "endpoints": [],
        "ms": None,
    }


def _why(page: Page, status: Accepted) -> str:
    if page.status is None:
        return "It gave no answer: %s." % page.error
    if status.has(page.status):
        return ""
    words = "It answered %d, and %s is accepted." % (page.status, status.written)
    if page.kind == SILENT:
        blamed = ", ".join(sorted(filter(None, page.blamed)))
        words += " nginx says so, since php-fpm gave nothing%s." % (" at " + blamed if blamed else "")
    return words


def _answered(wanted: Wanted, door: Door, page: Page, path: str, status: Accepted) -> "SitePage":
    why = _why(page, status)
    return {
        **_entry(wanted.site, why),
        "asked": True,
        "ok": not why,
        "url": _url(door, path),
        "listener": _listener(door.target),
        "tls": door.target.tls,
        "status": page.status,
        "error": page.error,
        "by": _BY.get(page.kind, "nobody"),
        "endpoints": sorted(filter(None, page.blamed)),
        "ms": page.ms,
    }


def _ask_all(
    host: Host, nginx: "Nginx", wanted: Sequence[Door], path: str, seconds: float
) -> Dict[Place, Page]:
    """Some at a time, until the deadline."""
    pages: Dict[Place, Page] = {}
    for first in range(0, len(wanted), AT_ONCE):
        left = min(seconds, host.left())
        if left <= 0:
            break
        pages.update(ask(host, nginx, wanted[first : first + AT_ONCE], path, left))
    return pages


def _sites(nginx: "Nginx") -> "Dict[Place, Tuple[Site, List[str]]]":
    """Each site with all its names."""
    found: Dict[Place, Tuple[Site, List[str]]] = {}
    for route in nginx["routes"]:
        site = site_of(route)
        found.setdefault(place(site), (site, [site["name"], *route["server_names"]]))
    return found


def _unknown(names: Sequence[str], known: Sequence[str]) -> "List[SitePage]":
    why = "No site of nginx's configuration that passes requests to php-fpm has this name."
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    return [_entry({"name": name, "listen": "", "file": None, "line": None}, why) for name in unknown]


class Wish(NamedTuple):
    """names: of the sites that are asked; none: all. seconds: for each page. deadline: for all."""

    names: Sequence[str]
    path: str
    status: Accepted
    seconds: float
    deadline: float


def site_pages(host: Host, wish: Wish) -> "SitePages":
    names, path, status, seconds, deadline = wish
    host.deadline = host.monotonic() + deadline
    nginx = collect_nginx(host)
    every = _sites(nginx)
    chosen = [site for site, known in every.values() if not names or set(names) & set(known)]
    wanted = doors(chosen[:MOST_SITES], blocks(Reading.of(host, nginx).conf))
    pages = _ask_all(host, nginx, [each.door for each in wanted if each.door], path, seconds)
    entries: List[SitePage] = []
    for each in wanted:
        page = pages.get(each.door.place) if each.door else None
        if each.door and page:
            entries.append(_answered(each, each.door, page, path, status))
        else:
            entries.append(_entry(each.site, each.why or "Its turn had not come within %g s." % deadline))
    left = [_entry(site, "Only %d sites are asked." % MOST_SITES) for site in chosen[MOST_SITES:]]
    entries += left + _unknown(names, [name for _site, known in every.values() for name in known])
    return _reply(entries, host)


def _reply(entries: "List[SitePage]", host: Host) -> "SitePages":
    tried = [entry for entry in entries if entry["asked"]]
    bad = [entry for entry in tried if not entry["ok"]]
    not_asked = [entry for entry in entries if not entry["asked"]]
    return {
        "ok": bool(entries) and not bad and not not_asked,
        "msg": _message(entries, bad, not_asked),
        "asked": len(tried),
        "bad": len(bad),
        "not_asked": len(not_asked),
        "pages": entries,
        "missing": [entry for entry in host.missing if entry["what"].startswith(("nginx", "file_system"))],
    }


def _message(
    entries: "Sequence[SitePage]", bad: "Sequence[SitePage]", not_asked: "Sequence[SitePage]"
) -> str:
    if not entries:
        return "There is no site to ask: no route leads from nginx to php-fpm here."
    wrong = [*bad, *not_asked]
    if not wrong:
        return (
            "The site answered as expected."
            if len(entries) == 1
            else "All %d sites answered as expected." % len(entries)
        )
    named = ["%s: %s" % (entry["site"], entry["why"]) for entry in wrong[:MOST_NAMED]]
    more = [" And %d more." % (len(wrong) - MOST_NAMED)] if wrong[MOST_NAMED:] else []
    return " ".join(
        ["%d of %d sites did not answer as expected." % (len(wrong), len(entries)), *named, *more]
    )
