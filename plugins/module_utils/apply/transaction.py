# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and services changed as one: all of it, or nothing that anyone would notice afterwards.

<state>/transaction exists exactly while a change is open: journal.json and a copy of each file before. It appears in one instant,
complete, before the first file is touched, and goes in one instant when the change is kept or was taken back. So whoever finds it
there knows that a run was killed, and recover() takes back what that run had done; it may be killed itself and starts over.

Each file is replaced by one rename; before that, a second name is given to the old one. To go back is then a rename as well: it needs
no space on a full disk and brings back the very same file. Where a file system has no second names, the copy is written instead.
"""

import base64
import errno
import hashlib
import json
import os
import re
import time
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ..collect.host import Host, HostError
from ..step import Change, Command, Refusal, Step
from .disk import Disk, Meta, Ran
from .lock import STATE, prepare_state

VERSION = 1
BACKUPS = 20
READ_LIMIT = 1 << 28
# While it is written; while it is open; once it is kept; once it was taken back. Only the second means anything to the host.
NEW, OPEN, KEPT, UNDONE = "transaction.new", "transaction", "transaction.kept", "transaction.undone"
_NO_SECOND_NAME = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
Journal = Dict[str, Any]


class UndoFailed(Exception):
    """Not everything could be put back. The text says what is where and what a person does about it."""


def digest(data: Optional[bytes]) -> Optional[str]:
    return None if data is None else hashlib.sha256(data).hexdigest()


def content(host: Host, path: str) -> Optional[bytes]:
    """The bytes of a regular file, None when nothing is there. Raises HostError."""
    try:
        return host.read_bytes(path, 0, READ_LIMIT)
    except HostError as error:
        if error.absent:
            return None
        raise


def real_path(host: Host, path: str) -> str:
    """The file behind a path. Raises Refusal when the path could mean more than one file."""
    if not path.startswith("/") or "\0" in path:
        raise Refusal("%r is not an absolute path" % path)
    return host.realpath(path)


def check(changes: Sequence[Change], host: Host, disk: Disk, shown: bool = False) -> None:
    """That each file still is what the change was made for (unless it builds on others only shown), and can be replaced. Raises Refusal, HostError, OSError."""
    seen: Set[str] = set()
    for change in changes:
        real = real_path(host, change.path)
        if real in seen:
            raise Refusal("%s would be changed twice" % change.path)
        seen.add(real)
        if not os.path.isdir(os.path.dirname(os.path.dirname(real))):
            raise Refusal("there is no directory for %s" % change.path)
        now = content(host, real)
        if now != change.before and not shown:
            raise Refusal("%s has changed meanwhile" % change.path)
        if now is not None and disk.meta(real).links > 1:
            raise Refusal("%s has a second name (a hard link), which would keep the old content" % change.path)
        folder = os.path.dirname(real)
        if os.path.isdir(folder) and not os.access(folder, os.W_OK):
            raise Refusal("%s cannot be written to (a read-only file system?)" % folder)
        for path in _beside(real):
            if os.path.lexists(path):
                raise Refusal("%s is in the way" % path)


def _beside(real: str) -> Tuple[str, str]:
    """Names of the file to come and of the one that was. No pattern such as *.conf takes them up."""
    folder, name = os.path.split(real)
    return os.path.join(folder, ".%s.webmedic" % name), os.path.join(folder, ".%s.webmedic-old" % name)


def _describe(step: Step, host: Host, disk: Disk, at: float) -> Journal:
    files: List[Dict[str, Any]] = []
    made: List[str] = []
    folders: Dict[str, int] = {}
    for change in step.changes:
        real = real_path(host, change.path)
        folder = os.path.dirname(real)
        if not os.path.isdir(folder) and folder not in made:
            made.append(folder)
            folder = os.path.dirname(folder)
        if folder not in made:
            folders[folder] = os.stat(folder).st_mtime_ns
        meta, (temporary, old) = None if change.before is None else disk.meta(real), _beside(real)
        files.append({
            "path": change.path, "real": real, "existed": change.before is not None, "temporary": temporary, "old": old,
            "before": digest(change.before), "after": digest(change.after), "meta": meta and dict(
                meta._asdict(), xattrs={name: base64.b64encode(value).decode("ascii") for name, value in (meta.xattrs or {}).items()}),
        })
    return {
        "version": VERSION, "name": step.name, "target": step.target, "at": at, "files": files, "made": made, "folders": folders,
        "commands": [{"do": command.do, "undo": command.undo} for command in step.commands],
    }


def read_journal(host: Host, folder: str) -> Journal:
    try:
        journal = json.loads(host.read_bytes(os.path.join(folder, "journal.json"), 0, READ_LIMIT).decode("ascii"))
        if journal["version"] == VERSION:
            return dict(journal)
        why = "it was written by another version of this collection"
    except (HostError, ValueError, KeyError, TypeError) as error:
        why = str(error)
    raise UndoFailed("what a killed run left in %s cannot be read (%s). It holds the files as they were before: put them back by hand, "
                     "then remove it." % (folder, why))


class Transaction:
    """An open change. Made by begin(); then replace(), run() for each command in order, and keep(). Anything that fails: recover()."""

    def __init__(self, step: Step, host: Host, disk: Disk, state: str, journal: Journal) -> None:
        self.step, self.host, self.disk, self.state, self.journal = step, host, disk, state, journal
        self.started = 0

    @classmethod
    def begin(cls, step: Step, host: Host, disk: Disk, state: str = STATE) -> "Transaction":
        """Writes down all that is needed to go back. The configuration is not touched yet. Raises Refusal, HostError or OSError."""
        prepare_state(disk, state)
        new, opened = os.path.join(state, NEW), os.path.join(state, OPEN)
        if os.path.lexists(opened) or os.path.lexists(os.path.join(state, KEPT)):
            raise Refusal("an earlier change is still open in %s" % state)
        check(step.changes, host, disk)
        journal = _describe(step, host, disk, host.now())
        disk.remove_tree(new)
        disk.make_directory(new, 0o700)
        for number, change in enumerate(step.changes):
            if change.before is not None:
                disk.write_file(os.path.join(new, str(number)), change.before)
        disk.write_file(os.path.join(new, "journal.json"), json.dumps(journal, indent=1).encode("ascii"))
        disk.sync(new)
        disk.replace(new, opened)
        return cls(step, host, disk, state, journal)

    def replace(self) -> None:
        """Every file, in order. Raises Refusal, HostError or OSError; some may be replaced by then."""
        for change, file in zip(self.step.changes, self.journal["files"]):
            folder = os.path.dirname(file["real"])
            if folder in self.journal["made"] and not os.path.isdir(folder):
                self.disk.make_directory(folder, 0o755)
            if change.after is not None:
                self.disk.write_file(file["temporary"], change.after,
                                     meta_of(file)._replace(mtime_ns=None) if file["existed"] else self.disk.created(change.mode))
            if file["existed"]:
                try:
                    self.disk.link(file["real"], file["old"])
                except OSError as error:
                    if error.errno not in _NO_SECOND_NAME:
                        raise
            if content(self.host, file["real"]) != change.before:
                raise Refusal("%s has changed meanwhile" % change.path)
            if change.after is None:
                self.disk.remove(file["real"])
            else:
                self.disk.replace(file["temporary"], file["real"])

    def run(self, command: Command) -> Ran:
        """The next command of the step. Its undo is owed from now on, whatever comes of it."""
        marker = os.path.join(self.state, OPEN, "started-%d" % self.started)
        self.started += 1
        self.disk.write_file(marker, b"")
        self.disk.sync(os.path.dirname(marker))
        return self.disk.run(command.do)

    def keep(self) -> str:
        """From here on it stays. Returns the directory with the files as they were before. Raises OSError when it is still open."""
        opened, kept = os.path.join(self.state, OPEN), os.path.join(self.state, KEPT)
        try:
            self.disk.replace(opened, kept)
        except OSError:
            if os.path.lexists(opened):
                raise
        try:
            return file_away(self.host, self.disk, self.state, kept)
        except (OSError, HostError):
            return kept  # kept it is; the next recover() tidies up


def meta_of(file: Dict[str, Any]) -> Meta:
    meta = Meta(**file["meta"])
    return meta._replace(xattrs={name: base64.b64decode(value) for name, value in file["meta"]["xattrs"].items()})


def file_away(host: Host, disk: Disk, state: str, folder: str) -> str:
    """A finished transaction to the backups, of which the newest 20 stay."""
    journal = read_journal(host, folder)
    for file in journal["files"]:
        disk.remove(file["temporary"])
        disk.remove(file["old"])
    backups = os.path.join(state, "backups")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(journal["at"]))
    name = "%s-%s" % (stamp, re.sub(r"[^\w.-]", "_", journal["name"], flags=re.ASCII))
    taken = host.listdir(backups)
    name = next(one for one in [name] + ["%s.%d" % (name, number) for number in range(2, len(taken) + 3)] if one not in taken)
    disk.replace(folder, os.path.join(backups, name))
    for old in sorted(taken + [name])[:-BACKUPS]:
        disk.remove_tree(os.path.join(backups, old))
    return os.path.join(backups, name)
