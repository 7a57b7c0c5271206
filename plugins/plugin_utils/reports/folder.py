# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a run, and what lies beside it.

    <report_dir>/2026-11-26T001502Z/report.json, report.html, report.md, junit.xml, report.sarif,
        report.prom
    <report_dir>/latest -> 2026-11-26T001502Z
    <report_dir>/report.json -> latest/report.json

Others may write in the directory: nothing of theirs is followed, written to or removed. At every moment each
file is the old one or the new one.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..shapes.report import Report
from . import replay

REPORT = "report.json"
LATEST = "latest"
# All files that a run may have.
FILES = (REPORT, "report.html", "report.md", "junit.xml", "report.sarif", "report.prom")
# So that a directory that others fill cannot keep us busy.
MOST_OF_ONE_SECOND = 100
# Where a job hands the folder on, its number follows.
JOB = "-job"
_RUN = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(?:-\d+)?(?:%s\w*)?\Z" % JOB)
_DRAFT = re.compile(r"\..+\.[0-9a-f]{16}\.tmp\Z")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Writer = Callable[[Report], str]


class Written(NamedTuple):
    """path: of the newest report. folder: of this run. failed: by file that could not be made, why."""

    path: str
    folder: str
    failed: dict[str, str]


def absolute(directory: str) -> str:
    return os.path.abspath(os.path.expanduser(os.path.expandvars(directory)))


def text_of(report: Report) -> str:
    """All but ASCII is escaped: a terminal that prints the file must not act on what a host wrote."""
    return json.dumps(report, indent=2, allow_nan=False) + "\n"


def write(report: Report, directory: str, keep: int, writers: Mapping[str, Writer]) -> Written:
    """Writes the report and what the writers make of it, and points to it. Raises OSError.

    keep: how many runs stay, this one among them; 0: all. writers: by file. One that raises costs its own
    file.
    """
    directory = absolute(directory)
    os.makedirs(directory, mode=0o755, exist_ok=True)
    name = _claim(report, directory)
    report["run"]["id"] = name
    folder = os.path.join(directory, name)
    failed = _fill(folder, report, writers, _DIRECTORY)
    _point(directory, name)
    _forget(directory, keep, name)
    return Written(os.path.join(directory, REPORT), folder, failed)


def write_again(report: Report, directory: str, writers: Mapping[str, Writer]) -> Written:
    """The files of a saved report, in a directory of their own. Raises OSError."""
    folder = absolute(directory)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    failed = _fill(folder, report, writers, _DIRECTORY & ~os.O_NOFOLLOW)
    return Written(os.path.join(folder, REPORT), folder, failed)


def _fill(folder: str, report: Report, writers: Mapping[str, Writer], flags: int) -> dict[str, str]:
    """Writes all files; why some could not be made. flags: how the folder is opened."""
    texts, failed = {REPORT: text_of(report)}, {}
    for file, writer in writers.items():
        try:
            texts[file] = writer(report)
        except Exception as error:
            failed[file] = "%s: %s" % (type(error).__name__, error)
    place = os.open(folder, flags)
    try:
        for file, text in texts.items():
            _write(place, file, text)
    finally:
        os.close(place)
    return failed


def _claim(report: Report, directory: str) -> str:
    """The name of this run's folder, which is there now. Later batches of a run write to the same one."""
    wanted, started = report["run"]["id"], report["run"]["started"]
    for number in range(1, MOST_OF_ONE_SECOND + 1):
        name = wanted if number == 1 else "%s-%d" % (wanted, number)
        folder = os.path.join(directory, name)
        try:
            os.mkdir(folder, 0o755)
            return name
        except FileExistsError:
            if _is_own(folder) and _began(os.path.join(folder, REPORT)) == started:
                return name
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.path.join(directory, wanted))


def _is_own(folder: str) -> bool:
    found = os.lstat(folder)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _began(path: str) -> object:
    try:
        return replay.load(path)["run"]["started"]
    except (OSError, replay.NoReport, KeyError, TypeError):
        return None


def put(path: str, text: str) -> None:
    """One file in one step, in a directory that is there. A link in its place is replaced. Raises OSError."""
    directory, name = os.path.split(path)
    place = os.open(directory or os.curdir, _DIRECTORY & ~os.O_NOFOLLOW)
    try:
        _write(place, name, text)
    finally:
        os.close(place)


def make_private(directory: str) -> None:
    """A directory for its owner alone, where there is none yet. Raises OSError where we may not write."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), directory)


def put_new(directory: str, name: str, content: bytes) -> str:
    """A file that nobody else may read, in one step, in a directory that is made where it is missing. A file
    that has the name stays: "-2" follows the name then, before its endings. Returns the path. Raises OSError.
    """
    make_private(directory)
    stem, dot, endings = name.partition(".")
    place = os.open(directory, _DIRECTORY & ~os.O_NOFOLLOW)
    try:
        for number in range(1, MOST_OF_ONE_SECOND + 1):
            free = stem + ("-%d" % number if number > 1 else "") + dot + endings
            try:
                _write(place, free, content, 0o600, replaces=False)
                return os.path.join(directory, free)
            except FileExistsError:
                continue
    finally:
        os.close(place)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.path.join(directory, name))


def _write(place: int, name: str, content: str | bytes, mode: int = 0o644, replaces: bool = True) -> None:
    """As put(). place: descriptor of the directory. replaces: else a file that has the name is an error."""
    # A random name and O_EXCL never write to the files or links of others.
    draft = ".%s.%s.tmp" % (name, secrets.token_hex(8))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    stream = open(os.open(draft, flags, mode, dir_fd=place), "wb")
    try:
        with stream:
            stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        if replaces:
            os.replace(draft, name, src_dir_fd=place, dst_dir_fd=place)
        else:
            os.link(draft, name, src_dir_fd=place, dst_dir_fd=place)
            os.unlink(draft, dir_fd=place)
    except BaseException:
        os.unlink(draft, dir_fd=place)
        raise


def _point(directory: str, name: str) -> None:
    """latest, and report.json where it always was. Where there are no links, report.json is a file."""
    place = os.open(directory, _DIRECTORY & ~os.O_NOFOLLOW)
    try:
        if not _link(place, name, LATEST) or not _link(place, os.path.join(LATEST, REPORT), REPORT):
            with open(os.path.join(directory, name, REPORT), encoding="ascii") as stream:
                _write(place, REPORT, stream.read())
    finally:
        os.close(place)


def _link(place: int, target: str, name: str) -> bool:
    """Whether the file system has links. Raises OSError where only this one cannot be made."""
    draft = ".%s.%s.tmp" % (name, secrets.token_hex(8))
    try:
        os.symlink(target, draft, dir_fd=place)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP):
            return False
        raise
    try:
        os.replace(draft, name, src_dir_fd=place, dst_dir_fd=place)
    except BaseException:
        os.unlink(draft, dir_fd=place)
        raise
    return True


def is_run(name: str) -> bool:
    """Whether the folder of a run is named so."""
    return _RUN.match(name) is not None


def runs(directory: str) -> list[str]:
    """The names of the folders of runs, the oldest first. Raises OSError."""
    return sorted(filter(is_run, os.listdir(directory)))


def _forget(directory: str, keep: int, current: str) -> None:
    """Removes the oldest runs. What is none of our files stays, and so does its folder. What a job handed on
    stays, too.
    """
    older = [
        name
        for name in runs(directory)
        if name != current and JOB not in name and _is_own(os.path.join(directory, name))
    ]
    for name in older[: max(0, len(older) - keep + 1)] if keep else []:
        folder = os.path.join(directory, name)
        try:
            place = os.open(folder, _DIRECTORY)
        except OSError:
            continue
        try:
            for file in os.listdir(place):
                if file in FILES or _DRAFT.match(file):
                    os.unlink(file, dir_fd=place)
            os.rmdir(folder)
        except OSError:
            continue
        finally:
            os.close(place)


def put_tree(directory: str, members: Mapping[str, bytes]) -> None:
    """Files by their checked paths, in a new directory that nobody else may look into. Raises OSError."""
    folder = absolute(directory)
    os.makedirs(os.path.dirname(folder) or "/", exist_ok=True)
    os.mkdir(folder, 0o700)
    for path in sorted(members):
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(target, flags, 0o600), "wb") as stream:
            stream.write(members[path])
