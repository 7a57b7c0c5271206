# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the fleet's report of what the hosts returned. Its contract is docs/report.schema.json.

A host may be hostile: what it returned passes the reader field by field, or is the error of that host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from datetime import datetime, timezone
from typing import Any, cast

from ..answers import older_findings
from ..answers.bounds import DIAGNOSIS, STATUSES
from ..answers.complaints import untemplated
from ..answers.untrusted import MAX_TEXT, Limits, Mismatch, clean, plain
from ..catalogue.catalogue import enrich
from ..catalogue.nginx_refusals import worded
from ..render.facts import worst_of
from ..shapes.artifact import Artifact
from ..shapes.report import Diagnosis, ErrorKind, HostEntry, Report, Run, Summary
from ..shapes.shape import Status
from . import brief, remedies
from .errors import LEADS, NO_DIAGNOSIS

SCHEMA_VERSION = 1

MAX_ENTRY = 512 * 1024
MAX_SNAPSHOT = 1024 * 1024
SNAPSHOT = Limits(depth=20, values=200_000, text=MAX_SNAPSHOT, chars=MAX_SNAPSHOT)

# What the engine puts before the message of a failure, from 2.19 on.
_PREFIXES = re.compile(r"\A(?:(?:Task|Action|Module) failed: )+")


def _lines(value: Any) -> list[str]:
    return (
        [line.strip()[:MAX_TEXT] for line in clean(value[-10 * MAX_TEXT :]).splitlines() if line.strip()]
        if isinstance(value, str)
        else []
    )


def failure(result: Mapping[str, Any]) -> str:
    """Why there is no diagnosis: the last line that the module or the shell printed, else the first line of
    the engine's message.
    """
    printed = _lines(result.get("module_stderr")) or _lines(result.get("module_stdout"))
    if printed:
        return printed[-1]
    message = _lines(result.get("msg"))
    return _PREFIXES.sub("", message[0]) if message else "no message came with it"


def _entry_without_diagnosis(status: Status, kind: ErrorKind, error: str) -> HostEntry:
    return {
        "status": status,
        "findings": [],
        "missing": [],
        "plan": [],
        "strangers": [],
        "strangers_total": 0,
        "error": (LEADS[kind] + error)[:MAX_TEXT],
        "error_kind": kind,
    }


def host_entry(result: Any, keep_snapshot: bool = False, remediated: bool = False) -> HostEntry:
    """One host's part of the report. A result of None: the host left the play before it was looked at.

    remediated: whether the host was to be changed. The error of one without an answer says so.
    """
    if result is None:
        return _entry_without_diagnosis(
            "unknown", "left_play", "left the play before the diagnosis; see the failed task above"
        )
    if isinstance(result, Mapping) and "status" not in result:
        if result.get("unreachable"):
            kind: ErrorKind = "not_finished" if remediated else "unreachable"
            return _entry_without_diagnosis("unreachable", kind, failure(result))
        if result.get("failed") or result.get("skipped"):
            why, refused = failure(result), result.get("error_kind") == "no_diagnosis"
            if remediated or not refused:
                return _entry_without_diagnosis("unknown", "not_finished" if remediated else "not_run", why)
            return _entry_without_diagnosis("unknown", "no_diagnosis", why.removeprefix(NO_DIAGNOSIS))
    try:
        diagnosis = read(result)
    except Mismatch as error:
        if remediated:
            return _entry_without_diagnosis("unknown", "not_finished", NO_DIAGNOSIS + str(error))
        return _entry_without_diagnosis("unknown", "no_diagnosis", str(error))
    entry: HostEntry = {**diagnosis, "findings": [enrich(finding) for finding in diagnosis["findings"]]}
    snapshot = _kept(result.get("snapshot")) if keep_snapshot else None
    if snapshot is not None:
        entry["snapshot"] = snapshot
    return entry


def read(result: Any) -> Diagnosis:
    """A host's answer, as far as the report has a place for it. Raises Mismatch where no module
    returns such.
    """
    diagnosis = cast(Diagnosis, DIAGNOSIS(result, ""))
    if len(json.dumps(diagnosis)) > MAX_ENTRY:
        raise Mismatch("it is larger than %d KiB" % (MAX_ENTRY // 1024))
    for finding, whole in zip(diagnosis["findings"], result.get("findings") or (), strict=False):
        # The reader has a limit, too.
        finding["sites_left"] += len(whole.get("sites") or ()) - len(finding["sites"])
    diagnosis["findings"] = [older_findings.complete(finding) for finding in diagnosis["findings"]]
    diagnosis["missing"] = [worded(entry) for entry in diagnosis["missing"]]
    return diagnosis


def _kept(snapshot: Any) -> dict[str, object] | None:
    """The snapshot as the report keeps it. None where it is too large, or is no snapshot."""
    try:
        copied = plain(snapshot, "snapshot", SNAPSHOT)
    except Mismatch:
        return None
    small = isinstance(copied, dict) and len(json.dumps(copied)) <= MAX_SNAPSHOT
    return copied if small else None


def summarise(hosts: Mapping[str, HostEntry]) -> Summary:
    """{counts: hosts by status, every status present; causes: hosts by cause}."""
    counts: dict[str, int] = dict.fromkeys(STATUSES, 0)
    causes: dict[str, int] = {}
    for entry in hosts.values():
        counts[entry["status"]] += 1
        for cause in causes_of(entry):
            causes[cause] = causes.get(cause, 0) + 1
    return {"counts": counts, "causes": dict(sorted(causes.items(), key=lambda item: (-item[1], item[0])))}


def causes_of(entry: HostEntry) -> list[str]:
    """The causes found on a host, each once, in the order of its findings."""
    return list(dict.fromkeys(finding["cause"] for finding in entry["findings"]))


def build(
    results: Mapping[str, Any],
    window: int,
    now: float,
    keep_snapshot: bool = False,
    remediated: Container[str] = (),
    run: Run | None = None,
) -> Report:
    """results: what each host's task returned, by host. window: seconds. now: epoch seconds. remediated: the
    hosts that were to be changed, and not only looked at.
    """
    hosts = {name: host_entry(result, keep_snapshot, name in remediated) for name, result in results.items()}
    for name, entry in hosts.items():
        for action in entry["plan"]:
            # A host does not know its name in the inventory.
            action["host"] = name
    made: Report = {
        "schema_version": SCHEMA_VERSION,
        "generated_at": datetime.fromtimestamp(int(now), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": window,
        "hosts": hosts,
        "summary": summarise(hosts),
    }
    if run is not None:
        made["run"] = run
    return made


def artifact(report: Report) -> Artifact:
    """What a job publishes for the steps after it: small, and free of templates."""
    remedied = remedies.tally(report["hosts"].values())
    published: Artifact = {
        "verdict": worst_of(report),
        "generated_at": report["generated_at"],
        "counts": dict(report["summary"]["counts"]),
        "causes": dict(list(report["summary"]["causes"].items())[: brief.MOST_CAUSES]),
        **brief.hosts(report["hosts"]),
        "summary": brief.summary(report),
    }
    if remedied:
        published["remediation"] = remedied
    if "gate" in report:
        gate = report["gate"]
        published["gate"] = {
            "phase": gate["phase"],
            "verdict": gate["verdict"],
            "summary": untemplated(gate["summary"]),
        }
    if "run" in report:
        published["run"] = report["run"]["id"]
    return published
