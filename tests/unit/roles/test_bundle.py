# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role bundle keeps its promises on paper: what is documented is what is set."""

from __future__ import annotations

import os
from typing import Any

import yaml
from ansible_collections.webmedic.php_fpm.plugins.action import diagnosis_info
from ansible_collections.webmedic.php_fpm.plugins.action.report_bundle import ARGUMENTS
from ansible_collections.webmedic.php_fpm.plugins.modules import report_bundle
from ansible_collections.webmedic.php_fpm.tests.unit.places import ROOT

ROLE = os.path.join(ROOT, "roles", "bundle")


def read(*path: str) -> str:
    with open(os.path.join(*path), encoding="utf-8") as stream:
        return stream.read()


OPTIONS = yaml.safe_load(read(ROLE, "meta", "argument_specs.yml"))["argument_specs"]["main"]["options"]
TASKS: list[dict[str, Any]] = yaml.safe_load(read(ROLE, "tasks", "main.yml"))


class TestVariables:
    def test_each_is_documented_with_its_default(self) -> None:
        defaults = yaml.safe_load(read(ROLE, "defaults", "main.yml"))
        assert {name: option["default"] for name, option in OPTIONS.items()} == defaults

    def test_each_is_used_and_in_the_readme(self) -> None:
        tasks, readme = read(ROLE, "tasks", "main.yml"), read(ROLE, "README.md")
        taken = {"bundle_" + name for name in (*diagnosis_info.OPTIONS, *diagnosis_info.KEYWORDS)}
        assert [name for name in OPTIONS if name not in tasks and name not in taken] == []
        assert [name for name in OPTIONS if "| `%s` |" % name not in readme] == []

    def test_the_module_documents_what_it_takes(self) -> None:
        documented = yaml.safe_load(report_bundle.DOCUMENTATION)["options"]
        assert documented.keys() == ARGUMENTS["argument_spec"].keys()


class TestTasks:
    def test_it_is_checked_first_that_a_bundle_can_be_made(self) -> None:
        assert TASKS[0]["webmedic.php_fpm.report_bundle"]["check_only"] is True

    def test_one_goes_to_the_hosts_and_keeps_those_that_fail(self) -> None:
        everywhere = [task for task in TASKS if not task.get("run_once")]
        assert [next(key for key in task if "." in key) for task in everywhere] == [
            "webmedic.php_fpm.bundle_info"
        ]
        assert everywhere[0]["ignore_errors"] and everywhere[0]["ignore_unreachable"]

    def test_no_tag_skips_a_part_of_it(self) -> None:
        assert {task["tags"] for task in TASKS} == {"always"}

    def test_a_url_with_a_signature_is_in_no_log(self) -> None:
        upload = next(task for task in TASKS if "webmedic.php_fpm.report_upload" in task)
        assert upload["no_log"] == "{{ 'url' in bundle_upload }}"
