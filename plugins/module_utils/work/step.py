# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step: what an action does to a host, as plain data. Pure code writes it, change/ carries it out."""

from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

if TYPE_CHECKING:
    from typing import Callable, Protocol, Type

    from ...plugin_utils.shapes.remediation import RefusalKind
    from .action import Action

    class ActionFile(Protocol):
        ACTION: Action

        @property
        def Arguments(self) -> Type[NamedTuple]:
            raise NotImplementedError

        @property
        def resolve(self) -> Callable[..., "Step"]:
            raise NotImplementedError


NGINX, FPM = "nginx", "php-fpm"


class Change(NamedTuple):
    """Of one file. Where path is a link, that stays, and the file behind it is replaced."""

    path: str
    before: Optional[bytes]  # None: the file is created
    after: Optional[bytes]  # None: the file is removed
    mode: int  # of a file that is created
    grammar: str = ""  # NGINX, FPM or "": it tells which part of the file may be shown


class Edited(NamedTuple):
    """A text of configuration with a directive that is another."""

    path: str  # as the configuration names it
    before: str
    after: str


def as_bytes(text: str) -> bytes:
    """The bytes of a file's text: UTF-8, and a surrogate for each byte that is none."""
    return text.encode("utf-8", "surrogateescape")


def as_text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


class Trial(NamedTuple):
    """A program that must accept the changed configuration before the live one is touched."""

    argv: List[str]
    silent: List[str]  # logs that it must not write to meanwhile
    unit: str = ""  # in whose environment it runs, "" for ours


class Access(NamedTuple):
    """The user may connect to a live socket: changed where it is, without a restart."""

    path: str
    pid: int  # of the master that listens on it
    user: str
    by: str  # "entry": one more in its ACL; "group" or "owner": it becomes the user's own
    kept_users: Sequence[str] = ()  # whom the configuration's ACL names
    kept_groups: Sequence[str] = ()
    kept_own: bool = False  # the configuration has an ACL: the socket's own group keeps what that says


class Command(NamedTuple):
    """With search or access, do is not run: it only tells a person what is done."""

    do: List[str]  # what is run once the files are in place
    undo: List[List[str]]  # what brings back the state before
    folder: Optional[str] = None  # it makes this directory, or changes its rights; the undo puts that back
    search: Optional[str] = None  # a user who gets an entry in that directory's ACL
    access: Optional[Access] = None  # to a live socket


class Step(NamedTuple):
    """In this order: the trials, the changes, the commands."""

    name: str  # of the action
    target: str  # the unit or file
    changes: List[Change]
    trials: List[Trial]
    commands: List[Command]
    notes: Sequence[str] = ()  # how the values came about, for a person
    to_load: Sequence[str] = ()  # files that somebody else changed, and that the commands are to load
    cuts: Optional[str] = None  # the unit whose running requests its commands cut
    otherwise: Sequence["Step"] = ()  # to the same end, for a host that knows no ACL


# Results after which the host is not as it was before, or was not for a while.
TRIED = frozenset(("done", "rolled_back", "failed"))
REMEDIATE, PREVENT = "remediate_", "prevent_"  # with which the options of the roles begin


class Refused(NamedTuple):
    """Why something is not done: a word to decide by, a sentence for a person."""

    kind: "RefusalKind"
    why: str


class Refusal(Exception):
    """Why something must not or cannot be done here, in words for a person."""


class Untried(Refusal):
    """Why it cannot be known whether something would work here."""


class NoAcl(Refusal):
    """A file system or a php-fpm without access control lists."""
