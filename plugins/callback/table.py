# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the fleet, last, below whatever the stdout callback prints."""

from __future__ import annotations

DOCUMENTATION = r"""
name: table
type: aggregate
short_description: Print the table of the fleet as the last thing on the screen
version_added: 0.6.0
description:
  - For people who keep their own stdout callback. The table that M(webmedic.php_fpm.fleet_report) makes comes
    after all that the stdout callback prints, its recap included.
  - Of several reports in one run, as with C(serial), the last one is shown.
  - With the stdout callbacks P(ansible.posix.json#callback) and P(ansible.posix.jsonl#callback) it prints
    nothing, since their output is one document. The lines are then in what the task returns,
    RV(webmedic.php_fpm.fleet_report#module:table).
  - With P(webmedic.php_fpm.brief#callback) it is not needed, and does nothing.
requirements:
  - enable in configuration, C(callbacks_enabled = webmedic.php_fpm.table)
author:
  - webmedic.php_fpm contributors (@webmedic)
seealso:
  - plugin: webmedic.php_fpm.brief
    plugin_type: callback
"""

from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.progress import Outcome


class CallbackModule(CallbackBase):
    """Keeps the last table, and prints it at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "webmedic.php_fpm.table"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._table = printer.LastTable()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self.disabled = not printer.claim(self.CALLBACK_NAME)

    def v2_runner_on_ok(self, result: Any) -> None:
        outcome = Outcome.of(result)
        self._table.take(outcome.action, outcome.data)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self.v2_runner_on_ok(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._table.show()
