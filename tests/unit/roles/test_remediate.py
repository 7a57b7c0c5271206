# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role remediate keeps its promises on paper: the survey changes nothing, the first host goes alone, and
what went wrong stops the rest.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.modules import fleet_report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT

ROLE = os.path.join(ROOT, "roles", "remediate")
MODULE = "webmedic.php_fpm.remediation"
REPORT = "webmedic.php_fpm.fleet_report"
HAND_ON = "ansible.builtin.import_tasks"
GROUP = "webmedic_to_remediate"


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


def load(*path: str) -> Any:
    return yaml.safe_load(read(*path))


SPECS = load(ROLE, "meta", "argument_specs.yml")["argument_specs"]
OPTIONS = SPECS["main"]["options"]
DEFAULTS = load(ROLE, "defaults", "main.yml")
READ = {"name": "Read", "ansible.builtin.import_tasks": "read.yml"}
FIRST, *SURVEY = load(ROLE, "tasks", "survey.yml")
MAIN = load(ROLE, "tasks", "mend.yml")
LOOK, MEND, JUDGE = load(ROOT, "playbooks", "remediate.yml")


def modules(tasks: list[dict[str, Any]]) -> list[str]:
    return [next(key for key in task if "." in key) for task in tasks]


def shown(value: Any) -> str:
    """A default as the README has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return '""' if value == "" else str(value)


class TestMistypedStatus:
    def test_it_is_an_error_before_a_host_is_asked(self) -> None:
        assert FIRST == load(ROLE, "tasks", "main.yml")[0] == READ
        (task,) = load(ROLE, "tasks", "read.yml")
        assert "complaint(remediate_fail_on)" in task["ansible.builtin.assert"]["that"] and task["run_once"]


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        assert {name: option["default"] for name, option in OPTIONS.items()} == DEFAULTS
        assert SPECS["survey"]["options"] == OPTIONS

    @pytest.mark.parametrize("tasks", ["mend.yml", "survey.yml"])
    def test_each_is_used_and_in_the_readme(self, tasks: str) -> None:
        text = "".join(read(ROLE, "tasks", name) for name in (tasks, "hand_on.yml", "judge.yml"))
        readme = read(ROLE, "README.md")
        assert [name for name in OPTIONS if name not in text] == []
        assert [
            name for name, value in DEFAULTS.items() if "| `%s` | `%s` |" % (name, shown(value)) not in readme
        ] == []

    def test_those_of_the_playbook_are_in_the_readme(self) -> None:
        text, readme = read(ROOT, "playbooks", "remediate.yml"), read(ROLE, "README.md")
        for name in (
            "remediate_hosts",
            "remediate_become",
            "remediate_serial",
            "remediate_max_fail_percentage",
        ):
            assert name in text and "| `%s` |" % name in readme


class TestSurvey:
    """The look at all hosts."""

    def test_it_asks_in_check_mode_for_what_is_done_later(self) -> None:
        assert SURVEY[0]["check_mode"] is True
        assert "check_mode" not in MAIN[0]
        assert SURVEY[0][MODULE] == MAIN[0][MODULE]
        assert (
            SURVEY[0]["register"]
            == MAIN[0]["register"]
            == SURVEY[2][REPORT]["variable"]
            == MAIN[1][REPORT]["variable"]
        )

    def test_it_reports_a_change_only_where_nothing_else_will(self) -> None:
        assert SURVEY[0]["changed_when"].startswith("ansible_check_mode and ")
        assert SURVEY[0]["diff"] == "{{ ansible_check_mode and ansible_diff_mode }}"

    def test_in_check_mode_it_reports_and_chooses_no_host(self) -> None:
        assert modules(SURVEY)[:3] == [MODULE, "ansible.builtin.group_by", REPORT]
        assert SURVEY[1]["ansible.builtin.group_by"]["key"] == GROUP
        assert "not ansible_check_mode" in SURVEY[1]["when"]
        assert SURVEY[2]["when"] == "ansible_check_mode or '%s' not in groups" % GROUP

    def test_an_unseen_host_fails_once_the_report_is_out(self) -> None:
        assert modules(SURVEY)[3:] == [HAND_ON, "ansible.builtin.fail"]
        assert SURVEY[3]["when"] == SURVEY[2]["when"]
        assert SURVEY[4]["when"] == "%s is failed or %s is unreachable" % (
            SURVEY[0]["register"],
            SURVEY[0]["register"],
        )


class TestMain:
    """The remediation."""

    @pytest.mark.parametrize("task", [SURVEY[0], MAIN[0]])
    def test_a_host_that_fails_stays_for_the_report(self, task: dict[str, Any]) -> None:
        assert task["ignore_errors"] is task["ignore_unreachable"] is True
        assert task["timeout"] == "{{ remediate_host_timeout }}"

    def test_the_report_is_out_before_a_host_fails(self) -> None:
        assert modules(MAIN) == [MODULE, REPORT, HAND_ON, "ansible.builtin.fail"]
        assert MAIN[1]["run_once"] is True and "run_once" not in MAIN[3]
        assert MAIN[3]["when"] == "inventory_hostname in %s.unmended" % MAIN[1]["register"]

    def test_the_report_is_given_only_what_it_takes(self) -> None:
        known = set(yaml.safe_load(fleet_report.DOCUMENTATION)["options"])
        assert set(MAIN[1][REPORT]) | set(SURVEY[2][REPORT]) <= known

    def test_no_message_has_a_text_of_a_host(self) -> None:
        """Only the outcome that was decided on the controller does."""
        assert "__remediate_host" not in str(MAIN[3])
        assert (
            MAIN[3]["ansible.builtin.fail"]["msg"]
            == "{{ %s.unmended[inventory_hostname] }}" % MAIN[1]["register"]
        )


class TestHandOn:
    def test_a_batch_costs_two_tasks_at_most_and_all_hosts_one(self) -> None:
        tasks = load(ROLE, "tasks", "hand_on.yml")
        assert modules(tasks) == ["ansible.builtin.set_stats", "webmedic.php_fpm.report_upload"]
        assert all(task["run_once"] is True for task in tasks)

    def test_an_upload_that_fails_stops_no_remediation(self) -> None:
        publish, upload = load(ROLE, "tasks", "hand_on.yml")
        stats = publish["ansible.builtin.set_stats"]
        assert stats["per_host"] is stats["aggregate"] is False
        assert upload["failed_when"] is False
        assert upload["no_log"] == "{{ 'url' in remediate_report_upload }}"


class TestPlaybook:
    def test_it_mends_the_first_host_alone(self) -> None:
        assert (
            "check_mode" not in LOOK
            and LOOK["tasks"][0]["ansible.builtin.import_role"]["tasks_from"] == "survey.yml"
        )
        assert MEND["tasks"][0]["ansible.builtin.import_role"]["tasks_from"] == "mend.yml"
        assert JUDGE["tasks"][0]["ansible.builtin.import_role"]["tasks_from"] == "judge.yml"
        assert "serial" not in JUDGE and "max_fail_percentage" not in JUDGE
        assert MEND["serial"] == "{{ remediate_serial | default([1, '100%']) }}"
        assert MEND["max_fail_percentage"] == "{{ remediate_max_fail_percentage | default(0) }}"
        assert LOOK["gather_facts"] is MEND["gather_facts"] is False

    def test_without_a_chosen_host_no_host_is_mended(self) -> None:
        """An empty list of hosts means all of them to some versions of the engine."""
        assert MEND["hosts"] == "{{ '%s' if '%s' in groups else '!all' }}" % (GROUP, GROUP)
