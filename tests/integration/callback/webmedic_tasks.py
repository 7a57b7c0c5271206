# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what each task returned: a line of JSON, to the file that WEBMEDIC_TASKS names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: webmedic_tasks
type: notification
short_description: Keep what each task returned, for the tests
description: [One line of JSON for each host and task.]
requirements: [the environment variable WEBMEDIC_TASKS]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "webmedic_tasks"
    CALLBACK_NEEDS_ENABLED = True

    def _keep(self, result: Any, **_more: Any) -> None:
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        returned = getattr(result, "result", None) or result._result
        line = {"host": host.get_name(), "task": task.name, "result": returned}
        with open(os.environ["WEBMEDIC_TASKS"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_unreachable = _keep
