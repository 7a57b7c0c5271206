# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role diagnose keeps its promises on paper: what is documented is what is set, and one task goes to the
hosts.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.action import diagnosis_info
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT

ROLE = os.path.join(ROOT, "roles", "diagnose")


def load(*path: str) -> Any:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return yaml.safe_load(stream)


OPTIONS = load(ROLE, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
DEFAULTS = load(ROLE, "defaults", "main.yml")
TASKS = load(ROLE, "tasks", "main.yml")
PLAYBOOKS = ("diagnose.yml", "audit.yml")


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        assert {name: option.get("default") for name, option in OPTIONS.items()} == DEFAULTS

    def test_each_is_used_and_in_the_readme(self) -> None:
        with open(os.path.join(ROLE, "tasks", "main.yml"), encoding="utf-8") as stream:
            tasks = stream.read()
        with open(os.path.join(ROLE, "README.md"), encoding="utf-8") as stream:
            readme = stream.read()
        taken = {"diagnose_" + name for name in (*diagnosis_info.OPTIONS, *diagnosis_info.KEYWORDS)}
        assert TASKS[0]["webmedic.php_fpm.diagnosis_info"] == {"from_variables": "diagnose_"}
        assert [name for name in OPTIONS if name not in tasks and name not in taken] == []
        assert [name for name in OPTIONS if "`%s`" % name not in readme] == []


class TestTasks:
    def test_one_goes_to_the_hosts_and_keeps_those_that_fail(self) -> None:
        everywhere = [task for task in TASKS if not task.get("run_once")]
        assert [next(key for key in task if "." in key) for task in everywhere] == [
            "webmedic.php_fpm.diagnosis_info",
        ]
        assert everywhere[0]["ignore_errors"] is True
        assert everywhere[0]["ignore_unreachable"] is True

    def test_where_none_is_ill_no_second_task_goes_to_each_host(self) -> None:
        """A task for each of 1,000 hosts costs the controller as much as the look itself."""
        stop = TASKS[4]
        assert stop["run_once"] == "{{ __diagnose_report.complaints | length == 0 }}"
        assert stop["when"] == "inventory_hostname in __diagnose_report.complaints"

    def test_the_verdict_is_published_before_a_gate_closes(self) -> None:
        assert [next(key for key in task if "." in key) for task in TASKS[1:]] == [
            "webmedic.php_fpm.fleet_report",
            "ansible.builtin.set_stats",
            "webmedic.php_fpm.report_upload",
            "ansible.builtin.include_tasks",
            "ansible.builtin.fail",
            "ansible.builtin.fail",
        ]

    def test_it_is_published_as_workflows_and_rulebooks_read_it(self) -> None:
        stats = TASKS[2]["ansible.builtin.set_stats"]
        assert stats["per_host"] is stats["aggregate"] is False and list(stats["data"]) == ["webmedic"]

    def test_a_token_of_the_upload_is_in_no_log(self) -> None:
        upload = TASKS[3]
        assert upload["no_log"] == "{{ 'url' in diagnose_report_upload }}"
        assert upload["failed_when"] is False and "check_mode" not in upload


class TestPlaybooks:
    @pytest.mark.parametrize("name", PLAYBOOKS)
    def test_a_playbook_costs_no_task_beyond_the_role(self, name: str) -> None:
        (play,) = load(ROOT, "playbooks", name)
        assert play["gather_facts"] is False
        (task,) = play["tasks"]
        # The engine's own check of a role's arguments is a task on each host.
        assert task["ansible.builtin.import_role"] == {
            "name": "webmedic.php_fpm.diagnose",
            "rolespec_validate": False,
        }

    def test_the_audit_is_fixed_to_check_mode(self) -> None:
        assert load(ROOT, "playbooks", "audit.yml")[0]["check_mode"] is True
        assert "check_mode" not in load(ROOT, "playbooks", "diagnose.yml")[0]
