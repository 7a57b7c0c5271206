# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and services changed as one: all of it, or nothing that anyone would notice afterwards.

<state>/transaction exists while a change is open: journal.json and a copy of each file before. It appears
complete, before the first file is touched, and goes in one instant when the change is kept or was taken back.
Whoever finds it knows that a run was killed, and settle() says what becomes of what that run had done; it may
be killed itself and starts over.

Each file is replaced by one rename, after the old one got a second name. To go back is a rename as well: it
needs no space on a full disk and brings back the very same file. Where a file system has no second names, the
copy is written instead.
"""

import errno
import json
import os
import re
import time
from typing import Sequence, Set

from ..collect.host import Host
from ..verdict.step import Command, Refusal, Step
from . import live_socket
from .disk import Disk, Ran
from .journal import DONE, STARTED, meta_of
from .lock import STATE, prepare_state
from .new_journal import beside, new_journal
from .record import Journal

BACKUPS = 20
# While it is written; while it is open; once it is kept; once it was taken back. Only the second means
# anything to the host.
NEW, OPEN, KEPT, UNDONE = "transaction.new", "transaction", "transaction.kept", "transaction.undone"
_NO_SECOND_NAME = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class UndoFailed(Exception):
    """Not everything could be put back. The text says what is where and what a person does about it."""


def own(disk: Disk, argv: Sequence[str]) -> None:
    """That whatever a command names is root's alone to put there. Raises Refusal, OSError."""
    for word in argv:
        if word.startswith("/"):
            disk.real(word)


def check(step: Step, disk: Disk, shown: bool = False) -> None:
    """That each file still is what the change was made for (unless it builds on others only shown), and can
    be replaced. Raises Refusal, OSError.
    """
    for command in step.commands:
        if command.access:
            live_socket.look(command.access)
            continue
        for argv in [command.do] + command.undo:
            own(disk, argv)
        if command.folder and command.search:
            disk.let_search(command.folder, command.search, False)
        elif command.folder:
            disk.real(command.folder)
    seen: Set[str] = set()
    for change in step.changes:
        real = disk.real(change.path)
        if real in seen:
            raise Refusal("%s would be changed twice" % change.path)
        seen.add(real)
        if not disk.exists(os.path.dirname(os.path.dirname(real))):
            raise Refusal("there is no directory for %s" % change.path)
        if disk.read(real) != change.before and not shown:
            raise Refusal("%s has changed meanwhile" % change.path)
        why = disk.objection(real)
        if why:
            raise Refusal(why)
        for path in beside(real):
            if disk.exists(path):
                raise Refusal(
                    "%s is in the way (a run that was killed may have left it): look at it, and remove it"
                    % path
                )


def left_open(state: str = STATE, names: Sequence[str] = (OPEN, KEPT, UNDONE, NEW)) -> bool:
    """Whether a run has left anything, or is at work. Raises Refusal when others than root could have made
    it.
    """
    return any(Disk().exists(os.path.join(state, name)) for name in names)


class Transaction:
    """An open change. Made by begin(); then replace(), run() for each command in order, and keep(). Anything
    that fails: recover().
    """

    def __init__(self, step: Step, disk: Disk, state: str, journal: Journal) -> None:
        self.step, self.disk, self.state, self.journal = step, disk, state, journal
        self.started = 0

    @classmethod
    def begin(cls, step: Step, host: Host, disk: Disk, state: str = STATE) -> "Transaction":
        """Writes down all that is needed to go back. The configuration is not touched yet. Raises Refusal or
        OSError.
        """
        prepare_state(disk, state)
        new, opened = os.path.join(state, NEW), os.path.join(state, OPEN)
        if disk.exists(opened) or disk.exists(os.path.join(state, KEPT)):
            raise Refusal("an earlier change is still open in %s" % state)
        check(step, disk)
        journal = new_journal(step, disk, host)
        disk.remove_tree(new)
        disk.make_directory(new, 0o700)
        for number, change in enumerate(step.changes):
            if change.before is not None:
                disk.write_file(os.path.join(new, str(number)), change.before)
        record = os.path.join(new, "journal.json")
        disk.write_file(record, json.dumps(journal, indent=1).encode("ascii"))
        disk.sync(record)
        disk.replace(new, opened)
        return cls(step, disk, state, journal)

    def replace(self) -> None:
        """Every file, in order. Raises Refusal or OSError; some may be replaced by then."""
        for change, file in zip(self.step.changes, self.journal["files"]):
            folder = os.path.dirname(file["real"])
            if folder in self.journal["made"] and not self.disk.exists(folder):
                self.disk.make_directory(folder, 0o755)
            if change.after is not None:
                self.disk.write_file(
                    file["temporary"],
                    change.after,
                    meta_of(file)._replace(mtime_ns=None)
                    if file["existed"]
                    else self.disk.created(change.mode),
                )
            if file["existed"]:
                try:
                    self.disk.link(file["real"], file["old"])
                except OSError as error:
                    if error.errno not in _NO_SECOND_NAME:
                        raise
            if self.disk.read(file["real"]) != change.before:
                raise Refusal("%s has changed meanwhile" % change.path)
            if change.after is None:
                self.disk.remove(file["real"])
            else:
                self.disk.replace(file["temporary"], file["real"])

    def run(self, command: Command) -> Ran:
        """The next command of the step. Its undo is owed from now on, whatever comes of it."""
        number, self.started = self.started, self.started + 1
        marker = os.path.join(self.state, OPEN, STARTED % number)
        self.disk.write_file(marker, b"")
        self.disk.sync(marker)
        ran = Ran(0, "", "")
        if command.access:
            self.disk.grant(command.access)
        elif command.folder and command.search:
            self.disk.let_search(command.folder, command.search)
        else:
            ran = self.disk.run(command.do)
        if ran.rc == 0:
            self.disk.replace(marker, os.path.join(self.state, OPEN, DONE % number))
        return ran

    def keep(self) -> str:
        """From here on it stays. Returns the directory with the files as they were before. Raises OSError
        when it is still open.
        """
        opened, kept = os.path.join(self.state, OPEN), os.path.join(self.state, KEPT)
        try:
            self.disk.replace(opened, kept)
        except OSError:
            if self.disk.exists(opened):
                raise
        try:
            return file_away(self.disk, self.state, kept, self.journal)
        except OSError:
            return kept  # kept it is; the next recover() tidies up


def _remove_beside(disk: Disk, path: str) -> None:
    """The directory's time stays that of the change itself, which was loaded: a later one would pass for
    somebody else's (unloaded.py).
    """
    folder = os.path.dirname(path)
    if disk.exists(path):
        changed = disk.meta(folder).mtime_ns or 0
        disk.remove(path)
        disk.set_mtime(folder, changed)


def file_away(disk: Disk, state: str, folder: str, journal: Journal, place: str = "backups") -> str:
    """A finished transaction to the backups, or one that was put back to those, of which the
    newest 20 stay.
    """
    for path in [file[name] for file in journal["files"] for name in ("temporary", "old")]:
        try:
            _remove_beside(disk, path)
        except Refusal:
            pass  # others can write there by now: root removes nothing in it
    backups = os.path.join(state, place)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(journal["at"]))
    name = "%s-%s" % (stamp, re.sub(r"[^\w.-]", "_", journal["name"], flags=re.ASCII))
    taken = disk.names(backups)
    name = next(
        one
        for one in [name] + ["%s.%d" % (name, number) for number in range(2, len(taken) + 3)]
        if one not in taken
    )
    disk.replace(folder, os.path.join(backups, name))
    for old in sorted(taken + [name])[:-BACKUPS]:
        disk.remove_tree(os.path.join(backups, old))
    return os.path.join(backups, name)
