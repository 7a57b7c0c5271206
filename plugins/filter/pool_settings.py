# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directives of a pool with so many workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.webmedic.php_fpm.plugins.module_utils.site.size import settings_of

DOCUMENTATION = r"""
name: pool_settings
short_description: The directives of a php-fpm pool with so many workers
version_added: 0.7.0
author:
  - webmedic.php_fpm contributors (@webmedic)
description:
  - Gives C(pm.max_children) and, for a dynamic pool, the numbers of spare workers that go with it.
  - They are those that the remediation writes, too.
positional: pm
options:
  _input:
    description: Number of workers.
    type: int
    required: true
  pm:
    description: How the pool starts its workers.
    type: str
    choices: [dynamic, ondemand]
    default: dynamic
"""

EXAMPLES = r"""
- name: Show the directives of a pool of 20 workers
  ansible.builtin.debug:
    msg: "{{ 20 | webmedic.php_fpm.pool_settings }}"
"""

RETURN = r"""
_value:
  description: Directives and their values, in order.
  type: list
  elements: list
"""


def pool_settings(workers: Any, pm: str = "dynamic") -> list[list[str]]:
    try:
        number = int(workers)
    except (TypeError, ValueError):
        number = 0
    if number < 1 or pm not in ("dynamic", "ondemand"):
        raise AnsibleFilterError("pool_settings: %r workers, pm %r" % (workers, pm))
    return settings_of(number, pm)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"pool_settings": pool_settings}
