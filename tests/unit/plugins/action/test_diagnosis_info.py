# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which options the controller hands to the module, and from where."""

from __future__ import annotations

import os
import signal
import time
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.webmedic.php_fpm.plugins.action import diagnosis_info
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import answer
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT


def handed_on(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], variables: dict[str, Any]
) -> dict[str, Any]:
    """What the engine sends to the host."""
    sent: dict[str, Any] = {}

    def run(self: Any, tmp: Any, task_vars: Any) -> dict[str, Any]:
        sent.update(self._task.args)
        time.sleep(task_vars.get("takes", 0))
        return {"status": "healthy"}

    monkeypatch.setattr(answer.NormalAction, "run", run)
    templar = MagicMock()
    templar.template = lambda value: {"{{ a }}": 60}.get(value, value)
    task = MagicMock(args=arguments, delegate_to=None, timeout=0)
    sent["connection"] = connection = MagicMock()
    sent["result"] = diagnosis_info.ActionModule(
        task, connection, MagicMock(), MagicMock(), templar, MagicMock()
    ).run(None, variables)
    return sent


def options(sent: dict[str, Any]) -> dict[str, Any]:
    return {name: sent[name] for name in sent if name not in ("connection", "result")}


class TestFromVariables:
    def test_what_is_not_given_comes_from_the_variables(self, monkeypatch: pytest.MonkeyPatch) -> None:
        variables = {"look_window": 60, "look_deadline": 20.0, "look_else": 1, "window": 5}
        sent = handed_on(monkeypatch, {"from_variables": "look_", "deadline": 10.0}, variables)
        assert options(sent) == {"window": 60, "deadline": 10.0}

    def test_a_template_in_a_variable_is_resolved(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent = handed_on(monkeypatch, {"from_variables": "look_"}, {"look_window": "{{ a }}"})
        assert options(sent) == {"window": 60}

    def test_without_it_the_task_says_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent = handed_on(monkeypatch, {"window": 1}, {"look_window": 60, "look_become": False})
        assert options(sent) == {"window": 1} and not sent["connection"].set_become_plugin.called

    def test_each_option_of_the_module_can_come_so(self) -> None:
        with open(os.path.join(ROOT, "plugins", "modules", "diagnosis_info.py"), encoding="utf-8") as stream:
            own = yaml.safe_load(stream.read().split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
        with open(os.path.join(ROOT, "plugins", "doc_fragments", "look.py"), encoding="utf-8") as stream:
            shared = yaml.safe_load(stream.read().split('DIAGNOSIS = r"""')[1].split('"""')[0])["options"]
        assert {*own, *shared} - {"from_variables"} == set(diagnosis_info.OPTIONS)


def module_run(monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], **arguments: Any) -> Any:
    """The name of the module that the engine is told to run. None: that of the task."""
    ran: list[Any] = []

    def execute(_self: Any, module_name: Any = None, **_more: Any) -> dict[str, Any]:
        ran.append(module_name)
        return {}

    def run(self: Any, tmp: Any, task_vars: Any) -> dict[str, Any]:
        return dict(self._execute_module(task_vars=task_vars, wrap_async=False))

    monkeypatch.setattr(answer.NormalAction, "_execute_module", execute)
    monkeypatch.setattr(answer.NormalAction, "run", run)
    templar = MagicMock()
    templar.template = lambda value: value
    task = MagicMock(args=arguments, delegate_to=None, timeout=0)
    diagnosis_info.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), templar, MagicMock()).run(
        None, variables
    )
    return ran[0]


class TestRisks:
    """They are another module of the same round trip."""

    @pytest.mark.parametrize(
        "variables, wanted",
        [
            ({}, False),
            ({"look_latent": True}, True),
            ({"look_latent": "yes"}, True),
            ({"look_latent": None}, False),
            ({"__diagnose_latent_by_default": True}, True),
            ({"__diagnose_latent_by_default": True, "look_latent": None}, True),
            ({"__diagnose_latent_by_default": True, "look_latent": False}, False),
        ],
    )
    def test_who_asks_for_them(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], wanted: bool
    ) -> None:
        named = module_run(monkeypatch, variables, from_variables="look_")
        assert named == ("webmedic.php_fpm.risk_info" if wanted else None)

    def test_a_task_that_says_all_is_left_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert module_run(monkeypatch, {"diagnose_latent": True}) is None

    def test_a_word_that_is_none_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(AnsibleActionFail, match="look_latent"):
            module_run(monkeypatch, {"look_latent": "perhaps"}, from_variables="look_")


class TestKeywords:
    @pytest.mark.parametrize("value", [False, "no", "false"])
    def test_it_stays_who_it_is_where_that_is_asked(
        self, monkeypatch: pytest.MonkeyPatch, value: object
    ) -> None:
        sent = handed_on(monkeypatch, {"from_variables": "look_"}, {"look_become": value})
        sent["connection"].set_become_plugin.assert_called_once_with(None)

    @pytest.mark.parametrize("variables", [{}, {"look_become": True}, {"look_become": "yes"}])
    def test_else_the_play_decides_who_it_becomes(
        self, monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any]
    ) -> None:
        sent = handed_on(monkeypatch, {"from_variables": "look_"}, variables)
        assert not sent["connection"].set_become_plugin.called

    def test_a_host_that_takes_too_long_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        variables = {"look_host_timeout": "1", "takes": 5}
        result = handed_on(monkeypatch, {"from_variables": "look_"}, variables)["result"]
        assert result["failed"] and "within 1 seconds" in result["msg"]

    def test_a_host_in_time_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent = handed_on(monkeypatch, {"from_variables": "look_"}, {"look_host_timeout": 60})
        assert sent["result"]["status"] == "healthy" and signal.alarm(0) == 0

    @pytest.mark.parametrize("name", ["look_become", "look_host_timeout"])
    def test_a_word_that_is_neither_is_an_error(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        with pytest.raises(AnsibleActionFail, match="look_host_timeout"):
            handed_on(monkeypatch, {"from_variables": "look_"}, {name: "soon"})
