# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from an open change: its files, then its commands. May itself be killed, and starts over."""

import os
import shlex
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.host import Host
from ..verdict.step import Refusal
from .disk import Disk
from .journal import DONE, STARTED, Unreadable, meta_of, read_journal
from .lock import STATE
from .new_journal import digest
from .record import File, Folder, Journal
from .transaction import KEPT, NEW, OPEN, UNDONE, UndoFailed, file_away, own

NOT_BACK = (
    "could not be put back: %s. Run this again once that is mended, or put it back by hand and remove %s."
)
Fates = Dict[str, List[str]]


class Undone(NamedTuple):
    """What became of a change that this run took back. files: taken back. left: files that somebody else has
    changed since, and that stay so. backup: where their former content is. serves: endpoints that need the
    change, by which all of it was kept.
    """

    files: Sequence[str] = ()
    left: Sequence[str] = ()
    backup: Optional[str] = None
    serves: Sequence[str] = ()


def shell(argv: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in argv)


def was_begun(disk: Disk, opened: str, number: int) -> bool:
    return any(disk.exists(os.path.join(opened, marker % number)) for marker in (STARTED, DONE))


def _restore(file: File, copy: str, disk: Disk) -> str:
    """One file as it was: "restored", "untouched", or "left" when it is neither what we found nor what we
    wrote.
    """
    disk.remove(file["temporary"])
    real, old = file["real"], file["old"]
    now = digest(disk.read(real))
    if now in (file["before"], file["after"]) and now != file["before"]:
        if not file["existed"]:
            disk.remove(real)
        elif disk.exists(old):
            disk.replace(old, real)
        else:
            disk.write_file(file["temporary"], disk.read(copy) or b"", meta_of(file))
            disk.replace(file["temporary"], real)
        return "restored"
    # Also when both names are one file: a rename would do nothing then, and leave both.
    disk.remove(old)
    return "untouched" if now == file["before"] else "left"


def put_files_back(journal: Journal, opened: str, disk: Disk) -> Tuple[Fates, List[str]]:
    """({restored, untouched, left: changed by someone else since}, paths of each; what could not be put back,
    and why).
    """
    fates: Fates = {"restored": [], "untouched": [], "left": []}
    failed = []
    for number, file in reversed(list(enumerate(journal["files"]))):
        copy = os.path.join(opened, str(number))
        try:
            fates[_restore(file, copy, disk)].append(file["path"])
        except (OSError, Refusal) as error:
            failed.append(
                "%s (%s); it was %s"
                % (file["real"], error, "like %s" % copy if file["existed"] else "not there")
            )
    try:
        for folder in reversed(journal["made"]) if not failed else ():
            disk.remove_directory(folder)
        for folder, mtime_ns in journal["folders"].items() if not failed else ():
            if disk.exists(folder):
                disk.set_mtime(folder, mtime_ns)
    except (OSError, Refusal) as error:
        failed.append(str(error))
    return fates, failed


def undo_commands(
    journal: Journal, opened: str, disk: Disk, harmless: Callable[[Sequence[str]], bool] = lambda _argv: True
) -> List[str]:
    """The undo of each command that was begun, the last one first; within a command, as listed. Returns what
    failed. harmless: whether one may run.
    """
    failed = []
    for number, command in reversed(list(enumerate(journal["commands"]))):
        if not was_begun(disk, opened, number):
            continue
        for argv in filter(harmless, command["undo"]):
            try:
                own(disk, argv)
                ran = disk.run(argv)
                why = None if ran.rc == 0 else (ran.err or ran.out).strip() or "exit code %s" % ran.rc
            except (Refusal, OSError) as error:
                why = str(error)
            if why:
                failed.append("`%s`: %s" % (shell(argv), why))
        for socket in command["sockets"]:
            try:
                disk.withdraw(socket["path"], socket["file"], meta_of(socket), meta_of(socket["after"]))
            except OSError as error:
                failed.append(str(error))
        for folder in reversed(command["folders"]):
            try:
                _put_back(folder, disk)
            except (Refusal, OSError) as error:
                failed.append(str(error))
    return failed


def _put_back(folder: Folder, disk: Disk) -> None:
    """A directory of a command: gone, or with its rights as before."""
    if folder["meta"]:
        disk.set_rights(folder["path"], meta_of(folder))
        return
    disk.remove_directory(folder["path"])
    if disk.exists(folder["path"]):
        raise Refusal("%s was not there before and is not empty" % folder["path"])


def still_needed(host: Host, disk: Disk, opened: str, journal: Journal) -> List[str]:
    """Endpoints that would be served no more after the way back, since it stops a unit that
    serves them now.
    """
    stopped = [
        argv[2]
        for number, command in enumerate(journal["commands"])
        if was_begun(disk, opened, number)
        for argv in command["undo"]
        if argv[:2] == ["systemctl", "stop"] and argv[2:]
    ]
    if not stopped:
        return []
    from .present import served_by  # pylint: disable=import-outside-toplevel  # few ways back need it compiled

    return served_by(host, stopped)


def close(journal: Journal, opened: str, disk: Disk, state: str, fates: Fates) -> Optional[str]:
    """What was taken back is over. Returns where the former content of files is kept that someone else has
    changed, None without any.
    """
    if fates["left"]:
        return file_away(disk, state, opened, journal)
    if disk.exists(os.path.join(state, "put-back")):  # 0.3 made none
        # A file that was put back is newer than what has loaded it: by this record it is known (unloaded.py).
        file_away(disk, state, opened, journal, "put-back")
        return None
    undone = os.path.join(state, UNDONE)
    disk.remove_tree(undone)
    disk.replace(opened, undone)
    return None


def tidy(disk: Disk, state: str) -> None:
    """What lies about of changes that are over goes. Raises Unreadable, Refusal or OSError."""
    kept = os.path.join(state, KEPT)
    if disk.exists(kept):
        file_away(disk, state, kept, read_journal(disk, kept))
    for name in (UNDONE, NEW):
        disk.remove_tree(os.path.join(state, name))


def recover(host: Host, disk: Disk, state: str = STATE) -> Optional[Undone]:
    """Takes back the change that this very run has open. None: nothing is open. Call it under the lock.
    Raises UndoFailed, Refusal or OSError.
    """
    opened, result = os.path.join(state, OPEN), None
    try:
        if disk.exists(opened):
            result = _taken_back(host, disk, state, opened, read_journal(disk, opened))
        tidy(disk, state)
    except Unreadable as error:
        raise UndoFailed(str(error))
    return result


def _taken_back(host: Host, disk: Disk, state: str, opened: str, journal: Journal) -> Undone:
    serves = still_needed(host, disk, opened, journal)
    if serves:
        return Undone(backup=file_away(disk, state, opened, journal), serves=serves)
    fates, failed = put_files_back(journal, opened, disk)
    if failed:
        raise UndoFailed(NOT_BACK % ("; ".join(failed), opened))
    failed = undo_commands(journal, opened, disk)
    if failed:
        raise UndoFailed(
            "every file is as before, but this failed: %s. Do it by hand; a later run looks at what is "
            "there then." % "; ".join(failed)
        )
    return Undone(fates["restored"], fates["left"], close(journal, opened, disk, state, fates))
