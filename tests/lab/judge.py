# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges a report against the truth: `python3 -m tests.lab.judge REPORT.json INVENTORY.yml`.

Pure but for reading these two files.

A host is right when its status and its findings are the expected ones, one for one. A finding is expected
when it has each expected key (cause, reason, site, state). A finding that nobody expects is a false one.

A truth may say more:
- `missing`: what must be named as missing.
- `present`, `absent`: texts that must, or must not, be in the host's part of the report, letter by letter.
- `or_unknown`: what excuses a host that is unknown and without a finding, when it is missing.
- `also`: findings that may be there besides, any number of times. `or_status`: the status with them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

KEYS = ("cause", "reason", "site", "state")
WITHOUT_CAUSE = ("healthy", "not_applicable")


class Verdict(NamedTuple):
    """How one host was judged: what was wrong (empty when it is right), and its false findings."""

    host: str
    wrong: list[str]
    false: list[dict[str, Any]]
    healthy: bool


def words(finding: dict[str, Any]) -> str:
    """A finding in one phrase."""
    return " ".join(str(finding[key]) for key in KEYS if finding.get(key))


def matches(expected: dict[str, Any], finding: dict[str, Any]) -> bool:
    """Whether a finding has every key that is expected of it. Its site is one of those that are hit."""
    return all(
        finding.get(key) == value or (key == "site" and value in finding.get("sites", ()))
        for key, value in expected.items()
    )


def texts(value: Any) -> str:
    """All strings inside of lists and mappings, keys too, one on a line."""
    if isinstance(value, dict):
        return "\n".join(texts(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return "\n".join(texts(item) for item in value)
    return value if isinstance(value, str) else ""


def judge_host(host: str, expected: dict[str, Any], reported: dict[str, Any] | None) -> Verdict:
    """Compare one host of the report with what is true about it."""
    healthy = expected["status"] in WITHOUT_CAUSE
    if reported is None:
        return Verdict(host, ["is not in the report"], [], healthy)
    wrong = []
    missing = {item["what"] for item in reported.get("missing") or []}
    if (
        reported.get("status") == "unknown"
        and not reported.get("findings")
        and missing & set(expected.get("or_unknown", ()))
    ):
        expected = {**expected, "status": "unknown", "findings": []}
    wrong += [
        f"{what} is not named as missing" for what in expected.get("missing", ()) if what not in missing
    ]
    all_texts = texts(reported)
    wrong += [
        f"is not in the report: {text!r}" for text in expected.get("present", ()) if text not in all_texts
    ]
    wrong += [f"is in the report: {text!r}" for text in expected.get("absent", ()) if text in all_texts]
    if reported.get("status") not in (expected["status"], *expected.get("or_status", ())):
        wrong.append(f"status {reported.get('status')} instead of {expected['status']}")
    left = list(reported.get("findings") or [])
    for truth in expected["findings"]:
        hit = next((finding for finding in left if matches(truth, finding)), None)
        if hit is None:
            wrong.append(f"not found: {words(truth)}")
        else:
            left.remove(hit)
    left = [
        finding
        for finding in left
        if not any(matches(allowed, finding) for allowed in expected.get("also", ()))
    ]
    wrong += [f"false: {words(finding)}" for finding in left]
    return Verdict(host, wrong, left, healthy)


def judge(report: dict[str, Any], truths: dict[str, dict[str, Any]]) -> list[Verdict]:
    """Compare a report with the expected status and findings of each host."""
    hosts = report.get("hosts", {})
    return [judge_host(host, expected, hosts.get(host)) for host, expected in sorted(truths.items())]


def summary(verdicts: list[Verdict]) -> str:
    """The line that says how many of how many."""
    right = sum(not verdict.wrong for verdict in verdicts)
    healthy = sum(verdict.healthy for verdict in verdicts)
    false = sum(len(verdict.false) for verdict in verdicts)
    return f"{right} of {len(verdicts)} diagnosed correctly; {healthy} healthy hosts, {false} false findings"


def facts_of(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The variables of each host of a lab's inventory."""
    return {
        name: host for group in inventory["all"]["children"].values() for name, host in group["hosts"].items()
    }


def truths_of(inventory: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What is true about each host of a lab's inventory."""
    return {name: host["lab_expected"] for name, host in facts_of(inventory).items()}


def main(argv: list[str]) -> int:
    """Print what is wrong on each host, then the summary; return 0 when every host is right."""
    if len(argv) != 2:
        print("usage: python3 -m tests.lab.judge REPORT.json INVENTORY.yml", file=sys.stderr)
        return 2
    report = json.loads(Path(argv[0]).read_text())
    verdicts = judge(report, truths_of(yaml.safe_load(Path(argv[1]).read_text())))
    for verdict in verdicts:
        if verdict.wrong:
            print(f"WRONG {verdict.host:<44} {'; '.join(verdict.wrong)}")
    print(summary(verdicts))
    return 0 if verdicts and not any(verdict.wrong for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
