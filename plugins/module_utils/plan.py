# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings in, ordered actions out. Says what would be done and what that costs; nothing here does it."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

# disruption: what the running requests of the unit suffer. none < reload < restart.
Action = NamedTuple("Action", [("id", str), ("risk", str), ("reversible", bool), ("disruption", str)])

# In the order in which they are taken: what a unit needs in order to start comes before its start, nginx after php-fpm.
ACTIONS = (
    Action("runtime_directory_create", "low", True, "none"),
    Action("unit_oom_policy", "medium", True, "none"),
    Action("socket_access_set", "medium", True, "restart"),
    Action("socket_acl_add", "medium", True, "restart"),
    Action("directory_search_allow", "medium", True, "none"),
    Action("pool_size_set", "medium", True, "reload"),
    Action("memory_fit", "medium", True, "reload"),
    Action("unit_reset_failed", "low", True, "none"),
    Action("unit_start", "low", True, "none"),
    Action("unit_restart", "medium", False, "restart"),
    Action("fastcgi_pass_repoint", "medium", True, "reload"),
    Action("read_timeout_set", "medium", True, "reload"),
)
_ORDER = {action.id: number for number, action in enumerate(ACTIONS)}


def _target(arguments: Dict[str, Any]) -> Optional[str]:
    return next((str(arguments[name]) for name in ("unit", "file", "config", "path") if arguments.get(name)), None)


def plan(findings: Sequence[Dict[str, Any]], host: str) -> List[Dict[str, Any]]:
    """Actions of all active findings, in order, each once: [{id, host, target, arguments, because, risk, reversible, disruption}].

    because lists the findings as "cause/reason". Raises ValueError for an action that is not in ACTIONS.
    """
    actions: List[Dict[str, Any]] = []
    for item in findings:
        if item["state"] != "active":
            continue
        why = "%s/%s" % (item["cause"], item["reason"])
        for remedy in item["remedy"]:
            if remedy["action"] not in _ORDER:
                raise ValueError("no action is called %s; known are %s" % (remedy["action"], ", ".join(sorted(_ORDER))))
            known = next((entry for entry in actions if (entry["id"], entry["arguments"]) == (remedy["action"], remedy["arguments"])), None)
            if known is not None:
                known["because"] += [why] if why not in known["because"] else []
                continue
            action = ACTIONS[_ORDER[remedy["action"]]]
            actions.append({"id": action.id, "host": host, "target": _target(remedy["arguments"]), "arguments": remedy["arguments"], "because": [why],
                            "risk": action.risk, "reversible": action.reversible, "disruption": action.disruption})
    return sorted(actions, key=lambda entry: _ORDER[entry["id"]])
