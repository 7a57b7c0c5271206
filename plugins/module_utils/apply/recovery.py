# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was killed left on a host: taken back, or, where it had finished, cleared away. May itself be killed, and starts over."""

import os
import shlex
from typing import Any, Dict, List, Optional

from ..collect.host import Host
from ..step import Refusal
from .disk import Disk
from .lock import STATE
from .transaction import KEPT, NEW, OPEN, UNDONE, Journal, UndoFailed, digest, file_away, meta_of, own, read_journal


def pending(state: str = STATE) -> Optional[Dict[str, Any]]:
    """What recover() would take back or clear away: {name, target, at, files, left, backup}; None: nothing. Only looks. Raises UndoFailed, Refusal."""
    disk = Disk()
    there = [name for name in (OPEN, KEPT, UNDONE, NEW) if disk.exists(os.path.join(state, name))]
    if not there:
        return None
    found: Dict[str, Any] = {"name": "unfinished", "target": None, "at": None, "files": [], "left": [], "backup": None}
    if there[0] in (OPEN, KEPT):
        journal = read_journal(disk, os.path.join(state, there[0]))
        found.update((name, journal[name]) for name in ("name", "target", "at"))
        found["files"] = [file["path"] for file in journal["files"]] if there[0] == OPEN else []
    return found


def _restore(file: Dict[str, Any], copy: str, disk: Disk) -> str:
    """One file as it was: "restored", "untouched", or "left" when it is neither what we found nor what we wrote."""
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


def _undo_commands(journal: Journal, opened: str, disk: Disk) -> List[str]:
    """The undo of each command that was started, the last one first; within a command, as listed. Returns what failed."""
    failed = []
    for number, command in reversed(list(enumerate(journal["commands"]))):
        if not disk.exists(os.path.join(opened, "started-%d" % number)):
            continue
        for argv in command["undo"]:
            try:
                own(disk, argv)
                ran = disk.run(argv)
                why = None if ran.rc == 0 else (ran.err or ran.out).strip() or "exit code %s" % ran.rc
            except (Refusal, OSError) as error:
                why = str(error)
            if why:
                failed.append("`%s`: %s" % (" ".join(shlex.quote(word) for word in argv), why))
        for folder in reversed(command.get("folders", [])):
            try:
                _put_back(folder, disk)
            except (Refusal, OSError) as error:
                failed.append(str(error))
    return failed


def _put_back(folder: Dict[str, Any], disk: Disk) -> None:
    """A directory of a command: gone, or with its rights as before."""
    if folder["meta"]:
        disk.set_rights(folder["path"], meta_of(folder))
        return
    disk.remove_directory(folder["path"])
    if disk.exists(folder["path"]):
        raise Refusal("%s was not there before and is not empty" % folder["path"])


def recover(host: Host, disk: Disk, state: str = STATE) -> Optional[Dict[str, Any]]:
    """Takes back what is open: {name, target, at, files: taken back, left: changed by someone else since and left so, backup: where their
    former content is, or None}, and clears away what a finished change was killed over (files is empty then). None: there was nothing.
    Call it under the lock. Raises UndoFailed, Refusal or OSError.
    """
    opened, kept, undone = (os.path.join(state, name) for name in (OPEN, KEPT, UNDONE))
    result = None if disk.exists(opened) else pending(state)
    if disk.exists(opened):
        journal = read_journal(disk, opened)
        fates: Dict[str, List[str]] = {"restored": [], "untouched": [], "left": []}
        failed = []
        for number, file in reversed(list(enumerate(journal["files"]))):
            copy = os.path.join(opened, str(number))
            try:
                fates[_restore(file, copy, disk)].append(file["path"])
            except (OSError, Refusal) as error:
                failed.append("%s (%s); it was %s" % (file["real"], error, "like %s" % copy if file["existed"] else "not there"))
        if failed:
            raise UndoFailed("could not be put back: %s. Run this again once that is mended, or put it back by hand and remove %s."
                             % ("; ".join(failed), opened))
        for folder in reversed(journal["made"]):
            disk.remove_directory(folder)
        for folder, mtime_ns in journal["folders"].items():
            if disk.exists(folder):
                disk.set_mtime(folder, mtime_ns)
        failed = _undo_commands(journal, opened, disk)
        if failed:
            raise UndoFailed("every file is as before, but this failed: %s. Run this again once that is mended, or do it by hand and remove %s."
                             % ("; ".join(failed), opened))
        backup = None
        if fates["left"]:
            backup = file_away(disk, state, opened, journal)
        else:
            disk.remove_tree(undone)
            disk.replace(opened, undone)
        result = {"name": journal["name"], "target": journal["target"], "at": journal["at"],
                  "files": fates["restored"], "left": fates["left"], "backup": backup}
    if disk.exists(kept):
        file_away(disk, state, kept, read_journal(disk, kept))
    disk.remove_tree(undone)
    disk.remove_tree(os.path.join(state, NEW))
    return result
