# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts returned in, the fleet's report out. Its contract is docs/report.schema.json.

Everything in a result comes from a host that may be hostile: only known fields pass, each in its type and capped in size.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Container, Mapping
from datetime import datetime, timezone
from typing import Any

from . import remedies
from .catalogue import enrich
from .untrusted import MAX_TEXT, choice, dicts, identifier, number, optional, plain, text, texts

SCHEMA_VERSION = 1
FILE_NAME = "report.json"
# Worst first; the verdict on a fleet is the worst status in it.
STATUSES = ("failing", "degraded", "unreachable", "unknown", "recovered", "healthy", "not_applicable")
# What a module may say of a host; the rest is for hosts on which no module could answer.
ANSWERS = frozenset(STATUSES) - {"unreachable"}

NO_ANSWER = "the diagnosis did not run: "

MAX_SNAPSHOT = 1024 * 1024

# What the engine puts before the message of a failure, from 2.19 on.
_PREFIXES = re.compile(r"\A(?:(?:Task|Action|Module) failed: )+")
_TEXTS = ("site", "endpoint", "pool", "unit")
_CHOICES = {"severity": ("critical", "warning", "info"), "confidence": ("certain", "likely", "possible"), "state": ("active", "recovered", "latent")}


def _missing(value: Any) -> list[dict[str, Any]]:
    return [
        {"what": text(item.get("what")), "path": optional(item.get("path")), "why": text(item.get("why")), "needs": optional(item.get("needs"))}
        for item in dicts(value)
    ]


def _evidence(value: Any) -> list[dict[str, Any]]:
    pieces = []
    for item in dicts(value):
        piece: dict[str, Any] = {"source": text(item.get("source")), "path": optional(item.get("path")), "text": text(item.get("text"))}
        piece.update({name: number(item[name]) for name in ("line", "at") if number(item.get(name)) is not None})
        pieces.append(piece)
    return pieces


def _finding(item: Mapping[str, Any]) -> dict[str, Any]:
    finding: dict[str, Any] = {"cause": identifier(item.get("cause")) or "unknown_cause", "reason": identifier(item.get("reason"))}
    code = item.get("code")
    finding["code"] = code if isinstance(code, int) and not isinstance(code, bool) else None
    for name, choices in _CHOICES.items():
        finding[name] = choice(item.get(name), choices, choices[0])
    finding.update({name: optional(item.get(name)) for name in _TEXTS})
    finding["sites"] = texts(item.get("sites"))
    finding["since"] = number(item.get("since"))
    finding["count"] = max(0, int(number(item.get("count")) or 0))
    finding["summary"] = text(item.get("summary") or "")
    finding["evidence"] = _evidence(item.get("evidence"))
    finding["ruled_out"] = [{"cause": text(other.get("cause")), "why": text(other.get("why"))} for other in dicts(item.get("ruled_out"))]
    finding["missing"] = _missing(item.get("missing"))
    finding["remedy"] = [
        {"action": text(action.get("action")), "arguments": plain(action.get("arguments")) or {}}
        for action in dicts(item.get("remedy"))
        if isinstance(action.get("arguments") or {}, Mapping)
    ]
    return enrich(finding)


def _action(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": text(item.get("id")),
        "host": text(item.get("host")),
        "target": optional(item.get("target")),
        "arguments": plain(item["arguments"]) if isinstance(item.get("arguments"), Mapping) else {},
        "because": texts(item.get("because")),
        "risk": text(item.get("risk")),
        "reversible": item.get("reversible") is True,
        "disruption": text(item.get("disruption")),
    }


def _complaint(result: Mapping[str, Any]) -> str:
    """Why a result is none: the last thing that the module or the shell printed, else the first line of the engine's message."""
    for name in ("module_stderr", "module_stdout"):
        lines = [line.strip() for line in str(result.get(name) or "")[-MAX_TEXT:].splitlines() if line.strip()]
        if lines:
            return text(lines[-1])
    lines = str(result.get("msg") or "").strip().splitlines()
    return text(_PREFIXES.sub("", lines[0])) if lines else "no message came with it"


def host_entry(result: Mapping[str, Any] | None, keep_snapshot: bool = False, remediated: bool = False) -> dict[str, Any]:
    """One host's part of the report. ``None`` stands for a host that left the play before it was looked at.

    remediated: whether the host was to be changed; of one without an answer that is told.
    """
    status = identifier(result.get("status")) if isinstance(result, Mapping) else None
    if result is not None and status in ANSWERS and isinstance(result.get("findings"), list | tuple):
        entry: dict[str, Any] = {
            "status": status,
            "findings": [_finding(item) for item in dicts(result["findings"])],
            "missing": _missing(result.get("missing")),
            "plan": [_action(item) for item in dicts(result.get("plan"))],
        }
        remediation = remedies.entry(result.get("remediation"))
        if remediation is not None:
            entry["remediation"] = remediation
        snapshot = result.get("snapshot")
        if keep_snapshot and isinstance(snapshot, Mapping) and len(json.dumps(snapshot)) <= MAX_SNAPSHOT:
            entry["snapshot"] = json.loads(json.dumps(snapshot))
        return entry
    if result is None:
        status, error = "unknown", "left the play before the diagnosis; see the failed task above"
    elif result.get("unreachable"):
        status, error = "unreachable", (remedies.NOT_FINISHED if remediated else "") + _complaint(result)
    else:
        status, error = "unknown", (remedies.NOT_FINISHED if remediated else NO_ANSWER) + _complaint(result)
    return {"status": status, "findings": [], "missing": [], "plan": [], "error": error}


def summarise(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """{counts: hosts by status, every status present; causes: hosts by cause}."""
    counts = dict.fromkeys(STATUSES, 0)
    causes: dict[str, int] = {}
    for entry in hosts.values():
        counts[entry["status"]] += 1
        for cause in causes_of(entry):
            causes[cause] = causes.get(cause, 0) + 1
    return {"counts": counts, "causes": dict(sorted(causes.items(), key=lambda item: (-item[1], item[0])))}


def causes_of(entry: Mapping[str, Any]) -> list[str]:
    """The causes found on a host, each once, in the order of its findings."""
    return list(dict.fromkeys(finding["cause"] for finding in entry["findings"]))


def build(
    results: Mapping[str, Mapping[str, Any] | None], window: int, now: float, keep_snapshot: bool = False, remediated: Container[str] = ()
) -> dict[str, Any]:
    """The report of a fleet. results: what each host's task returned, by host; window: seconds; now: epoch seconds.

    remediated: the hosts that were to be changed, and not only looked at.
    """
    hosts = {name: host_entry(result, keep_snapshot, name in remediated) for name, result in results.items()}
    for name, entry in hosts.items():
        for action in entry["plan"]:
            # A host does not know its name in the inventory.
            action["host"] = name
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": datetime.fromtimestamp(int(now), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": window,
        "hosts": hosts,
        "summary": summarise(hosts),
    }


def verdict(report: Mapping[str, Any]) -> str:
    """The worst status in the fleet."""
    counts = report["summary"]["counts"]
    return next((status for status in STATUSES if counts[status]), "not_applicable")


def artifact(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a job publishes for the steps after it: small, and free of any text that a host chose."""
    remedied = remedies.tally(report["hosts"].values())
    return {
        "verdict": verdict(report),
        "counts": dict(report["summary"]["counts"]),
        "causes": dict(report["summary"]["causes"]),
        "hosts": {name: causes_of(entry) for name, entry in report["hosts"].items()},
        **({"remediation": remedied} if remedied else {}),
    }


def replay(saved: Mapping[str, Any], diagnose: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Mapping[str, Any] | None]:
    """What the hosts of a saved report would return today: diagnosed again where a snapshot was kept, else what they returned then."""
    results: dict[str, Mapping[str, Any] | None] = {}
    for name, entry in saved["hosts"].items():
        if "snapshot" in entry:
            # The snapshot is from before a remediation: what that did, and the status after it, stay.
            after = {field: entry[field] for field in ("status", "remediation") if "remediation" in entry}
            results[name] = {**diagnose(entry["snapshot"]), "snapshot": entry["snapshot"], **after}
        elif entry.get("error"):
            why = str(entry["error"]).removeprefix(NO_ANSWER).removeprefix(remedies.NOT_FINISHED)
            results[name] = {"unreachable": entry["status"] == "unreachable", "msg": why}
        else:
            results[name] = entry
    return results


def write(report: Mapping[str, Any], directory: str) -> str:
    """Write report.json below ``directory`` in one step and return its absolute path. Raises OSError.

    All but ASCII is escaped, so that a terminal which prints the file never acts on what a host wrote.
    """
    directory = os.path.abspath(os.path.expanduser(os.path.expandvars(directory)))
    os.makedirs(directory, mode=0o755, exist_ok=True)
    path = os.path.join(directory, FILE_NAME)
    draft = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644), "w", encoding="ascii") as stream:
            json.dump(report, stream, indent=2)
            stream.write("\n")
        os.replace(draft, path)
    finally:
        if os.path.exists(draft):
            os.unlink(draft)
    return path
