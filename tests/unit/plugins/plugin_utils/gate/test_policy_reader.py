# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a policy may say. Each mistake is an error that names its place."""

from __future__ import annotations

import datetime
import json
import os
from typing import Any

import jsonschema
import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import policy_reader
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.policy_schema import policy_schema

WAIVER = {"cause": "fpm_not_running", "who": "ops", "why": "it moves", "until": "2026-12-31"}
FULL = {
    "rules": [
        {"cause": ["fpm_not_running", "page_fails"], "state": "active", "new": True, "decision": "fail"},
        {"site": "blog.*", "host": ["web?"], "pool": "*", "confidence": "possible", "decision": "pass"},
    ],
    "thresholds": {"hosts": 2, "hosts_percent": 5.5, "lost_requests": 0, "cut_requests": 10},
    "waivers": [WAIVER],
    "scope": {"sites": ["shop.*"], "pools": "www"},
}
WRONG: list[tuple[Any, str]] = [
    ([], "gate_policy must be a dict"),
    ({"rule": []}, "gate_policy.rule: there is no such key, did you mean rules?"),
    ({"rules": {}}, "gate_policy.rules must be a list"),
    ({"rules": "x"}, "gate_policy.rules must be a list"),
    ({"rules": ["x"]}, r"gate_policy.rules\[0\] must be a dict"),
    ({"rules": [{}]}, r"gate_policy.rules\[0\].decision must be one of fail, warn, pass"),
    ({"rules": [{"decision": "skip"}]}, r"gate_policy.rules\[0\].decision must be one of"),
    (
        {"rules": [{"cause": "fpm_not_runing", "decision": "pass"}]},
        r"rules\[0\].cause: .* did you mean fpm_n",
    ),
    ({"rules": [{"cause": "page_fials", "decision": "pass"}]}, "did you mean page_fails?"),
    ({"rules": [{"reason": "stoped", "decision": "pass"}]}, r"rules\[0\].reason: stoped"),
    ({"rules": [{"severity": ["warning", "low"], "decision": "pass"}]}, r"rules\[0\].severity: low"),
    ({"rules": [{"state": "", "decision": "pass"}]}, r"rules\[0\].state must be a word"),
    ({"rules": [{"cause": [], "decision": "pass"}]}, r"rules\[0\].cause is an empty list"),
    ({"rules": [{"site": 5, "decision": "pass"}]}, r"rules\[0\].site must be a word"),
    ({"rules": [{"new": "yes", "decision": "pass"}]}, r"rules\[0\].new must be true or false"),
    ({"rules": [{"sites": "x", "decision": "pass"}]}, r"rules\[0\].sites: .* did you mean site?"),
    ({"thresholds": {"host": 1}}, "gate_policy.thresholds.host: .* did you mean hosts?"),
    ({"thresholds": {"hosts": -1}}, "gate_policy.thresholds.hosts must be a whole number from 0 on"),
    ({"thresholds": {"hosts": True}}, "gate_policy.thresholds.hosts must be a whole number"),
    ({"thresholds": {"hosts": 1.5}}, "gate_policy.thresholds.hosts must be a whole number"),
    ({"thresholds": {"hosts": "many"}}, "gate_policy.thresholds.hosts must be a whole number"),
    ({"thresholds": {"hosts_percent": 101}}, "hosts_percent must be at most 100"),
    ({"thresholds": {"hosts_percent": float("nan")}}, "hosts_percent must be a number"),
    ({"thresholds": [1]}, "gate_policy.thresholds must be a dict"),
    ({"waivers": [{**WAIVER, "until": "soon"}]}, r"gate_policy.waivers\[0\].until must be a day"),
    ({"waivers": [{**WAIVER, "until": None}]}, r"gate_policy.waivers\[0\].until must be a day"),
    ({"waivers": [{**WAIVER, "until": "0226-12-31"}]}, r"gate_policy.waivers\[0\].until must be a day"),
    ({"waivers": [{**WAIVER, "who": " "}]}, r"gate_policy.waivers\[0\].who must be a text"),
    ({"waivers": [{**WAIVER, "why": None}]}, r"gate_policy.waivers\[0\].why must be a text"),
    ({"waivers": [{"who": "a", "why": "b", "until": "2026-12-31"}]}, "it would let all pass"),
    (
        {"waivers": [{**WAIVER, "decision": "pass"}]},
        r"gate_policy.waivers\[0\].decision: there is no such key",
    ),
    ({"scope": {"site": ["x"]}}, "gate_policy.scope.site: .* did you mean sites?"),
    ({"scope": {"sites": []}}, "gate_policy.scope.sites is an empty list"),
    ({"scope": ["x"]}, "gate_policy.scope must be a dict"),
]
# What only the reader can tell.
BEYOND_SCHEMA = ("must be a day", "must be a text")


def schema() -> Any:
    with open(os.path.join(ROOT, "docs", "policy.schema.json"), encoding="utf-8") as stream:
        return json.load(stream)


class TestRead:
    def test_one_word_stands_for_a_list_of_one(self) -> None:
        read = policy_reader.read(FULL)
        assert read["rules"][0]["state"] == ["active"] and read["scope"]["pools"] == ["www"]
        assert read["thresholds"] == FULL["thresholds"] and read["waivers"][0]["until"] == "2026-12-31"

    @pytest.mark.parametrize("nothing", [None, {}, ""])
    def test_nothing_is_the_default_policy(self, nothing: Any) -> None:
        assert policy_reader.read(nothing) == {
            "rules": [],
            "thresholds": {},
            "waivers": [],
            "scope": {"sites": [], "pools": []},
        }

    @pytest.mark.parametrize("day", [datetime.date(2026, 12, 31), "2026-12-31", "2026-12-31T10:00:00Z"])
    def test_a_day_may_be_what_yaml_makes_of_it(self, day: Any) -> None:
        assert policy_reader.read({"waivers": [{**WAIVER, "until": day}]})["waivers"][0]["until"] == (
            "2026-12-31"
        )

    def test_numbers_of_extra_variables_are_texts(self) -> None:
        read = policy_reader.read({"thresholds": {"hosts": "3", "hosts_percent": "5"}})
        assert read["thresholds"] == {"hosts": 3, "hosts_percent": 5.0}

    @pytest.mark.parametrize("value,words", WRONG)
    def test_a_mistake_names_its_place(self, value: Any, words: str) -> None:
        with pytest.raises(policy_reader.PolicyError, match=words):
            policy_reader.read(value)


class TestSchema:
    def test_it_is_made_of_the_words(self) -> None:
        assert json.loads(policy_schema()) == schema()

    def test_it_lets_through_what_is_right(self) -> None:
        jsonschema.validate(FULL, schema())
        jsonschema.validate({}, schema())

    @pytest.mark.parametrize("value,words", WRONG)
    def test_it_refuses_what_the_reader_refuses(self, value: Any, words: str) -> None:
        if any(known in words for known in BEYOND_SCHEMA) or "nan" in str(value):
            return
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, schema())
