# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report for a chat, as JUnit XML and as SARIF: what it says, its form, and hostile texts in it."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import junit, markdown, sarif
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.forms import (
    SARIF,
    junit_problems,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.parsed import (
    HOSTILE,
    hostile,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    missing,
    unreachable,
)

jsonschema = pytest.importorskip("jsonschema")
texts = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))


def outside_code(text: str) -> str:
    """What a chat takes for markup."""
    return re.sub(r"`[^`\n]*`", "", text)


class TestMarkdown:
    """A message of 4 KB."""

    def test_it_says_what_where_since_when_why_and_the_fix(self) -> None:
        lines = markdown.render(made({"a": answer("failing", finding()), "b": unreachable()})).splitlines()
        assert lines[0] == "**1 host of 2: no request reaches PHP**"
        assert lines[6].startswith("- **failing: PHP-FPM is not running: stopped** on 1 host since ")
        assert lines[6].endswith(
            ", 3 requests lost: `a`. Why: `php8.2-fpm.service is inactive (dead), result success, enabled`. "
            "Fix: `systemctl start php8.2-fpm.service`"
        )
        assert lines[7] == "- **unreachable**: `b`."

    def test_a_remediation_is_summed_up(self) -> None:
        assert "Remediation: 1 of 1 finding fixed; " in markdown.render(made({"a": remedied()}))

    def test_many_causes_end_with_whole_lines(self) -> None:
        results = {
            "host-%d" % number: answer("failing", finding("cause_%d" % number, None)) for number in range(90)
        }
        text = markdown.render(made(results))
        lines = text.splitlines()
        shown = [line for line in lines if line.startswith("- **")]
        assert 3000 < len(text.encode()) <= markdown.LIMIT
        assert lines[-1] == "- %d more in the report." % (90 - len(shown)) and text.endswith("\n")
        assert all(line.count("`") % 2 == 0 for line in lines)

    def test_it_is_whole_where_it_just_fits(self) -> None:
        for number in range(1, 40):
            results = {
                "%02d" % item: answer("failing", finding("cause_%d" % item, None)) for item in range(number)
            }
            text = markdown.render(made(results))
            assert len(text.encode()) <= markdown.LIMIT
            assert ("more in the report" in text) == (text.count("- **") < number)

    def test_what_is_left_out_always_has_its_line(self) -> None:
        results = {
            "%02d" % number: answer("failing", finding("cause_%d" % number, None)) for number in range(30)
        }
        report, sizes = made(results), set()
        for length in range(1, 120, 3):
            report["run"]["limit"] = "x" * length
            text = markdown.render(report)
            sizes.add(len(text.encode()))
            assert text.splitlines()[-1].endswith(" more in the report.")
        assert markdown.LIMIT - 10 < max(sizes) <= markdown.LIMIT

    @texts
    def test_a_hostile_text_is_code_or_escaped(self, text: str) -> None:
        for report in (made(hostile(text)), made({text: unreachable()}, limit=text, by=text)):
            output = markdown.render(report)
            assert len(output.encode()) <= markdown.LIMIT
            assert not re.search(r"(?<!\\)[<>\[\]|~]|@here|\{\{", outside_code(output))
            assert not set(output) & set("\x1b\u202e\u2028\0")


class TestJunit:
    """A test case for each host and site."""

    def cases(self, results: dict[str, Any]) -> dict[tuple[str, str], list[str]]:
        root = ET.fromstring(junit.render(made(results)))
        assert not junit_problems(root)
        return {
            (case.get("classname", ""), case.get("name", "")): [item.tag for item in case]
            for case in root.iter("testcase")
        }

    def test_each_host_and_site_has_a_case(self) -> None:
        two = finding(servers=[], sites=["a.example", "b.example"])
        found = self.cases(
            {
                "ill": answer("failing", two, finding(state="recovered", servers=[], sites=["c.example"])),
                "well": answer(),
                "gone": unreachable(),
                "none": answer("not_applicable"),
                "dark": answer("unknown", missing=[missing("error_log", "/l", "denied", "root")]),
                "over": remedied(),
            }
        )
        assert found == {
            ("ill", "a.example"): ["failure"],
            ("ill", "b.example"): ["failure"],
            ("ill", "c.example"): [],
            ("well", "well"): [],
            ("gone", "gone"): ["error"],
            ("none", "none"): ["skipped"],
            ("dark", "dark"): ["error"],
            ("over", "over"): [],
        }

    def test_a_host_without_a_cause_never_passes(self) -> None:
        for status in ("failing", "degraded", "unknown"):
            assert self.cases({"a": answer(status)})["a", "a"]

    def test_an_ill_host_whose_findings_are_over_never_passes(self) -> None:
        over = finding(state="recovered")
        for status in ("failing", "degraded"):
            assert self.cases({"a": answer(status, over)})["a", "shop.example (80)"]

    def test_it_tells_the_proof_and_the_fix(self) -> None:
        (failure,) = ET.fromstring(junit.render(made({"a": answer("failing", finding())}))).iter("failure")
        assert failure.get("type") == "fpm_not_running/stopped"
        assert failure.get("message") == "php8.2-fpm.service is stopped."
        assert "\nfix: systemctl start php8.2-fpm.service\nnot: Do not delete" in (failure.text or "")

    @texts
    def test_a_hostile_text_stays_text(self, text: str) -> None:
        root = ET.fromstring(junit.render(made({**hostile(text), text: answer()})))
        assert not junit_problems(root)
        assert {item.tag for item in root.iter()} <= {
            *("testsuites", "testsuite", "testcase", "failure", "error", "skipped"),
            *("properties", "property", "system-out", "system-err"),
        }


class TestSarif:
    """Results with their rules."""

    def test_each_open_finding_is_a_result_of_its_rule(self) -> None:
        document = json.loads(
            sarif.render(
                made(
                    {
                        "a": answer("failing", finding(), finding("worker_oom_killed", "cgroup")),
                        "b": answer("failing", finding()),
                        "gone": unreachable("no route"),
                    }
                )
            )
        )
        (run,) = document["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == ["fpm_not_running/stopped", "worker_oom_killed/cgroup"]
        assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 0]
        assert all(rules[item["ruleIndex"]]["id"] == item["ruleId"] for item in run["results"])
        assert len({item["partialFingerprints"]["finding/v1"] for item in run["results"]}) == 3
        assert "Not this: Do not delete or link socket files" in rules[0]["help"]["text"]
        (notice,) = run["invocations"][0]["toolExecutionNotifications"]
        assert notice["message"]["text"] == "gone: unreachable: no route"

    def test_a_result_names_the_file_and_line(self) -> None:
        (result,) = json.loads(sarif.render(made({"a b": answer("failing", finding())})))["runs"][0][
            "results"
        ]
        assert result["locations"][0]["physicalLocation"] == {
            "artifactLocation": {"uri": "a%20b/etc/nginx/sites-enabled/shop"},
            "region": {"startLine": 1},
        }
        assert result["level"] == "error" and result["properties"]["site"] == "shop.example"

    def test_what_a_remediation_ended_is_no_result(self) -> None:
        assert json.loads(sarif.render(made({"a": remedied()})))["runs"][0]["results"] == []

    @texts
    def test_a_hostile_text_keeps_the_form(self, text: str) -> None:
        output = sarif.render(made({**hostile(text), text: answer("failing", finding())}))
        jsonschema.validate(json.loads(output), SARIF)
        assert output.isascii()
