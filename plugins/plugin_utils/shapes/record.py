# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shapes of what a change leaves on a host's disk between two runs."""

from typing import Dict, List, Optional

from .shape import TypedDict


class Rights(TypedDict):
    """Meta of change/rights.py, as JSON can hold it."""

    uid: int
    gid: int
    mode: int
    links: int
    mtime_ns: Optional[int]
    xattrs: Dict[str, str]  # values in Base64


class File(TypedDict):
    """A file of the change. Its former content is in the change's folder, under its number."""

    path: str  # as the configuration names it
    real: str  # behind all links
    existed: bool
    temporary: str  # the file to come
    old: str  # a second name of the file that was
    before: Optional[str]  # SHA-256 of the content, None without a file
    after: Optional[str]
    meta: Optional[Rights]


class Folder(TypedDict):
    """A directory that a command makes (meta None), or whose rights it changes."""

    path: str
    meta: Optional[Rights]


class After(TypedDict):
    meta: Rights


class Socket(TypedDict):
    """A live socket whose rights a command changes, with those before (meta) and after."""

    path: str
    file: List[int]  # device and inode
    meta: Rights
    after: After


class Ordered(TypedDict):
    """A command, and what takes it back."""

    do: List[str]
    undo: List[List[str]]
    folders: List[Folder]
    sockets: List[Socket]


class Journal(TypedDict):
    """The record of an open change."""

    version: int
    name: str  # of the action
    target: str
    at: float  # epoch seconds
    boot: str  # see boot_of() of change/journal.py; "" when the record is older than that field
    uptime: float  # seconds that the host had run; below 0 when the record is older than that field
    files: List[File]
    made: List[str]  # directories that were made for the files
    folders: Dict[str, int]  # directories of the files, with their times of change in ns
    commands: List[Ordered]


class Attempt(TypedDict):
    """An entry of the ledger."""

    at: float  # epoch seconds
    action: str
    target: str
    result: str
