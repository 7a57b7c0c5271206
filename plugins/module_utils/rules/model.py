# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rule answers: a match with its evidence, a reason why it is not this cause, or what it would have to
see.
"""

from typing import Any, List, NamedTuple, Optional, Sequence

CODES = {
    "fpm_not_running": 1,
    "socket_permission_denied": 2,
    "socket_path_mismatch": 3,
    "max_children_exhausted": 4,
    "fastcgi_read_timeout": 5,
    "worker_oom_killed": 6,
    "invalid_response": 7,
}

LONGEST_TEXT = 500

# action: of plan.ACTIONS.
Remedy = NamedTuple("Remedy", [("action", str), ("arguments", dict)])

# One lost request, from a line of nginx's log. meaning: signatures/nginx.py.
Loss = NamedTuple("Loss", [("at", float), ("meaning", str), ("site", Optional[str]), ("event", dict)])

# A rule's answers, beside None for "nothing to say about this endpoint".
Match = NamedTuple("Match", [("finding", dict), ("explained", List[Loss])])
Clear = NamedTuple("Clear", [("why", str)])
Unclear = NamedTuple("Unclear", [("what", str), ("why", str)])


def evidence(
    source: str, text: str, path: Optional[str] = None, line: Optional[int] = None, at: Optional[float] = None
) -> dict:
    """One piece of proof. at: epoch seconds; line: of a configuration file."""
    piece: dict = {"source": source, "path": path, "text": text[:LONGEST_TEXT]}
    if line is not None:
        piece["line"] = line
    if at is not None:
        piece["at"] = at
    return piece


def sample(event: dict) -> dict:
    line = event["sample"]
    return evidence(event["source"] + "_log", line["text"], path=line["path"], at=line["at"])


def finding(cause: str, reason: str, summary: str, proof: Sequence[dict], **more: Any) -> dict:
    """An active, certain, critical finding; more overrides that. servers: the sites that are hit
    (parse/nginx/sites.py); sites: their names; since: epoch seconds; count: the lost requests in the window.
    """
    result: dict = {
        "cause": cause,
        "code": CODES.get(cause),
        "reason": reason,
        "severity": "critical",
        "confidence": "certain",
        "state": "active",
        "site": None,
        "sites": [],
        "servers": [],
        "endpoint": None,
        "pool": None,
        "unit": None,
        "since": None,
        "count": 0,
        "summary": summary,
        "evidence": list(proof),
        "ruled_out": [],
        "missing": [],
        "remedy": [],
    }
    unknown = set(more) - set(result)
    if unknown:
        raise ValueError("a finding has no %s" % ", ".join(sorted(unknown)))
    result.update(more)
    result["sites"] = list(dict.fromkeys(site["name"] for site in result["servers"]))
    result["site"] = next(iter(result["sites"]), None)
    result["remedy"] = [{"action": item.action, "arguments": item.arguments} for item in result["remedy"]]
    return result
