# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory that holds just these files, each replaced in one instant."""

import os
import posixpath
from typing import Dict, List, NamedTuple

from .disk import Disk

FILE, FOLDER = 0o644, 0o755
DRAFT = ".new"


class Difference(NamedTuple):
    """Paths below the directory."""

    written: List[str]
    removed: List[str]


def _files(disk: Disk, folder: str, below: str = "") -> List[str]:
    """All that is no directory; directories that are empty, with a slash."""
    place = posixpath.join(folder, below).rstrip("/")
    found: List[str] = []
    for name in disk.names(place):
        path = posixpath.join(below, name)
        if os.path.isdir(posixpath.join(folder, path)) and not os.path.islink(posixpath.join(folder, path)):
            found += _files(disk, folder, path) or [path + "/"]
        else:
            found.append(path)
    return found


def difference(disk: Disk, folder: str, wanted: Dict[str, bytes]) -> Difference:
    """What is to be done. wanted: content by path; {}: the directory is to go. Raises OSError, Refusal."""
    there = _files(disk, folder) if disk.exists(folder) else []
    written = [
        path
        for path, content in sorted(wanted.items())
        if path not in there
        or os.path.islink(posixpath.join(folder, path))
        or disk.read(posixpath.join(folder, path)) != content
        or disk.meta(posixpath.join(folder, path))[:3] != disk.created(FILE)[:3]
    ]
    return Difference(written, [path for path in there if path not in wanted])


def _make(disk: Disk, folder: str) -> None:
    if not disk.exists(folder):
        _make(disk, posixpath.dirname(folder))
        disk.make_directory(folder, FOLDER)


def carry_out(disk: Disk, folder: str, wanted: Dict[str, bytes], todo: Difference) -> None:
    for path in todo.written:
        place = posixpath.join(folder, path)
        _make(disk, posixpath.dirname(place))
        disk.remove(place + DRAFT)
        disk.write_file(place + DRAFT, wanted[path], disk.created(FILE))
        disk.replace(place + DRAFT, place)
    for path in todo.removed:
        if not path.endswith("/"):
            disk.remove(posixpath.join(folder, path))
    kept = {posixpath.dirname(path) for path in wanted}
    emptied = {posixpath.dirname(path.rstrip("/")) for path in todo.removed} | {
        path.rstrip("/") for path in todo.removed if path.endswith("/")
    }
    for path in sorted(emptied, key=len, reverse=True):
        while path and not any((other + "/").startswith(path + "/") for other in kept):
            disk.remove_directory(posixpath.join(folder, path))
            path = posixpath.dirname(path)
    if not wanted and disk.exists(folder):
        disk.remove_directory(folder)
