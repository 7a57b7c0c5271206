# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the grammars share that show a part of a configuration: what is not known to be harmless is hidden,
its place stays.
"""

import re
from typing import FrozenSet, Sequence, Tuple

from ..parse.redact import GONE, redact

# Offsets of a part of a text.
Part = Tuple[int, int]

_RUN = re.compile(r"[^ \t\r\n]+(?:[ \t]+[^ \t\r\n]+)*")
_VARIABLE = re.compile(r"\$(?:\w+|\{\w+\})", re.ASCII)
# A rule off, as people draw it in comments.
_DRAWN = re.compile(r"[#;=*~_+|<>{}()\[\] \t\r-]*\Z")
LONGEST = 300


def names(text: str) -> FrozenSet[str]:
    return frozenset(text.split())


def hide(text: str) -> str:
    """All but the white space, a mark for what stood on each line."""
    return _RUN.sub(GONE, text)


def drawn(text: str) -> bool:
    return bool(_DRAWN.match(text))


def harmless(word: str) -> bool:
    """Whether a value of a directive that is known to take no secret looks like none; a reference to a
    variable is never one.
    """
    plain = _VARIABLE.sub("", word)
    return len(word) <= LONGEST and redact(plain) == plain


def variables(word: str) -> bool:
    """Whether a word says nothing by itself."""
    return not _VARIABLE.sub("", word).strip("/")


def keeping(text: str, part: Part, kept: Sequence[Part]) -> str:
    """A part of a text with all hidden but the kept places, which are in order."""
    at, end = part
    found = []
    for first, last in kept:
        first, last = max(first, at), min(last, end)
        if first < last:
            found += [hide(text[at:first]), text[first:last]]
            at = last
    return "".join(found) + hide(text[at:end])
