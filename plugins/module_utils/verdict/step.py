# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step: what an action does to a host, as plain data. Pure code writes it, change/ carries it out."""

from typing import List, NamedTuple, Optional, Sequence

NGINX, FPM = "nginx", "php-fpm"


class Change(NamedTuple):
    """before None: the file is created, with mode; after None: it is removed. A link at path stays, the file
    behind it is replaced.

    grammar: NGINX, FPM or "": by what is judged which part of the file may be shown.
    """

    path: str
    before: Optional[bytes]
    after: Optional[bytes]
    mode: int
    grammar: str = ""


class Edited(NamedTuple):
    """A text of configuration with a directive that is another."""

    path: str  # as the configuration names it
    before: str
    after: str


class Trial(NamedTuple):
    """A program that must accept the changed configuration before the live one is touched. silent: logs that
    it must not write to meanwhile. unit: in whose environment it runs, "" for ours.
    """

    argv: List[str]
    silent: List[str]
    unit: str = ""


class Access(NamedTuple):
    """That user may connect to the socket at path, which the master with this pid listens on: changed where
    it is, without a restart.

    by: "entry", one more in its ACL, beside those of kept_users and kept_groups, which the configuration
    names; or "group" or "owner", the user's own. kept_own: the configuration has an ACL, under which the
    socket's own group keeps what the ACL says.
    """

    path: str
    pid: int
    user: str
    by: str
    kept_users: Sequence[str] = ()
    kept_groups: Sequence[str] = ()
    kept_own: bool = False


class Command(NamedTuple):
    """do: what is run once the files are in place; undo: what brings back the state before.

    folder: a directory that it makes or whose rights it changes. The undo takes it away, or gives its rights
    back. search: a user, for whom an entry is added to that directory's ACL. Then do is not run, and only
    tells it. access: of a live socket. Then do only tells it, too.
    """

    do: List[str]
    undo: List[List[str]]
    folder: Optional[str] = None
    search: Optional[str] = None
    access: Optional[Access] = None


class Step(NamedTuple):
    """name: of the action; target: the unit or file; notes: how the values came about, for a person. meant:
    files that somebody else changed, and that the commands are to load; no others.

    cuts: the unit whose running requests its commands cut. otherwise: steps to the same end, for a host that
    knows no ACL.
    """

    name: str
    target: str
    changes: List[Change]
    trials: List[Trial]
    commands: List[Command]
    notes: Sequence[str] = ()
    meant: Sequence[str] = ()
    cuts: Optional[str] = None
    otherwise: Sequence["Step"] = ()


class Refusal(Exception):
    """Why something must not or cannot be done here, in words for a person."""


class NoAcl(Refusal):
    """A file system or a php-fpm without access control lists."""
