# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes from everybody the right to connect to a pool's socket. nginx's user keeps it.

At worst: running requests of all pools of the unit are cut by the restart. An account that used the socket
by its mode alone loses it.
"""

from typing import NamedTuple

from ..parse.php_fpm.socket_mode import mode_of
from ..work.action import ACCOUNTS, Action
from ..work.step import Refusal, Step
from .steps import pool_step, socket_group
from .view import View, groups_of, master_of, pool_of

ACTION = Action("socket_shut", risk="medium", reversible=True, disruption="restart", needs=(ACCOUNTS,))
OWNER, GROUP, OTHERS = 0o200, 0o020, 0o007


class Arguments(NamedTuple):
    config: str  # of the master
    pool: str
    unit: str  # that starts php-fpm
    user: str  # of nginx's workers


def resolve(view: View, arguments: Arguments) -> Step:
    pool = pool_of(master_of(view, arguments.config), arguments.pool)
    if pool["acl_users"] or pool["acl_groups"]:
        raise Refusal("pool %s has an ACL: php-fpm ignores owner and group with it" % pool["name"])
    mode, groups = mode_of(pool), groups_of(view, arguments.user)
    owns = pool["listen_owner"] == arguments.user and mode & OWNER
    if not owns and not (mode & GROUP and socket_group(view, pool) in groups):
        words = "nginx's user %s is neither the owner of pool %s's socket nor in its group: it would lose it"
        raise Refusal(words % (arguments.user, pool["name"]))
    settings = [("listen.mode", "%04o" % (mode & ~OTHERS))]
    return pool_step(view, ACTION.id, arguments.config, arguments.pool, settings, "restart")
