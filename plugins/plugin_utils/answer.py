# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine's way to run a module, with a gate for the answer, which whoever rules the host may choose.

The engine prints messages, warnings and diffs as they come, and obeys some words of an answer, such as
``ansible_facts`` or ``ansible_stats``. So what comes back is cleaned before any part of the engine uses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action.normal import ActionModule as NormalAction

from .report import NO_DIAGNOSIS, read
from .shapes import sparse
from .untrusted import Limits, Mismatch, clean, listed, optional, plain, record, text

MAX_OUTPUT = 32 * 1024**2
MOST_LINES = 1000
LIMITS = Limits(depth=30, values=1_000_000, text=1024**2, chars=MAX_OUTPUT)
# What an answer may hold beside the documented values. All other words are the engine's, and no host's to say.
COMMON = frozenset(("changed", "failed", "msg", "rc", "module_stdout", "module_stderr", "invocation"))
ASYNC = frozenset(("ansible_job_id", "started", "finished", "results_file"))
RETURNED = frozenset(
    (
        "status",
        "findings",
        "plan",
        "missing",
        "window",
        "snapshot",
        "remediation",
        "strangers",
        "strangers_total",
        "own_pids",
        "routes",
        "nginx",
        "installed",
        "masters",
        "answered",
        "result",
        "ms",
        "message",
        "endpoints",
        "pools",
        "memory",
        "workers",
        "kills",
        "elsewhere",
        "counter",
        "counters",
        "limit",
        "segfaults",
        "earlyoom",
        "events",
        "files",
        "commands",
        "backup",
        "size",
        "diff",
    )
)


def printed(value: Any, where: str) -> str:
    return text(value, where, 10_000)


def side(value: Any, where: str) -> str:
    """One side of a diff, or all of it. To compare many lines that are alike takes the engine long."""
    lines = text(value, where, 200_000).split("\n")
    more = len(lines) - MOST_LINES
    return "\n".join(lines if more <= 0 else [*lines[:MOST_LINES], "... and %d lines more" % more])


SIDES, HEADERS = ("before", "after", "prepared"), ("before_header", "after_header")
_FILE = record(**dict.fromkeys(SIDES, optional(side)), **dict.fromkeys(HEADERS, optional(printed)))
DIFF = listed(sparse(_FILE, *SIDES, *HEADERS), 50)


def _told(value: Any) -> list[str]:
    """Warnings as texts. The engine's own kinds hold theirs one level down."""
    words = [
        getattr(getattr(one, "event", None), "msg", one.get("msg") if isinstance(one, Mapping) else one)
        for one in value[:20]
    ]
    return [text(word) for word in words if isinstance(word, str)]


def gated(data: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    """The answer of a module: the allowed words alone, each bounded and cleaned. Raises Mismatch."""
    answer: dict[str, Any] = plain(
        {name: data[name] for name in data if name in allowed and name != "diff"}, "it", LIMITS
    )
    for name in ("changed", "failed"):
        if name in answer:
            answer[name] = bool(answer[name])
    for name in ("msg", "module_stdout", "module_stderr"):
        if name in answer:
            answer[name] = printed(answer[name], name)
    if data.get("diff"):
        answer["diff"] = DIFF(data["diff"], "diff")
    told = [
        line
        for name in ("warnings", "deprecations")
        if isinstance(data.get(name), list)
        for line in _told(data[name])
    ]
    if told:
        answer["warnings"] = told
    exception = data.get("exception")
    trace = getattr(getattr(exception, "event", None), "formatted_traceback", exception)
    if isinstance(trace, str):
        answer["exception"] = printed(trace, "exception")
    return answer


class Answer(NormalAction):
    """Runs the module of its own name. must_diagnose: whether the answer must be a diagnosis."""

    must_diagnose = False

    @property
    def refusal(self) -> str:
        return NO_DIAGNOSIS if self.must_diagnose else "the answer of this host was not taken: "

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            result: dict[str, Any] = super().run(tmp, task_vars)
        except Mismatch as error:
            return {"failed": True, "changed": False, "msg": self.refusal + str(error)}
        except RecursionError:
            return {"failed": True, "changed": False, "msg": self.refusal + "it is nested too deep"}
        except AnsibleError as error:
            message = str(error)
            if clean(message) == message:
                raise
            kind = (
                AnsibleConnectionFailure if isinstance(error, AnsibleConnectionFailure) else AnsibleActionFail
            )
            raise kind(clean(message)) from None
        return result

    def _low_level_execute_command(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Everything that a command printed passes here, before the engine warns of it or reads it."""
        result: dict[str, Any] = super()._low_level_execute_command(*args, **kwargs)
        for name in ("stdout", "stderr"):
            if len(result.get(name) or "") > MAX_OUTPUT:
                raise Mismatch("it is larger than %d MiB" % (MAX_OUTPUT // 1024**2))
        return {
            **result,
            **{
                name: clean(result[name])
                for name in ("stdout", "stderr")
                if isinstance(result.get(name), str)
            },
        }

    def _parse_returned_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The answer, before the engine looks for its own words in it and prints those it does not want."""
        data: dict[str, Any] = super()._parse_returned_data(*args, **kwargs)
        asynchronous = bool(self._task.async_val)
        if self.must_diagnose and not asynchronous and not data.get("failed"):
            read(data)
        allowed = COMMON | RETURNED | (ASYNC if asynchronous else frozenset())
        return {**gated(data, allowed), "_ansible_parsed": bool(data.get("_ansible_parsed"))}
