# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's way to run a module, with a reader of the answer. Who rules the host can choose the answer.

The engine prints messages, warnings and diffs as they come. It obeys some words of an answer, such as
``ansible_facts`` or ``ansible_stats``. So the answer is cleaned before any part of the engine uses it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.json_utils import _filter_non_json_lines
from ansible.plugins.action.normal import ActionModule as NormalAction

from ...module_utils.parse.redact import redact
from ..reports.errors import NO_DIAGNOSIS
from ..reports.report import read
from ..shapes.report import Diagnosis
from ..terminal import sentence
from .bounds import fields_of, sparse
from .played import DELEGATED, LOOKED_AT
from .untrusted import Limits, Mismatch, clean, listed, optional, plain, record, text

MAX_OUTPUT = 32 * 1024**2
MAX_PRINTED = 10_000
MOST_LINES = 1000
LIMITS = Limits(depth=30, values=1_000_000, text=1024**2, chars=MAX_OUTPUT)
# What an answer may hold beside the documented values. All other words are for the engine alone.
COMMON = frozenset(("changed", "failed", "msg", "rc", "invocation"))
ASYNC = frozenset(
    ("ansible_job_id", "started", "finished", "results_file", "_ansible_suppress_tmpdir_delete")
)
RETURNED = frozenset(fields_of(Diagnosis)) | {
    "window", "snapshot", "own_pids", "routes", "nginx", "installed", "masters", "answered", "result",
    "ms", "message", "endpoints", "pools", "memory", "workers", "kills", "elsewhere", "counter",
    "counters", "limit", "segfaults", "earlyoom", "events", "files", "commands", "backup", "size",
    "diff", "verdict", "problems", "services", "cuts", "ok", "asked", "bad", "not_asked", "pages", "site",
    "python", "configuration", "versions", "left_out",
}  # fmt: skip


def printed(value: Any, where: str) -> str:
    return text(value, where, MAX_PRINTED)


def side(value: Any, where: str) -> str:
    """One side of a diff, or all of it. The engine takes long to compare many lines that are alike."""
    lines = text(value, where, 200_000).split("\n")
    more = len(lines) - MOST_LINES
    return "\n".join(lines if more <= 0 else [*lines[:MOST_LINES], "... and %d lines more" % more])


SIDES, HEADERS = ("before", "after", "prepared"), ("before_header", "after_header")
_FILE = record(**dict.fromkeys(SIDES, optional(side)), **dict.fromkeys(HEADERS, optional(printed)))
DIFF = listed(sparse(_FILE, *SIDES, *HEADERS), 50)


def _warnings(value: Any) -> list[str]:
    """Warnings as texts. Those of newer engines hold their text one level down."""
    warnings = []
    for item in value[:20] if isinstance(value, list) else []:
        event = item.get("event", item) if isinstance(item, Mapping) else {"msg": item}
        if isinstance(event, Mapping) and isinstance(event.get("msg"), str):
            warnings.append(text(event["msg"]))
    return warnings


def _trace(value: Any) -> str:
    """The traceback of a module that raised, where the engine was asked for it."""
    event = value.get("event") if isinstance(value, Mapping) else None
    trace = event.get("formatted_traceback") if isinstance(event, Mapping) else value
    return printed(trace, "exception") if isinstance(trace, str) else ""


def _raised(value: Any) -> str:
    """What a module that raised says of it: newer engines give no message, and call that an unknown error."""
    event = value.get("event") if isinstance(value, Mapping) else None
    message = event.get("msg") if isinstance(event, Mapping) else None
    why = redact(text(message)) if isinstance(message, str) and message else "it does not say which"
    return "the module ended by a mistake of its own, see the traceback with -vvv: %s" % why


def read_answer(data: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """The answer of a module: the allowed words alone, each bounded and cleaned. Raises Mismatch."""
    answer: dict[str, Any] = plain(
        {name: data[name] for name in data if name in allowed and name != "diff"}, "it", LIMITS
    )
    for name in ("changed", "failed"):
        if name in answer:
            answer[name] = bool(answer[name])
    if "msg" in answer:
        answer["msg"] = printed(answer["msg"], "msg")
    elif answer.get("failed"):
        answer["msg"] = _raised(data.get("exception"))
    if data.get("diff") is not None:
        answer["diff"] = DIFF(data["diff"], "diff")
    printed_too = {
        "warnings": _warnings(data.get("warnings")) + _warnings(data.get("deprecations")),
        "exception": _trace(data.get("exception")),
    }
    return {**answer, **{name: value for name, value in printed_too.items() if value}}


class Answer(NormalAction):
    """Runs the module of its own name. must_diagnose: whether the answer must be a diagnosis."""

    must_diagnose = False

    def _refused(self, why: str) -> dict[str, Any]:
        lead = NO_DIAGNOSIS if self.must_diagnose else "the answer of this host was not taken: "
        kind = {"error_kind": "no_diagnosis"} if self.must_diagnose else {}
        return {"failed": True, "changed": False, "msg": lead + why, **kind}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer, with the time of the controller at which it was asked for."""
        began = time.time()
        return {**self._named(tmp, task_vars), LOOKED_AT: began}

    def _named(self, tmp: str | None, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """The answer. That of a delegated task says whose it is: it is registered under another name."""
        name = (task_vars or {}).get("inventory_hostname")
        other = self._task.delegate_to
        if not other or other == name:
            return self._answer(tmp, task_vars)
        try:
            return {**self._answer(tmp, task_vars), DELEGATED: clean(str(other))}
        except AnsibleConnectionFailure as error:
            return {"unreachable": True, "changed": False, "msg": str(error), DELEGATED: clean(str(other))}

    def _answer(self, tmp: str | None, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        try:
            result: dict[str, Any] = super().run(tmp, task_vars)
        except Mismatch as error:
            return self._refused(str(error))
        except RecursionError:
            return self._refused("it is nested too deep")
        except AnsibleError as error:
            message = clean(str(error))
            if isinstance(error, AnsibleConnectionFailure):
                # A result, and no exception: the engine would show where in which file the task stands.
                return {"unreachable": True, "changed": False, "msg": message}
            if message == str(error):
                raise
            raise AnsibleActionFail(message) from None
        for name in ("module_stdout", "module_stderr"):
            if isinstance(result.get(name), str):
                result[name] = result[name][-MAX_PRINTED:]
        return result

    def _low_level_execute_command(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Everything that a command printed passes here, before the engine warns of it or reads it."""
        result: dict[str, Any] = super()._low_level_execute_command(*args, **kwargs)
        for name in ("stdout", "stderr"):
            if len(result.get(name) or "") > MAX_OUTPUT:
                raise Mismatch("it is larger than %d MiB" % (MAX_OUTPUT // 1024**2))
        return {**result, **{name: clean(result[name]) for name in ("stdout", "stderr") if result.get(name)}}

    def _parse_returned_data(self, res: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The answer, before the engine looks for its own words in it and prints the rest."""
        try:
            document, junk = _filter_non_json_lines(res.get("stdout") or "", objects_only=True)
            data = json.loads(document)
        except ValueError:
            # The engine reads it in the same way, and says what is wrong with it.
            return super()._parse_returned_data(res, *args, **kwargs)
        asynchronous, msg = bool(self._task.async_val), ""
        if self.must_diagnose and not asynchronous and not data.get("failed"):
            msg = sentence.of(read(data), time.time())
        answer = read_answer(data, COMMON | RETURNED | (ASYNC if asynchronous else frozenset()))
        if msg:
            answer["msg"] = msg
        if junk:
            answer["warnings"] = answer.get("warnings", []) + [text(line) for line in junk]
        return super()._parse_returned_data({**res, "stdout": json.dumps(answer)}, *args, **kwargs)
