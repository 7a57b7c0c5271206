# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML: a suite for each host. It has a test case for each of its sites that a finding
names, or for the host where there is none.

A case fails where something is broken now, and is an error where nobody could look. Where a gate judged, it
fails by what that decided, and a suite of its own has what else the gate found.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree import ElementTree as ET

from ..answers.bounds import UNSEEN
from ..reports.remedies import full_name, open_findings
from ..shapes.report import Explained, HostEntry, Report
from ..terminal.text import clean
from .hosts import missed
from .judged import Decisions, beside_findings, decision_on, decisions_of
from .view import WORDS, sites_of, where, words_of


class Decided(NamedTuple):
    """By a gate."""

    decisions: Decisions
    ill: frozenset[str]


def render(report: Report) -> str:
    root = ET.Element("testsuites")
    gate = report.get("gate")
    decided = Decided(decisions_of(gate), frozenset(gate["ill"])) if gate else None
    for number, (name, entry) in enumerate(report["hosts"].items()):
        _suite(root, number, name, entry, report, decided)
    if "gate" in report:
        _gate(root, len(report["hosts"]), report)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n%s\n' % ET.tostring(root, encoding="unicode")


def _suite(
    root: ET.Element, number: int, name: str, entry: HostEntry, report: Report, decided: Decided | None
) -> None:
    host = clean(name) or "-"
    suite = ET.SubElement(root, "testsuite", {"name": host, "id": str(number), "package": "webmedic.php_fpm"})
    _begin(suite, host, [("status", entry["status"]), *_run(report)], report)
    findings = open_findings(entry)
    broken = [finding for finding in findings if _is_broken(finding, name, decided)]
    passes = decided is not None and name not in decided.ill
    for site in _places(findings) or [""]:
        of_site = [finding for finding in broken if site in (sites_of(finding) or [""])]
        _case(suite, host, site, entry, of_site, bool(broken) or passes)
    _end(suite, _notes(entry, findings, broken))


def _run(report: Report) -> list[tuple[str, str]]:
    return [("run", clean(report["run"]["id"]))] if "run" in report else []


def _is_broken(finding: Explained, host: str, decided: Decided | None) -> bool:
    """Whether it fails a case: what is active, and where there is a gate, what that let not pass."""
    if decided is None:
        return finding["state"] == "active"
    reason = decision_on(decided.decisions, host, finding)
    return reason is not None and reason["decision"] == "fail"


def _gate(root: ET.Element, number: int, report: Report) -> None:
    """A case for each reason of the gate that is no finding of a host, as what the next restart would do."""
    gate = report["gate"]
    suite = ET.SubElement(
        root, "testsuite", {"name": "gate", "id": str(number), "package": "webmedic.php_fpm"}
    )
    _begin(suite, "gate", [("phase", gate["phase"]), ("verdict", gate["verdict"]), *_run(report)], report)
    notes = [clean(gate["summary"])]
    for reason in beside_findings(report):
        where_it_is = clean(reason["host"] or "") or "fleet"
        name = " ".join(filter(None, (clean(full_name(reason)), clean(reason["site"] or ""))))
        case = ET.SubElement(suite, "testcase", {"name": name, "classname": where_it_is, "time": "0"})
        if reason["decision"] == "fail":
            failure = ET.SubElement(case, "failure", {"type": clean(full_name(reason))})
            failure.set("message", clean(reason["why"]))
            failure.text = "fix: " + clean(reason["fix"])
        else:
            notes.append("%s, %s: %s" % (name, reason["decision"], clean(reason["waiver"] or reason["why"])))
    _end(suite, notes)


def _begin(suite: ET.Element, host: str, facts: list[tuple[str, str]], report: Report) -> None:
    suite.set("timestamp", report["generated_at"].rstrip("Z"))
    suite.set("hostname", host)
    suite.set("time", "0")
    properties = ET.SubElement(suite, "properties")
    for label, value in facts:
        ET.SubElement(properties, "property", {"name": label, "value": value})


def _end(suite: ET.Element, notes: list[str]) -> None:
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall("testcase/" + tag))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    ET.SubElement(suite, "system-out").text = "\n".join(notes)
    ET.SubElement(suite, "system-err")


def _places(findings: list[Explained]) -> list[str]:
    return list(dict.fromkeys(site for finding in findings for site in (sites_of(finding) or [""])))


def _case(
    suite: ET.Element, host: str, site: str, entry: HostEntry, broken: list[Explained], explained: bool
) -> None:
    """explained: whether a finding says why the host is ill, or a gate lets it pass."""
    case = ET.SubElement(suite, "testcase", {"name": site or host, "classname": host, "time": "0"})
    status = entry["status"]
    if broken:
        first = broken[0]
        failure = ET.SubElement(case, "failure", {"type": full_name(first)})
        failure.set("message", "; ".join(clean(finding["summary"]) for finding in broken))
        failure.text = "\n\n".join(_details(finding) for finding in broken)
    elif status in UNSEEN and not explained:
        why = clean(entry.get("error") or "") or "; ".join(missed(item) for item in entry["missing"])
        ET.SubElement(case, "error", {"type": status, "message": why or WORDS[status][0]})
    elif status in ("failing", "degraded") and not explained:
        ET.SubElement(case, "failure", {"type": status, "message": "no cause found that is active now"})
    elif status == "not_applicable":
        ET.SubElement(case, "skipped")


def _details(finding: Explained) -> str:
    proof = ["%s: %s" % (where(piece), words_of(piece)) for piece in finding["evidence"][:3]]
    fix = ["fix: " + clean(finding["fix"])] if finding["fix"] else []
    return "\n".join([clean(finding["title"]), *proof, *fix, "not: " + clean(finding["do_not"])])


def _notes(entry: HostEntry, findings: list[Explained], broken: list[Explained]) -> list[str]:
    """What is no failure and yet worth a line."""
    lines = [
        "%s, %s: %s" % (full_name(finding), finding["state"], clean(finding["summary"]))
        for finding in findings
        if finding not in broken
    ]
    return lines + ["not seen: " + missed(item) for item in entry["missing"]]
