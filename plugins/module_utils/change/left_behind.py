# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a killed run has left: compared with the host as it is now, then kept, taken back, or left to a
person.

For it, nothing that is served is stopped, restarted or reloaded, and no command of an old record is undone.
It is always closed, so the next change finds the way free. Only a file that cannot be put back keeps it open,
while the record is fresh.
"""

import os
import time
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence, Union

from ..collect.host import Host
from ..work.step import Refusal
from . import ledger
from .disk import Disk
from .journal import Unreadable
from .lock import STATE
from .present import Present, look
from .record import KEPT, NEW, OPEN, UNDONE, Record, UndoFailed, file_away, left_open
from .recovery import NOT_BACK, close, put_files_back, read_record, shell, tidy, undo_commands

if TYPE_CHECKING:
    from typing import Final, Literal

    from ...plugin_utils.shapes.record import Folder, Journal, Socket
    from ...plugin_utils.shapes.remediation import Fate

    Judged = Union[Fate, Literal["undo"]]

# What became of it.
PUT_BACK: "Final" = "put_back"  # its files, and its commands where they had taken effect
KEPT_SO: "Final" = "kept"
LEFT: "Final" = "left"
TIDIED: "Final" = "tidied"  # it was over, and had left files of its own
DAMAGED: "Final" = "damaged"  # it is no record, and was put aside
_UNDO: "Final" = "undo"  # put back, with its commands


class Closed(NamedTuple):
    """A change that a killed run had left."""

    fate: "Fate"
    why: str
    name: str = "unfinished"
    target: Optional[str] = None
    at: Optional[float] = None  # epoch seconds; None: no record tells
    files: Sequence[str] = ()  # put back, kept, or left as written
    by_hand: Sequence[str] = ()  # commands of a shell that take it back
    left: Sequence[str] = ()  # files that somebody else has changed since
    backup: Optional[str] = None  # where former content is
    touched: Sequence[str] = ()  # all files of the change

    @property
    def in_force(self) -> List[str]:
        """Files that run, though they are newer than what loaded them: a second name for a file changes it,
        too.
        """
        return list(self.touched) if self.fate in (PUT_BACK, KEPT_SO) else []


def _judge(journal: "Journal", now: Present) -> "Judged":
    """_UNDO, PUT_BACK, KEPT_SO or LEFT. Pure."""
    whole = "before" not in now.files
    if not journal["commands"]:  # nobody knows who has read the files since
        if whole:
            return KEPT_SO
        return LEFT if now.old else PUT_BACK
    if not now.begun:
        return PUT_BACK
    if now.answers or not now.endpoints and all(now.took):
        if whole:
            return KEPT_SO
        return LEFT if "written" in now.files else PUT_BACK
    return LEFT if now.old else _UNDO


def _why(journal: "Journal", now: Present, fate: "Judged") -> str:
    not_run = [
        shell(command["do"])
        for command, took in zip(journal["commands"], now.took)
        if not took and fate == KEPT_SO
    ]
    silent = [name for name in now.endpoints if name not in now.answers]
    reasons = {
        KEPT_SO: "its files are as it wrote them" if now.files else "",
        PUT_BACK: "its files are as before" if now.begun else "nothing had read its files",
        LEFT: "only some of its files are as it wrote them" if "before" in now.files else "",
    }
    parts = [now.old if fate == LEFT else "", reasons.get(fate, "")]
    parts += [
        words % ", ".join(names)
        for words, names in (
            ("requests are taken at %s", now.answers),
            ("nobody takes requests at %s", silent),
            ("not run: %s", not_run),
        )
        if names
    ]
    return "; ".join(filter(None, parts))


def _rights_by_hand(do: Sequence[str], place: "Union[Folder, Socket]") -> str:
    path, meta = shell([place["path"]]), place["meta"]
    if not meta:
        return "rmdir %s" % path
    if do[:2] == ["setfacl", "-m"]:
        return "setfacl -x %s %s" % (shell([do[2].rpartition(":")[0]]), path)
    return "chown %d:%d %s; chmod %04o %s" % (meta["uid"], meta["gid"], path, meta["mode"], path)


def _files_by_hand(record: Record, now: Present) -> List[str]:
    return [
        shell(["cp", record.copy(number), file["real"]] if file["existed"] else ["rm", file["real"]])
        for number, (file, state) in enumerate(zip(record.journal["files"], now.files))
        if state == "written"
    ]


def _commands_by_hand(record: Record) -> List[str]:
    lines = []
    for number, command in reversed(list(enumerate(record.journal["commands"]))):
        if record.was_begun(number):
            lines += [shell(argv) for argv in command["undo"]]
            places: List[Union[Folder, Socket]] = [*command["folders"], *command["sockets"]]
            lines += [_rights_by_hand(command["do"], place) for place in reversed(places)]
    return lines


def _filed(closed: Closed, record: Record) -> Closed:
    backup = file_away(record)
    by_hand = [line.replace(record.folder + "/", backup + "/") for line in closed.by_hand]
    return closed._replace(backup=backup, by_hand=by_hand)


def _take_back(closed: Closed, record: Record, now: Present, commands: bool) -> Closed:
    """Raises UndoFailed when a file cannot be put back. What else fails is left to a person, who is told."""

    def harmless(argv: Sequence[str]) -> bool:
        # It would start what somebody has stopped since.
        return list(argv[:2]) not in (["systemctl", "restart"], ["systemctl", "reload"]) or (
            argv[-1] not in now.idle
        )

    by_hand = _commands_by_hand(record)
    fates, failed = put_files_back(record)
    if failed and not now.old:
        raise UndoFailed(NOT_BACK % ("; ".join(failed), record.folder))
    if failed:
        by_hand = _files_by_hand(record, now) + by_hand
    elif commands:
        failed = undo_commands(record, harmless)
    if failed:
        why = "the way back failed: %s" % "; ".join(failed)
        return _filed(closed._replace(fate=LEFT, by_hand=by_hand, why=why), record)
    return closed._replace(files=fates["restored"], left=fates["left"], backup=close(record, fates))


def _closed(fate: "Fate", why: str, journal: "Journal") -> Closed:
    touched = [file["path"] for file in journal["files"]]
    return Closed(fate, why, journal["name"], journal["target"], journal["at"], touched=touched)


def _aside(host: Host, disk: Disk, path: str, why: str, really: bool) -> Closed:
    """Moves what is no record out of the way. It may hold the only copy of a file."""
    aside = "%s.damaged-%s" % (path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(host.now())))
    if really:
        disk.replace(path, aside)
    look_there = (
        "the files in it are as they were before that run; beside those of the configuration it may "
        "have left .NAME.webmedic and .NAME.webmedic-old"
    )
    return Closed(DAMAGED, "%s; %s" % (why, look_there), by_hand=["ls -l %s" % aside])


def _close_open(host: Host, disk: Disk, state: str, really: bool) -> Optional[Closed]:
    if not left_open(disk, state, (OPEN,)):
        return None
    try:
        record = read_record(disk, state, OPEN)
    except Unreadable as error:
        return _aside(host, disk, os.path.join(state, OPEN), str(error), really)
    journal = record.journal
    now = look(host, disk, record.folder, journal)
    fate = _judge(journal, now)
    closed = _closed(PUT_BACK if fate == _UNDO else fate, _why(journal, now, fate), journal)._replace(
        files=[file["path"] for file, state_of in zip(journal["files"], now.files) if state_of == "written"],
        by_hand=_files_by_hand(record, now) + _commands_by_hand(record) if fate == LEFT else (),
    )
    if not really:
        return closed
    if fate in (PUT_BACK, _UNDO):
        return _take_back(closed, record, now, fate == _UNDO)
    if fate == KEPT_SO:
        try:
            ledger.record(disk, state, host.now(), journal["name"], journal["target"], KEPT_SO)
        except (OSError, Refusal):
            pass  # it stays kept, whether or not that can be written down
    return _filed(closed, record)


def _clear_remains(host: Host, disk: Disk, state: str, really: bool) -> Optional[Closed]:
    """Removes what a change that was over has left."""
    if not left_open(disk, state, (KEPT, UNDONE, NEW)):
        return None
    closed = Closed(TIDIED, "")
    try:
        if left_open(disk, state, (KEPT,)):
            closed = _closed(TIDIED, "", read_record(disk, state, KEPT).journal)
    except Unreadable as error:
        closed = _aside(host, disk, os.path.join(state, KEPT), str(error), really)
    if really:
        tidy(disk, state)
    return closed


def settle(host: Host, disk: Disk, state: str = STATE, really: bool = True) -> Optional[Closed]:
    """Closes what a killed run has left open. None: there was nothing. Call it under the lock. not really: it
    only looks, and says what would become of it.

    Raises UndoFailed when a file cannot be put back; Refusal, also when others than root could have written
    it; OSError.
    """
    closed = _close_open(host, disk, state, really)
    remains = _clear_remains(host, disk, state, really)
    return closed or remains
