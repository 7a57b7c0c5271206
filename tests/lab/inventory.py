# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a fleet: how Ansible reaches each host, and what is true about it (lab_* variables)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from tests.lab.data import Spec

# SSH, as on real fleets. This variable names another connection plugin, which gets the container's name as
# its host. Where the network cannot be reached, as with a rootless engine, it is containers.podman.podman.
CONNECTION = os.environ.get("WEBMEDIC_CONNECTION", "ssh")
SSH = (
    "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o "
    "PreferredAuthentications=publickey"
    " -o ControlMaster=auto -o ControlPersist=120s"
)

PLAIN_USER = "auditor"


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _host(spec: Spec, container: str, address: str) -> dict[str, Any]:
    fault = spec.fault
    # Variables of a connection win over the play's own become.
    plain = {"ansible_user": PLAIN_USER, "ansible_become": False} if fault.login == "plain" else {}
    return plain | {
        "ansible_host": address if CONNECTION == "ssh" else container,
        "lab_container": container,
        "lab_suite": spec.suite.name,
        "lab_fault": fault.name,
        "lab_family": fault.family,
        "lab_title": fault.title,
        "lab_expected": spec.truth(),
        "lab_load": not spec.idle,
        "lab_safe_fix": fault.safe_fix,
        "lab_actions": list(fault.actions),
        "lab_other_actions": [action for extra in spec.extras for action in extra.actions],
        "lab_probe": {"site": fault.probe.site, "path": fault.probe.path, "status": fault.probe.status},
    }


def render(hosts: list[tuple[Spec, str, str]], key: Path) -> str:
    """The inventory as YAML, for hosts given as (spec, container, address); the suites are its groups."""
    common: dict[str, Any] = {"ansible_python_interpreter": "/usr/bin/python3"}
    if CONNECTION == "ssh":
        common |= {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(key),
            "ansible_ssh_common_args": SSH,
        }
    else:
        common["ansible_connection"] = CONNECTION
    groups: dict[str, dict[str, Any]] = {}
    for spec, container, address in sorted(hosts, key=lambda host: host[0].host):
        groups.setdefault(spec.suite.name, {})[spec.host] = _host(spec, container, address)
    children = {name: {"hosts": members} for name, members in sorted(groups.items())}
    document = {"all": {"vars": common, "children": children}}
    return str(yaml.dump(document, Dumper=_Plain, sort_keys=False, width=120))
