# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems of a server or a program that may never answer. Each access of a host that has one is told
first: the parent ends a look that hangs, and the next look leaves that place out.
"""

import errno
from typing import Callable, Dict, Sequence

from .host import Host, HostError
from .trust import KERNEL

# What an access gives of a place that is left out; any other raises HostError.
_NOTHING: Dict[str, Callable[[str], object]] = {
    "room": lambda _path: None,
    "readlink": lambda _path: None,
    "xattr": lambda _path: None,
    "glob": lambda _path: [],
    "realpath": lambda path: path,
}
_ACCESSES = ("read_bytes", "stat", "listdir") + tuple(_NOTHING)


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")


def tell_accesses(host: Host, mounts: Sequence[str]) -> None:
    """Also to other places: a link may lead from anywhere to such a mount."""
    if "stat" not in vars(host):
        for name in _ACCESSES:
            setattr(host, name, _told(host, name, sorted(mounts, key=len, reverse=True)))


def _told(host: Host, name: str, mounts: Sequence[str]) -> Callable[..., object]:
    access: Callable[..., object] = getattr(host, name)

    def told(path: str, *rest: object, **words: object) -> object:
        if path.startswith(KERNEL):
            return access(path, *rest, **words)
        dead = next((place for place in host.hung if _is_below(path, place)), None)
        if dead is None:
            host.touching(next((place for place in mounts if _is_below(path, place)), path))
            try:
                return access(path, *rest, **words)
            finally:
                host.touching("")
        why = "its file system did not answer"
        host.miss("file_system", dead, why, "a file server that answers")
        if name in _NOTHING:
            return _NOTHING[name](path)
        raise HostError(path, errno.ETIMEDOUT, why)

    return told
