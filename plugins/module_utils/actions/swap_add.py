# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes a swap file, uses it, enters it in `/etc/fstab`.

At worst: the disk space; a host that swaps is slow.

Only where the whole host ran out of memory: swap does not help where a cgroup's limit is reached.
"""

from typing import NamedTuple

from ..work.action import SWAP, Action
from ..work.step import Refusal, Step
from .view import View

ACTION = Action("swap_add", risk="medium", reversible=True, disruption="none", needs=(SWAP,))


class Arguments(NamedTuple):
    path: str  # of the swap file


def resolve(view: View, arguments: Arguments) -> Step:
    if view.swap is None:
        raise Refusal("what a swap file at %s takes was not looked at" % arguments.path)
    return view.swap._replace(name=ACTION.id)
