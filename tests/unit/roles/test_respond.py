# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""The role respond keeps its promises on paper, and the rulebook hands on what the filter made alone."""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.action import alert_response as action
from ansible_collections.webmedic.php_fpm.plugins.modules import alert_response
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

ROLE = os.path.join(ROOT, "roles", "respond")
MODULE = "webmedic.php_fpm.alert_response"


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


def load(*path: str) -> Any:
    return yaml.safe_load(read(*path))


OPTIONS = load(ROLE, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
ADMIT, ANSWER = load(ROLE, "tasks", "admit.yml"), load(ROLE, "tasks", "answer.yml")
(RULESET,) = load(ROOT, "extensions", "eda", "rulebooks", "cure.yml")
(RULE,) = RULESET["rules"]


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        documented = {name: option["default"] for name, option in OPTIONS.items()}
        assert documented == load(ROLE, "defaults", "main.yml")

    def test_each_is_used_and_in_the_readme(self) -> None:
        text = read(ROLE, "tasks", "admit.yml") + read(ROLE, "tasks", "answer.yml")
        readme = read(ROLE, "README.md")
        assert [name for name in OPTIONS if name not in text] == []
        assert [name for name in OPTIONS if "| `%s` |" % name not in readme] == []

    def test_the_page_of_the_module_has_its_arguments(self) -> None:
        documented = yaml.safe_load(alert_response.DOCUMENTATION)["options"]
        spec = action.ARGUMENTS["argument_spec"]
        assert {name: option.get("default") for name, option in documented.items()} == {
            name: option.get("default") for name, option in spec.items()
        }
        steps = [
            task[MODULE] for task in [ADMIT[0], *ANSWER[0]["block"], *ANSWER[0]["always"]] if MODULE in task
        ]
        assert [step["step"] for step in steps] == list(action.STEPS)
        assert all(set(step) <= set(documented) for step in steps)


class TestTasks:
    def test_an_alert_passes_no_template(self) -> None:
        """The plugin is told the name of the variable."""
        assert ADMIT[0][MODULE]["alert"] == "respond_alert"
        for text in (read(ROLE, "tasks", "admit.yml"), read(ROLE, "tasks", "answer.yml")):
            assert "{{ respond_alert" not in text and "ansible_eda" not in text

    def test_the_host_is_freed_whatever_fails(self) -> None:
        (task,) = ANSWER[0]["always"]
        assert task[MODULE]["step"] == "close"

    def test_the_host_is_held_for_what_comes_next(self) -> None:
        """The defaults of roles that are loaded later."""
        decide = next(task[MODULE] for task in ANSWER[0]["block"] if MODULE in task)
        for step, role in ((ADMIT[0][MODULE], "diagnose"), (decide, "remediate")):
            limit = role + "_host_timeout"
            default = load(ROOT, "roles", role, "defaults", "main.yml")[limit]
            assert step["lasts"] == "{{ %s | default(%d) }}" % (limit, default)

    def test_nothing_is_mended_but_what_was_decided(self) -> None:
        (mend,) = [task for task in ANSWER[0]["block"] if "include_role" in str(task)]
        assert mend["when"] == "__respond_decision.only | length > 0"
        for name in ("only", "skip", "max_risk", "max_disruption", "max_cut"):
            assert mend["vars"]["remediate_" + name] == "{{ __respond_decision.%s }}" % name


class TestRulebook:
    def test_every_event_passes_the_filter(self) -> None:
        (source,) = RULESET["sources"]
        assert [list(item) for item in source["filters"]] == [["webmedic.php_fpm.alertmanager_hosts"]]

    def test_it_listens_to_its_own_machine_with_a_token(self) -> None:
        webhook = RULESET["sources"][0]["eda.builtin.webhook"]
        assert "default('127.0.0.1')" in webhook["host"] and webhook["token"] == "{{ eda_token }}"

    def test_one_host_is_answered_for_one_at_a_time(self) -> None:
        assert RULESET["execution_strategy"] == "parallel"
        assert RULE["action"]["run_playbook"]["lock"] == "{{ event.webmedic.host }}"

    def test_the_hosts_and_the_directory_must_be_named(self) -> None:
        variables = RULE["action"]["run_playbook"]["extra_vars"]
        assert variables["respond_hosts"] == "{{ eda_hosts }}" and variables["respond_dir"] == "{{ eda_dir }}"
        assert set(variables) - {"respond_hosts"} == set(OPTIONS)

    @pytest.mark.parametrize(
        "name", ["eda_token", "eda_hosts", "eda_dir", "eda_policy", "eda_port", "eda_listen"]
    )
    def test_its_variables_are_in_the_readme(self, name: str) -> None:
        assert "| `%s` |" % name in read(ROLE, "README.md")
