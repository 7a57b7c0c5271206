# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of the actions, and the arguments that they take."""

import os

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions import registry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.arguments import read
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import BY_ID, PREVENTIVE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.registry import FILES as ACTION_FILES
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.view import View
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan import plan, preventive
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.action import (
    ACCOUNTS,
    ARRIVALS,
    MEMORY,
    SWAP,
    TMPFILES,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Step
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    SITE,
    UNIT,
    Host,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts


class TestFiles:
    def test_the_plan_goes_by_what_they_declare(self) -> None:
        """python3 -m tests.run.action_tables writes it anew."""
        assert tuple(file.ACTION for file in ACTION_FILES) == ACTIONS

    def test_each_resolves_its_own_arguments(self) -> None:
        """mypy proves the rest of what a file has."""
        for file in (*ACTION_FILES, *PREVENTIVE):
            assert file.resolve.__annotations__ == {
                "view": View,
                "arguments": file.Arguments,
                "return": Step,
            }, file

    def test_each_is_called_as_its_action(self) -> None:
        assert [file.__name__.split(".")[-1] for file in (*ACTION_FILES, *PREVENTIVE)] == list(BY_ID)

    def test_the_plan_knows_what_only_a_risk_asks_for(self) -> None:
        assert tuple(file.ACTION for file in PREVENTIVE) == preventive.ACTIONS
        assert all(plan.BY_ID[file.ACTION.id] == file.ACTION for file in PREVENTIVE)
        assert sorted(plan.ORDER, key=lambda name: plan.ORDER[name]) == list(BY_ID)

    def test_no_other_file_declares_an_action(self) -> None:
        folder = os.path.dirname(registry.__file__)
        names = [name for name in os.listdir(folder) if name.endswith(".py")]
        declared = set()
        for name in names:
            with open(os.path.join(folder, name), encoding="utf-8") as stream:
                if "\nACTION = Action(" in stream.read():
                    declared.add(name[: -len(".py")])
        assert declared == set(BY_ID)

    def test_what_they_need_is_what_can_be_measured(self) -> None:
        known = {MEMORY, SWAP, ARRIVALS, ACCOUNTS, TMPFILES}
        assert {need for action in ACTIONS for need in action.needs} == known


class TestArguments:
    def test_an_unknown_one_is_an_error_with_the_actions_name(self) -> None:
        with pytest.raises(ValueError, match="unit_start takes no argument when"):
            Host().resolve("unit_start", {"unit": UNIT, "when": "now"})

    def test_a_missing_one_is_an_error_with_the_actions_name(self) -> None:
        with pytest.raises(ValueError, match="read_timeout_set lacks the argument line, location"):
            Host().resolve("read_timeout_set", {"file": SITE, "site": "", "seconds": 1})

    def test_a_word_of_python_may_be_one(self) -> None:
        values = {"file": SITE, "line": 3, "from": "a", "to": "b"}
        assert read(BY_ID["fastcgi_pass_repoint"].Arguments, "x", values) == (SITE, 3, "a", "b")

    @pytest.mark.parametrize("path", hosts.FILES, ids=os.path.basename)
    def test_the_rules_give_what_the_actions_take(self, path: str) -> None:
        for planned in hosts.verdict(hosts.fixture(path)["snapshot"])["plan"]:
            read(BY_ID[planned["id"]].Arguments, planned["id"], planned["arguments"])
