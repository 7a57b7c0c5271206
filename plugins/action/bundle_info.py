# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate on the controller for what a host hands on, and its options from variables."""

from __future__ import annotations

from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.action.diagnosis_info import ActionModule as Diagnosis


class ActionModule(Diagnosis):
    must_diagnose = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        # Whole configurations are no output of a play, however much it is asked to say.
        return {**super().run(tmp, task_vars), "_ansible_verbose_override": True}
