# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which planned actions belong together, and which findings each is to mend."""

from typing import Any, Dict, List, Sequence

from .plan import shared

# Only together do they bring a unit up: one transaction, and one look at whether it helped.
START_CHAIN = frozenset(
    ("runtime_directory_create", "unit_oom_policy", "unit_reset_failed", "unit_start", "unit_enable")
)


def serves(action: Dict[str, Any], item: Dict[str, Any]) -> bool:
    """Whether a planned action is meant to mend this finding, by itself or because it does what the finding's
    own action would.
    """
    if item["state"] != "active":
        return False
    for remedy in item["remedy"]:
        if (remedy["action"], remedy["arguments"]) == (action["id"], action["arguments"]):
            return True
        if (remedy["action"], action["id"]) == ("unit_reload", "unit_restart") and remedy[
            "arguments"
        ] == action["arguments"]:
            return True
    return False


def bundles(actions: Sequence[Dict[str, Any]]) -> List[List[Dict[str, Any]]]:
    """The actions in order, those together that only help together: what one unit needs in order to start is
    one bundle.
    """
    found: Dict[Any, List[Dict[str, Any]]] = {}
    for number, action in enumerate(actions):
        found.setdefault(shared(action, ["unit"]) if action["id"] in START_CHAIN else number, []).append(
            action
        )
    return list(found.values())
