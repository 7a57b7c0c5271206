# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs once on the controller. Makes one encrypted file of what all hosts handed on."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.utils.display import Display
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import played
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle import archive, contents, seal
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.bundle.vault import Vault, secrets_of
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import html, markdown
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import folder, upload
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report as fleet
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import run as which
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer, table, text

display = Display()
STARTED = time.time()
WRITERS: dict[str, folder.Writer] = {"report.html": html.render, "report.md": markdown.render}
HOW = {
    seal.AGE: " -e explain_bundle_key=YOUR_KEY_FILE",
    seal.GPG: "",
    seal.VAULT: " --vault-id %s@prompt" % seal.VAULT_ID,
}

ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "variable": {"type": "str"},
        "check_only": {"type": "bool", "default": False},
        "directory": {"type": "path", "default": "./webmedic-bundle"},
        "recipients": {"type": "list", "elements": "str", "default": []},
        "encryption": {"type": "str", "choices": ["auto", *seal.METHODS], "default": "auto"},
        "upload_url": {"type": "str", "no_log": True},
        "window": {"type": "int", "default": 900},
        "print_table": {"type": "bool", "default": True},
    },
    "required_if": [("check_only", False, ["variable"])],
}


class ActionModule(ControllerAction):
    """See plugins/modules/report_bundle.py for the documentation."""

    arguments = ARGUMENTS

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        vault = Vault(secrets_of(self._loader))
        try:
            how = seal.chosen(options["recipients"], options["encryption"], bool(vault.own))
            if options["upload_url"]:
                upload.check(options["upload_url"], None, one_file=True, now=time.time())
            if options["check_only"]:
                # A key that is unknown or has expired is only seen by who uses it.
                seal.sealed(archive.pack({}), how, vault.encrypt)
        except (seal.Unsealed, upload.Wrong) as error:
            raise AnsibleActionFail("No bundle can be made: %s." % error) from None
        directory = folder.absolute(options["directory"])
        if options["check_only"]:
            try:
                folder.make_private(directory)
            except OSError as error:
                raise AnsibleActionFail(_unwritten(directory, error)) from None
            return {
                "changed": False,
                "method": how.method,
                "msg": "A bundle can be made, with %s." % how.method,
            }
        try:
            return self._bundle(options, variables, how, vault, directory)
        except (played.NotReported, archive.Refused, seal.Unsealed) as error:
            raise AnsibleActionFail("No bundle was made: %s." % error) from None

    def _bundle(
        self,
        options: Mapping[str, Any],
        task_vars: Mapping[str, Any],
        how: seal.Seal,
        vault: Vault,
        directory: str,
    ) -> dict[str, Any]:
        """All of it in memory: what is not encrypted is never in a file."""
        played.check_once(self._task, task_vars)
        results = dict(played.collected(task_vars, options["variable"]))
        played.check_results(results, options["variable"])
        now, window = time.time(), max(1, options["window"])
        run = which.run(task_vars, context.CLIARGS, window, bool(self._task.check_mode), STARTED)
        report = fleet.build(results, window, now, keep_snapshot=True, run=run)
        made = contents.contents(results, report, WRITERS, which.version())
        sealed = seal.sealed(archive.pack(made.members), how, vault.encrypt)
        try:
            path = folder.put_new(directory, run["id"] + how.ending, sealed)
        except OSError as error:
            raise AnsibleActionFail(_unwritten(directory, error)) from None
        if how.note:
            display.warning(how.note)
        return {
            **self._printed(report, now, path, how, options["print_table"]),
            "changed": True,
            "path": path,
            "method": how.method,
            "recipients": how.recipients,
            "size": len(sealed),
            "manifest": made.manifest,
        }

    def _printed(self, report: Any, now: float, path: str, how: seal.Seal, wanted: bool) -> dict[str, Any]:
        lines = [
            "Bundle: %s, %d KiB, encrypted with %s" % (path, -(-os.path.getsize(path) // 1024), how.method)
            + (" for %s." % text.plural(len(how.recipients), "recipient") if how.recipients else "."),
            "Who gets it opens it with: ansible-playbook webmedic.php_fpm.explain -e explain_bundle=FILE"
            + HOW[how.method],
        ]
        printed: dict[str, Any] = {"msg": lines[0]}
        if wanted:
            with text.letters(printer.SCREEN.unicode):
                shown = table.render(report, now, page=printer.PAGE)
            printed |= printer.hand_out([*shown, *((line, None) for line in lines)])
        return printed


def _unwritten(directory: str, error: OSError) -> str:
    return "No bundle can be written to %s: %s. Name another directory." % (
        directory,
        error.strerror or str(error),
    )
