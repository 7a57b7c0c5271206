# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of the module remediation as the engine registers them, for the tests of the report."""

from __future__ import annotations

from typing import Any

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW, answer, finding

POOL_FILE = "/etc/php/8.2/fpm/pool.d/www.conf"
# What an action's result makes of its finding.
BECOMES = {
    "done": "fixed",
    "would": "would_fix",
    "rolled_back": "rolled_back",
    "failed": "rolled_back",
    "refused": "escalated",
    "skipped": "escalated",
}


def action(
    result: str = "done", name: str = "unit_start", target: str = "php8.2-fpm.service", **more: Any
) -> dict[str, Any]:
    return {
        "id": name,
        "target": target,
        "arguments": {"unit": "php8.2-fpm.service"},
        "because": ["fpm_not_running/stopped"],
        "findings": [0],
        "risk": "low",
        "reversible": True,
        "disruption": "none",
        "running": 0,
        "result": result,
        "refusal_kind": None,
        "why": "",
        "files": [],
        "commands": ["systemctl start php8.2-fpm.service"],
        "backup": None,
        "cut": 0,
        "seconds": 0.0 if result == "would" else 1.9,
        **more,
    }


def finding_result(result: str, item: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What became of a finding of the diagnosis."""
    seen = {"probe": "No such file or directory", "http": 502, "queue": None}
    after = {"probe": "answered", "http": 200, "queue": 0} if result == "fixed" else None
    return {
        **{name: item[name] for name in ("cause", "reason", "site", "endpoint", "pool")},
        "result": result,
        "before": seen,
        "after": after,
        "why": "",
        **more,
    }


def still_ill(item: dict[str, Any], summary: str, new: bool = False) -> dict[str, Any]:
    """What is active on the host after all that was done."""
    named = {name: item[name] for name in ("cause", "reason", "site", "endpoint", "pool")}
    return {**named, "summary": summary, "new": new}


def left_open(fate: str, **more: Any) -> dict[str, Any]:
    """A change that a killed run had left open."""
    return {
        "name": "pool_size_set",
        "target": POOL_FILE,
        "at": NOW,
        "files": ["/etc/a"],
        "fate": fate,
        "why": "",
        "by_hand": [],
        **more,
    }


def remedied(
    result: str = "done",
    *findings: dict[str, Any],
    status: str = "",
    why: str = "",
    taken: Any = None,
    why_left_alone: str = "",
    **more: Any,
) -> dict[str, Any]:
    """What the module remediation returns for a host whose action has this result. With "escalated" no action
    was taken. taken: that action. why: of the action and of each finding.
    """
    items = findings or (finding(),)
    check = result == "would"
    status = status or ("recovered" if result == "done" else "failing")
    word = BECOMES.get(result, result)
    return answer(
        status,
        *items,
        changed=result in ("done", "would"),
        diff=[],
        remediation={
            "check_mode": check,
            "outcome": {"would": "would_change", "escalated": "nothing_to_do"}.get(result, "done"),
            "refusal_kind": None,
            "why": why_left_alone,
            "status_before": "failing",
            "status_after": None if check else status,
            "diagnosed_at": NOW,
            "answered_after": 1.2 if result == "done" else None,
            "undone": None,
            "still": [],
            "actions": [taken or action(result, why=why)] if result in BECOMES else [],
            "findings": [finding_result(word, item, why=why) for item in items],
            **more,
        },
    )
