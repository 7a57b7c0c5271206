# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's status page: the FastCGI request for it, and its answer (fpm_status.c, FastCGI 1.0)."""

import json
import struct
from typing import Dict, List, NamedTuple, Optional, Tuple

MOST_BYTES = 1 << 20  # of an answer
_BEGIN, _PARAMS, _STDIN, _STDOUT, _END = 1, 4, 5, 6, 3
_RUNNING = ("Running", "Reading headers", "Info", "Finishing", "Ending")


class Status(NamedTuple):
    """None: it does not say."""

    pool: str
    active: int
    idle: int
    max_children_reached: int
    started_at: float  # epoch seconds: all counts are since then
    oldest: Optional[float]  # age in seconds of the oldest request that a worker has


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def _pair(name: str, value: str) -> bytes:
    sizes = b"".join(struct.pack(">I", len(text) | 1 << 31) for text in (name, value))
    return sizes + (name + value).encode("ascii", "replace")


def request(path: str) -> bytes:
    """The page of all workers, as JSON. No script is run: php-fpm answers before it would open one."""
    fields = {
        "SCRIPT_NAME": path,
        "SCRIPT_FILENAME": path,
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "json&full",
        "REQUEST_URI": path + "?json&full",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "GATEWAY_INTERFACE": "CGI/1.1",
    }
    params = b"".join(_pair(name, value) for name, value in fields.items())
    begin = _record(_BEGIN, struct.pack(">HB5x", 1, 0))
    return begin + _record(_PARAMS, params) + _record(_PARAMS, b"") + _record(_STDIN, b"")


def body(data: bytes) -> Tuple[bytes, bool]:
    """(what it wrote so far, whether that is all)."""
    written: List[bytes] = []
    offset = 0
    while offset + 8 <= len(data):
        _version, kind, _id, length, padding = struct.unpack_from(">BBHHB", data, offset)
        if offset + 8 + length > len(data):
            break
        if kind == _STDOUT:
            written.append(data[offset + 8 : offset + 8 + length])
        if kind == _END:
            return b"".join(written), True
        offset += 8 + length + padding
    return b"".join(written), False


def _first(pairs: List[Tuple[str, object]]) -> Dict[str, object]:
    """Of a key that comes twice the first value is php-fpm's. Older ones write a request's path as it came: a
    visitor's may end the text and go on as JSON.
    """
    return dict(reversed(pairs))


def _count(row: Dict[str, object], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) and 0 <= value < 1 << 53 else 0


def parse(answer: bytes) -> Optional[Status]:
    """The answer of body(); None when it is no status page. Texts of visitors are in it."""
    head, _blank, text = answer.partition(b"\r\n\r\n")
    if b"json" not in head:
        return None
    try:
        page = json.loads(text.decode("utf-8", "replace"), strict=False, object_pairs_hook=_first)
    except (ValueError, RecursionError):
        return None
    if not isinstance(page, dict) or not isinstance(page.get("pool"), str) or "active processes" not in page:
        return None
    rows, oldest = page.get("processes"), None
    count = _count(page, "active processes") + _count(page, "idle processes")
    if isinstance(rows, list) and (len(rows) == count or not rows):
        running = [row for row in rows if isinstance(row, dict) and row.get("state") in _RUNNING]
        oldest = max((_count(row, "request duration") / 1e6 for row in running), default=0.0)
    return Status(
        page["pool"],
        _count(page, "active processes"),
        _count(page, "idle processes"),
        _count(page, "max children reached"),
        float(_count(page, "start time")),
        oldest,
    )
