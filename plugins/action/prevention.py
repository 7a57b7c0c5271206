# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy that names a risk which does not exist is refused before any host is asked. What a prevention
returns passes the gate on the controller.
"""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.answer import Answer
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue.catalogue import CATALOGUE

FORM = "and takes {cause: ID} or {cause: ID, reason: ID}"
# Causes that can be ahead: each of their reasons has words for its outage.
RISKS = sorted({cause for (cause, reason), entry in CATALOGUE.items() if reason and entry.outage})


def complaint(policy: Any) -> str:
    """What is wrong with a policy, empty for nothing."""
    if policy in (None, ""):
        return ""
    if not isinstance(policy, list):
        return "policy is no list: %s, %s" % (str(policy)[:80], FORM)
    for entry in policy:
        if not isinstance(entry, dict) or not entry.get("cause") or set(entry) - {"cause", "reason"}:
            return "policy: an entry is %s, %s" % (str(entry)[:80], FORM)
        cause, reason = entry["cause"], entry.get("reason")
        reasons = sorted(known for of, known in CATALOGUE if of == cause and known)
        if (cause, None) not in CATALOGUE:
            return "policy: there is no cause %s; risks have %s" % (cause, ", ".join(RISKS))
        if cause not in RISKS:
            return "policy: %s is no risk, see the playbook remediate; risks have %s" % (
                cause,
                ", ".join(RISKS),
            )
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
