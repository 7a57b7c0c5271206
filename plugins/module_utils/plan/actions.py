# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan needs to know of each action, in the order in which the actions are taken.

Made by tests/run/action_tables.py from ACTION of each file in actions/: change it there. A diagnosis ships
this file in place of those.
"""

from ..work.action import Action, GivesWay, Raised

ACTIONS = (
    Action("runtime_directory_create", "low", True, "none", together=("unit",), needs=("tmpfiles",)),
    Action("unit_oom_policy", "medium", True, "none", together=("unit",)),
    Action("socket_access_set", "medium", True, "none", needs=("accounts",)),
    Action("socket_acl_add", "medium", True, "none", needs=("accounts",)),
    Action("directory_search_allow", "medium", True, "none", needs=("tmpfiles",)),
    Action("memory_fit", "medium", True, "reload", needs=("memory",)),
    Action("memory_limit_set", "high", True, "reload", needs=("memory",)),
    Action("swap_add", "medium", True, "none", needs=("swap",)),
    Action(
        "pool_size_set",
        "medium",
        True,
        "reload",
        raised=(Raised("drop_backlog", disruption="restart"),),
        gives_way=GivesWay("memory_fit", ("config", "pool"), False),
        needs=("memory", "arrivals"),
    ),
    Action(
        "process_max_set",
        "medium",
        True,
        "reload",
        raised=(Raised("drop_backlog", disruption="restart"),),
        needs=("memory",),
    ),
    Action("unit_reset_failed", "low", False, "none", together=("unit",)),
    Action("unit_start", "low", True, "none", raised=(Raised("disabled", risk="high"),), together=("unit",)),
    Action("unit_enable", "high", True, "none", together=("unit",)),
    Action("unit_restart", "medium", False, "restart"),
    Action("unit_reload", "medium", False, "reload", gives_way=GivesWay("unit_restart", ("unit",), True)),
    Action("nginx_reload", "medium", False, "reload", reloads="nginx"),
    Action("fastcgi_pass_repoint", "medium", True, "reload", reloads="nginx", one_place=("file", "line")),
    Action(
        "read_timeout_set", "high", True, "reload", reloads="nginx", one_place=("file", "line"), once=True
    ),
)
