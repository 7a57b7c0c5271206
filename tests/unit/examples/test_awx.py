# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""examples/awx asks for what the roles know. Its run is proven by tests.integration.controller and runner."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

PROJECT = os.path.join(ROOT, "examples", "awx")
TASKS = os.path.join(PROJECT, "controller", "tasks")
# The type of a question by the type of the option.
QUESTIONS = {
    "int": ("integer",),
    "float": ("float", "integer"),
    "str": ("text", "multiplechoice"),
    "list": ("multiselect",),
}
ROLES = ("diagnose", "remediate", "gate")


class Loader(yaml.SafeLoader):
    """YAML with the engine's own tag."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


def load(*path: str) -> Any:
    return yaml.load(read(*path), Loader)


def options() -> dict[str, Mapping[str, Any]]:
    """The options of all roles."""
    specs = [load(ROOT, "roles", role, "meta", "argument_specs.yml")["argument_specs"] for role in ROLES]
    return {name: option for spec in specs for name, option in spec["main"]["options"].items()}


def templates() -> list[Mapping[str, Any]]:
    tasks = [task for name in sorted(os.listdir(TASKS)) for task in load(TASKS, name)]
    return [task["awx.awx.job_template"] for task in tasks if "awx.awx.job_template" in task]


OPTIONS, TEMPLATES = options(), templates()
SURVEYED = [
    pytest.param(question, id="%s: %s" % (template["name"], question["variable"]))
    for template in TEMPLATES
    for question in template["survey_spec"].get("spec", [])
]


class TestSurveys:
    @pytest.mark.parametrize("question", SURVEYED)
    def test_each_question_sets_an_option(self, question: Mapping[str, Any]) -> None:
        option = OPTIONS[question["variable"]]
        assert question["type"] in QUESTIONS[option["type"]]
        assert set(question.get("choices", [])) <= set(option.get("choices", question.get("choices", [])))

    @pytest.mark.parametrize("question", SURVEYED)
    def test_the_default_is_one_that_may_be_given(self, question: Mapping[str, Any]) -> None:
        default = question["default"]
        if question["type"] == "multiselect":
            # AWX uses such a default in its form alone, and never for a schedule or a workflow.
            assert default == ""
        elif question["type"] == "multiplechoice":
            assert default in question["choices"]
        elif question["type"] in ("integer", "float"):
            assert question["min"] <= default <= question["max"]

    @pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: str(template["name"]))
    def test_each_fixed_variable_is_known(self, template: Mapping[str, Any]) -> None:
        """It is an option of a role, or the playbook that it is for asks for it."""
        text = read(PROJECT, template["playbook"])
        for ours in re.findall(r"import_playbook: webmedic\.php_fpm\.(\w+)", text):
            text += read(ROOT, "playbooks", ours + ".yml")
        known = {*OPTIONS, *re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)}
        assert [name for name in template.get("extra_vars", {}) if name not in known] == []


class TestProject:
    @pytest.mark.parametrize("name", sorted(os.listdir(os.path.join(PROJECT, "playbooks"))))
    def test_each_playbook_imports_one_of_ours(self, name: str) -> None:
        plays = load(PROJECT, "playbooks", name)
        (ours,) = filter(None, (play.get("ansible.builtin.import_playbook") for play in plays))
        assert re.fullmatch(r"webmedic\.php_fpm\.\w+", ours)
        assert os.path.exists(os.path.join(ROOT, "playbooks", ours.rpartition(".")[2] + ".yml"))

    def test_it_asks_for_a_version_that_has_them(self) -> None:
        (wanted,) = load(PROJECT, "collections", "requirements.yml")["collections"]
        assert wanted["name"] == "webmedic.php_fpm"
        assert re.fullmatch(r">=\d+\.\d+\.\d+,<1\.0\.0", wanted["version"])


class TestPull:
    def test_what_a_host_is_told_is_an_option(self) -> None:
        variables = load(ROOT, "examples", "pull", "webmedic.yml")
        assert [name for name in variables if name not in {*OPTIONS, "diagnose_become"}] == []
