# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of hosts as the engine registers them, for the tests of the report."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import run as which
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

NOW = 1775139797.0


def finding(cause: str = "fpm_not_running", reason: str | None = "stopped", **more: Any) -> dict[str, Any]:
    return {
        "cause": cause,
        "code": 1,
        "reason": reason,
        "severity": "critical",
        "confidence": "certain",
        "state": "active",
        "site": "shop.example",
        "sites": ["shop.example"],
        "sites_left": 0,
        "servers": [
            {"name": "shop.example", "listen": "80", "file": "/etc/nginx/sites-enabled/shop", "line": 1}
        ],
        "endpoint": "unix:/run/php/php8.2-fpm.sock",
        "pool": "www",
        "unit": "php8.2-fpm.service",
        "since": NOW - 600,
        "count": 3,
        "summary": "php8.2-fpm.service is stopped.",
        "facts": {},
        "evidence": [
            {
                "source": "systemd",
                "path": None,
                "text": "php8.2-fpm.service is inactive (dead), result success, enabled",
                "at": NOW - 600,
            }
        ],
        "ruled_out": [{"cause": "socket_permission_denied", "why": "www-data may connect"}],
        "missing": [],
        "remedy": [{"action": "unit_start", "arguments": {"unit": "php8.2-fpm.service"}}],
        **more,
    }


def answer(status: str = "healthy", *findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What diagnosis_info returns."""
    return {
        "changed": False,
        "failed": False,
        "window": 900,
        "status": status,
        "findings": list(findings),
        "missing": [],
        "plan": [],
        **more,
    }


def stranger(pid: int = 4711, **more: Any) -> dict[str, Any]:
    """A process that calls itself a master and is none of root's."""
    return {
        "pid": pid,
        "user": "stranger",
        "claims": "php-fpm",
        "title": "php-fpm: master process (/home/stranger/x.conf)",
        "exe": "/home/stranger/fpm",
        "why": "its uid is 1000, not 0",
        **more,
    }


def missing(what: str, path: str | None, why: str, needs: str | None = None) -> dict[str, Any]:
    return {"what": what, "path": path, "why": why, "needs": needs}


def evidence(source: str, path: str | None, text: str, **more: Any) -> dict[str, Any]:
    return {"source": source, "path": path, "text": text, **more}


def unreachable(why: str = "Failed to connect to the host via ssh: Connection refused") -> dict[str, Any]:
    return {"changed": False, "unreachable": True, "msg": "Task failed: " + why}


def run(started: float = NOW, **more: Any) -> dict[str, Any]:
    """The run of ansible-playbook that made a report."""
    return {
        "id": which.folder_name(started),
        "started": started,
        "by": "ops",
        "job": None,
        "version": "0.6.0",
        "ansible_version": "2.19.0",
        "playbook": "webmedic.php_fpm.diagnose",
        "limit": None,
        "check_mode": False,
        "window": 900,
        **more,
    }


def schema(name: str = "report") -> dict[str, Any]:
    with open(os.path.join(ROOT, "docs", name + ".schema.json"), encoding="utf-8") as stream:
        document: dict[str, Any] = json.load(stream)
    return document


def closed(**more: Any) -> Any:
    """A gate that is closed by what no finding of a host says."""
    reason = {
        "host": "a",
        "site": None,
        "pool": None,
        "cause": "restart_fails",
        "reason": "config_refused",
        "decision": "fail",
        "new": True,
        "why": "php-fpm8.2 refuses www.conf:7",
        "fix": "mend www.conf:7",
        "waiver": None,
        **more,
    }
    return {
        "phase": "after",
        "verdict": "fail",
        "summary": "Gate after: CLOSED. 1 host judged, 1 ill host: a; 1 fail, 0 warn, 0 pass.",
        "since": NOW - 60,
        "baseline": None,
        "judged": 1,
        "ill": ["a"],
        "lost": 0,
        "counts": {"fail": 1, "warn": 0, "pass": 0},
        "reasons": [reason],
    }
