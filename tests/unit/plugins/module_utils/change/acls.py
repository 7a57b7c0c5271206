# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access control lists as the kernel keeps them, and the rights that a file has by them."""

import os
import struct
from typing import Any, Dict, Iterable, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.permission import Entry, parse_acl

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
USER_OBJ, USER, GROUP_OBJ, GROUP, MASK, OTHER = 1, 2, 4, 8, 16, 32
NONE = 0xFFFFFFFF
_LETTERS = {"u": USER, "g": GROUP, "m": MASK, "o": OTHER}
_OWN = {"u": USER_OBJ, "g": GROUP_OBJ}


def packed(entries: Iterable[Tuple[int, int, int]]) -> bytes:
    """The attribute for these (tag, permissions, id)."""
    ordered = sorted(entries, key=lambda entry: (entry[0], entry[2]))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in ordered)


def acl(text: str) -> bytes:
    """ "u::6 u:5:6 g::0 m::6 o::0" as the kernel has it."""
    words = [word.split(":") for word in text.split()]
    return packed(
        (_LETTERS[tag], int(bits), int(name)) if name else (_OWN.get(tag, _LETTERS[tag]), int(bits), NONE)
        for tag, name, bits in words
    )


def give(path: Any, value: bytes, name: str = ACCESS) -> None:
    """Skips the test on a file system without access control lists."""
    try:
        os.setxattr(str(path), name, value)
    except OSError:
        pytest.skip("this file system has no access control lists, or no attributes of users")


def attribute(path: str, name: str) -> Optional[bytes]:
    return os.getxattr(path, name) if name in os.listxattr(path) else None


def effective(path: str) -> Dict[Any, int]:
    """{who: what the kernel lets them do}: entries under the mask."""
    mode = os.stat(path).st_mode
    entries = parse_acl(attribute(path, ACCESS)) or [
        Entry(USER_OBJ, mode >> 6 & 7, NONE),
        Entry(GROUP_OBJ, mode >> 3 & 7, NONE),
        Entry(OTHER, mode & 7, NONE),
    ]
    mask = next((entry.permissions for entry in entries if entry.tag == MASK), 7)
    return {
        (entry.tag, entry.id): entry.permissions & (mask if entry.tag in (USER, GROUP_OBJ, GROUP) else 7)
        for entry in entries
        if entry.tag != MASK
    }
