# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""To show a part of a configuration: what is not known to be harmless is hidden, its place stays. What both
grammars share.
"""

import re
from typing import FrozenSet, Sequence, Tuple

from ..parse.redact import GONE, redact

Part = Tuple[int, int]  # offsets of a part of a text

_RUN = re.compile(r"[^ \t\r\n]+(?:[ \t]+[^ \t\r\n]+)*")
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})", re.ASCII)
# A line that separates, as people draw it in comments.
_DRAWN = re.compile(r"[#;=*~_+|<>{}()\[\] \t\r-]*\Z")
LONGEST = 300


def names(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


def hide(text: str) -> str:
    """The white space, and a mark for what stood on each line."""
    return _RUN.sub(GONE, text)


def drawn(text: str) -> bool:
    return bool(_DRAWN.match(text))


def harmless(word: str) -> bool:
    """Whether a value looks like no secret, where the directive takes none. A variable is never one."""
    plain = _VARIABLE.sub("", word)
    return len(word) <= LONGEST and redact(plain) == plain


def variables(word: str) -> bool:
    """Whether a word holds variables only, and says nothing by itself."""
    return not _VARIABLE.sub("", word).strip("/")


def keeping(text: str, part: Part, kept: Sequence[Part]) -> str:
    """A part of a text: all but the kept places, which are in order, is hidden."""
    at, end = part
    pieces = []
    for first, last in kept:
        first, last = max(first, at), min(last, end)
        if first < last:
            pieces += [hide(text[at:first]), text[first:last]]
            at = last
    return "".join(pieces) + hide(text[at:end])
