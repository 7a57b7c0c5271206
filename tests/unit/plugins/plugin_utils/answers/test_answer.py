# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module answers, before the engine uses it. tests/integration/hostile.py proves the whole way."""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible_collections.webmedic.php_fpm.plugins.action import diagnosis_info, fpm_info, remediation
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import answer
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.untrusted import Mismatch
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils import results
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import ROOT, finding

EVIL = "\x1b[2J\x9b31m\u202e\u200b\x07"
HARMLESS = "?[2J?31m???"
ALL = answer.COMMON | answer.RETURNED


def runs_on_hosts(path: str) -> bool:
    """Whether it is more than the documentation of an action plugin."""
    with open(path, encoding="utf-8") as stream:
        return "nothing of it runs on a host" not in stream.read()


PLACE = os.path.join(ROOT, "plugins", "modules")
MODULES = sorted(
    name[:-3]
    for name in os.listdir(PLACE)
    if name.endswith(".py") and runs_on_hosts(os.path.join(PLACE, name))
)


def documented(module: str) -> set[str]:
    with open(os.path.join(ROOT, "plugins", "modules", module + ".py"), encoding="utf-8") as stream:
        match = re.search(r'^RETURN = r"""\n(.*?)^"""', stream.read(), re.M | re.S)
    assert match
    return set(yaml.safe_load(match.group(1)))


def answered(
    monkeypatch: pytest.MonkeyPatch, data: dict[str, Any], kind: Any = diagnosis_info, asynchronous: int = 0
) -> dict[str, Any]:
    """The result of a task whose module printed this."""
    monkeypatch.setattr(
        answer.NormalAction, "_parse_returned_data", lambda self, res: json.loads(res["stdout"])
    )
    printed = "a banner\n%s\n" % json.dumps(data)
    monkeypatch.setattr(
        answer.NormalAction,
        "run",
        lambda self, tmp, task_vars: self._parse_returned_data({"stdout": printed}),
    )
    task = MagicMock(async_val=asynchronous, delegate_to=None)
    result: dict[str, Any] = kind.ActionModule(
        task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock()
    ).run(None, {})
    return result


def raised(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Any:
    def run(self: Any, tmp: Any = None, task_vars: Any = None) -> None:
        raise error

    monkeypatch.setattr(answer.NormalAction, "run", run)
    return fpm_info.ActionModule(
        MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock()
    ).run(None, {})


class TestLookedAt:
    @pytest.mark.parametrize("kind", [diagnosis_info, fpm_info])
    def test_the_clock_is_that_of_the_controller(self, monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
        before = time.time()
        passed = answered(monkeypatch, {**results.answer(), "looked_at": before + 9999}, kind)
        assert before <= passed["looked_at"] <= time.time()

    def test_an_answer_that_is_none_has_one_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "looked_at" in raised(monkeypatch, Mismatch("x"))


class TestRoutes:
    """Which modules have the reader, and which of their values pass it."""

    @pytest.mark.parametrize("module", MODULES)
    def test_every_value_that_is_documented_passes(self, module: str) -> None:
        assert documented(module) - answer.RETURNED <= {"msg"}

    def test_no_undocumented_value_passes(self) -> None:
        assert answer.RETURNED - {"strangers", "strangers_total"} | {"msg"} == {
            name for module in MODULES for name in documented(module)
        } - {"strangers", "strangers_total"}

    @pytest.mark.parametrize("module", MODULES)
    def test_every_module_has_the_reader(self, module: str) -> None:
        with open(os.path.join(ROOT, "meta", "runtime.yml"), encoding="utf-8") as stream:
            routed = yaml.safe_load(stream)["plugin_routing"]["modules"]
        own = os.path.exists(os.path.join(ROOT, "plugins", "action", module + ".py"))
        gate = "diagnosis_info" if module == "risk_info" else "fpm_info"
        assert own or routed[module] == {"action_plugin": "webmedic.php_fpm." + gate}


class TestReader:
    """What is left of an answer."""

    @pytest.mark.parametrize(
        "word",
        [
            "ansible_facts",
            "ansible_stats",
            "add_host",
            "add_group",
            "_ansible_no_log",
            "_ansible_delegated_vars",
            "unreachable",
            "skipped",
            "results",
            "include",
            "ansible_job_id",
            "stdout",
            "ansible_python_interpreter",
            "_ansible_suppress_tmpdir_delete",
        ],
    )
    def test_a_word_that_the_engine_obeys_does_not_pass(self, word: str) -> None:
        assert answer.read_answer({word: {"data": {"a": 1}}, "status": "healthy"}, ALL) == {
            "status": "healthy"
        }

    def test_all_that_is_printed_is_cleaned(self) -> None:
        diff = dict.fromkeys(("before", "after", "before_header", "after_header", "prepared"), EVIL)
        raw = {
            "msg": EVIL,
            "invocation": {EVIL: [EVIL]},
            "diff": [diff],
            "warnings": [EVIL],
            "exception": EVIL,
            "deprecations": [{"msg": EVIL, "version": "1"}],
            "findings": [{EVIL: EVIL}],
            "failed": True,
        }
        assert answer.read_answer(raw, ALL) == {
            "msg": HARMLESS,
            "invocation": {HARMLESS: [HARMLESS]},
            "diff": [dict.fromkeys(diff, HARMLESS)],
            "warnings": [HARMLESS, HARMLESS],
            "exception": HARMLESS,
            "findings": [{HARMLESS: HARMLESS}],
            "failed": True,
        }

    def test_warnings_of_newer_engines_become_texts(self) -> None:
        kind = {"__ansible_type": "WarningSummary", "event": {"__ansible_type": "Event", "msg": EVIL}}
        error = {
            "__ansible_type": "ErrorSummary",
            "event": {"msg": "x", "formatted_traceback": "Traceback " + EVIL},
        }
        cleaned = answer.read_answer(
            {"warnings": [kind, 7, None, {"event": 5}], "exception": error, "deprecations": "x"}, ALL
        )
        assert cleaned == {"warnings": [HARMLESS], "exception": "Traceback " + HARMLESS}

    def test_a_module_that_raised_says_what_with_newer_engines(self) -> None:
        """They send no message then, and print "Unknown error"."""
        error = {"__ansible_type": "ErrorSummary", "event": {"msg": "'site'" + EVIL + " password=hunter22"}}
        cleaned = answer.read_answer({"failed": True, "exception": error}, ALL)
        assert cleaned["msg"].startswith("the module ended by a mistake of its own")
        assert cleaned["msg"].endswith("'site'%s password=[redacted]" % HARMLESS)

    @pytest.mark.parametrize("error", [None, "", {}, {"event": None}, {"event": {"msg": 5}}])
    def test_a_module_that_raised_may_say_nothing(self, error: Any) -> None:
        cleaned = answer.read_answer({"failed": True, "exception": error}, ALL)
        assert cleaned["msg"].endswith("it does not say which")

    def test_near_miss_what_did_not_fail_gets_no_message(self) -> None:
        assert "msg" not in answer.read_answer({"exception": {"event": {"msg": "x"}}}, ALL)

    def test_no_dict_keeps_a_type_of_the_engine(self) -> None:
        typed = {
            "findings": [{"__ansible_type": "TrustedAsTemplate", "__ansible_unsafe": "x", "value": "{{ 1 }}"}]
        }
        assert answer.read_answer(typed, ALL) == {"findings": [{"value": "{{ 1 }}"}]}

    @pytest.mark.parametrize(
        "data, says",
        [
            ({"diff": {"before": "x"}}, "diff is a dict"),
            ({"diff": [{"before": 5}]}, r"diff\[0\].before is a number"),
            ({"msg": ["x"]}, "msg is a list"),
            ({"findings": [[[[]]] * 600_000]}, "larger than 1000000 values"),
            ({"status": float("nan")}, "out of bounds"),
        ],
    )
    def test_a_value_out_of_bounds_is_refused(self, data: dict[str, Any], says: str) -> None:
        with pytest.raises(Mismatch, match=says):
            answer.read_answer(data, ALL)

    def test_a_diff_is_cut_before_the_engine_compares_it(self) -> None:
        before, after = (
            "".join("%d\n" % (number * step % 100) for number in range(50_000)) for step in (7919, 6101)
        )
        (cut,) = answer.read_answer({"diff": [{"before": before, "after": after}]}, ALL)["diff"]
        assert cut["before"].splitlines()[-1] == "... and 49001 lines more"

    def test_near_miss_a_diff_of_the_usual_size_stays(self) -> None:
        diff = [
            {"before": "a\n\tb\n" * 400, "after": "", "before_header": "/etc/x", "after_header": "/etc/x"}
        ]
        assert answer.read_answer({"diff": diff}, ALL)["diff"] == diff


class TestTask:
    """The reader inside the engine's way to run a module."""

    def test_an_honest_answer_passes_with_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sentence is the controller's: what the host says in its place does not count."""
        honest = results.answer("failing", finding())
        for kind in (diagnosis_info, remediation):
            for extra in ({}, {"msg": "all is well {{ 7 }}"}):
                answer = answered(monkeypatch, {**honest, **extra}, kind)
                assert answer.pop("msg").startswith("failing: PHP-FPM is not running: stopped (")
                assert answer.pop("looked_at") and answer == honest

    @pytest.mark.parametrize("kind", [diagnosis_info, remediation])
    def test_what_is_no_diagnosis_fails_its_task(self, monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
        result = answered(monkeypatch, results.answer("failing", finding(since=[1])), kind)
        assert result.pop("looked_at") and result == {
            "failed": True,
            "changed": False,
            "msg": "reported something that is not a diagnosis: findings[0].since is a list",
            "error_kind": "no_diagnosis",
        }

    def test_other_modules_need_not_diagnose(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert answered(monkeypatch, {"kills": []}, fpm_info)["kills"] == []
        assert (
            answered(monkeypatch, {"kills": float("nan")}, fpm_info)["msg"]
            == "the answer of this host was not taken: it is out of bounds"
        )

    def test_a_failed_or_running_module_need_not_diagnose(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert answered(monkeypatch, {"failed": True, "msg": "no"})["msg"] == "no"
        assert (
            answered(monkeypatch, {"ansible_job_id": "j1", "started": 1}, asynchronous=60)["ansible_job_id"]
            == "j1"
        )

    @pytest.mark.parametrize(
        "error, kind",
        [
            (AnsibleError("sudo: " + EVIL), AnsibleActionFail),
            (AnsibleError("plain"), AnsibleError),
        ],
    )
    def test_an_error_of_the_connection_is_cleaned(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception]
    ) -> None:
        with pytest.raises(kind) as caught:
            raised(monkeypatch, error)
        assert "\x1b" not in str(caught.value) and "\u202e" not in str(caught.value)

    def test_a_host_out_of_reach_is_a_result(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of an exception the engine shows nine lines for each host."""
        result = raised(monkeypatch, AnsibleConnectionFailure("ssh: " + EVIL))
        assert result["unreachable"] and result["msg"].startswith("ssh: ")
        assert "\x1b" not in result["msg"] and "\u202e" not in result["msg"]

    def test_an_answer_nested_too_deep_fails_its_task(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert (
            raised(monkeypatch, RecursionError("x"))["msg"]
            == "the answer of this host was not taken: it is nested too deep"
        )

    def test_output_of_a_command_is_cleaned_and_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        printed = {"rc": 0, "stdout": EVIL, "stderr": EVIL}
        monkeypatch.setattr(
            answer.NormalAction, "_low_level_execute_command", lambda self, cmd, **more: dict(printed)
        )
        action = fpm_info.ActionModule(
            MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock()
        )
        assert action._low_level_execute_command("id", sudoable=True) == {
            "rc": 0,
            "stdout": HARMLESS,
            "stderr": HARMLESS,
        }
        printed["stdout"] = "x" * (answer.MAX_OUTPUT + 1)
        with pytest.raises(Mismatch, match="larger than 32 MiB"):
            action._low_level_execute_command("id")
