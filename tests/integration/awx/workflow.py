# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A workflow as AWX runs it: which node comes next, what it is given, and how the workflow ends.

For workflows in which no two edges meet. The rules are those of awx/main/scheduler/dag_workflow.py.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.integration.awx.objects import EDGES, Json


class Node(NamedTuple):
    """template: the name of what it runs. answers: what it gives to the template's survey. edges: identifiers
    of the nodes that follow, by the kind of edge.
    """

    template: str
    answers: Json
    edges: Mapping[str, list[str]]


class Result(NamedTuple):
    """artifacts: what the job published."""

    successful: bool
    artifacts: Json


class Walked(NamedTuple):
    """ran: identifiers in the order in which they ran."""

    ran: list[str]
    successful: bool


# What runs a template with these variables.
Launch = Callable[[str, Json], Result]


def nodes(tasks: list[Json]) -> dict[str, Node]:
    """By their identifier, of the arguments of all tasks that configure one."""
    found: dict[str, Node] = {}
    for task in tasks:
        name = task["identifier"]
        approval = (task.get("approval_node") or {}).get("name")
        known = found.get(name, Node("", {}, {}))
        found[name] = Node(
            task.get("unified_job_template") or approval or known.template,
            task.get("extra_data", known.answers),
            {**known.edges, **{edge: task[edge] for edge in EDGES if edge in task}},
        )
    return found


def walk(workflow: Mapping[str, Node], launch: Launch) -> Walked:
    followed = {name for node in workflow.values() for edge in node.edges.values() for name in edge}
    waiting: list[tuple[str, Json]] = [(name, {}) for name in workflow if name not in followed]
    ran: list[str] = []
    successful = True
    while waiting:
        name, artifacts = waiting.pop(0)
        node = workflow[name]
        ran.append(name)
        result = launch(node.template, {**node.answers, **artifacts})
        handled = node.edges.get("failure_nodes", []) + node.edges.get("always_nodes", [])
        successful = successful and (result.successful or bool(handled))
        outcome = "success_nodes" if result.successful else "failure_nodes"
        following = node.edges.get(outcome, []) + node.edges.get("always_nodes", [])
        waiting += [(each, {**artifacts, **result.artifacts}) for each in following]
    return Walked(ran, successful)
