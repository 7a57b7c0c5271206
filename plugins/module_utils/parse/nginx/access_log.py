# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's access log -> events: the answers 499, 500, 502, 503 and 504, by site and upstream."""

import re
from typing import (
    TYPE_CHECKING,
    Container,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Pattern,
    Sequence,
    Set,
    Tuple,
)

from ...signatures.nginx import ACCESS, ACCESS_LOST, access_id
from ..endpoint import canonical
from ..log_events import Log
from ..redact import redact
from ..timestamps import access_time
from .access_pages import LastPages, Page, path_of, sizes_with, spoken
from .log_format import Fields, LineFormat, last_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Detail, Earlier, LaterEvent, Pages
    from ....plugin_utils.shapes.nginx import SiteLogs

LINE_BYTES = 16 * 1024
PAGES_BYTES = 8 * 1024
LOOKED_AT = 64  # lines from before the window
_NONE = ("", "-")  # no upstream was tried, or it sent no header
OWN_ERRORS = ("502", "504")
# Bytes of nginx's own page beside its name (ngx_http_special_response.c): plain, and padded for Chrome.
_OWN_502 = (145, 547)
WAITED = 1.0  # seconds: who leaves earlier may have clicked on


def own_502(version: Optional[str]) -> Set[str]:
    """Bytes of nginx's own page."""
    return sizes_with(version, _OWN_502)


class _Pass(NamedTuple):
    """A request that was passed to an upstream. nginx may redirect it to another one after that."""

    tried: List[str]  # servers, as nginx logs them; the upstream's name where none was left
    answered: bool  # the last one of them sent a header

    @property
    def none_left(self) -> bool:
        return self.tried[-1] not in _NONE and _endpoint(self.tried[-1]) is None

    def ended_with(self, statuses: Sequence[str], number: int) -> bool:
        return number >= len(statuses) or statuses[number] in OWN_ERRORS


def _passes(fields: Fields) -> List[_Pass]:
    """ngx_http_upstream_addr_variable(): ", " stands between servers, " : " between passes."""
    times = fields.get("upstream_header_time", "-").split(" : ")
    return [
        _Pass(names.split(", "), (times[number:] or ["-"])[0].rpartition(", ")[2] not in _NONE)
        for number, names in enumerate(fields.get("upstream_addr", "").split(" : "))
    ]


def _lost_pass(fields: Fields) -> Optional[_Pass]:
    """The first one to which nginx itself answered, as it does to a request that is lost."""
    passes = _passes(fields)
    statuses = [last_of(of_pass) for of_pass in fields.get("upstream_status", "").split(" : ")]
    statuses = statuses if fields.get("upstream_status") and len(statuses) == len(passes) else []
    if len(passes) > 1 and not statuses and "upstream_header_time" not in fields:
        return _Pass([""], False)  # it may be any of them
    for number, of_pass in enumerate(passes):
        if not of_pass.answered and of_pass.ended_with(statuses, number):
            return of_pass
    return None


def _endpoint(address: str) -> Optional[str]:
    """The endpoint of an address. Where no server was left, nginx writes the upstream's name."""
    of_port = ":" in address and address[-1:].isdigit()
    return canonical(address) if address.startswith("unix:") or of_port else None


def _signature(status: str, fields: Fields, lost: Optional[_Pass]) -> str:
    seconds, kinds = fields.get("request_time"), []
    if seconds and float(seconds) >= WAITED:
        kinds.append("-waited")
    if fields.get("upstream_addr", "?") in _NONE:
        kinds.append("-unasked")
    elif lost is None:
        kinds.append("-meant")
    return access_id(status, *kinds)


def _words(status: str, fields: Fields) -> str:
    """What is shown of a line: a visitor's addresses and headers are not."""
    target = fields.get("request_uri") or fields.get("uri") or ""
    request = fields.get("request") or "%s %s" % (fields.get("request_method", ""), target)
    path, query, _query = request.partition("?")
    words = '%s to "%s"' % (status, path[:200] + (query and "?[redacted]"))
    if "request_time" in fields:
        words += " in %s s" % fields["request_time"]
    if fields.get("upstream_addr"):
        words += ", upstream %s" % fields["upstream_addr"]
    if fields.get("upstream_status"):
        words += ": %s" % fields["upstream_status"]
    return words


def _detail(status: str, fields: Fields) -> "Detail":
    detail: Detail = {"status": int(status)}
    if "request_time" in fields:
        detail["seconds"] = float(fields["request_time"])
        path = path_of(fields)
        if status == "504" and path:
            detail["uri"] = redact(path, 256)
    if fields.get("upstream_status"):
        detail["upstream_status"] = fields["upstream_status"][:200]
    return detail


def _any_of(patterns: Sequence[Pattern[bytes]]) -> Pattern[bytes]:
    return re.compile(b"|".join(dict.fromkeys(pattern.pattern for pattern in patterns)))


class Parsed(NamedTuple):
    """A line of the log."""

    at: float  # epoch seconds
    status: str
    fields: Fields
    lost: Optional[_Pass]

    @property
    def signature(self) -> str:
        return _signature(self.status, self.fields, self.lost)

    @property
    def endpoints(self) -> List[str]:
        """The endpoints of the servers that were tried."""
        last = [last_of(self.fields.get("upstream_addr", ""))]
        found = [_endpoint(address) for address in (self.lost.tried if self.lost else last)]
        return [endpoint for endpoint in found if endpoint]


class AccessLog(Log):
    """Feed it whole lines. forms: those in which the sites log there. writers: these sites. read, unread:
    lines with a status of interest in one of these formats, and in none. soonest: seconds after which nginx
    may give up on a request, and since when. own_sizes: see own_502().
    """

    def __init__(
        self,
        path: str,
        forms: Sequence[LineFormat],
        writers: Sequence["SiteLogs"],
        since: float,
        until: float,
        soonest: Tuple[float, float] = (0.0, 0.0),
        own_sizes: Container[str] = (),
    ) -> None:
        super(AccessLog, self).__init__(path, since, until, 0)
        self._soonest, self._own = soonest, own_sizes
        self.forms = forms
        self.read = self.unread = 0
        self._hit = _any_of([form.hit for form in forms])
        self._stamp = _any_of([form.stamp for form in forms])
        self._names = {site["site"]: site["site"] for site in writers}
        for site in writers:
            for name in site["names"]:
                self._names.setdefault(name, site["site"])
        self._only = writers[0]["site"] if len(writers) == 1 else None

    def latest(self, data: bytes) -> Optional[float]:
        """The latest time that stands anywhere in it, but for those to come."""
        return max(self.times(data), default=None)

    def earliest(self, data: bytes) -> Optional[float]:
        return min(self.times(data), default=None)

    def times(self, data: bytes) -> List[float]:
        stamps = {stamp.decode("ascii") for stamp in self._stamp.findall(data)}
        times = (access_time(stamp) for stamp in stamps)
        return [at for at in times if at is not None and at <= self.until]

    def knows(self, line: bytes) -> bool:
        """Whether a line is in one of the formats."""
        text = line.decode("utf-8", "replace")
        return any(form.fields(text) is not None for form in self.forms)

    def feed_lines(self, data: bytes) -> None:
        """Whole lines. One without a status of interest is passed over as it is."""
        for line in self._hits(data):
            text = line.decode("utf-8", "replace")
            parsed = self._parse(text)
            if parsed and access_id(parsed.status) in ACCESS and self.counts(parsed.at):
                self._add(text, parsed)

    def last_lost(self, data: bytes) -> "Optional[Earlier]":
        """The newest line that is older than the window and tells of a lost request."""
        counted = self.read, self.unread, self.untrusted
        lines = [line.decode("utf-8", "replace") for line in list(self._hits(data))[-LOOKED_AT:]]
        parsed = [line for line in map(self._parse, reversed(lines)) if line and line.at < self.since]
        self.read, self.unread, self.untrusted = counted
        lost = [line for line in parsed if line.signature in ACCESS_LOST]
        if not lost:
            return None
        last = max(lost, key=lambda line: line.at)
        return {"at": last.at, "status": int(last.status), "site": self._site(last.fields)}

    def _hits(self, data: bytes) -> Iterator[bytes]:
        position = 0
        while True:
            hit = self._hit.search(data, position)
            if hit is None:
                return
            begin = data.rfind(b"\n", position, hit.start()) + 1 or position
            end = data.find(b"\n", hit.end())
            position = len(data) if end < 0 else end + 1
            line = data[begin:position].rstrip(b"\n").lstrip(b"\0")
            if len(line) <= LINE_BYTES:
                yield line

    def _parse(self, text: str) -> Optional[Parsed]:
        for form in self.forms:
            fields = form.fields(text)
            if fields is not None:
                break
        else:
            self.unread += 1
            return None
        self.read += 1
        status, at = fields.get("status"), access_time(fields.get(form.time or "", ""))
        if status is None or at is None:
            self.untrusted += 1
            return None
        return Parsed(at, status, fields, None if self._is_meant(at, status, fields) else _lost_pass(fields))

    def _is_meant(self, at: float, status: str, fields: Fields) -> bool:
        """Whether a 504 came before any timeout of nginx's: the application says so itself."""
        seconds, loaded_at = self._soonest
        took = float(fields.get("request_time") or "inf")
        upstream = last_of(fields.get("upstream_status") or status)
        return status == upstream == "504" and took < seconds - WAITED and at - took > loaded_at

    def _brief(self, line: str) -> str:
        """What is shown of a line. Of many only the newest is."""
        form = next(form for form in self.forms if form.fields(line) is not None)
        fields = form.fields(line) or {}
        return redact(_words(fields.get("status", ""), fields))

    def _add(self, line: str, parsed: Parsed) -> None:
        at, status, fields, _lost = parsed
        tried = list(dict.fromkeys(parsed.endpoints))
        later: LaterEvent = {"tried": tried} if len(tried) > 1 else {}
        if parsed.lost and parsed.lost.none_left:
            later["none_left"] = True
        size = fields.get("body_bytes_sent", "0")
        if status == "502" and self._own and size != "0":  # HEAD gets no page
            later["own_page"] = size in self._own
        self.events.add(
            "nginx_access",
            parsed.signature,
            at,
            self.path,
            line,
            self._brief,
            self._site(fields),
            tried[-1] if tried else None,
            detail=_detail(status, fields),
            later=later,
        )

    def pages(self, data: bytes, refusals: Sequence[str] = ()) -> List["Pages"]:
        """What its last lines tell of pages. refusals: statuses of limits."""
        pages = LastPages(refusals)
        for page in reversed(list(self.last_pages(data))):
            pages.add(*page)
        return pages.as_data()

    def last_pages(self, data: bytes, others: bool = False) -> Iterator[Page]:
        """The newest first. others: what is no request, too."""
        lines = data.decode("utf-8", "replace").split("\n")
        for line in reversed(lines[1 if len(data) >= PAGES_BYTES else 0 :]):
            form = next((form for form in self.forms if form.fields(line) is not None), None)
            fields = form.fields(line) or {} if form else {}
            at = access_time(fields.get(form.time or "", "")) if form else None
            path = path_of(fields) or (spoken(fields) if others else "")
            if at is not None and self.since <= at <= self.until and path:
                yield self._site(fields), at, path, fields

    def _site(self, fields: Fields) -> Optional[str]:
        """By its name in the line, which a visitor may choose among those of the sites that log there."""
        named = fields.get("server_name")
        if named is None and self._only is None:
            named = (fields.get("host") or fields.get("http_host") or "-").split(":")[0].lower()
        return self._only if named is None else self._names.get(named, self._only)
