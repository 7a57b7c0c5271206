# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs once on the controller. Makes one report of several saved ones."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible_collections.webmedic.php_fpm.plugins.action.fleet_report import written
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import bounds, complaints
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import merge, report, run, saved
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.compare import epoch
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.replay import NoReport
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer, table
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.text import letters

STARTED = time.time()

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "reports": {"type": "list", "elements": "path", "required": True},
        "slices": {"type": "int"},
        "report_dir": {"type": "path", "default": "./webmedic-report"},
        "report_keep": {"type": "int", "default": 30},
        "print_table": {"type": "bool", "default": True},
        "fail_on": {"type": "list", "elements": "str", "choices": list(bounds.STATUSES), "default": []},
    },
}


class ActionModule(ControllerAction):
    """See plugins/modules/report_merge.py for the documentation."""

    arguments = ARGUMENTS

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        ours = run.run(variables, context.CLIARGS, 1, bool(self._task.check_mode), STARTED)
        try:
            files = saved.files(options["reports"], options["slices"])
            made = merge.merged([saved.read(file) for file in files], ours)
        except NoReport as error:
            raise AnsibleActionFail("cannot merge: %s" % error) from None
        path, folder, footer = written(made.report, options["report_dir"], options["report_keep"])
        printed: dict[str, Any] = {}
        if options["print_table"]:
            taken_at = epoch(made.report["generated_at"])
            with letters(printer.SCREEN.unicode):
                lines = table.render(made.report, time.time(), footer, printer.PAGE, taken_at)
            printed = printer.hand_out([*((note, "yellow") for note in made.notes), *lines])
        hosts = made.report["hosts"]
        refused = complaints.complaints(hosts, hosts, options["fail_on"], accept_unseen=False)
        return {
            **printed,
            **({} if path else {"failed": True, "msg": footer}),
            "changed": False,
            "path": path,
            "folder": folder,
            "merged": files,
            "notes": made.notes,
            "report": report.artifact(made.report),
            "complaint": complaints.in_brief(hosts, refused),
        }
