# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives nginx's user the socket: in the pool's file, and on the live socket.

At worst: an account that used the socket by its old group would lose it. That is looked for first, and the
change is refused then.

For a socket whose owner, group or mode keeps nginx out. See let_in.py.
"""

from ..work.action import ACCOUNTS, Action
from ..work.step import Step
from .let_in import Arguments, let_in
from .view import View

ACTION = Action("socket_access_set", risk="medium", reversible=True, disruption="none", needs=(ACCOUNTS,))


def resolve(view: View, arguments: Arguments) -> Step:
    return let_in(view, ACTION.id, arguments)
