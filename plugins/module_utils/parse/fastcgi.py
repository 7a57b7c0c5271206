# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one FastCGI exchange that needs no script: FCGI_GET_VALUES (FastCGI specification 1.0, 4.1)."""

import struct
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from ...plugin_utils.shapes.endpoint import Endpoint, ProbeResult

# A whole answer of php-fpm has 32 bytes.
ENOUGH = 64
_VERSION, _GET_VALUES, _GET_VALUES_RESULT, _LAST_TYPE = 1, 9, 10, 11
_NAME = b"FCGI_MPXS_CONNS"
# An idle worker answers in under a millisecond; one that takes this long was busy.
PROMPT_MS = 500.0
# FastCGI skips padding. A protocol of lines (HTTP, SMTP, Redis) takes it as the line's end, and complains.
_PADDING = b"\r\n\r\n"


def keeps_waiting(facts: "Endpoint") -> bool:
    """Whether a client waits there in vain."""
    return facts["probe"]["result"] == "no_answer" or facts["connect"]["result"] in ("full", "timeout")


class Answer(NamedTuple):
    result: "ProbeResult"  # answered, not_fastcgi or closed
    detail: Optional[str]  # what a person needs to see of it


def request() -> bytes:
    """Asks for FCGI_MPXS_CONNS, the one value that php-fpm knows (main/fastcgi.c)."""
    content = struct.pack("BB", len(_NAME), 0) + _NAME
    return (
        struct.pack(">BBHHBB", _VERSION, _GET_VALUES, 0, len(content), len(_PADDING), 0) + content + _PADDING
    )


def _shown(data: bytes) -> str:
    return "first bytes: '%s'" % "".join(
        chr(byte) if 32 <= byte < 127 else "\\x%02x" % byte for byte in bytearray(data[:24])
    )


def answer(data: bytes, ended: bool) -> Optional[Answer]:
    """data: what the peer sent so far. ended: it closed or reset the connection. None: wait for more. Any
    record type is FastCGI: a server without management records answers FCGI_UNKNOWN_TYPE.
    """
    if data[:1] not in (b"", struct.pack("B", _VERSION)):
        return Answer("not_fastcgi", _shown(data)) if ended or len(data) >= 12 or b"\n" in data else None
    if len(data) >= 8:
        kind, length = struct.unpack_from(">xBxxH", data)
        if not 0 < kind <= _LAST_TYPE:
            return Answer("not_fastcgi", _shown(data))
        if len(data) >= 8 + length or ended:
            return Answer(
                "answered", None if kind == _GET_VALUES_RESULT else "FastCGI record of type %d" % kind
            )
    if ended:
        return Answer("not_fastcgi", _shown(data)) if data else Answer("closed", None)
    return None
