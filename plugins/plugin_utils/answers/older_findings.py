# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings of a report from before 0.14.0: their facts stand in the evidence, and a name says how many more
sites there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ..shapes.finding import Facts, Finding

_MORE = re.compile(r"and (\d{1,9}) more\Z")
# As php-fpm says it of an address (fpm_sockets.c), and of an account that is not there (fpm_unix.c); and as
# the probe said who it was.
_IN_TEXTS = {
    "address": re.compile(r"(?:listening socket for address '|already listen on )([^' ]+)"),
    "account": re.compile(r"cannot get [ug]id for (?:user|group) '([\w.-]+)'"),
    "user": re.compile(r"^connecting to \S+ as ([\w.-]+): "),
}
# Of these the place alone is what could not be made.
_OF_A_PLACE = ("disk_full", "log_unwritable", "pid_file_unwritable", "read_only")
_PIDS = re.compile(r"[0-9]{1,9}( [0-9]{1,9})*\Z", re.ASCII)
_CUT = 500  # a text of this length was cut


def _of_piece(piece: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The facts of a piece whose source says what it is."""
    source, path, text = piece["source"], piece.get("path"), piece["text"]
    if source == "place" and path:
        yield "path", path
    if source == "pids" and _PIDS.match(text) and len(text) < _CUT:
        yield "pids", [int(pid) for pid in text.split(" ")]
    if source == "service":
        yield "start_command", text
    if source == "spare":
        yield "answering", text.partition(" ")[0]


def _facts(reason: str | None, evidence: Iterable[Mapping[str, Any]]) -> Facts:
    known: dict[str, Any] = {}
    certain: dict[str, Any] = {}
    for piece in evidence:
        path, line = piece.get("path"), piece.get("line")
        if path and line and "file" not in known:
            known.update(file=path, line=line)
        is_log = piece["source"].endswith(("_log", "audit"))  # it is where the line was read
        if str(path).startswith("/") and not (is_log or line or reason in _OF_A_PLACE):
            known.setdefault("path", path)
        for name, pattern in _IN_TEXTS.items():
            found = pattern.search(piece["text"])
            # Of an account that is to be let in, our own word counts alone.
            if found and (name != "user" or piece["source"] == "probe"):
                known.setdefault(name, found.group(1))
        certain.update(_of_piece(piece))
    return cast(Facts, {**known, **certain})


def complete(finding: Finding) -> Finding:
    """As a host would tell it now."""
    if finding["facts"] is not None:
        return finding
    more = [match for match in map(_MORE.match, finding["sites"][-1:]) if match]
    return {
        **finding,
        "sites": finding["sites"][: len(finding["sites"]) - len(more)],
        "sites_left": finding["sites_left"] + sum(int(match.group(1)) for match in more),
        "facts": _facts(finding["reason"], finding["evidence"]),
    }
