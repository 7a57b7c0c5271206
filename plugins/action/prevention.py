# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy that names a risk which does not exist is refused before any host is asked. What a prevention
returns passes the gate on the controller.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answer import Answer
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import CATALOGUE


def complaint(policy: Any) -> str:
    """What is wrong with the names of a policy, empty for nothing. The module checks its form."""
    for entry in policy if isinstance(policy, list) else []:
        cause, reason = (
            (entry.get(word) for word in ("cause", "reason")) if isinstance(entry, dict) else (0, 0)
        )
        if not cause:
            continue
        reasons = sorted(known for of, known in CATALOGUE if of == cause and known)
        if (cause, None) not in CATALOGUE:
            return "policy: there is no cause %s" % cause
        if reason and reason not in reasons:
            return "policy: %s has no reason %s; it has %s" % (cause, reason, ", ".join(reasons) or "none")
    return ""


class ActionModule(Answer):
    must_diagnose = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        wrong = complaint(self._task.args.get("policy"))
        if wrong:
            raise AnsibleActionFail(wrong)
        return super().run(tmp, task_vars)
