# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Events of a snapshot from before 0.13.0, which have their parts in their samples alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_entry import parse_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.message_parts import shown_parts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import meaning_of, meanings
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import HAVE_PARTS, access_id

if TYPE_CHECKING:
    from .shapes.logs import Event
    from .shapes.snapshot import Snapshot

# Each of these was the meaning of what has two by now.
SPLIT = meanings("php_fatal", "script_closed")
INTENDED = meanings("meant")
BY_NGINX = ", upstream -"  # of a line of nothing that was passed on


def _complete(event: Event) -> None:
    text = event["sample"]["text"]
    entry = parse_entry(text, 0) if meaning_of(event) in SPLIT else None
    if entry and entry.row:
        event["signature"] = entry.row.id
    if meaning_of(event) in HAVE_PARTS:
        event["detail"] = {**shown_parts(meaning_of(event), text), **event["detail"]}


def complete(snapshot: Snapshot) -> None:
    """As the parser would make these events now."""
    for event in snapshot["logs"]["events"]:
        if event["source"] == "nginx":
            _complete(event)
    access = snapshot.get("access")
    for event in access["events"] if access else []:
        if meaning_of(event) in INTENDED and BY_NGINX in event["sample"]["text"]:
            event["signature"] = access_id(str(event["detail"].get("status")), "-unasked")
