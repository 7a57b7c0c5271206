# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What php-fpm puts before its messages (zlog.c)."""

import re

QUIET = ("error", "alert")  # levels above warning

# A worker leaves out the pid. "(null)" stands where the master hands on what a worker said.
_PLACE = re.compile(
    r"((?:DEBUG|NOTICE|WARNING|ERROR|ALERT): )(?:pid \d+, )?(?:\w+|\(null\))\(\), line \d+: ", re.A
)


def without_place(line: str) -> str:
    """With log_level = debug each message names the function and the line of php-fpm's own source."""
    return _PLACE.sub(r"\1", line) if "(), line " in line else line
