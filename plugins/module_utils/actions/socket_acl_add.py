# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name nginx's worker user in the ACL of the pool's socket, or let its entry there apply again where a hand
spoiled the ACL's mask. See let_in.py.
"""

from ..verdict.action import ACCOUNTS, Action
from ..verdict.step import Step
from .let_in import Arguments, let_in
from .view import View

ACTION = Action("socket_acl_add", "medium", True, "none", needs=(ACCOUNTS,))


def resolve(view: View, arguments: Arguments) -> Step:
    return let_in(view, ACTION.id, arguments)
