# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is at the place of a swap file and around it: the file, /proc/swaps, fstab, the file system, memory
and programs.
"""

import os
import posixpath
from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, Sequence, Tuple

from ..collect.host import Host, HostError
from ..collect.linux.memory import collect_memory
from ..parse.linux.proc import parse_status
from ..parse.linux.swap import (
    FSTAB,
    SIGNATURE,
    Mount,
    Swap,
    kernel_version,
    mount_of,
    parse_swaps,
    plain,
)
from ..work.step import Refusal, as_text

if TYPE_CHECKING:
    from ...plugin_utils.shapes.memory import Memory
    from ...plugin_utils.shapes.php_fpm import Master

_SYS_ADMIN = 1 << 21  # CAP_SYS_ADMIN, linux/capability.h
_ALL_IDS = ["0", "0", "4294967295"]
_FOLDERS = ("/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/")
PACKAGES = dict.fromkeys(("mkswap", "swapon", "swapoff", "fallocate"), "util-linux")
PACKAGES["chattr"] = "e2fsprogs"


class Facts(NamedTuple):
    """What is to be known of a swap file before it is made or removed."""

    path: str
    kind: Optional[str]  # of what is at path: file, directory, ...; None: nothing
    mode: int
    uid: int
    size: int  # bytes
    is_swap: bool
    active: Optional[Swap]
    fstab: Optional[str]  # None: there is none
    mount: Optional[Mount]
    kernel: Tuple[int, int]  # version
    free: int  # bytes of its file system
    total: int  # bytes of its file system
    memory: "Memory"
    programs: Dict[str, str]  # paths of those that are there, by name
    privileged: bool


def free_space(folder: str) -> Tuple[int, int]:
    """(free, all) bytes of a directory's file system. Its reserve for root does not count as free."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize


def text_of(host: Host, path: str) -> Optional[str]:
    try:
        return as_text(host.read_bytes(path))
    except HostError as error:
        if error.absent:
            return None
        raise Refusal(str(error))


def active_swap(host: Host, path: str) -> Optional[Swap]:
    swaps = parse_swaps(text_of(host, "/proc/swaps") or "")
    return next((swap for swap in swaps if swap.path == path), None)


def _privileged(host: Host) -> bool:
    """Whether the kernel would let us: CAP_SYS_ADMIN, outside of any user namespace."""
    rights = parse_status(text_of(host, "/proc/self/status") or "").capabilities
    return bool((rights or 0) & _SYS_ADMIN) and (text_of(host, "/proc/self/uid_map") or "").split() in (
        [],
        _ALL_IDS,
    )


def look(host: Host, path: str, masters: "Sequence[Master]" = ()) -> Facts:
    """masters: whose memory the swap is for. Raises Refusal."""
    if not host.is_root():
        raise Refusal("only root can make, remove or look into a swap file: become root")
    if not plain(path):
        raise Refusal("%r is not an absolute path of letters, digits and ._+@:%%,=~-" % path)
    if host.realpath(path) != path:
        raise Refusal("%s leads through a link to %s: name that" % (path, host.realpath(path)))
    folder = posixpath.dirname(path)
    try:
        host.stat(folder)
    except HostError as error:
        raise Refusal("there is no directory for %s (%s)" % (path, error.why))
    kind: Optional[str] = None
    mode, uid, size, is_swap = 0, 0, 0, False
    try:
        status = host.stat(path, False)
        kind, mode, uid, size = status.type, status.mode, status.uid, status.size
        page = os.sysconf("SC_PAGE_SIZE")
        is_swap = kind == "file" and host.read_bytes(path, page - len(SIGNATURE), len(SIGNATURE)) == SIGNATURE
    except HostError as error:
        if not error.absent:
            raise Refusal(str(error))
    free, total = free_space(folder)
    return Facts(
        path,
        kind,
        mode,
        uid,
        size,
        is_swap,
        active_swap(host, path),
        text_of(host, FSTAB),
        mount_of(text_of(host, "/proc/self/mountinfo") or "", path),
        kernel_version(text_of(host, "/proc/sys/kernel/osrelease") or ""),
        free,
        total,
        collect_memory(host, masters),
        {
            name: place + name
            for name in PACKAGES
            for place in reversed(_FOLDERS)
            if host.type_of(place + name) == "file"
        },
        _privileged(host),
    )
