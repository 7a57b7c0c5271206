# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a host with a status that the caller does not accept fails: its own cause, and the fix."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ..reports.remedies import full_name, open_findings
from ..shapes.report import Explained, HostEntry
from ..terminal import text
from .bounds import SEVERITIES, STATES, STATUSES, UNSEEN

MOST_CHARACTERS = 600
_TEMPLATE = re.compile(r"\{(?=[{%#])")


def refused(fail_on: Sequence[str], accept_unseen: bool) -> tuple[str, ...]:
    """The statuses that close a gate, the worst first. Without any in fail_on there is no gate. It is closed
    for hosts that nobody could look at, unless its owner says otherwise.
    """
    if not fail_on:
        return ()
    closed = set(fail_on) | (set() if accept_unseen else set(UNSEEN))
    return tuple(status for status in STATUSES if status in closed)


def untemplated(words: str) -> str:
    """Is no template, in case a caller evaluates it."""
    return _TEMPLATE.sub("{ ", words)


def harmless(words: str, most: int = MOST_CHARACTERS) -> str:
    """One line that acts on no terminal and is no template."""
    return untemplated(text.cut(words, most))


def _rank(finding: Explained) -> tuple[int, int]:
    return STATES.index(finding["state"]), SEVERITIES.index(finding["severity"])


def complaint(entry: HostEntry, closed: Sequence[str]) -> str:
    """Why this host fails, in one line; empty where its status is accepted."""
    status = entry["status"]
    if status not in closed:
        return ""
    findings = sorted(open_findings(entry), key=_rank)
    if entry.get("error"):
        return harmless("%s: %s" % (status, entry["error"]))
    if findings:
        first = findings[0]
        more = len({full_name(finding) for finding in findings}) - 1
        words = "%s: %s (%s). %s" % (status, first["title"], full_name(first), first["summary"])
        fix = first["fix"] or first["advice"]
        return harmless(
            words
            + (" Fix: %s" % fix if fix else "")
            + (" And %d more, see the report." % more if more else "")
        )
    if entry["missing"]:
        piece = entry["missing"][0]
        needs = " It needs %s." % piece["needs"] if piece["needs"] else ""
        return harmless(
            "%s: %s could not be seen: %s.%s" % (status, piece["what"], piece["why"].rstrip("."), needs)
        )
    return harmless("%s: the report says why" % status)


def complaints(
    hosts: Mapping[str, HostEntry], names: Iterable[str], fail_on: Sequence[str], accept_unseen: bool
) -> dict[str, str]:
    """Why these hosts fail, by host. A host without an entry was not looked at."""
    closed = refused(fail_on, accept_unseen)
    if not closed:
        return {}
    absent = "unknown: it was not looked at" if "unknown" in closed else ""
    found = {name: complaint(hosts[name], closed) if name in hosts else absent for name in names}
    return {name: why for name, why in found.items() if why}


def in_brief(hosts: Mapping[str, HostEntry], names: Iterable[str]) -> str:
    """These hosts by status, in one line, as "2 failing: web1, web2; 1 unreachable: web9"."""
    by_status: dict[str, list[str]] = {}
    for name in names:
        by_status.setdefault(hosts[name]["status"] if name in hosts else "unknown", []).append(name)
    return "; ".join(
        "%d %s: %s" % (len(by_status[status]), status, text.names(by_status[status], 200)[0])
        for status in STATUSES
        if status in by_status
    )
