# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to what root changes: only through directories that root alone can write to.

Each directory is opened from the one before and judged by its descriptor, so what was judged is used. A link
on the way is followed if it is root's own.
"""

import contextlib
import errno
import os
import stat
from typing import Iterator, List, NamedTuple, Tuple

from ..collect.host import Host
from ..work.step import Refusal
from .rights import others, ours

_LINKS = 40  # path_resolution(7)
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Way(NamedTuple):
    """As far as a path is there."""

    folder: int  # descriptor of the last directory that is there
    names: List[str]  # the rest of the path
    real: str  # the whole of it, without links


def _words(path: str) -> List[str]:
    return [word for word in reversed(path.split("/")) if word not in ("", ".")]


def _refuse(path: str, trail: List[Tuple[str, int]], passing: bool) -> None:
    who = others(trail[-1][1], passing)
    if who:
        raise Refusal(
            "%s lies in %s, which %s can write to: a change there is left to a person"
            % (path, "/".join(name for name, _descriptor in trail) or "/", who)
        )


@contextlib.contextmanager
def way(path: str, follow: bool = False) -> Iterator[Way]:
    """Opens it. follow: the last name, too, if a link. Raises OSError; Refusal where others can write."""
    if not path.startswith("/") or "\0" in path:
        raise Refusal("%r is not an absolute path" % path)
    trail, left, links = [("", os.open("/", _DIRECTORY))], _words(path), 0
    try:
        _refuse(path, trail, True)
        while left:
            name, folder = left.pop(), trail[-1][1]
            if name == "..":
                if trail[1:]:
                    os.close(trail.pop()[1])
                continue
            try:
                status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except FileNotFoundError:
                left.append(name)
                break
            if stat.S_ISLNK(status.st_mode) and (left or follow):
                if not ours(status.st_uid):
                    who = Host().user_name(status.st_uid)
                    raise Refusal(
                        "%s leads through a link of %s: a change there is left to a person" % (path, who)
                    )
                links += 1
                if links > _LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                target = os.readlink(name, dir_fd=folder)
                while target.startswith("/") and trail[1:]:
                    os.close(trail.pop()[1])
                left += _words(target)
            elif left:
                trail.append((name, os.open(name, _DIRECTORY, dir_fd=folder)))
                _refuse(path, trail, True)
            else:
                left.append(name)
                break
        _refuse(path, trail, False)
        real = "/".join([name for name, _descriptor in trail] + left[::-1]) or "/"
        yield Way(trail[-1][1], left[::-1] or ["."], real)
    finally:
        for _name, descriptor in trail:
            os.close(descriptor)
