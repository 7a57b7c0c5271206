# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs once on the controller. Reads what a gate is to be judged by, before any host is asked."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import played
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.policy_words import PHASES

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "phase": {"type": "str", "required": True, "choices": list(PHASES)},
        "policy": {"type": "raw", "default": {}},
        "baseline": {"type": "path", "default": ""},
        "since": {"type": "raw"},
        "max_age": {"type": "float", "default": 86400.0},
        "window": {"type": "int", "default": 900},
        "wait": {"type": "float", "default": 0.0},
        "delay": {"type": "float", "default": 10.0},
        "restart": {"type": "bool", "default": True},
    },
}


class ActionModule(ControllerAction):
    """See plugins/modules/gate_terms.py for the documentation."""

    arguments = ARGUMENTS

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            began = time.time()
            played.check_once(self._task, variables)
            found = gate.terms(
                options["phase"],
                options["policy"],
                options["baseline"],
                options["since"],
                options["window"],
                began,
                options["max_age"],
                {"gate_wait": options["wait"], "gate_delay": options["delay"]},
            )
        except (played.NotReported, gate.GateError) as error:
            raise AnsibleActionFail("The gate stays closed: %s." % error) from None
        return {
            "changed": False,
            "began": began,
            "phase": options["phase"],
            "play": str(self._task.get_play()._uuid),
            "since": found.since,
            "window": found.window + math.ceil(options["wait"]),
            "restart": options["restart"],
            "baseline": found.baseline.path if found.baseline else None,
        }
