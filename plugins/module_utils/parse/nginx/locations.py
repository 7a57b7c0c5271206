# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which location of a server answers a path: ngx_http_core_find_location()."""

import re
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .conf import Directive

LONGEST_PATTERN = 500
LONGEST_PATH = 200
LONGEST_NESTED = 12  # characters of a path that costs nothing with any pattern
# Of a pattern: what is escaped, a class, the begin of a group, its end, a choice, how often.
_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[=!]|P?<\w+>|[\w-]*:))?|[)|*+?]|\{\d*,?\d*\}"
)
_NAMED = re.compile(r"\(\?<([A-Za-z_]\w*)>")


class Found(NamedTuple):
    """blocks: from the server to the innermost location, outermost first."""

    blocks: List[Directive]
    certain: bool  # False: a regular expression that could not be judged may have taken the path


def _is_nested(pattern: str) -> bool:
    """Whether a group is repeated that takes a text in several ways: each letter may double the time."""
    open_groups, closed = [False], (-1, False)
    for piece in _PIECE.finditer(pattern):
        text = piece.group()
        if text[0] == "(":
            open_groups.append(False)
        elif text == ")" and len(open_groups) > 1:
            closed = (piece.end(), open_groups.pop())
            open_groups[-1] |= closed[1]
        elif text[0] in "|*+?{":
            if text[0] in "*+{" and closed == (piece.start(), True):
                return True
            open_groups[-1] = True
    return False


def matches(pattern: str, path: str, caseless: bool = False) -> Optional[bool]:
    """None where Python does not read it as PCRE does, or a visitor's path may make it take for ever."""
    if len(pattern) > LONGEST_PATTERN or len(path) > LONGEST_PATH:
        return None
    if len(path) > LONGEST_NESTED and _is_nested(pattern):
        return None
    try:
        return bool(re.search(_NAMED.sub(r"(?P<\1>", pattern), path, re.IGNORECASE if caseless else 0))
    except (re.error, RecursionError, OverflowError):
        return None


def _kind(location: Directive) -> Tuple[str, str]:
    """(modifier, what it matches)"""
    if len(location.args) > 1:
        return location.args[0], location.args[1]
    written = location.args[0]
    for modifier in ("=", "^~", "~*", "~"):
        if written.startswith(modifier) and len(written) > len(modifier):
            return modifier, written[len(modifier) :]
    return "", written


class _Level(NamedTuple):
    location: Optional[Directive]  # of this block, that takes the path
    certain: bool
    final: bool  # no regular expression of a block around it is asked any more


def _inside(block: Sequence[Directive], path: str) -> _Level:
    longest: Optional[Directive] = None
    length, stop, certain = -1, False, True
    regexes: List[Tuple[Directive, str, str]] = []
    for location in block:
        if location.name != "location" or not location.args or location.block is None:
            continue
        modifier, text = _kind(location)
        if modifier == "=" and text == path:
            return _Level(location, True, True)
        if modifier in ("~", "~*"):
            regexes.append((location, modifier, text))
        elif modifier in ("", "^~") and path.startswith(text) and len(text) > length:
            longest, length, stop = location, len(text), modifier == "^~"
    if longest is not None and longest.block:
        below = _inside(longest.block, path)
        if below.final:
            return _Level(longest, below.certain, True)
    for location, modifier, text in [] if stop else regexes:
        matched = matches(text, path, modifier == "~*")
        if matched:
            return _Level(location, certain, True)
        certain = certain and matched is not None
    return _Level(longest, certain, False)


def locate(server: Directive, path: str) -> Found:
    """path: of a request, normalized, without arguments."""
    blocks, certain = [server], True
    while blocks[-1].block:
        level = _inside(blocks[-1].block, path)
        certain = certain and level.certain
        if level.location is None:
            break
        blocks.append(level.location)
    return Found(blocks, certain)
