# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host hands on for a bundle, and what the bundle's manifest says of all of them."""

from __future__ import annotations

from typing import Dict, List, Optional

from .shape import TypedDict


class ShownFile(TypedDict):
    """A configuration file as it may be shown."""

    program: str  # nginx, php-fpm, php or systemd
    path: str
    text: str  # its lines that say something, each with its number
    hidden: int  # values that were replaced


class LeftOut(TypedDict):
    """What is not in the bundle."""

    what: str
    path: Optional[str]
    why: str


class Handed(TypedDict):
    """Of one host."""

    configuration: List[ShownFile]
    versions: Dict[str, List[str]]  # by subject
    left_out: List[LeftOut]


class HandedHost(TypedDict):
    name: str  # in the inventory
    directory: Optional[str]  # in the bundle; None: it has no files of its own
    status: str
    left_out: List[LeftOut]


class Member(TypedDict):
    """A file in the bundle."""

    path: str
    bytes: int
    sha256: str
    source: Optional[str]  # path on the host
    hidden: int  # values that were replaced


class Manifest(TypedDict):
    schema_version: int
    made_at: str  # UTC
    version: str  # of this collection
    hosts: List[HandedHost]
    files: List[Member]
    left_out: List[LeftOut]  # on every host
