# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A setting of php.ini, of a .user.ini, or of the text that nginx sends along as PHP_VALUE."""

import re
from typing import NamedTuple, Optional

from .conf import scan_value


class Setting(NamedTuple):
    value: str
    line: int  # from 1
    variable: bool  # its value has a ${...}, or one of nginx's variables


# They hold for some hosts or directories alone (main/php_ini.c).
_SPECIAL = re.compile(r"\[(?:HOST|PATH)\s*=", re.I)


def setting(text: str, name: str) -> Optional[Setting]:
    """The last one of that name that holds for every request. Names have a letter case."""
    found: Optional[Setting] = None
    special = False
    pattern = re.compile(r"%s\s*=(.*)\Z" % re.escape(name), re.S)
    for number, line in enumerate(text.replace("\r", "\n").split("\n"), 1):
        line = line.strip()
        if line.startswith("["):
            special = bool(_SPECIAL.match(line))
        match = None if special else pattern.match(line)
        if match:
            value, variable, _unexpected = scan_value(match.group(1).strip())
            found = Setting(value, number, variable or "$" in value)
    return found


def seconds(value: str) -> int:
    """As OnUpdateTimeout() (main/main.c) reads it: the number in front. 0 for none: no limit."""
    match = re.match(r"\s*\+?([0-9]{1,9})", value)
    return int(match.group(1)) if match else 0
