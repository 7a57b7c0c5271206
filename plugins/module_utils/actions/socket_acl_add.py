# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name nginx's worker user in listen.acl_users, where an ACL makes listen.owner void (Enterprise Linux's default)."""

from typing import Any, Dict

from ..step import Refusal, Step
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    if arguments["user"] in pool["acl_users"]:
        raise Refusal("listen.acl_users of pool %s names %s already; something else keeps it out" % (pool["name"], arguments["user"]))
    users = ",".join(pool["acl_users"] + [arguments["user"]])
    return pool_step(view, "socket_acl_add", arguments, [("listen.acl_users", users)], "restart")
