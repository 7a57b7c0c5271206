# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Swap: sizes, /proc/swaps, the entry in fstab(5), and which file systems take a swap file.

Paths are compared as they are written: plain() keeps out those that the kernel and fstab would write in
another way.
"""

import re
from typing import List, NamedTuple, Optional, Tuple

from ..number import MIB, number
from .proc import mounts

FSTAB = "/etc/fstab"
SIGNATURE = b"SWAPSPACE2"  # in the last ten bytes of the first page
ENTRY = "%s none swap sw 0 0\n"


class Swap(NamedTuple):
    """A line of /proc/swaps."""

    path: str
    type: str
    size_kb: int
    used_kb: int


class Mount(NamedTuple):
    point: str
    type: str  # of the file system


_PLAIN = re.compile(r"(?:/[\w.+@:%,=~-]+)+\Z", re.ASCII)
_SIZE = re.compile(r"(\d{1,18}) *(?:([KMGT]?)(?:iB|B)?)\Z", re.ASCII | re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": MIB, "G": 1 << 30, "T": 1 << 40}
_LINE = re.compile(r"[^\n]*\n|[^\n]+")

# How a file without holes is made: blocks set aside, the same without copy on write, or zeros written.
ALLOCATED, NOCOW, WRITTEN = "allocated", "nocow", "written"
# btrfs(5), "SWAPFILE SUPPORT"; ext2 and ext3 cannot set blocks aside.
_FILLS = {"ext4": ALLOCATED, "xfs": ALLOCATED, "btrfs": NOCOW, "ext3": WRITTEN, "ext2": WRITTEN}
# Before iomap_swapfile_activate() came, swapon took blocks of XFS that were never written for holes.
_XFS_UNWRITTEN = (4, 18)
_BTRFS_SWAP = (5, 0)
_NEVER = {
    "overlay aufs": "swapon refuses files of the layers of a container",
    "tmpfs ramfs": "it lies in memory itself",
    "nfs nfs4 cifs smb3 ceph": "swap over the network stalls when memory is short",
    "9p virtiofs": "swapon refuses files of a shared directory",
    "zfs": "it needs memory to write, and locks up when there is none",
    "fuseblk": "swapon refuses its files",
    "vfat exfat": "it cannot keep others from reading the file",
    "squashfs erofs iso9660": "it cannot be written to",
}


def plain(path: str) -> bool:
    """Whether fstab and /proc write a path as it is, absolute and without an empty, "." or ".." part."""
    return bool(_PLAIN.match(path)) and not {".", ".."} & set(path.split("/"))


def whole_mib(size: int) -> int:
    return -(-size // MIB) * MIB


def size_bytes(text: str) -> int:
    """ "512M", "2 GiB" or a number of bytes -> bytes, rounded up to a whole MiB. Else ValueError."""
    match = _SIZE.match(text.strip())
    size = int(match.group(1)) * _UNITS[match.group(2).upper()] if match else 0
    if not size:
        raise ValueError("%r is no size: write 512M, 2G or a number of bytes" % text)
    return whole_mib(size)


def human(size: int) -> str:
    return "%.4g GiB" % (float(size) / (1 << 30)) if size >= 1 << 30 else "%.4g MiB" % (float(size) / MIB)


def parse_swaps(text: str) -> List[Swap]:
    """/proc/swaps. A file that was deleted while in use has \\040(deleted) behind its name."""
    rows = [line.split() for line in text.splitlines()[1:]]
    return [Swap(row[0], row[1], number(row[2]) or 0, number(row[3]) or 0) for row in rows if len(row) >= 5]


def mount_of(mountinfo: str, path: str) -> Optional[Mount]:
    """The mount that a path lies in, by /proc/PID/mountinfo: the deepest one, and of several at one place the
    last.
    """
    mount: Optional[Mount] = None
    for each in mounts(mountinfo):
        inside = (path + "/").startswith(each.point.rstrip("/") + "/")
        if inside and (mount is None or len(each.point) >= len(mount.point)):
            mount = Mount(each.point, each.kind)
    return mount


def kernel_version(release: str) -> Tuple[int, int]:
    """ "4.18.0-553.el8.x86_64" -> (4, 18); (0, 0) when it is unknown."""
    match = re.match(r"([0-9]{1,9})\.([0-9]{1,9})", release)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def file_system_refusal(filesystem: str, kernel: Tuple[int, int]) -> Optional[str]:
    """Why no swap file can be on this type of file system, else None."""
    if filesystem == "btrfs" and kernel < _BTRFS_SWAP:
        return "swap files on btrfs need Linux 5.0, and this is %d.%d" % kernel
    if filesystem in _FILLS:
        return None
    kind = "fuseblk" if filesystem.startswith("fuse.") else filesystem
    reasons = [why for kinds, why in _NEVER.items() if kind in kinds.split()]
    return reasons[0] if reasons else "it is not known to take swap files"


def fill_of(filesystem: str, kernel: Tuple[int, int]) -> str:
    """ALLOCATED, NOCOW or WRITTEN, for a file system that is suitable."""
    return WRITTEN if filesystem == "xfs" and kernel < _XFS_UNWRITTEN else _FILLS[filesystem]


def _is_entry(line: str, path: str) -> bool:
    fields = line.split()
    return len(fields) >= 3 and fields[0] == path and fields[2] == "swap"


def has_entry(fstab: str, path: str) -> bool:
    return any(_is_entry(line, path) for line in _LINE.findall(fstab))


def with_entry(fstab: str, path: str) -> str:
    """fstab with a line for the swap file at its end, as it is when it has one."""
    if has_entry(fstab, path):
        return fstab
    return fstab + ("" if not fstab or fstab.endswith("\n") else "\n") + ENTRY % path


def without_entry(fstab: str, path: str) -> str:
    return "".join(line for line in _LINE.findall(fstab) if not _is_entry(line, path))
