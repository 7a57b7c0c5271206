# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was killed has left: compared with the host as it is now, then kept, taken back, or left to
a person.

Nothing that is served is stopped, restarted or reloaded for it, and no command of an old record is undone.
Nothing stays open: whatever becomes of it, the next change finds the way free. Only a file that cannot be put
back waits, for as long as the record is fresh.
"""

import os
import time
from typing import List, NamedTuple, Optional, Sequence, Union

from ..collect.host import Host
from ..verdict.step import Refusal
from . import ledger
from .disk import Disk
from .journal import Unreadable, read_journal
from .lock import STATE
from .present import Present, look
from .record import Folder, Journal, Socket
from .recovery import NOT_BACK, close, put_files_back, shell, tidy, undo_commands, was_begun
from .transaction import KEPT, NEW, OPEN, UNDONE, UndoFailed, file_away, left_open

# What became of it. put_back: its files, and its commands where they had taken effect; tidied: it was over
# but for files of its own; damaged: it is no record, and was put aside.
PUT_BACK, KEPT_SO, LEFT, TIDIED, DAMAGED = "put_back", "kept", "left", "tidied", "damaged"
_UNDO = "undo"  # put back, with its commands


class Closed(NamedTuple):
    """What became of a change that a killed run had left open. at: epoch seconds, None when no record tells.
    files: put back, kept, or left as written. by_hand: commands of a shell that take it back. left: files
    that somebody else has changed since. backup: where former content is. touched: all files of the change.
    """

    fate: str
    why: str
    name: str = "unfinished"
    target: Optional[str] = None
    at: Optional[float] = None
    files: Sequence[str] = ()
    by_hand: Sequence[str] = ()
    left: Sequence[str] = ()
    backup: Optional[str] = None
    touched: Sequence[str] = ()

    @property
    def in_force(self) -> List[str]:
        """Files that are what runs, though they are newer than what loaded them: to give a file a second name
        is a change of it, too.
        """
        return list(self.touched) if self.fate in (PUT_BACK, KEPT_SO) else []


def _judge(journal: Journal, now: Present) -> str:
    """_UNDO, PUT_BACK, KEPT_SO or LEFT. Pure."""
    whole = "before" not in now.files
    if not journal["commands"]:  # nobody knows who has read the files since
        if whole:
            return KEPT_SO
        return LEFT if now.old else PUT_BACK
    if not now.begun:
        return PUT_BACK
    if now.answers or not now.asked and all(now.took):
        if whole:
            return KEPT_SO
        return LEFT if "written" in now.files else PUT_BACK
    return LEFT if now.old else _UNDO


def _why(journal: Journal, now: Present, fate: str) -> str:
    not_run = [
        shell(command["do"])
        for command, took in zip(journal["commands"], now.took)
        if not took and fate == KEPT_SO
    ]
    silent = [name for name in now.asked if name not in now.answers]
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


def _rights_by_hand(do: Sequence[str], place: Union[Folder, Socket]) -> str:
    path, meta = shell([place["path"]]), place["meta"]
    if not meta:
        return "rmdir %s" % path
    if do[:2] == ["setfacl", "-m"]:
        return "setfacl -x %s %s" % (shell([do[2].rpartition(":")[0]]), path)
    return "chown %d:%d %s; chmod %04o %s" % (meta["uid"], meta["gid"], path, meta["mode"], path)


def _files_by_hand(journal: Journal, now: Present, opened: str) -> List[str]:
    return [
        shell(
            ["cp", os.path.join(opened, str(number)), file["real"]]
            if file["existed"]
            else ["rm", file["real"]]
        )
        for number, (file, state) in enumerate(zip(journal["files"], now.files))
        if state == "written"
    ]


def _commands_by_hand(journal: Journal, opened: str, disk: Disk) -> List[str]:
    lines = []
    for number, command in reversed(list(enumerate(journal["commands"]))):
        if was_begun(disk, opened, number):
            lines += [shell(argv) for argv in command["undo"]]
            places: List[Union[Folder, Socket]] = [*command["folders"], *command["sockets"]]
            lines += [_rights_by_hand(command["do"], place) for place in reversed(places)]
    return lines


def _filed(closed: Closed, journal: Journal, opened: str, disk: Disk, state: str) -> Closed:
    backup = file_away(disk, state, opened, journal)
    by_hand = [line.replace(opened + "/", backup + "/") for line in closed.by_hand]
    return closed._replace(backup=backup, by_hand=by_hand)


def _take_back(
    closed: Closed, journal: Journal, now: Present, commands: bool, opened: str, disk: Disk, state: str
) -> Closed:
    """Raises UndoFailed when a file cannot be put back; what else fails is a person's, and is told."""

    def harmless(argv: Sequence[str]) -> bool:
        # What somebody has stopped since would be started by it.
        return not (
            list(argv[:2]) in (["systemctl", "restart"], ["systemctl", "reload"]) and argv[-1] in now.idle
        )

    by_hand = _commands_by_hand(journal, opened, disk)
    fates, failed = put_files_back(journal, opened, disk)
    if failed and not now.old:
        raise UndoFailed(NOT_BACK % ("; ".join(failed), opened))
    if failed:
        by_hand = _files_by_hand(journal, now, opened) + by_hand
    elif commands:
        failed = undo_commands(journal, opened, disk, harmless)
    if failed:
        why = "the way back failed: %s" % "; ".join(failed)
        return _filed(closed._replace(fate=LEFT, by_hand=by_hand, why=why), journal, opened, disk, state)
    backup = close(journal, opened, disk, state, fates)
    return closed._replace(files=fates["restored"], left=fates["left"], backup=backup)


def _closed(
    fate: str, why: str, journal: Journal, files: Sequence[str] = (), by_hand: Sequence[str] = ()
) -> Closed:
    touched = [file["path"] for file in journal["files"]]
    return Closed(
        fate, why, journal["name"], journal["target"], journal["at"], files, by_hand, touched=touched
    )


def _aside(host: Host, disk: Disk, state: str, name: str, why: str, really: bool) -> Closed:
    """What is no record out of the way: it may hold the only copy of a file."""
    place = os.path.join(
        state, "%s.damaged-%s" % (name, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(host.now())))
    )
    if really:
        disk.replace(os.path.join(state, name), place)
    look_there = (
        "the files in it are as they were before that run; beside those of the configuration it may "
        "have left "
        ".NAME.webmedic and .NAME.webmedic-old"
    )
    return Closed(DAMAGED, "%s; %s" % (why, look_there), by_hand=["ls -l %s" % place])


def _open_change(host: Host, disk: Disk, state: str, really: bool) -> Optional[Closed]:
    opened = os.path.join(state, OPEN)
    if not disk.exists(opened):
        return None
    try:
        journal = read_journal(disk, opened)
    except Unreadable as error:
        return _aside(host, disk, state, OPEN, str(error), really)
    now = look(host, disk, opened, journal)
    fate = _judge(journal, now)
    files = [file["path"] for file, state_of in zip(journal["files"], now.files) if state_of == "written"]
    by_hand: List[str] = []
    if fate == LEFT:
        by_hand = _files_by_hand(journal, now, opened) + _commands_by_hand(journal, opened, disk)
    closed = _closed(PUT_BACK if fate == _UNDO else fate, _why(journal, now, fate), journal, files, by_hand)
    if not really:
        return closed
    if fate in (PUT_BACK, _UNDO):
        return _take_back(closed, journal, now, fate == _UNDO, opened, disk, state)
    if fate == KEPT_SO:
        try:
            ledger.record(disk, state, host.now(), journal["name"], journal["target"], KEPT_SO)
        except (OSError, Refusal):
            pass  # kept it is, whether or not it can be written down
    return _filed(closed, journal, opened, disk, state)


def _remains(host: Host, disk: Disk, state: str, really: bool) -> Optional[Closed]:
    """What lies about of a change that was over is cleared away."""
    if not left_open(state, (KEPT, UNDONE, NEW)):
        return None
    closed = Closed(TIDIED, "")
    try:
        if left_open(state, (KEPT,)):
            closed = _closed(TIDIED, "", read_journal(disk, os.path.join(state, KEPT)))
    except Unreadable as error:
        closed = _aside(host, disk, state, KEPT, str(error), really)
    if really:
        tidy(disk, state)
    return closed


def _all(host: Host, disk: Disk, state: str, really: bool) -> Optional[Closed]:
    first = _open_change(host, disk, state, really)
    second = _remains(host, disk, state, really)
    return first or second


def pending(host: Host, state: str = STATE) -> Optional[Closed]:
    """What settle() would say. Only looks. Raises Refusal when others than root could have written it."""
    return _all(host, Disk(), state, False)


def settle(host: Host, disk: Disk, state: str = STATE) -> Optional[Closed]:
    """Closes what a killed run has left open. None: there was nothing. Call it under the lock. Raises
    UndoFailed when a file cannot be put back; Refusal or OSError.
    """
    return _all(host, disk, state, True)
