# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Admits an alert, decides what is done about its host, and closes the response. Runs on the controller."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from ansible.errors import AnsibleActionFail
from ansible.module_utils.urls import open_url
from ansible.utils.display import Display
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts import event, policy, response
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts.request import (
    Request,
    headline,
    message,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts.store import Store, Unusable
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import played
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.controller_action import (
    ControllerAction,
)
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.untrusted import Mismatch
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report, upload
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import run as which
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.remedies import WELL
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.alerts import AlertDecision, AlertPolicy
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.shapes.report import HostEntry

display = Display()

STEPS = ("admit", "decide", "close")
ARGUMENTS: dict[str, Any] = {
    "argument_spec": {
        "step": {"type": "str", "required": True, "choices": list(STEPS)},
        "directory": {"type": "path", "required": True},
        "policy": {"type": "raw", "default": {}},
        "alert": {"type": "str", "default": "respond_alert"},
        "admission": {"type": "str", "default": "__respond_admission"},
        "decision": {"type": "str", "default": "__respond_decision"},
        "diagnosis": {"type": "str", "default": "__diagnose_host"},
        "remediation": {"type": "str", "default": "__remediate_host"},
        "report": {"type": "str"},
        "lasts": {"type": "int", "default": 0},
        "ask_url": {"type": "str", "default": ""},
        "ask_headers": {"type": "dict", "default": {}, "no_log": True},
        "ask_timeout": {"type": "int", "default": 10},
    },
}
NOTHING_DONE = "Nothing was done about the alert: %s."


class ActionModule(ControllerAction):
    """See plugins/modules/alert_response.py for the documentation."""

    arguments = ARGUMENTS

    def result(self, options: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        try:
            played.check_once(self._task, variables)
            job = which.first(variables, which.JOBS)
            caller = response.Caller(
                Store(options["directory"], not self._task.check_mode),
                (which.first(variables, which.STARTED_BY) or which.user())
                + (", job %s" % job if job is not None else ""),
                os.getppid(),  # ansible-playbook; the engine forks for this task alone
                time.time(),
                not self._task.check_mode,
                options["lasts"],
            )
            step = {"admit": self._admit, "decide": self._decide, "close": self._close}[options["step"]]
            return {"changed": False, **step(caller, options, variables)}
        except (played.NotReported, Unusable, Mismatch) as error:
            raise AnsibleActionFail(NOTHING_DONE % str(error).rstrip(".")) from None
        except OSError as error:
            why = "%s: %s" % (error.filename or options["directory"], error.strerror or error)
            raise AnsibleActionFail(NOTHING_DONE % why) from None

    def _admit(
        self, caller: response.Caller, options: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        # Read raw: nothing of an alert passes the templating engine.
        raw = variables.get(options["alert"])
        everywhere = variables["hostvars"]
        hosts = Hosts(variables["ansible_play_hosts_all"], everywhere)
        admitted = response.admit(caller, _policy(options), raw, hosts, Hosts(everywhere, everywhere))
        path = self._ask(caller, options, admitted.request)
        return {
            "admitted": admitted.host is not None,
            "host": admitted.host,
            "id": admitted.id,
            "decision": admitted.decision,
            "event": cast(Any, admitted.event),
            "request": path,
            "msg": "%s: %s" % (admitted.decision, admitted.why),
        }

    def _decide(
        self, caller: response.Caller, options: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        admitted = _admitted(options, variables)
        entry = _entry(admitted, variables.get(options["diagnosis"]))
        made = response.decide(caller, _policy(options), admitted, entry, options["report"])
        return {**made, "msg": "%s: %s" % (made["decision"], made["why"])}

    def _close(
        self, caller: response.Caller, options: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        admitted = _admitted(options, variables)
        made = _decision(variables.get(options["decision"]))
        mended = variables.get(options["remediation"]) if made and made["only"] else None
        before = _entry(admitted, variables.get(options["diagnosis"]))
        after = _entry(admitted, mended, True) if mended is not None else None
        outcome, request = response.close(caller, admitted, made, before, after, options["report"])
        path = self._ask(caller, options, request)
        if request is None and (after or before)["status"] in WELL:
            response.withdraw(caller, admitted)
        return {
            "decision": outcome,
            "host": admitted.host,
            "id": admitted.id,
            "request": path,
            "msg": "%s: %s" % (outcome, (after or before)["status"]),
        }

    def _ask(
        self, caller: response.Caller, options: Mapping[str, Any], request: Request | None
    ) -> str | None:
        if request is None:
            return None

        def send(wanted: Request) -> str:
            return _put(options, wanted) if options["ask_url"] else ""

        path = response.ask(caller, request, send)
        display.warning("%s %s" % (headline(request), "See %s" % path if path else ""))
        return path or None


class Hosts(Mapping[str, Any]):
    """Hosts with their addresses, which are read where no name fits: a read takes time."""

    def __init__(self, names: Iterable[Any], hostvars: Any) -> None:
        self.names = dict.fromkeys(str(name) for name in names)
        self.hostvars = hostvars

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Any:
        if name not in self.names:
            raise KeyError(name)
        return self.hostvars.raw_get(name).get("ansible_host")

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _policy(options: Mapping[str, Any]) -> AlertPolicy:
    found = policy.read_or_ask(options["policy"])
    if found["wrong"]:
        display.warning("%s. Nothing is mended by this policy." % found["wrong"])
    return found


def _entry(admitted: response.Admitted, raw: Any, remediated: bool = False) -> HostEntry:
    """What the host answered, as the report has it. It passes the gate of the report, field by field."""
    name = str(admitted.host)
    result = raw if isinstance(raw, Mapping) else None
    return report.build({name: result}, 0, 0, False, [name] if remediated else [])["hosts"][name]


def _admitted(options: Mapping[str, Any], variables: Mapping[str, Any]) -> response.Admitted:
    """What the step admit returned of this host. Raises Mismatch."""
    raw = variables.get(options["admission"])
    if not isinstance(raw, Mapping) or not raw.get("admitted"):
        raise Mismatch("no alert was admitted: run the step admit first, and register it")
    host = str(raw["host"])
    if host != variables.get("inventory_hostname"):
        raise Mismatch("the alert is about %s: run this step for that host" % host)
    return response.Admitted(host, str(raw["id"]), "admit", "", event.read(raw["event"]), None)


def _decision(raw: Any) -> AlertDecision | None:
    """None where the step failed, or was not reached."""
    if not isinstance(raw, Mapping) or raw.get("failed") or "judged" not in raw:
        return None
    return cast(AlertDecision, raw)


def _put(options: Mapping[str, Any], request: Request) -> str:
    """Why the request did not arrive at the URL; empty when it did."""
    url = options["ask_url"].replace("{host}", request.host).replace("{id}", request.id)
    try:
        open_url(
            url,
            method="PUT",
            data=json.dumps(message(request)).encode("ascii"),
            headers={"Content-Type": "application/json", **options["ask_headers"]},
            timeout=options["ask_timeout"],
            follow_redirects="none",
        )
    except (OSError, ValueError) as error:
        why = "PUT %s: %s" % (upload.shown(url), upload.reason({"msg": str(error)}))
        display.warning("The request to a person did not arrive: %s" % why)
        return why
    return ""
