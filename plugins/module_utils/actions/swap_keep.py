# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enters a swap file that is in use in `/etc/fstab`, so that a boot uses it again.

At worst: a boot at which the file is gone says so in its journal, and goes on.
"""

from typing import NamedTuple

from ..parse.linux.swap import FSTAB, plain, with_entry
from ..work.action import Action
from ..work.step import Change, Refusal, Step, as_bytes
from .view import View

ACTION = Action("swap_keep", risk="low", reversible=True, disruption="none")
READS = (FSTAB,)


class Arguments(NamedTuple):
    path: str  # of the swap file


def resolve(view: View, arguments: Arguments) -> Step:
    if not plain(arguments.path):
        raise Refusal("%s is no plain path, as fstab writes it" % arguments.path)
    before = view.files.read(FSTAB)
    after = with_entry(before or "", arguments.path)
    old = None if before is None else as_bytes(before)
    changes = [Change(FSTAB, old, as_bytes(after), 0o644)] if after != (before or "") else []
    return Step(ACTION.id, arguments.path, changes, [], [])
