# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which options the controller hands to the module, and from where."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.action import diagnosis_info
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import answer
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT


def handed_on(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], variables: dict[str, Any]
) -> dict[str, Any]:
    """What the engine sends to the host."""
    sent: dict[str, Any] = {}

    def run(self: Any, tmp: Any, task_vars: Any) -> dict[str, Any]:
        sent.update(self._task.args)
        return {}

    monkeypatch.setattr(answer.NormalAction, "run", run)
    templar = MagicMock()
    templar.template = lambda value: {"{{ a }}": 60}.get(value, value)
    task = MagicMock(args=arguments, delegate_to=None)
    diagnosis_info.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), templar, MagicMock()).run(
        None, variables
    )
    return sent


class TestFromVariables:
    def test_what_is_not_given_comes_from_the_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        variables = {"look_window": 60, "look_deadline": 20.0, "look_else": 1, "window": 5}
        sent = handed_on(monkeypatch, {"from_variables": "look_", "deadline": 10.0}, variables)
        assert sent == {"window": 60, "deadline": 10.0}

    def test_a_template_in_a_variable_is_resolved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent = handed_on(monkeypatch, {"from_variables": "look_"}, {"look_window": "{{ a }}"})
        assert sent == {"window": 60}

    def test_without_it_the_task_says_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert handed_on(monkeypatch, {"window": 1}, {"look_window": 60}) == {"window": 1}

    def test_each_option_of_the_module_can_come_so(self) -> None:
        with open(os.path.join(ROOT, "plugins", "modules", "diagnosis_info.py"), encoding="utf-8") as stream:
            own = yaml.safe_load(stream.read().split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
        with open(os.path.join(ROOT, "plugins", "doc_fragments", "look.py"), encoding="utf-8") as stream:
            shared = yaml.safe_load(stream.read().split('DIAGNOSIS = r"""')[1].split('"""')[0])["options"]
        assert {*own, *shared} - {"from_variables"} == set(diagnosis_info.OPTIONS)
