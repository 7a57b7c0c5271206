# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the artifact of a job has room for. Pure.

It goes into a database, into the variables of the next job, and into messages. So it has a limit whatever the
size of the fleet, and nothing in it is a template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .bounds import STATUSES
from .cause_blocks import groups_of
from .complaints import harmless
from .remedies import full_name, open_findings
from .shapes.artifact import Listed
from .shapes.report import HostEntry, Report
from .table import headline
from .text import names, plural

MOST_CAUSES = 50
# Of one host. A host that was attacked may name as many as it likes.
MOST_OF_A_HOST = 10
MOST_OF_A_NAME = 255
# Characters of all names of hosts with their causes.
ROOM = 48 * 1024
SUMMARY = 4 * 1024  # bytes
_MARKS = re.compile(r"([\\`*_\[\]()<>#|~@])")


def hosts(entries: Mapping[str, HostEntry]) -> Listed:
    """The causes on each host. Where not all fit, the hosts that are well are left out first."""
    listed = {
        name: list(dict.fromkeys(finding["cause"] for finding in entry["findings"]))[:MOST_OF_A_HOST]
        for name, entry in entries.items()
    }
    sizes = {name: len(json.dumps({name: causes})) for name, causes in listed.items()}
    if sum(sizes.values()) <= ROOM:
        return {
            "hosts": {harmless(name, MOST_OF_A_NAME): causes for name, causes in listed.items()},
            "hosts_left_out": 0,
        }
    left, kept = ROOM, dict[str, list[str]]()
    for name in sorted(listed, key=lambda name: STATUSES.index(entries[name]["status"])):
        left -= sizes[name]
        if left < 0:
            break
        kept[harmless(name, MOST_OF_A_NAME)] = listed[name]
    return {"hosts": kept, "hosts_left_out": len(listed) - len(kept)}


def escaped(text: str, most: int) -> str:
    return _MARKS.sub(r"\\\1", harmless(text, most))


def summary(report: Report) -> str:
    """Markdown for a message: what is wrong, where, why, and the fix."""
    entries: dict[str, HostEntry] = {
        name: {**entry, "findings": open_findings(entry)} for name, entry in report["hosts"].items()
    }
    text = "**%s**\n" % escaped(headline(report["summary"]["counts"]), 300)
    groups = groups_of(entries)
    for number, group in enumerate(groups):
        first = group.pairs[0][1]
        on = escaped(names(group.hosts, 120)[0], 300)
        part = "\n- **%s** (%s), %s: %s" % (
            escaped(first["title"], 120),
            escaped(full_name(first), 140),
            plural(len(group.hosts), "host"),
            on,
        )
        part += "\n  - why: %s" % escaped(first["summary"], 240)
        part += "\n  - fix: %s" % escaped(first["fix"] or first["advice"], 240)
        more = "\n- and %s in the report" % plural(len(groups) - number, "more cause")
        if len((text + part + more).encode()) > SUMMARY:
            return text + more
        text += part
    return text
