# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried on this host, so that nothing is tried again and again. Read and written under the lock."""

import json
import os
from typing import TYPE_CHECKING, List, Optional, Sequence

from ..collect.host import decode
from ..parse.ledger import VERSION
from ..parse.ledger import entries as entries_of
from .disk import Disk
from .lock import prepare_state

if TYPE_CHECKING:
    from ...plugin_utils.shapes.record import Attempt

ENTRIES = 200


def _load(disk: Disk, path: str) -> "Optional[List[Attempt]]":
    try:
        data = disk.read(path)
        return [] if data is None else entries_of(decode(data))
    except OSError:
        return None


def read(disk: Disk, state: str) -> "List[Attempt]":
    """Oldest first; empty without a sound ledger. Raises Refusal when others could have written it."""
    return _load(disk, os.path.join(state, "ledger.json")) or []


def attempts(entries: "Sequence[Attempt]", action: str, target: str, since: float) -> int:
    """How often an action was taken on a target from since (epoch seconds) on, whatever came of it. Pure."""
    return sum(
        1
        for entry in entries
        if entry["action"] == action and entry["target"] == target and entry["at"] >= since
    )


def done(entries: "Sequence[Attempt]", action: str, target: str, until: float) -> bool:
    """Whether an action was taken on a target, and kept, before until (epoch seconds). Pure."""
    wanted = (action, target, "done")
    return any(
        (entry["action"], entry["target"], entry["result"]) == wanted and entry["at"] < until
        for entry in entries
    )


def record(disk: Disk, state: str, at: float, action: str, target: str, result: str) -> None:
    """One more entry; the last 200 stay. A damaged ledger is put aside as ledger.json.damaged. Raises OSError
    or Refusal.
    """
    prepare_state(disk, state)
    path = os.path.join(state, "ledger.json")
    entries = _load(disk, path)
    if entries is None:
        disk.replace(path, path + ".damaged")
        entries = []
    entries = (entries + [{"at": at, "action": action, "target": target, "result": result}])[-ENTRIES:]
    text, new = json.dumps({"version": VERSION, "entries": entries}, indent=1), path + ".new"
    disk.remove(new)
    disk.write_file(new, text.encode("ascii"))
    disk.replace(new, path)
