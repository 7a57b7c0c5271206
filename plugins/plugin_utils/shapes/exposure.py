# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seen for the risks that somebody gets in, that a log is lost, and that another site answers."""

from typing import List, Literal, Optional

from .nginx import ServerBlock
from .shape import TypedDict

PageKind = Literal["status", "ping"]


class OpenPage(TypedDict):
    """A way from nginx to a page of php-fpm itself."""

    pool: str
    config: str  # of its master
    kind: PageKind
    path: str  # as the pool has it
    url: str  # what a visitor asks for: a path, or the arguments of a location
    site: str  # as in a route
    listen: List[str]  # arguments of each listen directive
    server: ServerBlock
    file: str  # of the location
    line: int
    location: str  # its arguments
    guard: Optional[str]  # what keeps strangers out; None: nothing
    certain: bool  # False: a regular expression that could not be judged may lead elsewhere


class Vhost(TypedDict):
    """A server block that shares a name with another one."""

    file: str
    line: int
    listen: str  # first address
    php: bool  # it passes requests to php-fpm
    aside: Optional[bool]  # its file's name says that it is a backup; None: perhaps


class Shadowed(TypedDict):
    names: List[str]  # that the second one does not get
    addresses: List[str]
    winner: Vhost
    loser: Vhost
    alone: bool  # no other name leads to the second one
    same: bool  # both blocks have one text


class Aside(TypedDict):
    """A file that nginx loads by a pattern, and whose name says that it is a backup."""

    path: str
    line: int  # of its first server
    names: List[str]  # of its servers, the first ones
    php: bool
    original: Optional[str]  # path of the file beside it


class Web(TypedDict):
    """Of nginx's configuration."""

    pages: List[OpenPage]
    shadowed: List[Shadowed]
    aside: List[Aside]


class Doors(TypedDict):
    """A pool as those who could use it see it."""

    pool: str
    config: str  # of its master
    endpoint: str
    everybody: bool  # any account of this host may connect to its socket
    group: Optional[str]  # that may, and whose members are people
    members: List[str]  # the first ones
    member_count: int
    mode: Optional[str]  # octal: of the live socket, else by the configuration
    live: bool  # the mode is the live socket's
    open_to: List[str]  # addresses of this host at which others reach its port
    filter: Optional[str]  # what systemd lets in, of the unit; "unknown": it was not asked


class Hook14(TypedDict, total=False):
    """Not in snapshots from before 0.14.0."""

    config: Optional[str]  # of the php-fpm master that it names; None: it names none that runs


class Hook(Hook14):
    """What a script of logrotate does to a program."""

    program: Optional[str]  # nginx or php-fpm; None: not known
    what: str  # reopen, reload, restart, stop or unknown
    file: str
    line: int
    text: str


class Barred(TypedDict):
    """What is in the way of a rotated log."""

    # open_to_all, open_to_group, su_denied: logrotate leaves the log as it is. not_created, closed_file,
    # closed_directory: its writer cannot open the new file.
    kind: str
    path: str  # of the directory, or the log
    mode: str  # octal: of the directory, or the new file
    user: str  # who cannot; "": it is not about one
    owner: str  # "": it is not about that
    group: str


class OlderRotated(TypedDict, total=False):
    """Sentences of snapshots from before 0.13.0."""

    unwritable: Optional[str]  # why the writer cannot open the new file
    skipped: Optional[str]  # why logrotate leaves it as it is


class Rotated(OlderRotated):
    """A log that logrotate renames."""

    path: str
    writer: str  # nginx, php-fpm or PHP
    pool: Optional[str]
    config: str  # of the writer
    by: str  # account that opens it
    file: str  # of the stanza
    line: int
    stays: bool  # the same file goes on: copytruncate
    created: Optional[str]  # mode, owner and group of the new file; None: whoever writes first makes it
    barred: Optional[Barred]  # None: nothing is
    hooks: List[Hook]  # of this stanza


class Rotation(TypedDict):
    installed: bool  # logrotate is
    logs: List[Rotated]
    hooks: List[Hook]  # of all stanzas, that do something to nginx or php-fpm


class Output(TypedDict):
    """Where a pool's PHP writes its errors."""

    pool: str
    config: str
    error_log: Optional[str]  # of PHP, as written; php://stderr: where an application writes
    file: Optional[str]
    line: Optional[int]
