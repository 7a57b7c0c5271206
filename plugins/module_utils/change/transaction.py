# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and services changed as one: all of it, or nothing that anyone would notice afterwards.

<state>/transaction exists while a change is open. It holds journal.json and a copy of each file before. It
appears complete, before the first file is touched. It goes in one instant, when the change is kept or was
taken back. Whoever finds it knows that a run was killed; left_behind.py decides about what that run had done.

Each file is replaced by one rename, after the old one got a second name. To go back is a rename as well: it
needs no space on a full disk and brings back the very same file. Where a file system has no second names, the
copy is written instead.
"""

import errno
import json
import os
from typing import TYPE_CHECKING, Set

from ..collect.host import Host
from ..work.step import Command, Refusal, Step
from . import live_socket
from .disk import Disk, Ran
from .journal import DONE, STARTED, beside, meta_of, new_journal
from .lock import STATE, prepare_state
from .record import KEPT, NEW, OPEN, Record, check_command, file_away, left_open

if TYPE_CHECKING:
    from ...plugin_utils.shapes.record import Journal

_NO_SECOND_NAME = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


def check(step: Step, disk: Disk, shown: bool = False) -> None:
    """Raises Refusal, OSError where a file is not what the change was made for, or cannot be replaced.

    shown: the step may build on others that were only shown.
    """
    for command in step.commands:
        if command.access:
            live_socket.look(command.access)
            continue
        for argv in [command.do] + command.undo:
            check_command(disk, argv)
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
        why = disk.refusal(real)
        if why:
            raise Refusal(why)
        for path in beside(real):
            if disk.exists(path):
                raise Refusal(
                    "%s is in the way (a run that was killed may have left it): look at it, and remove it"
                    % path
                )


class Transaction:
    """An open change. begin() makes it; then replace(), run() for each command in order, and keep(). After
    any failure: recover().
    """

    def __init__(self, step: Step, disk: Disk, state: str, journal: "Journal") -> None:
        self.step, self.disk, self.state, self.journal = step, disk, state, journal
        self.opened = os.path.join(state, OPEN)
        self.started = 0

    @classmethod
    def begin(cls, step: Step, host: Host, disk: Disk, state: str = STATE) -> "Transaction":
        """Writes down all that is needed to go back. The configuration is not touched yet. Raises Refusal or
        OSError.
        """
        prepare_state(disk, state)
        new = os.path.join(state, NEW)
        if left_open(disk, state, (OPEN, KEPT)):
            raise Refusal("an earlier change is still open in %s" % state)
        check(step, disk)
        transaction = cls(step, disk, state, new_journal(step, disk, host))
        disk.remove_tree(new)
        disk.make_directory(new, 0o700)
        for number, change in enumerate(step.changes):
            if change.before is not None:
                disk.write_file(os.path.join(new, str(number)), change.before)
        path = os.path.join(new, "journal.json")
        disk.write_file(path, json.dumps(transaction.journal, indent=1).encode("ascii"))
        disk.sync(path)
        disk.replace(new, transaction.opened)
        return transaction

    def replace(self) -> None:
        """Every file, in order. Raises Refusal or OSError; some may be replaced by then."""
        for change, file in zip(self.step.changes, self.journal["files"]):
            real, folder = file["real"], os.path.dirname(file["real"])
            if folder in self.journal["made"] and not self.disk.exists(folder):
                self.disk.make_directory(folder, 0o755)
            if change.after is not None:
                like = meta_of(file) if file["existed"] else self.disk.created(change.mode)
                self.disk.write_file(file["temporary"], change.after, like._replace(mtime_ns=None))
            if file["existed"]:
                try:
                    self.disk.link(real, file["old"])
                except OSError as error:
                    if error.errno not in _NO_SECOND_NAME:
                        raise
            if self.disk.read(real) != change.before:
                raise Refusal("%s has changed meanwhile" % change.path)
            if change.after is None:
                self.disk.remove(real)
            else:
                self.disk.replace(file["temporary"], real)

    def run(self, command: Command) -> Ran:
        """The next command of the step. From now on an undo includes it, whatever comes of it."""
        number, self.started = self.started, self.started + 1
        mark = os.path.join(self.opened, STARTED % number)
        self.disk.write_file(mark, b"")
        self.disk.sync(mark)
        ran = Ran(0, "", "")
        if command.access:
            self.disk.grant(command.access)
        elif command.folder and command.search:
            self.disk.let_search(command.folder, command.search)
        else:
            ran = self.disk.run(command.do)
        if ran.rc == 0:
            self.disk.replace(mark, os.path.join(self.opened, DONE % number))
        return ran

    def keep(self) -> str:
        """From here on it stays. Returns the directory with the files as they were before. Raises OSError
        when it is still open.
        """
        kept = os.path.join(self.state, KEPT)
        try:
            self.disk.replace(self.opened, kept)
        except OSError:
            if self.disk.exists(self.opened):
                raise
        try:
            return file_away(Record(self.disk, self.state, kept, self.journal))
        except OSError:
            return kept  # the next run tidies up
