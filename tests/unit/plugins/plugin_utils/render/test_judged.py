# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate in each format: its verdict first, and nothing fails a pipeline that it let pass."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import html, junit, markdown, sarif
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.forms import (
    SARIF,
    junit_problems,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.parsed import (
    HOSTILE,
    Page,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    unreachable,
)

jsonschema = pytest.importorskip("jsonschema")
WAIVED = "ann lets it pass until 2026-12-31: known"


def reason(host: str | None, decision: str, **more: Any) -> dict[str, Any]:
    return {
        "host": host,
        "site": "shop.example",
        "pool": "www",
        "cause": "fpm_not_running",
        "reason": "stopped",
        "decision": decision,
        "new": True,
        "why": "php8.2-fpm.service is stopped.",
        "fix": "systemctl start php8.2-fpm.service",
        "waiver": None,
        **more,
    }


def gated(*reasons: dict[str, Any], results: Any = None, verdict: str = "fail") -> Any:
    report = made(results or {"a": answer("failing", finding()), "b": answer("failing", finding())})
    report["gate"] = {
        "phase": "after",
        "verdict": verdict,
        "summary": "Gate after: CLOSED. 2 hosts judged.",
        "since": None,
        "baseline": None,
        "judged": 2,
        "ill": sorted({item["host"] for item in reasons if item["decision"] == "fail" and item["host"]}),
        "lost": 0,
        "counts": {"fail": 1, "warn": 0, "pass": 0},
        "reasons": list(reasons),
    }
    return report


RESTART = reason("a", "fail", cause="restart", reason="config_invalid", why="php-fpm -t fails", fix="mend it")


def results(report: Any) -> dict[tuple[str, str], list[str]]:
    root = ET.fromstring(junit.render(report))
    assert not junit_problems(root)
    return {
        (case.get("classname", ""), case.get("name", "")): [item.tag for item in case]
        for case in root.iter("testcase")
    }


class TestPage:
    """What a reader finds of it."""

    def test_it_says_the_verdict_and_each_reason_once(self) -> None:
        report = gated(reason("a", "fail"), reason("b", "fail"), reason("b", "warn", cause="nginx_limit"))
        page = Page(html.render(report))
        assert "Gate after: CLOSED. 2 hosts judged." in page.shown
        assert (
            "fail fpm_not_running/stopped shop.example, new a , b php8.2-fpm.service is stopped."
            in page.shown
        )
        assert page.shown.count("What the gate decided") == 1

    def test_what_is_waived_says_by_whom(self) -> None:
        page = Page(html.render(gated(reason(None, "pass", waiver=WAIVED), verdict="pass")))
        assert WAIVED in page.shown and "the fleet" in page.shown

    def test_a_gate_without_reasons_says_so(self) -> None:
        assert "Nothing stood against it." in Page(html.render(gated(verdict="pass"))).shown

    def test_a_report_of_no_gate_has_no_such_part(self) -> None:
        assert not Page(html.render(made({"a": answer()}))).all("section", id="gate")

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_a_hostile_reason_stays_text(self, text: str) -> None:
        report = gated(reason(text, "fail", site=text, why=text, fix=text, waiver=text, cause=text))
        report["gate"]["summary"] = text
        page = Page(html.render(report))
        assert len(page.all("script")) == 1 and not page.all("img") and not page.wrong and not page.open
        assert not junit_problems(ET.fromstring(junit.render(report)))
        jsonschema.validate(json.loads(sarif.render(report)), SARIF)
        assert len(markdown.render(report).encode()) <= markdown.LIMIT


class TestPipelines:
    """What fails there is what the gate failed."""

    def test_a_message_begins_with_both_verdicts(self) -> None:
        lines = markdown.render(gated(RESTART)).splitlines()
        assert lines[0] == "**Gate after: CLOSED. 2 hosts judged.**"
        assert lines[2] == "**2 hosts of 2: no request reaches PHP**"

    def test_only_what_the_gate_fails_fails_a_case(self) -> None:
        assert results(gated(reason("a", "fail"), reason("b", "warn"))) == {
            ("a", "shop.example (80)"): ["failure"],
            ("b", "shop.example (80)"): [],
        }

    def test_what_is_no_finding_has_a_case_of_its_own(self) -> None:
        found = results(gated(RESTART, reason(None, "warn", cause="too_many_hosts", reason=None, site=None)))
        assert found["a", "restart/config_invalid shop.example"] == ["failure"]
        assert found["fleet", "too_many_hosts"] == []

    @pytest.mark.parametrize("decision,tags", [("fail", ["error"]), ("pass", [])])
    def test_an_unseen_host_is_an_error_where_the_gate_fails_it(self, decision: str, tags: list[str]) -> None:
        unseen = reason("gone", decision, cause="unreachable", reason=None, site=None)
        assert results(gated(unseen, results={"gone": unreachable()}))["gone", "gone"] == tags

    def test_what_is_no_finding_has_a_result_of_its_own(self) -> None:
        whole = reason(None, "warn", cause="requests_lost", reason=None, site=None, why="3 requests lost")
        refused = reason("a", "fail", cause="restart_fails", reason="config_refused", why="refused", fix="x")
        report = gated(refused, whole, results={"a": answer()})
        document = json.loads(sarif.render(report))
        jsonschema.validate(document, SARIF)
        (run,) = document["runs"]
        assert [(item["level"], item["message"]["text"]) for item in run["results"]] == [
            ("error", "a: refused"),
            ("warning", "fleet: 3 requests lost"),
        ]
        rules = [run["tool"]["driver"]["rules"][item["ruleIndex"]]["id"] for item in run["results"]]
        assert rules == ["restart_fails/config_refused", "requests_lost"]
        assert run["invocations"][0]["properties"]["gate"] == "Gate after: CLOSED. 2 hosts judged."

    def test_a_waived_result_is_suppressed(self) -> None:
        report = gated(reason("a", "pass", waiver=WAIVED), reason("b", "fail"))
        waived, failing = json.loads(sarif.render(report))["runs"][0]["results"]
        assert waived["suppressions"][0]["justification"] == WAIVED and waived["level"] == "note"
        assert failing["level"] == "error" and "suppressions" not in failing

    @pytest.mark.parametrize("sites", [(None, "shop.example"), ("shop.example", None)])
    @pytest.mark.parametrize("decisions", [("warn", "fail"), ("fail", "warn"), ("pass", "fail")])
    def test_the_strictest_decision_counts(self, sites: Any, decisions: Any) -> None:
        on_a = [reason("a", word, site=site) for word, site in zip(decisions, sites, strict=True)]
        report = gated(*on_a, reason("a", "pass", site="blog.example"), reason("b", "pass"))
        levels = [item["level"] for item in json.loads(sarif.render(report))["runs"][0]["results"]]
        assert levels == ["error", "note"]
