# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give nginx's worker user the pool's socket: listen.owner, listen.group and listen.mode. Never a mode that lets others in."""

from typing import Any, Dict

from ..step import Refusal, Step
from .view import View, master_of, pool_of, pool_step


def resolve(view: View, arguments: Dict[str, Any]) -> Step:
    pool = pool_of(master_of(view, arguments["config"]), arguments["pool"])
    if pool["acl_users"] or pool["acl_groups"]:
        raise Refusal("pool %s has listen.acl_users or listen.acl_groups, which make listen.owner void" % pool["name"])
    user, group = arguments["user"], view.snapshot["nginx"].get("group")
    settings = [("listen.owner", user)] + ([("listen.group", group)] if group else []) + [("listen.mode", "0660")]
    return pool_step(view, "socket_access_set", arguments, settings, "restart")
