# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as SARIF 2.1.0: a result for each open finding, a rule for each reason, its help from the
catalogue. Where a gate judged, what else it found is a result as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ..answers.bounds import UNSEEN
from ..catalogue.catalogue import lookup
from ..catalogue.placeholders import named
from ..gate.policy_words import SIGNS
from ..links import url
from ..reports.remedies import full_name, identity, open_findings
from ..shapes.gate import Reason
from ..shapes.report import Explained, HostEntry, Report
from ..terminal.text import clean
from .facts import verdict_of
from .hosts import missed
from .judged import beside_findings, decision_on, decisions_of
from .view import WORDS

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"critical": "error", "warning": "warning", "info": "note"}
RANKS = {"certain": 100.0, "likely": 70.0, "possible": 40.0}
Json = dict[str, Any]


def render(report: Report) -> str:
    rules: dict[str, Json] = {}
    numbers: dict[str, int] = {}
    decisions = decisions_of(report["gate"]) if "gate" in report else {}
    results = []
    for host, entry in report["hosts"].items():
        for finding in open_findings(entry):
            name = full_name(finding)
            if name not in rules:
                numbers[name], rules[name] = len(rules), _rule(finding)
            result = {**_result(host, entry, finding), "ruleIndex": numbers[name]}
            results.append({**result, **_decided(decision_on(decisions, host, finding))})
    for reason in beside_findings(report) if "gate" in report else ():
        name = clean(full_name(reason))
        if name not in rules:
            numbers[name], rules[name] = len(rules), _rule_of_gate(reason, name)
        results.append({**_result_of_gate(reason, name), "ruleIndex": numbers[name], **_decided(reason)})
    run = report.get("run")
    driver: Json = {
        "name": "webmedic.php_fpm",
        "informationUri": url("README.md"),
        "rules": list(rules.values()),
    }
    if run is not None:
        driver["version"] = clean(run["version"])
    made: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "endTimeUtc": report["generated_at"],
                "toolExecutionNotifications": list(_not_seen(report)),
                "properties": {
                    "verdict": verdict_of(report),
                    **({"gate": clean(report["gate"]["summary"])} if "gate" in report else {}),
                    **({"run": dict(run)} if run else {}),
                },
            }
        ],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [made]}, indent=1) + "\n"


def _rule(finding: Explained) -> Json:
    entry = lookup(finding["cause"], finding["reason"])
    words = "%s Fix: %s Not this: %s" % (named(entry.what), named(entry.advice), entry.do_not)
    return {
        "id": full_name(finding),
        "name": _camel(full_name(finding)),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": named(entry.what)},
        "help": {"text": words.replace("`", ""), "markdown": words},
        "helpUri": url(finding["doc"]),
        "defaultConfiguration": {"level": LEVELS[finding["severity"]]},
        "properties": {"tags": ["nginx", "php-fpm", finding["cause"]]},
    }


def _camel(name: str) -> str:
    return "".join(part.title() for part in name.replace("/", "_").split("_"))


def _rule_of_gate(reason: Reason, name: str) -> Json:
    sign = SIGNS.get(reason["cause"])
    return {
        "id": name,
        "name": _camel(name),
        "shortDescription": {"text": sign.title if sign else name},
        "helpUri": url("roles/gate/README.md"),
        "properties": {"tags": ["nginx", "php-fpm", "gate"]},
    }


def _result_of_gate(reason: Reason, name: str) -> Json:
    """Of a host, or of the whole fleet."""
    host = clean(reason["host"] or "fleet")
    same = json.dumps([reason[part] for part in ("host", "cause", "reason", "site", "pool")])
    named = {part: clean(reason[part] or "") for part in ("site", "pool", "fix")}
    return {
        "ruleId": name,
        "message": {"text": "%s: %s" % (host, clean(reason["why"]))},
        "locations": [
            _place(host, {"artifactLocation": {"uri": quote(host, safe="")}}, reason["site"], None)
        ],
        "partialFingerprints": {"reason/v1": hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()},
        "properties": {"host": host, **{part: value for part, value in named.items() if value}},
    }


def _result(host: str, entry: HostEntry, finding: Explained) -> Json:
    same = json.dumps([host, *identity(finding)])
    level = LEVELS[finding["severity"]] if finding["state"] == "active" else "note"
    return {
        "ruleId": full_name(finding),
        "level": level,
        "rank": RANKS[finding["confidence"]],
        "message": {"text": "%s: %s" % (clean(host), clean(finding["summary"]) or clean(finding["title"]))},
        "locations": [_location(host, finding)],
        "partialFingerprints": {"finding/v1": hashlib.sha256(same.encode("utf-8", "replace")).hexdigest()},
        "properties": {
            "host": clean(host),
            "status": entry["status"],
            "state": finding["state"],
            "count": finding["count"],
            **{name: clean(value) for name, value in _named(finding).items() if value},
        },
    }


def _named(finding: Explained) -> dict[str, str | None]:
    return {
        "site": finding["site"],
        "endpoint": finding["endpoint"],
        "pool": finding["pool"],
        "unit": finding["unit"],
        "fix": finding["fix"],
    }


def _decided(reason: Reason | None) -> Json:
    """What a gate made of it: what it tolerates is a warning or a note, what is waived is suppressed."""
    if reason is None:
        return {}
    decided: Json = {"level": {"fail": "error", "warn": "warning", "pass": "note"}[reason["decision"]]}
    if reason["waiver"] and reason["decision"] == "pass":
        waived = {"kind": "external", "status": "accepted", "justification": clean(reason["waiver"])}
        decided["suppressions"] = [waived]
    return decided


def _location(host: str, finding: Explained) -> Json:
    """The line of a file that the evidence names, else that of the site, else the host."""
    pieces = [(piece["path"], piece.get("line")) for piece in finding["evidence"] if piece.get("line")]
    pieces += [(site["file"], site["line"]) for site in finding["servers"]]
    path, line = next(((path, line) for path, line in pieces if path), ("", None))
    physical: Json = {"artifactLocation": {"uri": quote(clean(host), safe="") + quote(clean(path or ""))}}
    if line:
        physical["region"] = {"startLine": line}
    return _place(host, physical, finding["site"], finding["endpoint"])


def _place(host: str, physical: Json, site: str | None, endpoint: str | None) -> Json:
    full = "/".join(filter(None, (host, site, endpoint)))
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"name": clean(host), "fullyQualifiedName": clean(full), "kind": "resource"}],
    }


def _not_seen(report: Report) -> Iterator[Json]:
    """Hosts of which it is not known whether they are ill."""
    for host, entry in report["hosts"].items():
        if entry["status"] in UNSEEN:
            why = clean(entry.get("error") or "") or "; ".join(missed(item) for item in entry["missing"])
            message = "%s: %s: %s" % (clean(host), WORDS[entry["status"]][0], why)
            yield {"level": "error", "message": {"text": message}}
