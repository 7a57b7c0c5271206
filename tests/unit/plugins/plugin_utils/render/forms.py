# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What JUnit XML and SARIF 2.1.0 demand of the parts that we write: names, order, types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

# What the schema that Ant's readers use demands: attributes of each element, and its children in order.
ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {
        *("name", "id", "package", "timestamp", "hostname", "time"),
        *("tests", "failures", "errors", "skipped"),
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": set(),
    "system-out": set(),
    "system-err": set(),
}  # fmt: skip
ORDER = re.compile(r"properties (testcase )*system-out system-err ")
NUMBER = re.compile(r"\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# A property's name, a host's and a suite's have at least one character, and no blank at an end.
TOKEN = re.compile(r"\S(.*\S)?", re.S)


def junit_problems(root: ET.Element) -> list[str]:
    return list(_problems(root))


def _problems(root: ET.Element) -> Iterator[str]:
    if root.tag != "testsuites" or {child.tag for child in root} - {"testsuite"}:
        yield "root"
    for element in root.iter():
        if set(element.keys()) != ATTRIBUTES.get(element.tag):
            yield "%s has %s" % (element.tag, sorted(element.keys()))
    for suite in root:
        if not ORDER.fullmatch("".join(child.tag + " " for child in suite)):
            yield "order of a suite"
        for name in ("tests", "failures", "errors", "skipped", "id", "time"):
            if not NUMBER.fullmatch(suite.get(name, "")):
                yield name
        if not TIME.fullmatch(suite.get("timestamp", "")):
            yield "timestamp"
        for name in ("name", "hostname"):
            if not TOKEN.fullmatch(suite.get(name, "")):
                yield name
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            if len(suite.findall("testcase/" + tag)) != int(suite.get(name, "")):
                yield "number of " + name
        for case in suite.iter("testcase"):
            if len(case) > 1 or not case.get("name"):
                yield "a case with %d results" % len(case)


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


TEXT = {"type": "string"}
MESSAGE = _object("text", text=TEXT, markdown=TEXT)
LEVEL = {"enum": ["none", "note", "warning", "error"]}
BAG = {"type": "object"}
URI = {"type": "string", "pattern": r"^([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-F]{2})+$"}
RULE = _object(
    "id", id=TEXT, name=TEXT, shortDescription=MESSAGE, fullDescription=MESSAGE, help=MESSAGE, helpUri=URI,
    defaultConfiguration=_object("level", level=LEVEL),
    properties=_object("tags", tags={"type": "array", "uniqueItems": True, "items": TEXT}),
)  # fmt: skip
PHYSICAL = _object(
    "artifactLocation",
    artifactLocation=_object("uri", uri=URI),
    region=_object("startLine", startLine={"type": "integer", "minimum": 1}),
)
LOGICAL = _object("name", name=TEXT, fullyQualifiedName=TEXT, kind=TEXT)
LOCATION = _object(
    "physicalLocation", physicalLocation=PHYSICAL, logicalLocations={"type": "array", "items": LOGICAL}
)
SUPPRESSION = _object("kind", kind={"enum": ["external"]}, status={"enum": ["accepted"]}, justification=TEXT)
RESULT = _object(
    "message ruleId ruleIndex", ruleId=TEXT, ruleIndex={"type": "integer", "minimum": 0}, level=LEVEL,
    rank={"type": "number", "minimum": 0, "maximum": 100}, message=MESSAGE,
    locations={"type": "array", "items": LOCATION}, properties=BAG,
    suppressions={"type": "array", "items": SUPPRESSION},
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
)  # fmt: skip
INVOCATION = _object(
    "executionSuccessful",
    executionSuccessful={"type": "boolean"},
    endTimeUtc={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
    toolExecutionNotifications={
        "type": "array",
        "items": _object("message", level=LEVEL, message=MESSAGE),
    },
    properties=BAG,
)
DRIVER = _object("name", name=TEXT, version=TEXT, informationUri=URI, rules={"type": "array", "items": RULE})
RUN = _object(
    "tool", tool=_object("driver", driver=DRIVER), columnKind={"enum": ["unicodeCodePoints"]},
    invocations={"type": "array", "items": INVOCATION}, results={"type": "array", "items": RESULT},
)  # fmt: skip
SARIF = {
    **_object("version runs", version={"const": "2.1.0"}, runs={"type": "array", "items": RUN}),
}
SARIF["properties"]["$schema"] = URI
