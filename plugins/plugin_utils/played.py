# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play hands to a step that runs once for all of its hosts, and the plays that cannot be reported on.

A report of a play that went another way would be wrong. So such a play gets an error, and no report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Strategies without a common step, by the end of their names. They ignore run_once.
WITHOUT_ONCE = ("free", "host_pinned")
# What plugin_utils/answer.py adds to the answer of a delegated task.
DELEGATED = "delegated_to"


class NotReported(ValueError):
    """The play cannot be reported on. The message is one sentence for the user."""


def strategy_of(task: Any) -> str:
    """The strategy of the play that the task belongs to, without its collection."""
    play = task.get_play()
    return str(getattr(play, "strategy", None) or "linear").rpartition(".")[2]


def check_once(task: Any, task_vars: Mapping[str, Any]) -> None:
    """Raises NotReported where this step runs for each host instead of once for all of them."""
    if len(task_vars["ansible_play_hosts_all"]) < 2:
        return
    strategy = strategy_of(task)
    if strategy.endswith(WITHOUT_ONCE):
        raise NotReported(
            "the strategy %s runs this step for each host, not once for all: set strategy: "
            "ansible.builtin.linear in the play" % strategy
        )
    if not task.run_once:
        raise NotReported("this step makes one report of all hosts: set run_once: true on its task")


def batch(task_vars: Mapping[str, Any]) -> list[str]:
    """The hosts that this step speaks for: those of the batch that still take part."""
    return [str(name) for name in task_vars["ansible_play_batch"]]


def collected(
    task_vars: Mapping[str, Any], variable: str, names: Sequence[str] | None = None
) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """(host, what its task returned) of all hosts of the play; None of a host that dropped out before.

    Variables are read raw: nothing that a host returned passes the templating engine. With ``serial`` the
    hosts of later batches are left out. names: hosts to take instead; those that were not asked are left out.
    """
    hostvars = task_vars["hostvars"]
    waiting = set(task_vars.get("ansible_play_hosts", ())) - set(task_vars.get("ansible_play_batch", ()))
    for name in task_vars["ansible_play_hosts_all"] if names is None else names:
        result = hostvars.raw_get(name).get(variable) if names is None or name in hostvars else None
        if isinstance(result, Mapping):
            yield str(name), result
        elif names is None and name not in waiting:
            yield str(name), None


def check_results(results: Mapping[str, Mapping[str, Any] | None], variable: str) -> None:
    """Raises NotReported where the task did not give one answer of each host about itself."""
    answers = {name: result for name, result in results.items() if result is not None}
    if not answers:
        raise NotReported(
            "no host has the variable %s: its task was not run (--start-at-task, --tags, or a wrong name)"
            % variable
        )
    for name, result in answers.items():
        if "status" not in result and isinstance(result.get("results"), list):
            raise NotReported(
                "%s of %s holds the results of a loop: register one answer for each host" % (variable, name)
            )
        other = result.get(DELEGATED)
        if isinstance(other, str) and other != name:
            raise NotReported(
                "%s of %s is the answer of %s: run its task without delegate_to" % (variable, name, other)
            )


def in_rescue(task: Any) -> bool:
    """Whether a block around the task rescues its failures."""
    parent = getattr(task, "_parent", None)
    while parent is not None:
        if getattr(parent, "rescue", None):
            return True
        parent = getattr(parent, "_parent", None)
    return False


def stops_rollout(task: Any) -> bool:
    """Whether one ill host must end the play for all of them, since nothing in the play says what else to do.

    A play with max_fail_percentage has said so, and so has a block with a rescue.
    """
    return getattr(task.get_play(), "max_fail_percentage", None) is None and not in_rescue(task)
