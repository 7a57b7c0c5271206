# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same of what only a risk asks for. Who may find risks makes it known to the plan.

Made by tests/run/action_tables.py, as actions.py. A diagnosis ships none of it.
"""

from ..work.action import Action
from .plan import BY_ID, ORDER

ACTIONS = (
    Action("swap_keep", "low", True, "none"),
    Action("socket_shut", "medium", True, "restart", needs=("accounts",)),
    Action("fpm_log_level_set", "medium", True, "reload"),
    Action("worker_output_catch", "medium", True, "reload"),
    Action("reload_grace_set", "medium", True, "reload"),
)


def make_known() -> None:
    """Tells the plan of these actions."""
    for action in ACTIONS:
        ORDER.setdefault(action.id, len(ORDER))
        BY_ID[action.id] = action
