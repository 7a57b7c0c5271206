# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change as it is written down, while it is open and once it is over."""

import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple, Sequence

from ..work.step import Refusal
from .disk import Disk
from .journal import DONE, STARTED

if TYPE_CHECKING:
    from ...plugin_utils.shapes.record import Journal

BACKUPS = 20
# While it is written; while it is open; once it is kept; once it was taken back. Only the second means
# anything to the host.
NEW, OPEN, KEPT, UNDONE = "transaction.new", "transaction", "transaction.kept", "transaction.undone"


class UndoFailed(Exception):
    """Not everything could be put back. The text says what is where and what a person does about it."""


class Record(NamedTuple):
    """A change as it is written down: its journal, and copies of the files before, by number."""

    disk: Disk
    state: str
    folder: str
    journal: "Journal"

    def copy(self, number: int) -> str:
        return os.path.join(self.folder, str(number))

    def was_begun(self, number: int) -> bool:
        """Whether a command was begun."""
        return any(self.disk.exists(os.path.join(self.folder, mark % number)) for mark in (STARTED, DONE))


def check_command(disk: Disk, argv: Sequence[str]) -> None:
    """Raises Refusal where others than root can replace what a command names."""
    for word in argv:
        if word.startswith("/"):
            disk.real(word)


def left_open(disk: Disk, state: str, names: Sequence[str] = (OPEN, KEPT, UNDONE, NEW)) -> bool:
    """Whether a run has left anything, or is at work. Raises Refusal when others than root could have made
    it.
    """
    return any(disk.exists(os.path.join(state, name)) for name in names)


def _remove_beside(disk: Disk, path: str) -> None:
    """The directory keeps the time of the change itself, which was loaded. A later time would pass for
    somebody else's change (remediate/unloaded.py).
    """
    folder = os.path.dirname(path)
    if disk.exists(path):
        changed = disk.meta(folder).mtime_ns or 0
        disk.remove(path)
        disk.set_mtime(folder, changed)


def file_away(record: Record, place: str = "backups") -> str:
    """Moves the record of a closed change to the backups, or to "put-back"; the newest 20 stay. Returns where
    it is.
    """
    disk, journal = record.disk, record.journal
    for path in [file[name] for file in journal["files"] for name in ("temporary", "old")]:
        try:
            _remove_beside(disk, path)
        except Refusal:
            pass  # others can write there by now: root removes nothing in it
    folder = os.path.join(record.state, place)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(journal["at"]))
    name = "%s-%s" % (stamp, re.sub(r"[^\w.-]", "_", journal["name"], flags=re.ASCII))
    taken = disk.names(folder)
    names = [name] + ["%s.%d" % (name, number) for number in range(2, len(taken) + 3)]
    name = next(free for free in names if free not in taken)
    disk.replace(record.folder, os.path.join(folder, name))
    for old in sorted(taken + [name])[:-BACKUPS]:
        disk.remove_tree(os.path.join(folder, old))
    return os.path.join(folder, name)
