# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a directory of a socket below `/run`, and an entry in `/etc/tmpfiles.d` for each boot.

At worst: an empty directory too many.

The system's own means are used: the unit's RuntimeDirectory=, or systemd-tmpfiles. mkdir would last until the
next boot only. An entry is written where nothing makes the directory yet.
"""

import re
from typing import NamedTuple

from ..parse.linux.tmpfiles import entry_for
from ..work.action import TMPFILES, Action
from ..work.step import Change, Command, Refusal, Step, as_bytes
from .view import View

ACTION = Action(
    "runtime_directory_create",
    risk="low",
    reversible=True,
    disruption="none",
    together=("unit",),
    needs=(TMPFILES,),
)
ENTRIES = "/etc/tmpfiles.d/webmedic-php-fpm.conf"
READS = (ENTRIES,)
# A path that tmpfiles.d(5) takes literally: no blank, no quote, no % of a specifier.
_PLAIN = re.compile(r"/run(?:/[\w.@:+-]+)+\Z", re.ASCII)
HEAD = (
    "# Written by webmedic.php_fpm: directories of php-fpm's sockets, "
    "which /run has to be given at each boot.\n"
)


class Arguments(NamedTuple):
    path: str  # of the directory
    unit: str  # that starts php-fpm


def makes_it(view: View, unit: str, path: str) -> bool:
    """Whether the unit's RuntimeDirectory= makes this directory."""
    states = [master["unit_state"] for master in view.snapshot["fpm"]["masters"] if master["unit"] == unit]
    return any(
        "/run/" + name == path for state in states if state for name in state["runtime_directory"].split()
    )


def _rights(view: View, path: str) -> str:
    """The rights of the directory that is there now: the next boot gives it the same."""
    for facts in view.snapshot["endpoints"].values():
        for parent in facts["parents"]:
            if parent["path"] == path:
                return "%s %s %s" % (parent["mode"], parent["owner"], parent["group"])
    return "0755 root root"


def resolve(view: View, arguments: Arguments) -> Step:
    path = arguments.path
    if not _PLAIN.match(path) or {".", ".."} & set(path.split("/")):
        raise Refusal(
            "%s is not a plain path below /run, where systemd makes directories: who is to make it, and "
            "with which rights, is for a person" % path
        )
    if makes_it(view, arguments.unit, path):
        return Step(ACTION.id, path, [], [], [])
    changes = []
    if entry_for(path, view.files.read, view.files.expand) is None:
        before = view.files.read(ENTRIES)
        line = "d %s %s -\n" % (path, _rights(view, path))
        changes = [
            Change(
                ENTRIES,
                None if before is None else as_bytes(before),
                as_bytes((before or HEAD) + line),
                0o644,
            )
        ]
    create = Command(["systemd-tmpfiles", "--create", "--prefix=" + path], [], path)
    return Step(ACTION.id, path, changes, [], [create])
