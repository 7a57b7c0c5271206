# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words in an encoding that no rule reads: of URLs, of JSON, of nginx's logs, of HTML, and base64."""

import base64
import binascii
import re
from typing import Callable, Match

from ..parse.redact import GONE

_CODE = (
    r"%[0-9A-Fa-f]{2}|\\+x[0-9A-Fa-f]{2}|\\+u00[0-9A-Fa-f]{2}|&#(?:x[0-9A-Fa-f]{2}|[0-9]{2,3});|&quot;|&amp;"
)
_CODES = re.compile(_CODE)
_RUN = re.compile(r"[^\s\"']+")
_NAMED = {"&quot;": '"', "&amp;": "&"}
_DEEPEST = 3  # encoded once more by each program on the way
# Of letters in both sizes or with its padding: a path or a name has neither at this place.
_BASE64 = re.compile(r"(?<![\w+/.-])[A-Za-z0-9+/_-]{8,4000}={0,2}(?![\w+/=.-])", re.ASCII)
_SURE = 12  # characters


def _character(match: Match[str]) -> str:
    code = match.group()
    if code in _NAMED:
        return _NAMED[code]
    if code[:2] == "&#":
        number = int(code[3:-1], 16) if code[2] == "x" else int(code[2:-1])
    else:
        number = int(code[-2:], 16)
    return chr(number) if number < 128 else "?"


def _decoded(word: str) -> str:
    for _depth in range(_DEEPEST):
        plain = _CODES.sub(_character, word)
        if plain == word:
            break
        word = plain
    return word


def _base64(match: Match[str]) -> str:
    """Its padding, or a text in it, tells it from a name."""
    word = match.group()
    bare = word.rstrip("=")
    if len(word) % 4 == 0 and bare != word and re.search(r"[A-Z]", bare) and re.search(r"[a-z]", bare):
        return GONE
    if len(bare) < _SURE:
        return word
    try:
        plain = base64.b64decode(bare + "=" * (-len(bare) % 4), b"-_" if re.search("[-_]", bare) else None)
    except (binascii.Error, ValueError):
        return word
    return GONE if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in plain) else word


def without_encoded(text: str, clean: Callable[[str], str]) -> str:
    """clean: what is done to a text that is not encoded. A word is hidden where that would change it."""

    def judged(match: Match[str]) -> str:
        plain = _decoded(match.group())
        return match.group() if plain == match.group() or clean(plain) == plain else GONE

    if _CODES.search(text):
        text = _RUN.sub(judged, text)
    return _BASE64.sub(_base64, text)
