# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which php-fpm a script in /etc/init.d starts, and with which configuration: that of php-src
(sapi/fpm/init.d.php-fpm.in), which panels copy, Debian's, and those of OpenRC.
"""

import re
from typing import Dict, NamedTuple, Optional

from ..linux.systemctl import command_option
from ..titles import is_fpm

MOST_LINES = 400
# name=value, also as OpenRC writes a default: : ${name:=value}
_ASSIGNMENT = re.compile(r"(?:: \$\{)?([A-Za-z_]\w{0,60}):?=([^\n#;&|`]{1,300})\Z")
_PLACE = re.compile(r"\$\{?(\w{1,61})\}?")
_CONFIG = re.compile(r"(/\S*fpm\S*\.conf)(?=\s|\Z)")


class Started(NamedTuple):
    program: str  # path
    config: Optional[str]  # None: the one that is compiled in


def started_by(text: str) -> Optional[Started]:
    """None for a script that starts no php-fpm, or in words that are too clever."""
    known: Dict[str, str] = {}
    program = config = None
    for line in text.split("\n")[:MOST_LINES]:
        match = _ASSIGNMENT.match(line.split(" #")[0].strip())
        if match is None:
            continue
        name, written = match.group(1), match.group(2).strip().rstrip("}").strip("\"'")
        # A name that is not known stays as it is, and makes no path.
        value = _PLACE.sub(lambda place: known.get(place.group(1), place.group(0)), written)[:300]
        known[name] = value
        if "$" in value:
            continue
        word = value.split(" ")[0]
        program = program or (word if word.startswith("/") and is_fpm(word) else None)
        named = _CONFIG.match(value)
        config = config or command_option(" " + value, "config") or (named.group(1) if named else None)
    return Started(program, config) if program else None
