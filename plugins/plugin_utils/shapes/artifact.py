# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a job publishes for the steps after it. docs/artifact.schema.json is made from it."""

from __future__ import annotations

from typing import Dict, List

from .gate import Decision, Phase
from .report import Mended
from .shape import Status, TypedDict


class GateInBrief(TypedDict):
    phase: Phase
    verdict: Decision
    summary: str  # in one line


class Published(Mended, total=False):
    run: str  # id of the run, the name of its folder
    gate: GateInBrief  # absent: the report is none of a gate


class Listed(TypedDict):
    hosts: Dict[str, List[str]]  # causes by host; where not all fit, the worst hosts first
    hosts_left_out: int  # how many did not fit


class Artifact(Published, Listed):
    """The report in brief, at most 64 KiB, as ansible.builtin.set_stats publishes it under webmedic. No text
    in it is a template.
    """

    verdict: Status  # the worst status
    generated_at: str  # UTC
    counts: Dict[str, int]  # hosts by status, every status present
    causes: Dict[str, int]  # hosts by cause, the most frequent first; at most 50
    summary: str  # Markdown of at most 4 KiB: what is wrong, where, why, and the fix
