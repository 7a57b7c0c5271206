# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hands the folder of a run, or one file, to another place: a directory on a host, or a server that takes
HTTP PUT.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.loader import action_loader
from ansible.utils.display import Display
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import own_copy, upload
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.folder import REPORT

display = Display()

PLACE: dict[str, Any] = {
    "host": {"type": "str", "default": "localhost"},
    "become": {"type": "bool", "default": False},
    "directory": {"type": "str"},
    "url": {"type": "str"},
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "timeout": {"type": "int", "default": 30},
    "validate_certs": {"type": "bool", "default": True},
}
ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "folder": {"type": "path"},
        "file": {"type": "path"},
        "warn": {"type": "bool", "default": False},
        "to": {
            "type": "dict",
            "required": True,
            "options": PLACE,
            "mutually_exclusive": [("directory", "url")],
            "required_one_of": [("directory", "url")],
        },
    },
    "mutually_exclusive": [("folder", "file")],
    "required_one_of": [("folder", "file")],
}
AUDITED = "The report stays on the controller: in check mode nothing is written on %s, a host of this play."


class ActionModule(ControllerAction):
    """See plugins/modules/report_upload.py for the documentation."""

    # Of the host that takes the report.
    _requires_connection = True
    arguments = ARGUMENTS
    noun = "report"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """A mistake in the options is a report that did not arrive. An error would be past failed_when: it
        would fail a host that is well, before the ill ones, and no_log would hide it.
        """
        try:
            return super().run(tmp, task_vars)
        except AnsibleActionFail as error:
            outcome = self._lost("", {"msg": str(error)})
        if boolean(self._task.args.get("warn", False), strict=False):
            display.warning(outcome["msg"])
        return {**outcome, "changed": False, "by": (task_vars or {}).get("inventory_hostname")}

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        to = options["to"]
        self._right_place(to["host"])
        file = options["file"]
        try:
            upload.check(to["url"], to["directory"], bool(file), time.time())
        except upload.Wrong as error:
            raise AnsibleActionFail(str(error)) from None
        if file:
            self.noun = "file"
            outcome = self._hand_over_file(to, file, variables)
        else:
            outcome = self._hand_over(to, options["folder"].rstrip("/"), variables)
        if outcome["msg"] and (options["warn"] or outcome["arrived"]):
            display.warning(outcome["msg"])
        return {**outcome, "changed": False, "by": variables.get("inventory_hostname")}

    def _hand_over(
        self, to: Mapping[str, Any], folder: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        run = upload.name_of(os.path.basename(folder), variables)
        send = self._put if to["url"] else self._copy
        try:
            with own_copy.of_run(folder, constants.DEFAULT_LOCAL_TMP) as copy:
                if REPORT not in copy.files:
                    raise AnsibleActionFail("there is no %s in %s" % (REPORT, folder))
                files = sorted(copy.files, key=lambda file: file == REPORT)
                return send(to, copy.folder, run, files, variables)
        except own_copy.NotOurs as error:
            return self._lost(error.path, {"msg": str(error)})
        except OSError as error:
            return self._lost(folder, {"msg": error.strerror or str(error)})

    def _hand_over_file(
        self, to: Mapping[str, Any], path: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """One file, such as a bundle, without a folder around it."""
        send = self._put if to["url"] else self._copy
        try:
            with own_copy.of_file(path, constants.DEFAULT_LOCAL_TMP) as copy:
                return send(to, copy.folder, "", copy.files, variables)
        except own_copy.NotOurs as error:
            return self._lost(error.path, {"msg": str(error)})
        except OSError as error:
            return self._lost(path, {"msg": error.strerror or str(error)})

    def _right_place(self, host: str) -> None:
        """An action cannot choose its host; only a task can."""
        if self._task.delegate_to and self._task.delegate_to != host:
            raise AnsibleActionFail("to.host is %s, and delegate_to is %s" % (host, self._task.delegate_to))

    def _put(
        self,
        options: Mapping[str, Any],
        folder: str,
        run: str,
        files: list[str],
        variables: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Each file with a request of its own."""
        for file in files:
            url = upload.address(options["url"], run, file)
            result = self._sub_action(
                "uri",
                variables,
                url=url,
                method="PUT",
                src=os.path.join(folder, file),
                headers={"Content-Type": upload.content_type(file), **options["headers"]},
                status_code=list(upload.ACCEPTED),
                timeout=options["timeout"],
                validate_certs=options["validate_certs"],
                follow_redirects="none",
            )
            if result.get("failed") or result.get("unreachable"):
                return self._lost("PUT %s" % upload.shown(url), result)
        return _arrived(upload.shown(upload.address(options["url"], run, files[-1])), files)

    def _copy(
        self,
        options: Mapping[str, Any],
        folder: str,
        run: str,
        files: list[str],
        variables: Mapping[str, Any],
    ) -> dict[str, Any]:
        host = str(self._task.delegate_to or variables.get("inventory_hostname"))
        if self._task.check_mode and host in variables.get("ansible_play_hosts_all", ()):
            return {"skipped": True, "arrived": True, "uploaded": [], "place": None, "msg": AUDITED % host}
        target = os.path.join(options["directory"], run).rstrip("/")
        place = "%s:%s" % (host, target)
        for file in files:
            result = self._sub_action(
                "copy",
                variables,
                src=os.path.join(folder, file),
                # With the slash at its end, missing directories are made.
                dest=target + "/",
                # A file by itself is a bundle, which is for few.
                mode="0644" if run else "0600",
                directory_mode="0755",
            )
            if result.get("failed") or result.get("unreachable"):
                return self._lost("%s/%s" % (place, file), result)
        return _arrived(place, files)

    def _lost(self, what: str, result: Mapping[str, Any]) -> dict[str, Any]:
        why = ": ".join(filter(None, (what, upload.reason(result))))
        message = "The %s did not arrive: %s." % (self.noun, why)
        return {"failed": True, "arrived": False, "uploaded": [], "place": None, "msg": message}

    def _sub_action(self, name: str, variables: Mapping[str, Any], **arguments: Any) -> Mapping[str, Any]:
        """An action of ansible.builtin with its own task: it runs in check mode, and logs none of its
        arguments.
        """
        task = self._task.copy()
        task.args, task.check_mode, task.no_log, task.async_val = arguments, False, True, 0
        action = action_loader.get(
            "ansible.builtin." + name,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        try:
            result: Mapping[str, Any] = action.run(task_vars=dict(variables))
        except AnsibleError as error:
            # A host that cannot be reached among them.
            return {"failed": True, "msg": str(error)}
        return result


def _arrived(place: str, files: list[str]) -> dict[str, Any]:
    return {"arrived": True, "uploaded": files, "place": place, "msg": ""}
