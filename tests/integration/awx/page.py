# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/awx.md says that the controller then has."""

import re
from typing import NamedTuple

from tests.run import env

RUN = ("job_templates", "workflow_approval_templates")


class Template(NamedTuple):
    """questions: the variables of its survey."""

    playbook: str
    job_type: str
    questions: tuple[str, ...]


class Node(NamedTuple):
    runs: str
    success: tuple[str, ...]
    failure: tuple[str, ...]
    always: tuple[str, ...]


def text() -> str:
    return (env.CHECKOUT / "docs" / "awx.md").read_text(encoding="utf-8")


def rows(first: str) -> list[list[str]]:
    """The rows of the table whose first column has that title, without marks."""
    after = text().partition("\n| %s |" % first)[2]
    lines = after.partition("\n\n")[0].splitlines()[2:]
    return [[re.sub(r"[*`]", "", cell).strip() for cell in line.strip("|").split("|")] for line in lines]


def words(cell: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r",\s*", cell) if word)


def templates() -> dict[str, Template]:
    return {
        name: Template(playbook, job_type, words(questions))
        for name, playbook, job_type, questions, *_more in rows("job template")
    }


def nodes() -> dict[str, Node]:
    return {name: Node(runs, *map(words, following)) for name, runs, *following in rows("node")}
