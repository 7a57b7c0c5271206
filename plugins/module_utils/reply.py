# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps what one host says short: a host with 500 broken vhosts repeats itself."""

import json
from typing import Any, Callable, Dict, Mapping, Tuple

from .parse.redact import GONE, clean

LIMIT = 60 * 1024  # bytes of JSON; the engine adds the invocation and its own keys to make 64 KiB
IN_FULL = 8  # findings that keep all their evidence


def _size(result: dict) -> int:
    return len(json.dumps(result))


def _trim(result: dict, name: str, most: int) -> None:
    for item in result["findings"][IN_FULL:]:
        item[name] = item[name][:most]


def _with_few_sites(result: dict) -> None:
    for item in result["findings"]:
        if len(item["sites"]) > 20:
            item["sites"] = item["sites"][:20] + ["and %d more" % (len(item["sites"]) - 20)]
        item["servers"] = item["servers"][:20]


def _with_little_missing(result: dict) -> None:
    for item in result["findings"]:
        item["missing"] = item["missing"][:3]
    _cut(result, "missing", 50)


def _cut(result: dict, name: str, most: int) -> None:
    left = len(result[name]) - most
    if left > 0:
        result[name] = result[name][:most]
        result["missing"].append(
            {"what": name, "path": None, "why": "%d more are left out of this reply" % left, "needs": None}
        )


def _with_few_findings(result: dict, most: int) -> None:
    """An action of the plan names no finding that is left out. The numbers of the others stay right."""
    _cut(result, "findings", most)
    for action in result["plan"]:
        action["findings"] = [number for number in action["findings"] if number < most]


STEPS: Tuple[Callable[[dict], None], ...] = (
    lambda result: _trim(result, "ruled_out", 0),
    lambda result: _trim(result, "evidence", 1),
    _with_few_sites,
    _with_little_missing,
    lambda result: _cut(result, "plan", 32),
    lambda result: _with_few_findings(result, 32),
    lambda result: _with_few_findings(result, IN_FULL),
)


def told(found: Mapping[str, object]) -> Dict[str, Any]:
    """What may leave the host: each text redacted, and nothing of the directives on nginx's command line."""
    cleaned: Dict[str, Any] = clean(found)
    nginx = cleaned.get("nginx") or {}
    if nginx.get("options", {}).get("g"):
        nginx["options"]["g"] = GONE
    return cleaned


def fit(result: dict, limit: int = LIMIT) -> dict:
    """The same verdict in about limit bytes of JSON: detail goes first, findings last, and missing says what
    went.
    """
    for step in STEPS:
        if _size(result) <= limit:
            break
        step(result)
    return result
