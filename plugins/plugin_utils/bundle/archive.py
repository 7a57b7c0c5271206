# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive of a bundle, a tar file in gzip: made in one way, and read as if an enemy had made it.

Nothing is extracted by a program that follows links or makes devices. Regular files alone are read, into
memory, by their plain headers. So extensions of the format, which a reader would obey, are refused unread.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Mapping

TOP = "webmedic-bundle"
MAGIC = b"\x1f\x8b"
# The oldest time of which no program complains.
TIME = 315532800  # 1980-01-01
# Bytes of the archive, of all files in it, of each, and how many there may be.
MOST_PACKED = 32 * 1024**2
MOST_PLAIN = 256 * 1024**2
MOST_MEMBER = 64 * 1024**2
MOST_MEMBERS = 100_000
LONGEST = (
    150  # characters of a path: with its top it fits into the two fields of a header, wherever it is cut
)
DEEPEST = 24
_BLOCK = 512
# No component is "." or "..", hidden, or an option of a program.
_COMPONENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@+~.-]*\Z", re.ASCII)


class Refused(ValueError):
    """It is no archive of ours. The message says why."""


def component(name: str) -> str:
    """A name as a component of a path. What is in the way is replaced."""
    plain = re.sub(r"[^A-Za-z0-9_@+~.-]", "_", name)
    return (plain if _COMPONENT.match(plain) else "_" + plain.lstrip(".-"))[:80]


def checked(path: str) -> str:
    """A path in the bundle, below its top. Raises Refused."""
    parts = path.split("/")
    if len(path) > LONGEST or len(parts) > DEEPEST or not all(map(_COMPONENT.match, parts)):
        raise Refused("a file in it has a path that no bundle has")
    return path


def pack(members: Mapping[str, bytes]) -> bytes:
    """The same bytes for the same members. Raises Refused where no reader would take it."""
    if sum(map(len, members.values())) > MOST_PLAIN - _BLOCK * 4 * len(members):
        raise Refused("it would be larger than %d MiB" % (MOST_PLAIN // 1024**2))
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(members):
            entry = tarfile.TarInfo("%s/%s" % (TOP, checked(path)))
            entry.size, entry.mtime, entry.mode = len(members[path]), TIME, 0o600
            archive.addfile(entry, io.BytesIO(members[path]))
    return gzip.compress(plain.getvalue(), mtime=0)


def unpack(packed: bytes) -> dict[str, bytes]:
    """The members by path. Raises Refused."""
    plain = _inflated(packed)
    members: dict[str, bytes] = {}
    at = 0
    while True:
        block = plain[at : at + _BLOCK]
        if len(block) < _BLOCK:
            raise Refused("it is cut off")
        if not any(block):
            break
        path, size = _header(block)
        at += _BLOCK
        if path in members:
            raise Refused("two files in it have the same path")
        members[path] = plain[at : at + size]
        if len(members[path]) < size:
            raise Refused("it is cut off")
        at += -(-size // _BLOCK) * _BLOCK
        if len(members) > MOST_MEMBERS:
            raise Refused("it has more than %d files" % MOST_MEMBERS)
    if any(plain[at:]):
        raise Refused("something follows its end")
    folders = (path.rsplit("/", depth)[0] for path in members for depth in range(1, path.count("/") + 1))
    if any(folder in members for folder in folders):
        raise Refused("a file in it is also a folder")
    return members


def _inflated(packed: bytes) -> bytes:
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = stream.decompress(packed, MOST_PLAIN + 1)
    except zlib.error as error:
        raise Refused("it is no gzip file: %s" % error) from None
    if len(plain) > MOST_PLAIN:
        raise Refused("it holds more than %d MiB" % (MOST_PLAIN // 1024**2))
    if not stream.eof:
        raise Refused("it is cut off")
    if stream.unused_data:
        raise Refused("something follows its end")
    return plain


def _header(block: bytes) -> tuple[str, int]:
    """(path below the top, size)"""
    try:
        entry = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError):
        raise Refused("it is no tar file, or was damaged") from None
    if block[257:265] != b"ustar\x0000":
        raise Refused("it is a tar file of another kind")
    if entry.type != tarfile.REGTYPE:
        raise Refused("it holds something else than plain files, such as a link or a device")
    if not 0 <= entry.size <= MOST_MEMBER:
        raise Refused("a file in it is larger than %d MiB" % (MOST_MEMBER // 1024**2))
    top, slash, path = entry.name.partition("/")
    if top != TOP or not slash:
        raise Refused("a file in it has a path that no bundle has")
    return checked(path), entry.size
