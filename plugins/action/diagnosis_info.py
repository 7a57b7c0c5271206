# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis returns passes a reader on the controller."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.answer import Answer

OPTIONS = ("window", "probe_timeout", "deadline", "snapshot")
# What stands for words of the task. The first expression of a task costs the controller most.
KEYWORDS = ("become", "host_timeout", "latent")
# What says whether risks are asked for where nobody has set that.
BY_DEFAULT = "__diagnose_latent_by_default"
# It does all that diagnosis_info does: risks cost no second round trip.
WITH_RISKS = "webmedic.php_fpm.risk_info"


class HostTimeout(BaseException):
    """The alarm. On its way no handler of an Exception may take it for its own."""


class ActionModule(Answer):
    must_diagnose = True
    latent = False  # whether risks are asked for

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        arguments = dict(self._task.args)
        prefix = arguments.pop("from_variables", None)
        if not prefix:
            return super().run(tmp, task_vars)
        found = self._variables(str(prefix), task_vars or {})
        self._task.args = {**{name: found[name] for name in OPTIONS if name in found}, **arguments}
        try:
            become, seconds = boolean(found.get("become", True)), int(found.get("host_timeout", 0))
        except (TypeError, ValueError) as error:
            raise AnsibleActionFail("%sbecome or %shost_timeout: %s" % (prefix, prefix, error)) from None
        latent = found.get("latent")
        try:
            self.latent = boolean((task_vars or {}).get(BY_DEFAULT, False) if latent is None else latent)
        except TypeError as error:
            raise AnsibleActionFail("%slatent: %s" % (prefix, error)) from None
        if not become:
            self._connection.set_become_plugin(None)
        return self._within(seconds, tmp, task_vars)

    def _execute_module(self, module_name: str | None = None, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer: dict[str, Any] = super()._execute_module(
            WITH_RISKS if self.latent and module_name is None else module_name, *args, **kwargs
        )
        return answer

    def _variables(self, prefix: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """What variables say. Only one that holds a text may be a template."""
        names = [name for name in (*OPTIONS, *KEYWORDS) if prefix + name in variables]
        values = {name: variables[prefix + name] for name in names}
        return {
            name: self._templar.template(value) if isinstance(value, str) else value
            for name, value in values.items()
        }

    def _within(self, seconds: int, tmp: str | None, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """What the keyword timeout does. Each host has a process of its own here, and its own alarm."""

        def ring(_signal: int, _frame: object) -> None:
            raise HostTimeout

        if seconds <= 0 or self._task.timeout:
            return super().run(tmp, task_vars)
        before = signal.signal(signal.SIGALRM, ring)
        signal.alarm(seconds)
        try:
            return super().run(tmp, task_vars)
        except HostTimeout:
            message = "The host did not answer within %d seconds, and was given up." % seconds
            return {"failed": True, "changed": False, "msg": message, "timedout": {"period": seconds}}
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
