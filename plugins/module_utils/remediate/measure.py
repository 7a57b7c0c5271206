# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at all that an action may need, before it is resolved: an action itself reaches no host."""

from typing import TYPE_CHECKING, Dict, List, Optional, cast

from ..actions.registry import BY_ID, reads
from ..actions.view import Files, View
from ..change.swap import swap_on
from ..change.swap_facts import look
from ..change.texts import Texts
from ..collect.host import Host
from ..collect.linux.capacity import capacity
from ..collect.linux.processes import processes
from ..parse.files import Expand, Read
from ..parse.linux.swap import size_bytes
from ..parse.linux.tmpfiles import entry_for
from ..parse.php_fpm.written import as_written
from ..work.action import ACCOUNTS, MEMORY, SWAP, TMPFILES

if TYPE_CHECKING:
    from ...plugin_utils.shapes.php_fpm import Master
    from ...plugin_utils.shapes.plan import Planned
    from ...plugin_utils.shapes.snapshot import Snapshot


def groups_of(host: Host, name: str) -> List[str]:
    """The names of an account's groups, its own first; [] without the account."""
    account = host.account(name)
    return [host.group_name(gid) for gid in dict.fromkeys([account.gid, *account.groups])] if account else []


class _Record:
    """Reads each file once, and keeps it."""

    def __init__(self, read: Read, expand: Expand) -> None:
        self._read, self._expand = read, expand
        self.texts: Dict[str, Optional[str]] = {}
        self.listings: Dict[str, List[str]] = {}

    def read(self, path: str) -> Optional[str]:
        if path not in self.texts:
            self.texts[path] = self._read(path)
        return self.texts[path]

    def expand(self, pattern: str) -> List[str]:
        if pattern not in self.listings:
            self.listings[pattern] = self._expand(pattern)
        return self.listings[pattern]


def view_for(action: "Planned", host: Host, texts: Texts, snapshot: "Snapshot", swap_size: str) -> View:
    """texts: with what the steps before this one have changed: two pools that are raised share one memory.

    swap_size: as the operator gave it. Raises Refusal where no swap may be made.
    """
    arguments, needs = action["arguments"], BY_ID[action["id"]].ACTION.needs
    record = _Record(texts.read, texts.expand)
    masters = cast("List[Master]", as_written(snapshot["fpm"]["masters"], record.read, record.expand))
    for path in reads(action["id"], arguments):
        record.read(path)
    path = str(arguments.get("path") or "")
    if TMPFILES in needs:
        entry_for(path, record.read, record.expand)
    users = {str(arguments.get("user") or "")} if ACCOUNTS in needs else set()
    if ACCOUNTS in needs:
        users.update(pool["listen_owner"] or "" for master in masters for pool in master["pools"])
    now: "Snapshot" = {**snapshot, "fpm": {**snapshot["fpm"], "masters": masters}}
    return View(
        now,
        Files(record.texts, record.listings),
        {user: groups_of(host, user) for user in users if user},
        capacity(host, processes(host), masters) if MEMORY in needs else None,
        swap_on(look(host, path, masters), size_bytes(swap_size), True) if SWAP in needs else None,
    )
