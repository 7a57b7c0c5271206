# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names nginx's user in `listen.acl_users`, and on the live socket.

At worst: nginx's user has one socket more.

Its entry on the live socket applies again where somebody changed the ACL's mask by hand. See let_in.py.
"""

from ..work.action import ACCOUNTS, Action
from ..work.step import Step
from .let_in import Arguments, let_in
from .view import View

ACTION = Action("socket_acl_add", risk="medium", reversible=True, disruption="none", needs=(ACCOUNTS,))


def resolve(view: View, arguments: Arguments) -> Step:
    return let_in(view, ACTION.id, arguments)
