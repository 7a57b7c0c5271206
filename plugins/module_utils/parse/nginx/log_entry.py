# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry of nginx's error log: its fields, read from the left, and what it means. Forgery: see log.py."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

from ...signatures.lookup import meanings
from ...signatures.nginx import (
    FILE,
    HTTP,
    LOST,
    NGINX,
    NO_PHASE,
    NO_SERVER,
    PHASES,
    SENT,
    STATIC,
    STDERR,
    UNKNOWN,
    UNWRITABLE,
)
from ...signatures.table import Signature
from ..endpoint import canonical
from ..number import number
from ..redact import redact
from ..timestamps import nginx_time

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Detail, Earlier

ENTRY_LIMIT = 2048  # NGX_MAX_ERROR_STR, src/core/ngx_log.h, with the line feed

_TO_PHP = b', upstream: "fastcgi://'
_LOOKED_AT = 64  # lines
_LONGEST = 600  # seconds of a try
_HEAD = re.compile(
    r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(emerg|alert|crit|error|warn|notice|info|debug)\] (\d{1,10})#\d+: "
    r"(?:\*(\d+) )?",
    re.A,
)
# ngx_create_temp_file() and ngx_http_file_cache_name(): a number, an MD5.
_OWN_FILE = re.compile(r'/(?:\d{10,}|[0-9a-f]{32}[.\d]*)" (?:failed|has written)')
_FATAL = "PHP message: PHP Fatal error:  "  # behind warnings, mostly
_OPEN = 'open() "'
# What pages are made of: nobody keeps these from visitors, as notes and backups are.
_OF_PAGES = re.compile(
    r'open\(\) "[^"]{1,255}\.(?:jpe?g|png|gif|webp|avif|svg|ico|css|m?js|woff2?|ttf|mp4|webm)" failed \(13'
)
_CLOSED = "Unable to open primary script: "
_UPLOAD = "File upload error - unable to create a temporary file in Unknown on line 0"
_NEXT = "; PHP message: "
_REQUEST_END = re.compile(r" HTTP/(\d)\.\d\"")
_UPSTREAM = re.compile(r"(?:, subrequest: \"[^\"]*\")?, upstream: \"([^\"]*)\"")
_ERRNO = re.compile(r"\((\d{1,9}): ", re.A)
# Frequent messages without foreign text that are no signature.
_HARMLESS = re.compile(
    r"(?:client \S+ closed keepalive connection|SSL_\w+\(\) failed \(SSL: [^\"]*\)(?: while SSL "
    r"handshaking)?|access forbidden by rule"
    r"|open socket #\d+ left in connection \d+|an? (?:upstream response|client request body) is buffered to "
    r"a temporary file \S+)\Z"
)


_OF_MODULES = re.compile(
    r"\[?(?:lua|ModSecurity|js:|perl|rename\(\)|chmod\(\)|unlink\(\)|mkdir\(\)|utimes|cache |FastCGI sent in "
    r"stderr|ignore )",
    re.I,
)
# Methods that ngx_http_upstream_next() passes on only where non_idempotent is allowed.
_ONCE = ("POST", "LOCK", "PATCH")
_OF_SERVER = LOST | NO_SERVER
_LATE = meanings("timed_out", "connect_timed_out", "send_timed_out", "cut_off")
_SPOKEN = meanings("php_message", "too_large_for_php", "too_many_for_php")


class Entry(NamedTuple):
    at: Optional[int]  # epoch seconds
    pid: int  # of the nginx worker
    message: str
    site: Optional[str]
    endpoint: Optional[str]
    row: Optional[Signature]
    detail: "Detail"
    foreign: bool  # the message may hold text of visitors or of the application
    whole: bool  # an end of the entry is on this line
    twice: bool  # so is another
    request: Optional[str] = None  # the connection's number and the request: one request's lines share it
    in_header: bool = False  # said before the answer's header was whole
    kept: bool = False  # nginx asks no other server: a POST was sent (ngx_http_upstream_next())


@lru_cache(maxsize=256)
def upstream_key(value: str) -> Optional[str]:
    """The value of upstream: -> an endpoint's key; other protocols than FastCGI keep their scheme."""
    scheme, _separator, peer = value.partition("://")
    if not scheme.isalnum() or not peer:
        return None
    if peer.startswith("unix:"):
        peer = "unix:" + peer[5:].split(":", 1)[0]
    elif scheme != "fastcgi":
        peer = peer.split("/", 1)[0]
    return canonical(peer) if scheme == "fastcgi" else "%s://%s" % (scheme, canonical(peer))


def fields(rest: str, cut: bool) -> Tuple[Optional[str], Optional[str]]:
    """What stands behind ", client: " -> (server, endpoint). cut: the entry's end is missing. HTTP/2 and /3
    requests before nginx 1.21.1 may imitate a request's end. Where candidates differ, the endpoint is
    unknown.
    """
    _client, named, tail = rest.partition(", server: ")
    if not named:
        return None, None
    site, mark, tail = tail.partition(', request: "')
    if not mark:
        return site.split(", ", 1)[0], None
    ends = list(_REQUEST_END.finditer(tail))
    if not ends:
        # HTTP/0.9 has no version: upstream: is the last field. A cut line proves nothing.
        last = re.search(r', upstream: "([^"]*)"\Z', tail)
        return site, upstream_key(last.group(1)) if last and not cut else None
    value = _UPSTREAM.match(tail, ends[0].end())
    for end in ends[1:]:
        other = _UPSTREAM.match(tail, end.end())
        if end.group(1) != "1" and other and (not value or other.group(1) != value.group(1)):
            return site, None
    return site, upstream_key(value.group(1)) if value else None


@lru_cache(maxsize=256)
def _recognise(message: str, phase: str, crit: bool, http: bool) -> Tuple[Optional[Signature], "Detail"]:
    """(signature, detail). Cached, since a failing endpoint repeats itself: do not change the detail."""
    hit = (NGINX.find(message, HTTP) if http else None) or NGINX.find(message.partition(_NEXT)[0], phase)
    # At level error it is a static file that nginx may not read.
    if not hit or (hit[0].meaning in UNWRITABLE and not crit):
        return None, {}
    if hit[0].meaning in UNWRITABLE and phase == NO_PHASE and not _OWN_FILE.search(message):
        hit = NGINX.find(message, FILE)
        if not hit:
            return None, {}
    row, places = hit
    for words in (_FATAL, _CLOSED, _UPLOAD) if row.meaning in _SPOKEN else ():
        if words in message:
            words += message.partition(words)[2].partition(_NEXT)[0]
            row, places = NGINX.find(STDERR + words, phase) or hit
            break
    detail: Detail = {"status": row.status} if row.status else {}
    errno = _ERRNO.search(message) if row.format.endswith(": %s)") else None
    if errno:
        detail["errno"] = int(errno.group(1))
    elif row.meaning in UNWRITABLE:
        detail["errno"] = 28  # ENOSPC: a part had room
    elif "%d" in row.format:
        detail["value"] = next((value for value in map(number, places) if value is not None), None)
    return row, detail


def _is_loss(endpoint: str, level: str, phase: str, message: str) -> bool:
    """Whether a message that no row knows is about a request that php-fpm did not answer. Modules speak in
    these phases too, and a cache that cannot keep an answer still passes it on (ngx_http_file_cache.c).
    """
    return (
        "://" not in endpoint
        and level in ("error", "crit", "alert", "emerg")
        and phase in ("connecting", "sending", "header", "body")
        and not _OF_MODULES.match(message)
    )


def _request(line: str, connection: Optional[str]) -> Optional[str]:
    """The connection's number and the request line, up to the query."""
    _front, found, rest = line.partition(', request: "')
    return "%s %s" % (connection, re.split(r'[?"]', rest, maxsplit=1)[0]) if found and connection else None


def parse_entry(line: str, utc_offset: int) -> Optional[Entry]:
    """One line, without its line feed; None when it begins no entry."""
    head = _HEAD.match(line)
    if not head:
        return None
    level, of_connection = head.group(2), head.group(4) is not None
    cut = len(line) * 4 >= ENTRY_LIMIT and len(line.encode("utf-8", "replace")) + 1 >= ENTRY_LIMIT
    message, client, rest = line[head.end() :].partition(", client: ")
    if not client:
        message = message.split(", resolver: ", 1)[0]
    front, stated, phase = message.rpartition(" while ")
    if stated and phase in PHASES:
        message, phase = front, PHASES[phase]
    else:
        phase = NO_PHASE
    site, endpoint = fields(rest, cut) if client else (None, None)
    if phase == NO_PHASE and level == "error" and endpoint and "://" not in endpoint and _OPEN in message:
        phase = SENT
    elif phase == NO_PHASE and level == "error" and client and not endpoint and _OF_PAGES.match(message):
        phase = STATIC
    http = phase == "header" and (endpoint or "").startswith("http://unix:")
    row, detail = _recognise(message, phase, level == "crit", http)
    foreign = "%q" in row.format if row else of_connection and not _HARMLESS.match(message)
    twice = ", client: " in rest
    if foreign and twice:
        site = endpoint = None  # the message itself may have brought the first of them
    if (
        row is None
        and (endpoint or client and cut)
        and _is_loss(endpoint or "", head.group(2), phase, message)
    ):
        row = UNKNOWN
    request = _request(line, head.group(4)) if row and row.meaning in _OF_SERVER and endpoint else None
    kept = request is not None and phase != "connecting" and request.split(" ")[1] in _ONCE
    whole = bool(client) or not of_connection or level == "debug" or not foreign
    return Entry(
        nginx_time(head.group(1), utc_offset),
        int(head.group(3)),
        message,
        site,
        endpoint,
        row,
        detail,
        foreign,
        whole,
        twice,
        request,
        phase == "header",
        kept,
    )


def is_next(before: Entry, entry: Entry, tries: int) -> bool:
    """Whether the same request went on from one server to another. A kept connection may bring the same
    request again. So the second line is of the same moment, or of a server that answered too late. tries:
    with the one before. "no live upstreams" behind two of them mostly is a new request.
    """
    if before.kept or before.endpoint == entry.endpoint or not before.row or not entry.row:
        return False
    if entry.row.meaning in NO_SERVER and tries > 1:
        return False
    gap = (entry.at or 0) - (before.at or 0)
    late = entry.row.meaning in _LATE
    return before.row.meaning not in NO_SERVER and 0 <= gap <= (_LONGEST if late else 1)


def last_lost(data: bytes, utc_offset: int, before: float) -> "Optional[Earlier]":
    """The newest of the last lines about a lost request that are older than before. Only a note is made of
    it, which a forged line may mislead.
    """
    end = len(data)
    for _line in range(_LOOKED_AT):
        place = data.rfind(_TO_PHP, 0, end)
        if place < 0:
            break
        end = data.rfind(b"\n", 0, place) + 1
        line = data[end : end + ENTRY_LIMIT].split(b"\n")[0]
        entry = parse_entry(line.decode("utf-8", "replace"), utc_offset)
        if entry and entry.row and entry.row.meaning in LOST and entry.at is not None and entry.at < before:
            return {"at": entry.at, "status": entry.row.status, "site": entry.site}
    return None


def brief(line: str) -> str:
    """Without the query, and without what stands behind the request but the upstream."""
    front, mark, rest = line.partition(', request: "')
    if not mark:
        return redact(line)
    end = _REQUEST_END.search(rest)
    target, query, _query = (rest[: end.start()] if end else rest.split('"', 1)[0]).partition("?")
    shown = front + mark + target + (query and "?[redacted]") + (end.group() if end else '"')
    upstream = _UPSTREAM.match(rest, end.end()) if end else None
    if upstream:
        shown += ', upstream: "%s"' % upstream.group(1).split("?", 1)[0]
    return redact(shown)
