# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report as JUnit XML: a suite for each host, a test case for each of its sites that a finding names, or
for the host where there is none.

A case fails where something is broken now, and is an error where nobody could look.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ..remedies import full_name, open_findings
from ..shapes.report import Explained, HostEntry, Report
from ..text import clean
from .facts import facts_of, moment_of
from .hosts import missed
from .view import WORDS, said, sites_of, where


def render(report: Report) -> str:
    root = ET.Element("testsuites")
    for number, (name, entry) in enumerate(report["hosts"].items()):
        _suite(root, number, name, entry, report)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n%s\n' % ET.tostring(root, encoding="unicode")


def _suite(root: ET.Element, number: int, name: str, entry: HostEntry, report: Report) -> None:
    host = clean(name) or "-"
    suite = ET.SubElement(root, "testsuite", {"name": host, "id": str(number), "package": "webmedic.php_fpm"})
    suite.set("timestamp", report["generated_at"].rstrip("Z"))
    suite.set("hostname", host)
    suite.set("time", "0")
    properties = ET.SubElement(suite, "properties")
    facts = [("status", entry["status"]), *facts_of(report, moment_of(report))]
    for label, value in facts:
        ET.SubElement(properties, "property", {"name": label, "value": value})
    findings = open_findings(entry)
    broken = [finding for finding in findings if finding["state"] == "active"]
    for site in _places(findings) or [""]:
        of_site = [finding for finding in broken if site in (sites_of(finding) or [""])]
        _case(suite, host, site, entry, of_site, bool(broken))
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(kind, str(len(suite.findall("testcase/" + tag))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    ET.SubElement(suite, "system-out").text = "\n".join(_notes(entry, findings))
    ET.SubElement(suite, "system-err")


def _places(findings: list[Explained]) -> list[str]:
    return list(dict.fromkeys(site for finding in findings for site in (sites_of(finding) or [""])))


def _case(
    suite: ET.Element, host: str, site: str, entry: HostEntry, broken: list[Explained], explained: bool
) -> None:
    """explained: whether any finding of the host says why it is ill."""
    case = ET.SubElement(suite, "testcase", {"name": site or host, "classname": host, "time": "0"})
    status = entry["status"]
    if broken:
        first = broken[0]
        failure = ET.SubElement(case, "failure", {"type": full_name(first)})
        failure.set("message", "; ".join(clean(finding["summary"]) for finding in broken))
        failure.text = "\n\n".join(_told(finding) for finding in broken)
    elif status in ("unreachable", "unknown"):
        why = clean(entry.get("error") or "") or "; ".join(missed(item) for item in entry["missing"])
        ET.SubElement(case, "error", {"type": status, "message": why or WORDS[status][0]})
    elif status in ("failing", "degraded") and not explained:
        ET.SubElement(case, "failure", {"type": status, "message": "no cause found that is active now"})
    elif status == "not_applicable":
        ET.SubElement(case, "skipped")


def _told(finding: Explained) -> str:
    proof = ["%s: %s" % (where(piece), said(piece)) for piece in finding["evidence"][:3]]
    fix = ["fix: " + clean(finding["fix"])] if finding["fix"] else []
    return "\n".join([clean(finding["title"]), *proof, *fix, "not: " + clean(finding["do_not"])])


def _notes(entry: HostEntry, findings: list[Explained]) -> list[str]:
    """What is no failure and yet worth a line."""
    lines = [
        "%s, %s: %s" % (full_name(finding), finding["state"], clean(finding["summary"]))
        for finding in findings
        if finding["state"] != "active"
    ]
    return lines + ["not seen: " + missed(item) for item in entry["missing"]]
