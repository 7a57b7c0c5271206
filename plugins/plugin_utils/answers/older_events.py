# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an older snapshot has in its texts alone. Before 0.13.0 these are the parts of events. Before 0.14.0
they are those of PHP's errors, of a journal's lines and of php-fpm's own test. Before 0.15.0 it is why a
start failed, and before 0.16.0 the same in php-fpm's own log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.unit_starts import (
    BY_FPM,
    unit_line,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_entry import parse_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import shown_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.error_parts import error_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.log import note_failure
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import failure_of_test
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.starts import note_failures
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.titles import is_fpm
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import meaning_of, meanings
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import HAVE_PARTS, access_id

if TYPE_CHECKING:
    from ..shapes.logs import Event
    from ..shapes.snapshot import Snapshot
    from ..shapes.unit import UnitLine, Writer

# Each of these was the meaning of what has two by now.
SPLIT = meanings("php_fatal", "script_closed")
INTENDED = meanings("meant")
BY_NGINX = ", upstream -"  # of a line of nothing that was passed on
HEAD = re.compile(r"([\w.-]{1,40})\[(\d{1,10}|None)\]: ", re.A)  # once by its file: php-fpm8.2


def _complete(event: Event) -> None:
    text = event["sample"]["text"]
    entry = parse_entry(text, 0) if meaning_of(event) in SPLIT else None
    if entry and entry.row:
        event["signature"] = entry.row.id
    if meaning_of(event) in HAVE_PARTS:
        event["detail"] = {**shown_parts(meaning_of(event), text), **event["detail"]}


def _cut(line: UnitLine) -> UnitLine:
    head = None if "by" in line else HEAD.match(line["text"])
    if head is None:
        return line
    by = BY_FPM if is_fpm(head[1]) else cast("Writer", head[1])
    pid = None if head[2] == "None" else int(head[2])
    return unit_line(line["at"], by, pid, line["text"][head.end() :])


def complete(snapshot: Snapshot) -> None:
    """As the parser would make these events and lines now."""
    for event in snapshot["logs"]["events"]:
        if event["source"] == "nginx":
            _complete(event)
        elif event["source"] == "fpm":
            note_failure(event, event["sample"]["text"])
    access = snapshot.get("access")
    for event in access["events"] if access else []:
        if meaning_of(event) in INTENDED and BY_NGINX in event["sample"]["text"]:
            event["signature"] = access_id(str(event["detail"].get("status")), "-unasked")
    for error in access.get("php_errors") or [] if access else []:
        error.update({**error_parts(error["text"]), **error})
    for master in snapshot["fpm"]["masters"]:
        test = master.get("test")
        if test and test.get("output") is not None:
            test.setdefault("failure", failure_of_test(test["output"]))
        unit = master.get("unit_state")
        if unit:
            unit["log"] = [_cut(line) for line in unit.get("log") or []]
            note_failures(unit["log"])
            if "said" in unit:
                unit["said"] = [_cut(line) for line in unit["said"] or []]
