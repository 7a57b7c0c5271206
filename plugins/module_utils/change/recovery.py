# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from an open change: its files, then its commands. May itself be killed, and starts over."""

import contextlib
import os
import shlex
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..collect.host import Host
from ..work.step import Refusal
from .disk import Disk
from .journal import Unreadable, digest, meta_of, read_journal
from .lock import STATE
from .record import KEPT, NEW, OPEN, UNDONE, Record, UndoFailed, check_command, file_away

if TYPE_CHECKING:
    from ...plugin_utils.shapes.record import File, Folder

NOT_BACK = (
    "could not be put back: %s. Run this again once that is mended, or put it back by hand and remove %s."
)
_ENDED = ("inactive", "failed")
Fates = Dict[str, List[str]]


class TakenBack(NamedTuple):
    """A change of this run."""

    files: Sequence[str] = ()  # as before again
    left: Sequence[str] = ()  # somebody else has changed them since: they stay so
    backup: Optional[str] = None  # their former content
    serves: Sequence[str] = ()  # endpoints that need the change: all of it was kept
    started: Sequence[str] = ()  # units that had ended by themselves


def shell(argv: Sequence[str]) -> str:
    return " ".join(shlex.quote(word) for word in argv)


@contextlib.contextmanager
def _noting(failed: List[str], before: str = "", after: str = "") -> Iterator[None]:
    """What fails is noted between these words, and the way back goes on."""
    try:
        yield
    except (OSError, Refusal) as error:
        failed.append("%s%s%s" % (before, error, after))


def _restore(file: "File", copy: str, disk: Disk) -> str:
    """ "restored", "untouched", or "left": it is neither what we found nor what we wrote."""
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


def put_files_back(record: Record) -> Tuple[Fates, List[str]]:
    """({restored, untouched, left: changed by someone else since}, paths of each; what could not be put back,
    and why).
    """
    disk, journal = record.disk, record.journal
    fates: Fates = {"restored": [], "untouched": [], "left": []}
    failed: List[str] = []
    for number, file in reversed(list(enumerate(journal["files"]))):
        copy = record.copy(number)
        was = "like %s" % copy if file["existed"] else "not there"
        with _noting(failed, "%s (" % file["real"], "); it was %s" % was):
            fates[_restore(file, copy, disk)].append(file["path"])
    if not failed:
        with _noting(failed):
            for folder in reversed(journal["made"]):
                disk.remove_directory(folder)
            for folder, mtime_ns in journal["folders"].items():
                if disk.exists(folder):
                    disk.set_mtime(folder, mtime_ns)
    return fates, failed


def _has_ended(disk: Disk, argv: Sequence[str]) -> bool:
    """Whether a unit that is to be reloaded does not run any more."""
    return (
        list(argv[:2]) == ["systemctl", "reload"]
        and disk.run(["systemctl", "is-active", argv[2]]).out.strip() in _ENDED
    )


def undo_commands(
    record: Record,
    harmless: Callable[[Sequence[str]], bool] = lambda _argv: True,
    started: Optional[List[str]] = None,
) -> List[str]:
    """The undo of each command that was begun, the last one first; of a command, in its order. Returns what
    failed. harmless: whether an undo may run. started: given by the run that has begun the commands. It gets
    the units that ended by themselves meanwhile, and were started: a later run cannot know who stopped them.
    """
    disk = record.disk
    failed: List[str] = []
    for number, command in reversed(list(enumerate(record.journal["commands"]))):
        if not record.was_begun(number):
            continue
        for argv in filter(harmless, command["undo"]):
            with _noting(failed, "`%s`: " % shell(argv)):
                check_command(disk, argv)
                ran = disk.run(argv)
                if ran.rc != 0 and started is not None and _has_ended(disk, argv):
                    ran = disk.run(["systemctl", "start", argv[2]])
                    started.append(argv[2])
                if ran.rc != 0:
                    raise Refusal((ran.err or ran.out).strip() or "exit code %s" % ran.rc)
        for socket in command["sockets"]:
            with _noting(failed):
                disk.withdraw(socket["path"], socket["file"], meta_of(socket), meta_of(socket["after"]))
        for folder in reversed(command["folders"]):
            with _noting(failed):
                _put_back(folder, disk)
    return failed


def _put_back(folder: "Folder", disk: Disk) -> None:
    """A directory of a command: gone, or with its rights as before."""
    if folder["meta"]:
        disk.set_rights(folder["path"], meta_of(folder))
        return
    disk.remove_directory(folder["path"])
    if disk.exists(folder["path"]):
        raise Refusal("%s was not there before and is not empty" % folder["path"])


def _still_needed(host: Host, record: Record) -> List[str]:
    """Endpoints that nobody would serve after the way back: it stops a unit that serves them now."""
    stopped = [
        argv[2]
        for number, command in enumerate(record.journal["commands"])
        if record.was_begun(number)
        for argv in command["undo"]
        if argv[:2] == ["systemctl", "stop"] and argv[2:]
    ]
    if not stopped:
        return []
    from .present import served_by

    return served_by(host, stopped)


def close(record: Record, fates: Fates) -> Optional[str]:
    """What was taken back is over. Returns where the former content is kept of files that someone else has
    changed, None without any.
    """
    if fates["left"]:
        return file_away(record)
    if record.disk.exists(os.path.join(record.state, "put-back")):  # 0.3 made none
        # A file that was put back is newer than what loaded it: the record tells remediate/unloaded.py of it.
        file_away(record, "put-back")
        return None
    undone = os.path.join(record.state, UNDONE)
    record.disk.remove_tree(undone)
    record.disk.replace(record.folder, undone)
    return None


def read_record(disk: Disk, state: str, name: str) -> Record:
    """Raises Unreadable or Refusal, see read_journal()."""
    folder = os.path.join(state, name)
    return Record(disk, state, folder, read_journal(disk, folder))


def tidy(disk: Disk, state: str) -> None:
    """Removes the rest of changes that are over. Raises Unreadable, Refusal or OSError."""
    if disk.exists(os.path.join(state, KEPT)):
        file_away(read_record(disk, state, KEPT))
    for name in (UNDONE, NEW):
        disk.remove_tree(os.path.join(state, name))


def recover(host: Host, disk: Disk, state: str = STATE) -> Optional[TakenBack]:
    """Takes back the change that this very run has open. None: nothing is open. Call it under the lock.
    Raises UndoFailed, Refusal or OSError.
    """
    taken_back = None
    try:
        if disk.exists(os.path.join(state, OPEN)):
            taken_back = _take_back(host, read_record(disk, state, OPEN))
        tidy(disk, state)
    except Unreadable as error:
        raise UndoFailed(str(error))
    return taken_back


def _take_back(host: Host, record: Record) -> TakenBack:
    serves = _still_needed(host, record)
    if serves:
        return TakenBack(backup=file_away(record), serves=serves)
    fates, failed = put_files_back(record)
    if failed:
        raise UndoFailed(NOT_BACK % ("; ".join(failed), record.folder))
    started: List[str] = []
    failed = undo_commands(record, started=started)
    if failed:
        raise UndoFailed(
            "every file is as before, but this failed: %s. Do it by hand; a later run looks at what is "
            "there then." % "; ".join(failed)
        )
    return TakenBack(fates["restored"], fates["left"], close(record, fates), started=started)
