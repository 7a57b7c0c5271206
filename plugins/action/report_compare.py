# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs once on the controller. Says what is different between two saved reports."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.bounds import UNSEEN
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import html
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import saved
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.compare import changes
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.folder import put
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.remedies import full_name
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.replay import NoReport
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.changes import Changes
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import changes_table, printer, text

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "before": {"type": "path"},
        "after": {"type": "path"},
        "report_dir": {"type": "path", "default": "./webmedic-report"},
        "dest": {"type": "path"},
        "page": {"type": "path"},
        "fail_on_new": {"type": "bool", "default": False},
        "print_table": {"type": "bool", "default": True},
    },
}


class ActionModule(ControllerAction):
    """See plugins/modules/report_compare.py for the documentation."""

    arguments = ARGUMENTS

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            before, after = map(
                saved.read, saved.pair(options["report_dir"], options["before"], options["after"])
            )
        except NoReport as error:
            raise AnsibleActionFail(str(error)) from None
        made = changes(before.report, after.report)
        if options["dest"]:
            _write(json.dumps(made, indent=2) + "\n", options["dest"])
        if options["page"]:
            _write(html.render(after.report, made), options["page"])
        printed: dict[str, Any] = {}
        if options["print_table"]:
            footer = "Compared: %s with %s" % (after.path, before.path)
            with text.letters(printer.SCREEN.unicode):
                lines = changes_table.render(made, footer, printer.PAGE)
            printed = printer.hand_out(lines)
        refused = complaint(made) if options["fail_on_new"] else ""
        return {
            **printed,
            **({"failed": True, "msg": refused} if refused else {}),
            "changed": False,
            "before": before.path,
            "after": after.path,
            "complaint": refused,
            "changes": made,
        }


def _write(content: str, path: str) -> None:
    """What is no file, such as /dev/stdout, is written to as it stands."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(content)
        else:
            put(os.path.realpath(path), content)
    except OSError as error:
        raise AnsibleActionFail(
            "cannot write %s: %s" % (os.path.abspath(path), error.strerror or error)
        ) from None


def complaint(made: Changes) -> str:
    """What is new, in one line; empty when nothing is. A host that cannot be looked at any more may hide
    something.
    """
    by_cause: dict[str, list[str]] = {}
    for item in made["new"]:
        by_cause.setdefault(full_name(item), []).append(item["host"])
    parts = [
        "new: %s on %s" % (cause, text.names(list(dict.fromkeys(hosts)), 200)[0])
        for cause, hosts in by_cause.items()
    ]
    blind = [
        item["host"]
        for item in made["hosts"]
        if item["now"] in UNSEEN and item["was"] and item["was"] not in UNSEEN
    ]
    if blind:
        parts.append("could not be looked at any more: %s" % text.names(blind, 200)[0])
    return "; ".join(parts)
