# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last lines of an access log tell of a site's pages."""

import re
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ..number import number
from .log_format import Fields, last_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import FrontPage, Pages, Refused

Page = Tuple[Optional[str], float, str, Fields]  # site, time, path
# Of a path without another ending than PHP's.
_PAGE = re.compile(r"/(?:[^.?]*|[^?]*\.php(?:/[^?]*)?)(?:\?|\Z)")
FRONT = ("/", "/index.php")
_IS_FRONT = re.compile(r"GET /(?:index\.php)?(?: |\Z)")  # scanners add arguments
TLS, PROXIED = "hello", "proxied"
_SPOKEN = (("\\x16\\x03", TLS), ("\x16\x03", TLS), ("PROXY TCP", PROXIED))  # as logged, and as of JSON
# Of limit_req and limit_conn, and what most set it to (limit_req_status).
LATEST = 8  # pages
REFUSED = ("503", "429", "444")
# The bytes of nothing: the end of a chunked answer, and of a compressed one with and without that end.
CHUNKED, GZIPPED = "5", ("20", "31")
SHORT = 100  # bytes: gzip makes a page of 20 longer for those who take it compressed
# RFC 1918, 6598 and 4193, and loopback
INTERNAL = re.compile(
    r"(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.|::1\Z|f[cd]|unix:"
)


def path_of(fields: Fields) -> str:
    """The path of a page, without the query; "" for anything else."""
    request = fields.get("request", "").split(" ")
    path = fields.get("request_uri") or fields.get("uri") or (request + [""])[1]
    return path.partition("?")[0] if _PAGE.match(path) else ""


def spoken(fields: Fields) -> str:
    """What begins a connection in place of a request: a hello of TLS, or the PROXY protocol."""
    request = fields.get("request", "")
    return next((kind for begin, kind in _SPOKEN if request.startswith(begin)), "")


def _ways(path: str) -> List[str]:
    """The front page stands for the others."""
    return list(FRONT) if path in FRONT else [path]


class _Tally:
    """Of pages that visitors did not get, among those that came."""

    def __init__(self) -> None:
        self.pages = self.answered = self.since = 0
        self.paths: Set[str] = set()
        self.visitors: Set[Tuple[str, str]] = set()
        self.came: Set[str] = set()  # addresses that got a page

    def hit(self, path: str, fields: Fields) -> None:
        address = fields.get("remote_addr")
        self.pages, self.since = self.pages + 1, 0
        self.paths.update(_ways(path))
        self.visitors.update([(address, fields.get("http_user_agent", ""))] if address else [])

    def answer(self, fields: Fields) -> None:
        address = fields.get("remote_addr")
        self.answered, self.since = self.answered + 1, self.since + 1
        self.came.update([address] if address else [])

    def as_data(self) -> "Refused":
        addresses = {address for address, _agent in self.visitors}
        return {
            "pages": self.pages,
            "paths": len(self.paths),
            "visitors": len(self.visitors),
            "addresses": len(addresses),
            "internal": all(map(INTERNAL.match, addresses)),
            "others": len(self.came - addresses),
            "answered": self.answered - self.since,
            "since": self.since,
        }


def _is_zipped(fields: Fields) -> bool:
    """Whether a blank page has these bytes where gzip is on. Another page may have them, too."""
    return fields.get("body_bytes_sent", "") in GZIPPED


def _is_blank(fields: Fields) -> Optional[bool]:
    """Of the front page itself, asked for to be shown; a query may stand for anything else. None: not told,
    as of one that gzip made, which has a length of its own.
    """
    words, size = fields.get("request", "").split(" "), fields.get("body_bytes_sent", "")
    if len(words) != 3 or words[0] != "GET" or words[1] not in FRONT:
        return None
    return size == "0" or size == CHUNKED and words[2] == "HTTP/1.1"


class SitePages:
    """Of one site, fed its pages in order. Redirects and 404 may be nginx's own: they tell nothing."""

    def __init__(self, site: Optional[str], refusals: Sequence[str]) -> None:
        self.site, self.refusals, self.last = site, refusals, 0.0
        self.answered = self.hidden = 0
        self.refused, self.forbidden, self.blank, self.bad = _Tally(), _Tally(), _Tally(), _Tally()
        self.zipped, self.any_zipped, self.was_larger = (
            _Tally(),
            False,
            False,
        )  # those that are blank where gzip is on
        self.recent: List[Tuple[float, str]] = []  # that came
        self.failed: List[str] = []
        self.latest: List[str] = []  # that failed after the last answer
        self.pages: Set[str] = set()  # answered
        self.fronts: Dict[str, FrontPage] = {}
        self.had: Set[Tuple[str, ...]] = set()  # path, address and user agent of who got one
        self.lost: Dict[str, List[Tuple[str, ...]]] = {}  # the same of who gets it no more

    def add(self, at: float, path: str, fields: Fields) -> None:
        status, address = fields.get("status", ""), fields.get("remote_addr")
        if _IS_FRONT.match(fields.get("request", "GET " + fields.get("request_uri", path))):
            self.add_front(at, status, (path, address or "", fields.get("http_user_agent", "")))
        if status.startswith("2") and fields.get("upstream_status") == "500":
            status, self.hidden = "500", self.hidden + 1  # by an error_page
        if status.startswith("2"):
            self.recent = self.recent[1 - LATEST :] + [(at, path)]
            self.answered, self.last = self.answered + 1, at
            self.refused.answer(fields)
            self.forbidden.answer(fields)
            self.bad.answer(fields)
            blank = _is_blank(fields)
            zipped = blank is False and _is_zipped(fields)
            if blank and status == "200":
                self.blank.hit(path, fields)
            elif blank is False and not zipped:
                self.blank.answer(fields)
            if (blank or zipped) and status == "200":
                self.zipped.hit(path, fields)
                self.any_zipped = self.any_zipped or zipped
            elif blank is False:
                self.zipped.answer(fields)
                size = number(fields.get("body_bytes_sent")) or 0
                self.was_larger = self.was_larger or not self.zipped.pages and size > SHORT
            self.latest = []
            self.pages.update(_ways(path))
        elif status == "500" and status not in self.refusals:
            self.failed, self.last = self.failed + [path], at
            self.latest.append(path)
        elif status in self.refusals and last_of(fields.get("upstream_status", "")) != status:
            self.refused.hit(path, fields)
        elif status == "403":
            self.forbidden.hit(path, fields)
        elif status == "400" and fields.get("request", "GET")[:4] in ("GET", "GET ", "HEAD"):
            self.bad.hit(path, fields)

    def add_front(self, at: float, status: str, who: Tuple[str, ...]) -> None:
        front = self.fronts.setdefault(who[0], {"failed": 0, "since": 0, "lost": 0, "last": at})
        lost = self.lost.setdefault(who[0], [])
        if status in ("403", "404") and status not in self.refusals:
            front["failed"], front["since"], front["last"] = front["failed"] + 1, front["since"] + 1, at
            lost += [who] if who in self.had else []
        elif status[:1] in ("2", "3"):
            front["since"], self.lost[who[0]] = 0, []
            self.had.add(who)

    def as_data(self, first: float) -> "Pages":
        # Not a script that always fails: pages that came before.
        broken = [path for path in self.latest if self.pages.issuperset(_ways(path))]
        failed = {way for path in broken or self.failed for way in _ways(path)}
        pages: Pages = {
            "site": self.site,
            "answered": 0 if broken else self.answered,
            "failed": len(broken or self.failed),
            "paths": len(failed),
            "last": self.last or first,
        }
        for path, front in self.fronts.items():
            lost = self.lost[path]
            if len(set(lost)) > 1 or all(INTERNAL.match(who[1]) for who in lost):
                front["lost"] = len(lost)
            if front["failed"]:
                pages.setdefault("fronts", {})[path] = front
        if self.hidden:
            pages["hidden"] = self.hidden
        if len({way for _at, path in self.recent for way in _ways(path)}) > 1:
            pages["came"] = [at for at, _path in self.recent]
        if self.refused.pages:
            pages["refused"] = self.refused.as_data()
        if self.forbidden.pages:
            pages["forbidden"] = self.forbidden.as_data()
        if self.bad.pages:
            pages["bad"] = self.bad.as_data()
        if self.blank.pages:
            pages["blank"] = self.blank.as_data()
        if self.any_zipped:
            pages["zipped"], pages["was_larger"] = self.zipped.as_data(), self.was_larger
        return pages


class LastPages:
    """Of all sites that log there. refusals: statuses of limits."""

    def __init__(self, refusals: Sequence[str] = ()) -> None:
        self._refusals = (*REFUSED, *refusals)
        self._sites: Dict[Optional[str], Tuple[SitePages, float]] = {}

    def add(self, site: Optional[str], at: float, path: str, fields: Fields) -> None:
        self._sites.setdefault(site, (SitePages(site, self._refusals), at))[0].add(at, path, fields)

    def as_data(self) -> List["Pages"]:
        return [pages.as_data(first) for pages, first in self._sites.values()]


# Bytes of nginx's own page of 404 beside its name (ngx_http_special_response.c): plain, padded for Chrome,
# both compressed, and that in a chunk (HTTP/1.1).
_OWN = [141, 543, *range(100, 103), *range(160, 167), *range(111, 114), *range(171, 178)]


def sizes_with(version: Optional[str], sizes: Iterable[int]) -> Set[str]:
    """sizes: bytes of nginx's own page beside its name, which server_tokens decides."""
    names = ("nginx", "nginx/%s" % version, "nginx/%s (Ubuntu)" % version)
    return {str(size + len(name)) for size in sizes for name in names}


def front_page(pages: Iterable[Page], version: Optional[str]) -> Optional[Tuple[float, float]]:
    """(when nginx itself answered 404 last, when the page came before). pages: the newest first."""
    own, missed = sizes_with(version, _OWN), 0.0
    for _site, at, path, fields in pages:
        status, size = fields.get("status"), fields.get("body_bytes_sent")
        upstream = fields.get("upstream_addr", "?")
        missing = status == "404" and upstream in ("", "-", "?")
        is_own = size in own or (size is None and upstream != "?")
        if path not in FRONT or (missing and not is_own and (upstream != "?" or size in (None, "0"))):
            continue  # HEAD gets no page, and a cache of PHP's answers asks nobody either
        if missing and is_own:
            missed = missed or at
        elif not missed:
            break
        elif status == "200":
            return missed, at
    return None
