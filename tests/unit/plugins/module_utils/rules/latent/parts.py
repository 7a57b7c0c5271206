# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of the lab for which somebody looked at risks."""

from typing import Any, Dict, List, Tuple

from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

UNIT = "php8.2-fpm.service"


def with_risks(host: Any, **subjects: Any) -> Any:
    """The same host with these facts in snapshot["risks"]."""
    host["risks"] = dict({"missing": []}, **subjects)
    return host


def a_risky_host(**subjects: Any) -> Host:
    """A healthy one."""
    made: Host = with_risks(a_host(), **subjects)
    return made


def risks(snapshot: Any) -> List[Tuple[str, str]]:
    """[(cause, reason)] of its latent findings."""
    return [
        (item["cause"], item["reason"])
        for item in diagnose_ahead(snapshot)["findings"]
        if item["state"] == "latent"
    ]


def the_risk(snapshot: Any) -> Dict[str, Any]:
    """The only one."""
    (found,) = [item for item in diagnose_ahead(snapshot)["findings"] if item["state"] == "latent"]
    return dict(found)


def foreseen(kind: str, **facts: Any) -> Dict[str, Any]:
    """A problem of restart_info, as ahead/problems.py makes it."""
    return dict(
        {
            "kind": kind,
            "at": ["boot"],
            "severity": "critical",
            "confidence": "certain",
            "already": False,
            "program": "php-fpm",
            "unit": UNIT,
            "config": "/etc/php/8.2/fpm/php-fpm.conf",
            "file": "/lib/systemd/system/" + UNIT,
            "line": None,
            "pool": None,
            "endpoint": None,
            "sites": ["shop.example"],
            "files": [],
            "summary": "%s: %s." % (UNIT, kind),
            "fix": "",
        },
        **facts,
    )


def restart(*problems: Dict[str, Any], **more: Any) -> Dict[str, Any]:
    """The subject "restart"."""
    return dict({"problems": list(problems), "cuts": [], "sees_oom": True}, **more)


def well_set_up(**subjects: Any) -> Host:
    """A healthy host whose master has what Debian's packages leave out."""
    host = a_risky_host(**subjects)
    host.with_master(process_control_timeout=10.0, config_newer=False)
    return host.with_unit(restart="on-failure", oom_policy="continue")
