# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of an access log, read by the log_format that nginx wrote them with (docs/looking.md).

A visitor chooses the text of most variables. nginx escapes quotes and line feeds in them, but no blank. So a
line is cut at the quotes of its format first. What still has two readings is in doubt, and is left out.
"""

import re
from typing import Dict, List, NamedTuple, Optional, Pattern, Tuple

from ...signatures.table import words
from .lexer import VARIABLE

WANTED = (499, 500, 502, 503, 504)
_SECONDS = r"\d{1,12}\.\d{3}"


def _several(value: str) -> str:
    """ngx_http_upstream.c: of each server that was tried; " : " stands between those of two groups."""
    return r"(?:%s|-)?(?:(?:, | : )(?:%s|-)){0,63}" % (value, value)


_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
TIMES = {
    "time_local": r"\d\d/" + _MONTH + r"/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
    "time_iso8601": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d",
    "msec": r"\d{9,11}\.\d{3}",
}
_NAME, _NAME_ALONE = r"[^\s\"]{0,255}", r"[^\s\"/]{0,255}"
# Variables whose text no visitor can choose. All others are taken for his.
_TEXTS = {
    r"\d{3}": "status",
    _SECONDS: "request_time",
    _several(r"\d{3}"): "upstream_status",
    _several(r"[^\s,\"]{1,200}"): "upstream_addr",
    _several(_SECONDS): "upstream_response_time upstream_connect_time upstream_header_time",
    _several(r"\d{1,20}"): "upstream_response_length upstream_bytes_received upstream_bytes_sent",
    r"\d{0,20}|-": "bytes_sent body_bytes_sent request_length connection connection_requests server_port "
    "remote_port pid content_length",
    r"[0-9A-Fa-f.:]{0,45}|unix:|-": "remote_addr realip_remote_addr server_addr",
    _NAME: "server_name host hostname",
    r"[A-Z_-]{0,32}": "request_method upstream_cache_status",
    r"(?:HTTP/\d\.\d)?|-": "server_protocol",
    r"[\w.]{0,12}|-": "ssl_protocol gzip_ratio",
    r"[0-9a-f]{32}|-": "request_id",
    "https?": "scheme",
    "[p.]": "pipe",
}
_TYPED = dict(TIMES, **{name: pattern for pattern, names in _TEXTS.items() for name in names.split()})
# What a line is asked for. Of a visitor's texts only the request is shown.
_WANTED = words(
    "time_local time_iso8601 msec status request_time server_name host http_host request request_method "
    "request_uri uri upstream_status upstream_addr upstream_response_time upstream_header_time remote_addr "
    "http_user_agent body_bytes_sent"
)
# No line feed can stand in these. With escape=none one in any other begins a line of the visitor's own.
_ONE_LINE = words(
    "request request_uri args query_string is_args ssl_cipher http_referer http_user_agent http_host "
    "http_x_forwarded_for http_cookie"
)
_NEXT = 24  # places at which a literal is looked for
_READ = 16384

Fields = Dict[str, str]


class _Group(NamedTuple):
    """Typed variables with the text between them, and what it begins with."""

    pattern: Optional[Pattern[str]]
    begins: str


class _Segment(NamedTuple):
    """What stands between two quotes: typed groups, with a visitor's text between each two of them."""

    groups: List[_Group]
    loose: List[str]  # names of these texts


def tokens(text: str) -> List[Tuple[str, str]]:
    """[(variable, "") or ("", literal)]"""
    cut: List[Tuple[str, str]] = []
    position = 0
    for match in VARIABLE.finditer(text):
        if match.start() > position:
            cut.append(("", text[position : match.start()]))
        cut.append((match.group(1) or match.group(2), ""))
        position = match.end()
    return cut + ([("", text[position:])] if position < len(text) else [])


def _typed(name: str) -> Optional[str]:
    """ngx_http_log_vars have one letter case, all other variables none."""
    return _TYPED.get(name if name in _TYPED else name.lower())


def _runs_on(parts: List[Tuple[str, str]], number: int) -> bool:
    """Whether the text of a visitor could go on a list of upstreams, as its separators are blanks, too."""
    behind = parts[number + 1 : number + 3]
    return (
        parts[number][0].lower().startswith("upstream_")
        and len(behind) == 2
        and not behind[0][1].strip(" ,:")
        and bool(behind[1][0])
        and not _typed(behind[1][0])
    )


def _groups(parts: List[Tuple[str, str]], taken: List[str]) -> _Segment:
    """taken: names of variables that stand in a segment before; only the first of a name is asked."""
    groups: List[_Group] = []
    loose: List[str] = []
    pattern, begins = "", ""
    for number, (name, literal) in enumerate(parts):
        typed = _typed(name) if name else None
        if typed == _NAME and parts[number + 1 : number + 2] and parts[number + 1][0]:
            typed = _NAME_ALONE  # $host$request_uri
        if not name:
            begins = begins if pattern else literal
            pattern += re.escape(literal)
        elif typed:
            wanted = name.lower() in _WANTED and name.lower() not in taken and not _runs_on(parts, number)
            taken += [name.lower()] if wanted else []
            pattern += "(?P<%s>%s)" % (name.lower(), typed) if wanted else "(?:%s)" % typed
        else:
            groups.append(_Group(re.compile(pattern, re.ASCII) if pattern else None, begins))
            loose.append(name.lower())
            pattern, begins = "", ""
    last = re.compile(pattern + r"\Z", re.ASCII) if pattern or not loose else None
    return _Segment(groups + [_Group(last, begins)], loose)


def _agreed(readings: List[Fields]) -> Fields:
    """What all readings have in common."""
    first = readings[0] if readings else {}
    return {
        name: value
        for name, value in first.items()
        if all(reading.get(name) == value for reading in readings[1:])
    }


class _Found(NamedTuple):
    places: List[int]
    fields: Fields


def _search(group: _Group, text: str, low: int, at_end: bool) -> Optional[_Found]:
    """Where a group may stand behind low; None nowhere. at_end: it is the text's end."""
    if group.pattern is None:
        return _Found([len(text)], {}) if at_end else _Found([], {})
    if not group.begins:
        return _Found([], {})  # a visitor's text sticks to it
    places: List[int] = []
    readings: List[Fields] = []
    place = len(text) + 1
    for _try in range(_NEXT):
        place = text.rfind(group.begins, low, place + len(group.begins) - 1)
        if place < 0:
            break
        match = group.pattern.match(text, place)
        if match:
            places.append(place)
            readings.append(match.groupdict(""))
    else:
        if not at_end:
            return _Found(places, {})  # too many places to tell
    return _Found(places, _agreed(readings)) if readings else None


def _read(segment: _Segment, text: str) -> Optional[Fields]:
    """The fields of a segment; None when it is none."""
    groups, loose = segment
    first = groups[0].pattern
    match = first.match(text) if first else None
    if first and not match:
        return None
    fields, low = (match.groupdict(""), match.end()) if match else ({}, 0)
    if not loose:
        return fields
    last = _search(groups[-1], text, low, True)
    if last is None:
        return None
    fields.update(last.fields)
    if len(loose) == 1 and len(last.places) == 1 and loose[0] in _WANTED:
        fields.setdefault(loose[0], text[low : last.places[0]])
    if len(loose) > 1:
        end = min(last.places) if last.places else len(text)
        for group in groups[1:-1]:
            found = _search(group, text[:end], low, False)
            if found is None:
                return None
            fields.update(found.fields)
    return fields


class LineFormat:
    """A log_format. problem: why its lines tell nothing. escape: default, json or none."""

    def __init__(self, text: str, escape: str) -> None:
        self.escape = escape
        cut = tokens(text)
        names = [name for name, _literal in cut if name]
        self.time = next((name for name in names if name in TIMES), None)
        self.problem = self._problem(names)
        self._segments: List[_Segment] = []
        parts: List[List[Tuple[str, str]]] = [[]]
        for name, literal in cut:
            if name or escape == "none":
                parts[-1].append((name, literal))
                continue
            pieces = literal.split('"')
            parts[-1] += [("", pieces[0])] if pieces[0] else []
            parts += [[("", piece)] if piece else [] for piece in pieces[1:]]
        taken: List[str] = []
        self._segments = [_groups(part, taken) for part in parts]
        self.hit = self._hit(cut)
        self.stamp = re.compile(TIMES[self.time or "msec"].encode("ascii"))

    def _problem(self, names: List[str]) -> Optional[str]:
        if "status" not in names:
            return "its log_format has no $status"
        if self.time is None:
            return "its log_format has no time"
        loose = {name.lower() for name in names if not _typed(name)}
        if self.escape == "none" and loose - _ONE_LINE:
            return "with escape=none a visitor can write whole lines of his own into it"
        return None

    @staticmethod
    def _hit(cut: List[Tuple[str, str]]) -> Pattern[bytes]:
        """What a line with one of WANTED has somewhere. Lines without it need not be read."""
        number = next((number for number, part in enumerate(cut) if part[0] == "status"), 0)
        before = cut[number - 1][1][-12:] if number else ""
        after = cut[number + 1][1][:12] if number + 1 < len(cut) else ""
        codes = "(?:%s)" % "|".join(map(str, WANTED))
        return re.compile((re.escape(before) + codes + re.escape(after)).encode("utf-8"))

    def fields(self, line: str) -> Optional[Fields]:
        """What a line tells; None when it is not of this format. A field that is in doubt is not there."""
        text = line[:_READ]
        if self.escape == "json" and "\\" in text:
            text = text.replace("\\\\", "\0\0").replace('\\"', "\0\0")
        pieces = [text] if self.escape == "none" else text.split('"')
        if len(pieces) != len(self._segments):
            return None
        fields: Fields = {}
        for segment, piece in zip(self._segments, pieces):
            found = _read(segment, piece)
            if found is None:
                return None
            for name, value in found.items():
                fields.setdefault(name, value)
        return fields


def last_of(several: str) -> str:
    """The value of the last server that was tried."""
    return several.replace(" : ", ", ").rpartition(", ")[2]
