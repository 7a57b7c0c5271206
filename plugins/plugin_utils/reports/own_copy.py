# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A private copy of the folder of a run, made of our own files alone.

Who owns the directory above it can put another folder or a link in its place at any moment. So what is handed
on is what the open descriptors held, and not what a path leads to later.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .folder import FILES

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Opening a FIFO must not wait.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LINKS = (errno.ELOOP, errno.ENOTDIR)


class NotOurs(ValueError):
    """Another account may have put it there. The message says why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path


class Copy(NamedTuple):
    """files: the names of those that were there."""

    folder: str
    files: list[str]


@contextmanager
def of_run(folder: str, beside: str) -> Iterator[Copy]:
    """beside: the directory in which the copy is until the end. Raises NotOurs, or OSError."""
    with tempfile.TemporaryDirectory(prefix="webmedic-", dir=beside) as private:
        yield Copy(private, _taken(folder, private))


@contextmanager
def of_file(path: str, beside: str) -> Iterator[Copy]:
    """The same of one file, in whatever directory. Raises NotOurs, or OSError."""
    with tempfile.TemporaryDirectory(prefix="webmedic-", dir=beside) as private:
        name = os.path.basename(path)
        found = _opened(path, _FILE, None, stat.S_ISREG, path)
        with open(found, "rb") as source, open(os.path.join(private, name), "xb") as copy:
            shutil.copyfileobj(source, copy)
        yield Copy(private, [name])


def _taken(folder: str, private: str) -> list[str]:
    try:
        place = _opened(folder, _FOLDER, None, stat.S_ISDIR, folder)
    except FileNotFoundError:
        return []
    try:
        return [file for file in FILES if _take(place, folder, file, private)]
    finally:
        os.close(place)


def _take(place: int, folder: str, file: str, private: str) -> bool:
    """Whether the file is there. It is copied then."""
    try:
        found = _opened(file, _FILE, place, stat.S_ISREG, os.path.join(folder, file))
    except FileNotFoundError:
        return False
    with open(found, "rb") as source, open(os.path.join(private, file), "xb") as copy:
        shutil.copyfileobj(source, copy)
    return True


def _opened(name: str, flags: int, place: int | None, kind: Callable[[int], bool], path: str) -> int:
    """A descriptor of what is our own and of that kind. path: for the message."""
    try:
        descriptor = os.open(name, flags, dir_fd=place)
    except OSError as error:
        if error.errno not in _LINKS:
            raise
        raise NotOurs(path, "it is a link or of another kind, and is not read") from None
    found = os.fstat(descriptor)
    if kind(found.st_mode) and found.st_uid == os.geteuid():
        return descriptor
    os.close(descriptor)
    if kind(found.st_mode):
        raise NotOurs(path, "it belongs to another account, and is not read")
    raise NotOurs(path, "it is a link or of another kind, and is not read")
