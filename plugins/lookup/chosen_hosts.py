# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of a play that must not end well without having looked at any."""

from __future__ import annotations

DOCUMENTATION = r"""
name: chosen_hosts
short_description: Choose the hosts of a play, or end with an error where there are none
version_added: 0.6.0
description:
  - Gives its pattern back, for C(hosts) of a play. Raises an error where it matches no host of the inventory
    within C(--limit), or has a name that no host and no group has. The engine would skip the play, or these
    hosts, and end well.
  - With C(--syntax-check) it gives the pattern back whatever the inventory has.
  - Raises an error as well where C(--skip-tags) or C(--start-at-task) would skip the tasks of the play.
options:
  _terms:
    description: A pattern of hosts.
    type: list
    elements: str
    required: true
author:
  - webmedic.php_fpm contributors (@webmedic)
"""

EXAMPLES = r"""
- name: Gate the deploy of the web servers
  hosts: "{{ lookup('webmedic.php_fpm.chosen_hosts', 'web') }}"
  strategy: ansible.builtin.linear
  gather_facts: false
  become: true
  tasks:
    - name: Gate
      ansible.builtin.import_role:
        name: webmedic.php_fpm.gate
"""

RETURN = r"""
_raw:
  description: The pattern.
  type: list
  elements: str
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.plugins.lookup import LookupBase

# What makes a part of a pattern more than a name.
_PATTERN = re.compile(r"[*?\[\]]")
# Words of --skip-tags that skip even what is tagged always.
SKIPS_ALL = frozenset(("always", "tagged"))


def skipped_by(arguments: Mapping[str, Any]) -> str:
    """The option of ansible-playbook with which the tasks would not run. Empty where there is none."""
    words = sorted(SKIPS_ALL & set(arguments.get("skip_tags") or ()))
    if words:
        return "--skip-tags %s" % ",".join(words)
    return "--start-at-task" if arguments.get("start_at_task") else ""


def _is_unknown(part: str, inventory: InventoryManager) -> bool:
    """Whether a part of a pattern is a plain name, and nothing has it. What is taken away may be unknown."""
    if part[:1] in "&!~" or _PATTERN.search(part):
        return False
    return part not in inventory.groups and not inventory.get_hosts(part)


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(
        self, terms: Sequence[str], variables: Mapping[str, Any] | None = None, **_options: Any
    ) -> list[str]:
        arguments = context.CLIARGS
        if arguments.get("syntax"):
            return list(terms)
        skips = skipped_by(arguments)
        if skips:
            raise AnsibleError("%s would skip the look at the hosts: leave it out" % skips)
        limit = arguments.get("subset")
        for pattern in terms:
            inventory = self._inventory(variables or {})
            unknown = [part for part in split_host_pattern(pattern) if _is_unknown(part, inventory)]
            if unknown:
                raise AnsibleError("%s is no host and no group of the inventory" % ", ".join(unknown))
            inventory.subset(limit)
            if not inventory.get_hosts(pattern):
                where = "the inventory with --limit %s" % limit if limit else "the inventory"
                raise AnsibleError("no host of %s matches %s: nothing was looked at" % (where, pattern))
        return list(terms)

    def _inventory(self, variables: Mapping[str, Any]) -> InventoryManager:
        """The groups and hosts that the play may choose of."""
        inventory = InventoryManager(self._loader, parse=False)
        for group, hosts in (variables.get("groups") or {}).items():
            inventory.add_group(group)
            for host in hosts:
                inventory.add_host(host, group=group)
        return inventory
