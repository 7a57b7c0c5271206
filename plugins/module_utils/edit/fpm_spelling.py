# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One directive of php-fpm's configuration as text: the parts of its line, and the spelling of a value."""

import re
from typing import NamedTuple

from ..parse.php_fpm.conf import ENTRY, FALSE, TOKEN, TRUE, scan_value
from ..work.step import Refusal
from .fpm_trace import Directive

# fpm_conf_set_boolean takes a bare word, of which the scanner makes "1" or "". It refuses the word in quotes.
FLAGS = (
    "catch_workers_output",
    "clear_env",
    "daemonize",
    "decorate_workers_output",
    "log_buffering",
    "php_admin_flag",
    "php_flag",
    "process.dumpable",
    "request_terminate_timeout_track_finished",
)
# What needs no quotes.
_BARE = re.compile(r"(?:[a-z0-9_./:,%@+*-]|\$[a-z])+(?: (?:[a-z0-9_./:,%@+*-]|\$[a-z])+)*\Z", re.I)
# A bare word may be the name of a constant of PHP: the scanner puts the constant's value in its place.
_CONSTANT = re.compile(r"(?:^| )[A-Z_][A-Za-z0-9_]*(?: |\Z)")


def written(directive: Directive, value: str, style: str) -> str:
    """The value, spelled so that the scanner reads it back. style: the quote of the old value, or ""."""
    double = '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')
    spellings = {'"': double, "'": "'%s'" % value}
    bare = [value] if _BARE.match(value) and not _CONSTANT.search(value) else []
    for text in ([spellings[style]] if style else bare) + [double, spellings["'"]]:
        if scan_value(text) == (value, False, None):
            return text
    raise Refusal("php-fpm has no spelling for the value of %s" % shown(directive))


def shown(directive: Directive) -> str:
    name, subkey = directive
    return name if subkey is None else "%s[%s]" % (name, subkey)


def as_read(directive: Directive, value: str) -> str:
    """The value as the scanner must read it back."""
    if directive[0] not in FLAGS:
        return value
    if value.lower() not in ("1",) + TRUE + FALSE:
        raise Refusal("%s is yes or no, and not what is asked for" % shown(directive))
    return scan_value(value)[0]


def _extent(raw: str) -> int:
    """How many characters right of "=" make the value, without the white space and the comment behind it."""
    at = 0
    match = TOKEN.match(raw)
    while match and match.lastgroup != "comment":
        at = match.end()
        match = TOKEN.match(raw, at)
    return at


class Parts(NamedTuple):
    """Of a directive's line."""

    head: str  # up to the end of its name
    equals: str  # with its spaces
    value: str
    tail: str


def parted(line: str) -> Parts:
    lead = len(line) - len(line.lstrip())
    match = ENTRY.match(line.strip())
    if match is None:
        raise Refusal("a line that should hold a directive does not")
    name = lead + (match.end(1) if match.group(2) is None else match.end(2) + 1)
    start = lead + match.start(3)
    end = start + _extent(match.group(3))
    return Parts(line[:name], line[name:start], line[start:end], line[end:])


def spaced(equals: str) -> str:
    """An "=" that had nothing right of it gets the space that it has left of it."""
    return equals + " " if equals.endswith("=") and equals[0] in " \t" else equals
