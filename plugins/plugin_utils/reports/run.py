# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which run made a report: who, with what, on which hosts. None of it comes from a host."""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..answers.bounds import RUN
from ..answers.untrusted import Mismatch
from ..shapes.report import Run

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
# What the controllers call the one who started a job, and the job.
STARTED_BY = ("awx_user_name", "tower_user_name")
JOBS = ("awx_job_id", "tower_job_id")
UNKNOWN = "unknown"


def folder_name(started: float) -> str:
    """As 2026-11-26T001502Z: sorted by name, the newest is the last."""
    return datetime.fromtimestamp(int(started), timezone.utc).strftime("%Y-%m-%dT%H%M%SZ")


def version() -> str:
    """Of this collection: an installed one has a manifest, a checkout has galaxy.yml alone."""
    try:
        with open(os.path.join(ROOT, "MANIFEST.json"), encoding="utf-8") as stream:
            return str(json.load(stream)["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        with open(os.path.join(ROOT, "galaxy.yml"), encoding="utf-8") as stream:
            found = re.search(r"^version: *([\w.+-]+)", stream.read(), re.M)
    except (OSError, ValueError):
        found = None
    return found.group(1) if found else UNKNOWN


def user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return "uid %d" % os.getuid()


def first(variables: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    found = next((variables[name] for name in names if variables.get(name)), None)
    return str(found) if isinstance(found, str | int) else None


def run(
    variables: Mapping[str, Any], arguments: Mapping[str, Any], window: int, check_mode: bool, started: float
) -> Run:
    """variables: of the task. arguments: of the engine's command line. started: epoch seconds."""
    engine = variables.get("ansible_version")
    playbooks = arguments.get("args")
    known = {
        "id": folder_name(started),
        "started": started,
        "by": first(variables, STARTED_BY) or user(),
        "job": first(variables, JOBS),
        "version": version(),
        "ansible_version": str(engine.get("full") if isinstance(engine, Mapping) else UNKNOWN),
        "playbook": ", ".join(map(str, playbooks)) if isinstance(playbooks, list | tuple) else None,
        "limit": arguments.get("subset") or None,
        "check_mode": check_mode,
        "window": window,
    }
    made: Run = RUN(known, "run")
    return made


def saved(value: Any) -> Run | None:
    """The run of a saved report. None where there is none, or it is no run."""
    try:
        made: Run = RUN(value, "run")
    except Mismatch:
        return None
    return made
