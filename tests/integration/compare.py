# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares two looks at a host, or two reports."""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema

from tests.run import env


def essence(entry: Mapping[str, Any]) -> list[Any]:
    """What two looks at the same host must agree on. Counts and times differ while there is traffic."""
    keys = ("cause", "reason", "state", "severity", "site", "endpoint", "pool", "unit")
    findings = [[finding.get(key) for key in keys] for finding in entry.get("findings", [])]
    return [
        entry.get("status"),
        sorted(findings, key=json.dumps),
        sorted(item["what"] for item in entry.get("missing", [])),
    ]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> list[str]:
    """Where two fingerprints differ."""
    texts: list[str] = []
    for key in sorted(set(before) | set(after), key=str):
        old, new, here = before.get(key), after.get(key), "%s/%s" % (path, key)
        if isinstance(old, dict) and isinstance(new, dict):
            texts += changes(old, new, here)
        elif old != new:
            texts.append("%s was %s, is %s" % (here, old, new))
    return texts


def settled(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """A fingerprint without the logs. They hold the requests of the tests themselves."""
    return {name: part for name, part in fingerprint.items() if name != "logs"}


def same(checked: Mapping[str, Any], real: Mapping[str, Any]) -> str | None:
    """How a host's report of check mode differs from the real one, else None."""
    in_check_mode, otherwise = essence(checked), essence(real)
    return None if in_check_mode == otherwise else "check mode: %s, else: %s" % (in_check_mode, otherwise)


def against_schema(report: Mapping[str, Any]) -> str | None:
    """Where a report breaks docs/report.schema.json, else None."""
    schema = json.loads((env.CHECKOUT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    errors = [
        "%s: %s" % (error.json_path, error.message[:200])
        for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(report)
    ]
    return "; ".join(errors[:5]) or None
