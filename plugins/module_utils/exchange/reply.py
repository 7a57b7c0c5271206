# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps what one host says short: a host with 500 broken vhosts repeats itself."""

import json
from typing import TYPE_CHECKING, Callable, Dict, List, Mapping, Tuple, TypeVar, cast

from ..parse.redact import GONE, clean

if TYPE_CHECKING:
    from ...plugin_utils.shapes.finding import Finding, Verdict
    from ...plugin_utils.shapes.missing import Missing
    from ...plugin_utils.shapes.plan import Planned

LIMIT = 60 * 1024  # bytes of JSON; the engine adds the invocation and its own keys to make 64 KiB
IN_FULL = 8  # findings that keep all their evidence
# Keys of a verdict with ids and words of this collection.
OUR_WORDS = frozenset(
    ("status", "cause", "reason", "severity", "confidence", "state", "source", "what", "action", "id")
    + ("risk", "disruption", "because")
)

Reply = TypeVar("Reply", bound=Mapping[str, object])


def _shortened(verdict: "Verdict", shorten: Callable[["Finding"], "Finding"], whole: int = 0) -> "Verdict":
    """whole: how many of the first findings keep their details."""
    findings = verdict["findings"]
    return {**verdict, "findings": findings[:whole] + [shorten(item) for item in findings[whole:]]}


def _few_sites(item: "Finding") -> "Finding":
    left = max(0, len(item["sites"]) - 20)
    return {**item, "sites": item["sites"][:20], "sites_left": left, "servers": item["servers"][:20]}


def _noted(verdict: "Verdict", what: str, left: int) -> "Verdict":
    """left: how many were left out, which an entry of missing says."""
    why = "%d more are left out of this reply" % left
    entries: List[Missing] = [{"what": what, "path": None, "why": why, "needs": None}] if left > 0 else []
    return {**verdict, "missing": verdict["missing"] + entries}


def _redacted(value: object) -> object:
    """The same, where redaction fails for some text: that is left out whole, unless it is a word of ours."""
    if isinstance(value, dict):
        return {key: part if key in OUR_WORDS else _redacted(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(part) for part in value]
    try:
        return clean(value)
    except Exception:
        return GONE


def _with_failure(reply: Dict[str, object], error: Exception) -> None:
    """Adds it to missing, without its own text, which may hold a secret. No such host is called well."""
    missing = reply.get("missing")
    if isinstance(missing, list):
        why = "%s: texts were left out" % type(error).__name__
        missing.append({"what": "collector_failed", "path": "redaction", "why": why, "needs": None})
    if reply.get("status") in ("recovered", "not_applicable", "healthy"):
        reply["status"] = "unknown"


def _cleaned(reply: Reply) -> Reply:
    try:
        whole: Reply = clean(reply)
        return whole
    except Exception as error:
        partly = cast(Reply, _redacted(reply))
        _with_failure(cast(Dict[str, object], partly), error)
        return partly


def _with_little_missing(verdict: "Verdict") -> "Verdict":
    left = len(verdict["missing"]) - 50
    verdict = _shortened(verdict, lambda item: {**item, "missing": item["missing"][:3]})
    return _noted({**verdict, "missing": verdict["missing"][:50]}, "missing", left)


def _with_few_findings(verdict: "Verdict", most: int) -> "Verdict":
    """An action of the plan names no finding that is left out. The numbers of the others stay right."""
    plan: List[Planned] = [
        {**action, "findings": [number for number in action["findings"] if number < most]}
        for action in verdict["plan"]
    ]
    findings = verdict["findings"]
    return _noted({**verdict, "findings": findings[:most], "plan": plan}, "findings", len(findings) - most)


STEPS: Tuple[Callable[["Verdict"], "Verdict"], ...] = (
    lambda verdict: _shortened(verdict, lambda item: {**item, "ruled_out": []}, IN_FULL),
    lambda verdict: _shortened(verdict, lambda item: {**item, "evidence": item["evidence"][:1]}, IN_FULL),
    lambda verdict: _shortened(verdict, _few_sites),
    _with_little_missing,
    lambda verdict: _noted({**verdict, "plan": verdict["plan"][:32]}, "plan", len(verdict["plan"]) - 32),
    lambda verdict: _with_few_findings(verdict, 32),
    lambda verdict: _with_few_findings(verdict, IN_FULL),
)


def sendable(reply: Reply) -> Reply:
    """What may leave the host: each text redacted, and nothing of the directives on nginx's command line."""
    cleaned = _cleaned(reply)
    nginx = cleaned.get("nginx")
    options = nginx.get("options") if isinstance(nginx, dict) else None
    if isinstance(options, dict) and options.get("g"):
        options["g"] = GONE
    return cleaned


def fit(verdict: "Verdict", limit: int = LIMIT) -> "Verdict":
    """The verdict in about limit bytes of JSON. Detail goes first, findings last; missing says what went."""
    for shorten in STEPS:
        if len(json.dumps(verdict)) <= limit:
            break
        verdict = shorten(verdict)
    return verdict
