# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of sites, asked by a child that can be killed, whatever it hangs on."""

from functools import partial
from typing import TYPE_CHECKING, Optional, Tuple

from ..collect.child import Child, Say, end
from ..collect.far_files import FarFiles
from ..collect.host import Host
from ..parse.linux.proc import far_mounts
from .site_pages import Wish, site_pages

if TYPE_CHECKING:
    from ...plugin_utils.shapes.site_page import SitePages

LOOK_SECONDS = 60.0  # beyond the deadline, for the look at nginx
FILE_SECONDS = 5.0  # for one access to a file system that may never answer, which is then left out


class NotAsked(Exception):
    """Why there are no pages."""


def in_time(host: Host, wish: Wish) -> "SitePages":
    """Raises NotAsked."""
    mounts = far_mounts(host.text("/proc/self/mountinfo") or "")
    if mounts:
        host.far = FarFiles(host, mounts)
    until = host.monotonic() + wish.deadline + LOOK_SECONDS
    while True:
        child = Child(partial(_ask, host, wish))
        try:
            pages, dead = _follow(child, host, until)
        finally:
            end([child])
        if pages is not None:
            return pages
        if not dead or dead in host.hung:
            raise NotAsked("the look at nginx did not end within %g s" % (wish.deadline + LOOK_SECONDS))
        host.hung.add(dead)


def _ask(host: Host, wish: Wish, say: Say) -> None:
    """The child's part. Its messages: ["file", place], ["failed", why], ["pages", pages]."""
    if host.far:
        host.far.touching = lambda place: say(["file", place])
    try:
        say(["pages", site_pages(host, wish)])
    except Exception as error:
        say(["failed", "%s: %s" % (type(error).__name__, error)])


def _follow(child: Child, host: Host, until: float) -> "Tuple[Optional[SitePages], str]":
    """(the pages, the place on which the child hangs, or "")."""
    place = ""
    while True:
        left = until - host.monotonic()
        message = child.next(min(left, FILE_SECONDS) if place else left)
        if message is None and child.ended:
            raise NotAsked("the look at nginx broke off")
        if message is None:
            return None, place if left > 0 else ""
        if message[0] == "failed":
            raise NotAsked("the look at nginx failed: %s" % message[1])
        if message[0] == "pages":
            return message[1], ""
        place = message[1]
