# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a play hands to a step that runs once for all of its hosts, and the plays that cannot be reported on.

A report of a play that went another way would be wrong. So such a play gets an error, and no report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

# Strategies without a common step, by the end of their names. They ignore run_once.
WITHOUT_ONCE = ("free", "host_pinned")
# What plugin_utils/answers/answer.py adds to the answer of a delegated task.
DELEGATED = "delegated_to"
# ... and to each: when it was asked for, in epoch seconds of the controller.
LOOKED_AT = "looked_at"


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


class Look(NamedTuple):
    """A look of a gate. terms: the variable of gate_terms. began: no answer of this batch may be older."""

    terms: str
    gate: Mapping[str, Any]
    began: float

    def holds(self, result: Mapping[str, Any], variables: Mapping[str, Any], here: bool) -> bool:
        """Whether the answer is of this look, or of the gate of another batch in the same play. Plays and
        phases register the same names, so the answer of a host that was not asked again is an old one.
        """
        looked_at = result.get(LOOKED_AT)
        if looked_at is None:
            # The engine's word, as after a timeout. It lets nothing pass.
            return any(result.get(word) for word in ("failed", "unreachable", "skipped"))
        if looked_at >= self.began:
            return True
        other = variables.get(self.terms)
        if here or not isinstance(other, Mapping) or other.get("began") == self.gate["began"]:
            return False
        same = all(other.get(word) == self.gate[word] for word in ("phase", "play"))
        return same and bool(looked_at >= other["began"])


def look_of(task_vars: Mapping[str, Any], terms: str, looked: float) -> Look:
    """looked: when the look before this one was judged. Raises NotReported."""
    gate = task_vars.get(terms)
    if not isinstance(gate, Mapping) or not isinstance(gate.get("began"), float):
        raise NotReported(
            "%s is no answer of gate_terms: without it nobody knows when the gate began" % terms
        )
    return Look(terms, gate, max(gate["began"], looked))


def collected(
    task_vars: Mapping[str, Any],
    variable: str,
    names: Sequence[str] | None = None,
    look: Look | None = None,
) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """(host, what its task returned) of all hosts of the play; None of a host that dropped out before.

    Variables are read raw: nothing that a host returned passes the templating engine. With ``serial`` the
    hosts of later batches are left out. names: hosts to take instead; those that were not asked are left out.
    look: takes only answers that it holds.
    """
    here = set(task_vars.get("ansible_play_batch", ()))
    hostvars = task_vars["hostvars"]
    waiting = set(task_vars.get("ansible_play_hosts", ())) - here
    for name in task_vars["ansible_play_hosts_all"] if names is None else names:
        known = hostvars.raw_get(name) if names is None or name in hostvars else {}
        result = known.get(variable)
        if look and isinstance(result, Mapping) and not look.holds(result, known, name in here):
            result = None
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
    """Whether a block around the task rescues its failures: one in whose section block it stands. Nothing
    rescues what fails in the sections rescue and always.

    Parents may be copies, so identities are compared. What a static import loads stands in its place.
    """
    inside, parent = {task._uuid}, getattr(task, "_parent", None)
    while parent is not None:
        if getattr(parent, "rescue", None) and any(item._uuid in inside for item in parent.block):
            return True
        inside.add(parent._uuid)
        parent = getattr(parent, "_parent", None)
    return False


def stops_rollout(task: Any) -> bool:
    """Whether one ill host must end the play for all of them, since nothing in the play says what else to do.

    A play with max_fail_percentage has said so, and so has a block with a rescue.
    """
    return getattr(task.get_play(), "max_fail_percentage", None) is None and not in_rescue(task)
