# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why php-fpm does not start, by its configuration or by its own words. Both are rows of its signatures. What
others say about its start: starts.py.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple, cast

from ...signatures import kinds
from ...signatures.lookup import meanings
from ...signatures.php_fpm import PHP_FPM
from ...signatures.table import Signature
from .zlog import without_place

if TYPE_CHECKING:
    from ....plugin_utils.shapes.config import ConfigProblem
    from ....plugin_utils.shapes.php_fpm import TestFailure
    from ....plugin_utils.shapes.unit import StartFault, UnitLine

# What a signature means that keeps php-fpm from starting. The first wins.
BAD_ACCOUNT, BAD_CONFIG, _OTHER = "bad_account", "bad_config", "other_error"
_ORDER = (
    "bad_account address_in_use directory_missing address_unavailable bind_failed socket_access "
    "log_unwritable pid_unwritable no_shared_memory reload_failed lock_unwritable preload extension "
    "php_startup not_executable unit_step bad_config timed_out other_error"
)
_MEANINGS = _ORDER.split()
meanings(BAD_ACCOUNT, BAD_CONFIG, _OTHER, *_MEANINGS)
# Before the message (zlog.c). Anchored: a worker's words stand behind "[pool www] child 12 said into ...".
_HEAD = re.compile(r"(?:\[\d[\w .:-]+\] )?(?:PHP:\s+|(ERROR|ALERT): )(?P<pool>\[pool [^\]]*\] )?")
_FILE = re.compile(r"\[([^\]:]+):(\d{1,9})\] ")
_ERRNO = re.compile(r" \((\d{1,3})\)\Z|: No such file or directory\Z")
# php-fpm hands its files to the scanner line by line, without a name. With a name it is php.ini, which PHP
# loads up to its fault and goes on.
_OF_PHP_INI = re.compile(r"syntax error.* in (?!Unknown on).* on line \d+\Z")


class StartFailure(NamedTuple):
    """A line that says why php-fpm does not start."""

    kind: str  # the id of a signature, see signatures/kinds.py
    meaning: str  # of its signature
    places: List[str]  # what stands in those of the format
    text: str
    file: Optional[str] = None  # of the configuration, if the line or the one behind it names it
    line: Optional[int] = None
    pool: Optional[str] = None
    errno: Optional[int] = None
    entry: Optional["UnitLine"] = None  # of the unit's journal

    @property
    def first(self) -> str:
        return self.places[0] if self.places else ""

    @property
    def fault(self) -> "StartFault":
        """Without the text, which stands beside it."""
        fields = self._asdict()
        del fields["text"], fields["entry"]
        return cast("StartFault", fields)

    @property
    def message(self) -> str:
        """Without its time."""
        return re.sub(r"^\[\d[^\]]*\] ", "", self.text)

    @property
    def unknown_user(self) -> Optional[str]:
        return self.first if self.kind == kinds.UNKNOWN_USER else None

    @property
    def directive(self) -> Optional[str]:
        return "".join(self.places[-1:]) if self.kind == kinds.UNKNOWN_ENTRY else None

    @property
    def address(self) -> Optional[str]:
        return self.first if self.kind in kinds.OF_ADDRESS else None

    @property
    def step(self) -> Optional[str]:
        """Of systemd's. A path that lacks says more."""
        if self.first.isupper():
            return self.first
        return "NAMESPACE" if self.path and self.errno != 2 else None

    @property
    def path(self) -> Optional[str]:
        """Of a file or socket that could not be made. systemd sets a unit up below a directory of its own."""
        found = next((place for place in self.places if place.startswith("/")), None)
        return re.sub(r"^/run/systemd/unit-root(?=/)", "", found) if found else None


def errno_in(text: str) -> Optional[int]:
    match = _ERRNO.search(text)
    return int(match.group(1) or 2) if match else None


@lru_cache(maxsize=None)
def _rows() -> Dict[str, Signature]:
    return {row.id: row for row in reversed(PHP_FPM.rows())}


def problem(kind: str, file: str, line: int, *values: object, pool: Optional[str] = None) -> "ConfigProblem":
    """values: for the places of the format. pool: whose section it is in."""
    words = _rows()[kind].format.replace("%q", "%s").replace("%e", ": %s (%d)") % values
    text = words if pool is None else "[pool %s] %s" % (pool, words)
    failure = StartFailure(kind, "", list(map(str, values)), text)
    made: ConfigProblem = {"kind": kind, "file": file, "line": line, "text": text, "path": failure.path}
    if failure.unknown_user:
        made["account"] = failure.unknown_user
    return made


def read_line(text: str) -> Optional[StartFailure]:
    text = without_place(text)
    head = _HEAD.match(text)
    if head is None:
        return None
    message = text[head.end() :]
    hit = PHP_FPM.find(message, head.group(1) or "ERROR")
    if hit is None or _OF_PHP_INI.match(message):
        return None
    row, places = hit
    at = _FILE.match(message)
    about_config = row.meaning == _OTHER and (at or head.group("pool"))
    meaning = BAD_CONFIG if about_config else row.meaning
    if meaning not in _MEANINGS:
        return None
    file, line = (at.group(1), int(at.group(2))) if at else (None, None)
    pool = head.group("pool")
    named = pool[6:-2] if pool else None
    return StartFailure(row.id, meaning, places, text, file, line, named, errno_in(text))


def choose(failures: Sequence[StartFailure]) -> Optional[StartFailure]:
    """The one of a start that matters: php-fpm names the cause, then what follows from it. failures: in their
    order.
    """

    def rank(number: int) -> Tuple[bool, int, int]:
        kind, meaning = failures[number].kind, failures[number].meaning
        return kind in kinds.FOLLOWS, _MEANINGS.index(meaning), -number if meaning == _OTHER else number

    if not failures:
        return None
    number = min(range(len(failures)), key=rank)
    failure, after = failures[number], failures[number + 1 :]
    behind = next((each for each in after if each.kind in kinds.FOLLOWS), None)
    if behind is None:
        return failure
    if failure.meaning == _OTHER:
        failure = failure._replace(meaning=BAD_CONFIG)
    if failure.file is None and failure.kind not in kinds.FOLLOWS:
        # "Unable to include FILE from MAIN at line N": N counts the lines of FILE.
        if behind.kind == kinds.INCLUDE_FAILED and behind.places[2:]:
            failure = failure._replace(file=behind.places[0], line=int(behind.places[2]))
        elif behind.kind == kinds.NOT_LOADED:
            failure = failure._replace(file=behind.first)
    return failure


def start_failure(lines: Sequence[str]) -> Optional[StartFailure]:
    """Why php-fpm did not start, as it says itself. lines: its own, of php-fpm -t or of the journal."""
    return choose([failure for failure in map(read_line, lines) if failure])


def failure_of_test(output: Sequence[str]) -> Optional["TestFailure"]:
    failure = start_failure(output)
    if failure is None:
        return None
    return {
        "kind": failure.kind,
        "text": failure.text,
        "file": failure.file,
        "line": failure.line,
        "pool": failure.pool,
        "account": failure.first if failure.meaning == BAD_ACCOUNT else None,
        "directive": failure.directive,
    }
