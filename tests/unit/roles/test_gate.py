# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role gate keeps its promises on paper, and no playbook of ours can be skipped by accident."""

from __future__ import annotations

import glob
import os
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.lookup.chosen_hosts import skipped_by
from ansible_collections.webmedic.php_fpm.plugins.modules import fleet_report, gate_terms
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate_step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT

ROLE = os.path.join(ROOT, "roles", "gate")
PLAYBOOKS = sorted(glob.glob(os.path.join(ROOT, "playbooks", "*.yml")))
CHOSEN = "lookup('webmedic.php_fpm.chosen_hosts', "


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


def load(*path: str) -> Any:
    return yaml.safe_load(read(*path))


OPTIONS = load(ROLE, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
DEFAULTS = load(ROLE, "defaults", "main.yml")
MAIN, LOOK = load(ROLE, "tasks", "main.yml"), load(ROLE, "tasks", "look.yml")
PLAYS = [(os.path.basename(path), play) for path in PLAYBOOKS for play in load(path)]


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        assert OPTIONS["gate_phase"]["required"] and "default" not in OPTIONS["gate_phase"]
        documented = {name: option["default"] for name, option in OPTIONS.items() if name != "gate_phase"}
        assert documented == DEFAULTS

    def test_each_is_used_and_in_the_readme(self) -> None:
        text = read(ROLE, "tasks", "main.yml") + read(ROLE, "tasks", "look.yml")
        readme = read(ROLE, "README.md")
        assert [name for name in OPTIONS if name not in text] == []
        assert [name for name in OPTIONS if "| `%s` |" % name not in readme] == []

    def test_the_modules_are_given_only_what_they_take(self) -> None:
        report = next(task["webmedic.php_fpm.fleet_report"] for task in LOOK if "fleet_report" in str(task))
        documented = yaml.safe_load(fleet_report.DOCUMENTATION)["options"]
        assert set(report) <= set(documented)
        assert set(report["gate"]) <= set(documented["gate"]["suboptions"]) == set(gate_step.OPTIONS)
        terms = MAIN[1]["webmedic.php_fpm.gate_terms"]
        assert set(terms) == set(yaml.safe_load(gate_terms.DOCUMENTATION)["options"])


class TestTasks:
    def test_no_tag_of_a_deploy_skips_it(self) -> None:
        assert all(task["tags"] == "always" for task in MAIN)
        included = [task for task in [*MAIN, *LOOK] if "ansible.builtin.include_tasks" in task]
        assert len(included) == 3
        for task in included:
            assert task["ansible.builtin.include_tasks"]["apply"] == {"tags": "always"}

    def test_what_a_deploy_has_notified_runs_before_it(self) -> None:
        assert MAIN[0]["ansible.builtin.meta"] == "flush_handlers"

    def test_a_host_that_fails_stays_for_the_judgement(self) -> None:
        asking = [task for task in LOOK if any(name.endswith("_info") for name in task)]
        assert len(asking) == 3
        assert all(task["ignore_errors"] is task["ignore_unreachable"] is True for task in asking)


class TestPlaybooks:
    @pytest.mark.parametrize("name,play", PLAYS)
    def test_each_play_names_its_strategy(self, name: str, play: Any) -> None:
        assert play["strategy"] == "ansible.builtin.linear"

    @pytest.mark.parametrize("name", [os.path.basename(path) for path in PLAYBOOKS])
    def test_one_without_a_host_is_an_error(self, name: str) -> None:
        if name != "explain.yml":  # it judges nothing
            assert CHOSEN in load(ROOT, "playbooks", name)[0]["hosts"]

    @pytest.mark.parametrize("name,play", PLAYS)
    def test_other_tags_skip_none(self, name: str, play: Any) -> None:
        assert play.get("tags") == "always" or all(task["tags"] == "always" for task in play["tasks"])


class TestSkippedBy:
    @pytest.mark.parametrize(
        "arguments",
        [{"skip_tags": ["always"]}, {"skip_tags": ("x", "tagged")}, {"start_at_task": "Report"}],
    )
    def test_what_would_skip_the_look_is_named(self, arguments: Any) -> None:
        assert skipped_by(arguments).startswith("--")

    @pytest.mark.parametrize("arguments", [{}, {"skip_tags": []}, {"skip_tags": ["all", "deploy"]}])
    def test_near_miss_what_does_not(self, arguments: Any) -> None:
        assert skipped_by(arguments) == ""
