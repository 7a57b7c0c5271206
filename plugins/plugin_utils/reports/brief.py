# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the artifact of a job has room for. Pure.

It goes into a database, into the variables of the next job, and into messages. So it has a limit whatever the
size of the fleet, and nothing in it is a template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..answers.bounds import STATUSES
from ..answers.complaints import harmless, untemplated
from ..render import markdown
from ..shapes.artifact import Listed
from ..shapes.report import HostEntry, Report

MOST_CAUSES = 50
# Of one host. A host that was attacked may name as many as it likes.
MOST_OF_A_HOST = 10
MOST_OF_A_NAME = 255
# Characters of all names of hosts with their causes.
ROOM = 48 * 1024


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


def summary(report: Report) -> str:
    """Markdown for a message, as report.md has it, without templates."""
    text = untemplated(markdown.render(report))
    while len(text.encode()) > markdown.LIMIT:
        text = text.rstrip("\n").rpartition("\n")[0] + "\n"
    return text
