# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a job publishes: small for any fleet, harmless from any host, and with why and fix in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import markdown
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import brief, report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    closed,
    finding,
    schema,
    unreachable,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE

jsonschema = pytest.importorskip("jsonschema")
LIMIT = 64 * 1024


def published(hosts: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(report.artifact(report.build(hosts, 900, NOW))))
    jsonschema.Draft202012Validator(schema("artifact")).validate(made)
    assert len(json.dumps(made)) < LIMIT and len(made["summary"].encode()) <= brief.markdown.LIMIT
    assert not any(mark in json.dumps(made) for mark in ("{{", "{%", "{#"))
    return made


class TestHosts:
    def test_a_fleet_that_fits_is_all_there(self) -> None:
        names = ["web%03d.example.com" % number for number in range(1000)]
        made = published(dict.fromkeys(names, answer()))
        assert list(made["hosts"]) == names and made["hosts_left_out"] == 0

    def test_of_a_very_large_one_the_ill_are_there(self) -> None:
        hosts: dict[str, Any] = {"web%05d.example.com" % number: answer() for number in range(10000)}
        ill = ["web%05d.example.com" % number for number in range(0, 10000, 100)]
        hosts.update(dict.fromkeys(ill, answer("failing", finding())))
        made = published(hosts)
        assert list(made["hosts"])[:100] == ill and len(made["hosts"]) > 1000
        assert made["hosts_left_out"] == 10000 - len(made["hosts"])
        assert made["counts"] == {**dict.fromkeys(made["counts"], 0), "failing": 100, "healthy": 9900}

    def test_a_host_may_not_fill_it(self) -> None:
        many = [finding("c%d_%s" % (number, "x" * 50)) for number in range(200)]
        made = published({"a": answer("failing", *many), "b": answer("failing", finding())})
        assert len(made["hosts"]["a"]) == brief.MOST_OF_A_HOST and len(made["causes"]) == brief.MOST_CAUSES
        assert "b" in made["hosts"]


class TestSummary:
    def test_it_is_the_message_of_the_report(self) -> None:
        whole = report.build({"web1": answer("failing", finding()), "web2": answer()}, 900, NOW)
        text = report.artifact(whole)["summary"]
        assert text == markdown.render(whole)
        assert "Why: `php8.2-fpm.service is inactive" in text
        assert "Fix: `systemctl start php8.2-fpm.service`" in text

    def test_many_causes_are_cut_and_counted(self) -> None:
        many = [finding("cause_%d" % number, summary="x" * 500) for number in range(100)]
        text = published({"web1": answer("failing", *many)})["summary"]
        assert text.endswith(" more in the report.\n")

    def test_braces_that_are_broken_up_do_not_make_it_too_long(self) -> None:
        evil = [finding("cause_%d" % number, evidence=[]) for number in range(9)]
        for each in evil:
            each["evidence"] = [{"source": "log", "path": None, "text": "{" * 900}]
        published({"web1": answer("failing", *evil)})

    @pytest.mark.parametrize("evil", [*HOSTILE, "{{{%{#", "{{ 7 * 7 }}"])
    def test_hostile_text_stays_text(self, evil: str) -> None:
        proof = [{"source": evil, "path": evil, "text": evil}]
        hostile = finding(site=evil, sites=[evil], pool=evil, unit=evil, summary=evil, evidence=proof)
        made = published(
            {"a": answer("failing", hostile), "b": unreachable(evil), evil[:200] + "c": answer()}
        )
        assert all(char.isprintable() or char == "\n" for char in made["summary"])


class TestGate:
    """All hosts are healthy, and yet the gate is closed."""

    @staticmethod
    def published(**more: Any) -> dict[str, Any]:
        whole = report.build({"a": answer()}, 900, NOW)
        whole["gate"] = closed(**more)
        made: dict[str, Any] = json.loads(json.dumps(report.artifact(whole)))
        jsonschema.Draft202012Validator(schema("artifact")).validate(made)
        return made

    def test_the_verdict_of_the_gate_comes_first(self) -> None:
        made = self.published()
        assert (made["verdict"], made["gate"]["phase"], made["gate"]["verdict"]) == (
            "healthy",
            "after",
            "fail",
        )
        assert made["summary"].startswith("**Gate after: CLOSED. 1 host judged")

    def test_what_closes_it_is_said_with_its_fix(self) -> None:
        sentence = "- **Gate: The next restart would lose requests**, `a`: `php-fpm8.2 refuses www.conf:7`."
        assert sentence + " Fix: `mend www.conf:7`" in self.published()["summary"]

    def test_what_only_warns_is_left_to_the_report(self) -> None:
        assert "www.conf" not in self.published(decision="warn")["summary"]

    @pytest.mark.parametrize("evil", HOSTILE)
    def test_hostile_text_stays_text(self, evil: str) -> None:
        made = self.published(host=evil, why=evil, fix=evil)
        assert all(char.isprintable() or char == "\n" for char in made["summary"])
        assert not any(mark in json.dumps(made) for mark in ("{{", "{%", "{#"))
