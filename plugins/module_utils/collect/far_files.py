# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""File systems of a server or a program that may never answer. The look is a child. It tells its parent each
place before it touches it: the parent ends a look that hangs, and the next look leaves that place out.
"""

import errno
from typing import Callable, Sequence

from .host import Found, Host, HostError
from .trust import KERNEL


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(place + "/")


class FarFiles:
    def __init__(self, host: Host, mounts: Sequence[str]) -> None:
        self._host, self._mounts = host, sorted(mounts, key=len, reverse=True)
        # Called with the place of an access, and with "" behind it.
        self.touching: Callable[[str], None] = lambda _place: None

    def reach(self, path: str, access: Callable[[], Found]) -> Found:
        """What the access gives. Paths beside all mounts are told, too: a link may lead to one."""
        if path.startswith(KERNEL):
            return access()
        dead = next((place for place in self._host.hung if _is_below(path, place)), None)
        if dead is not None:
            why = "its file system did not answer"
            self._host.miss("file_system", dead, why, "a file server that answers")
            raise HostError(path, errno.ETIMEDOUT, why)
        self.touching(next((place for place in self._mounts if _is_below(path, place)), path))
        try:
            return access()
        finally:
            self.touching("")
