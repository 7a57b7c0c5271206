# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diagnosis returns passes the gate on the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answer import Answer

OPTIONS = ("window", "probe_timeout", "deadline", "snapshot")


class ActionModule(Answer):
    must_diagnose = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        given = dict(self._task.args)
        prefix = given.pop("from_variables", None)
        if prefix:
            self._task.args = {**self._variables(str(prefix), task_vars or {}), **given}
        return super().run(tmp, task_vars)

    def _variables(self, prefix: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The options that variables say. Only one that holds a text may be a template."""
        found = {name: variables[prefix + name] for name in OPTIONS if prefix + name in variables}
        return {
            name: self._templar.template(value) if isinstance(value, str) else value
            for name, value in found.items()
        }
