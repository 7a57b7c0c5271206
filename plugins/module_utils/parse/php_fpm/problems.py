# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why php-fpm does not start, by its configuration or by its own words. Both are rows of its signatures."""

import re
from functools import lru_cache
from typing import Dict, List, NamedTuple, Optional, Sequence

from ...signatures.php_fpm import PHP_FPM
from ...signatures.table import Signature

# What a signature means that keeps php-fpm from starting. The first wins over the others.
_MEANINGS = ["bad_account", "address_in_use", "directory_missing", "bind_failed", "socket_access"]
_MEANINGS += ["log_unwritable", "bad_config"]
# Before the message (zlog.c). Anchored: a worker's words stand behind "[pool www] child 12 said into ...".
_HEAD = re.compile(
    r"(?:[\w.-]+\[\d+\]: )?(?:\[\d[\w .:-]+\] )?(?:PHP:\s+|(ERROR|ALERT): )(?P<pool>\[pool [^\]]*\] )?"
)
_FILE = re.compile(r"\[([^\]:]+):(\d{1,9})\] ")


class Problem(NamedTuple):
    """Of a configuration, as it goes from the parser that finds it to the rule that judges it."""

    kind: str  # the id of a signature
    file: str
    line: int  # from 1; 0: the file as a whole
    text: str  # in the program's own words


class StartFailure(NamedTuple):
    """A line in which php-fpm says why it does not start."""

    kind: str  # the id of a signature
    meaning: str  # of its signature
    places: List[str]  # what stands in those of the format
    text: str
    file: Optional[str]  # of the configuration, if the line names it
    line: Optional[int]


@lru_cache(maxsize=None)
def _rows() -> Dict[str, Signature]:
    return {row.id: row for row in reversed(PHP_FPM.rows())}


def problem(kind: str, file: str, line: int, *values: object, pool: Optional[str] = None) -> Problem:
    """values: for the places of the format. pool: whose section it is in."""
    words = _rows()[kind].format.replace("%q", "%s").replace("%e", ": %s (%d)") % values
    return Problem(kind, file, line, words if pool is None else "[pool %s] %s" % (pool, words))


def _read(text: str) -> Optional[StartFailure]:
    head = _HEAD.match(text)
    if head is None:
        return None
    message = text[head.end() :]
    hit = PHP_FPM.find(message, head.group(1) or "ERROR")
    if hit is None:
        return None
    row, places = hit
    at = _FILE.match(message)
    about_config = row.meaning == "other_error" and (at or head.group("pool"))
    meaning = "bad_config" if about_config else row.meaning
    if meaning not in _MEANINGS:
        return None
    file, line = (at.group(1), int(at.group(2))) if at else (None, None)
    return StartFailure(row.id, meaning, places, text, file, line)


def start_failure(lines: Sequence[str]) -> Optional[StartFailure]:
    """Why php-fpm did not start, as it says itself. lines: of php-fpm -t, or of the unit's journal."""
    failures = [failure for failure in map(_read, lines) if failure]
    return min(failures, key=lambda failure: _MEANINGS.index(failure.meaning), default=None)
