# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""diagnosis_info: one look, one verdict, nothing changed."""

import json
import signal
from typing import Any, Dict, List

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.modules import diagnosis_info as module
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts


@pytest.fixture(name="asked")
def fixture_asked(monkeypatch: Any) -> List[Any]:
    """How the snapshot was asked for: (window, probe_seconds, deadline). What is seen is a real host whose
    php-fpm is stopped.
    """
    asked: List[Any] = []

    def take(host: Any, window: int, probe_seconds: float, deadline: float) -> Dict[str, Any]:
        asked.append((window, probe_seconds, deadline))
        return hosts.seen("stopped")

    monkeypatch.setattr(module, "take", take)
    monkeypatch.setattr(signal, "alarm", lambda seconds: None)
    return asked


def run(capsys: Any, monkeypatch: Any, **arguments: Any) -> Dict[str, Any]:
    given = dict(arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    with pytest.raises(SystemExit) as ended:
        module.main()
    return dict(json.loads(capsys.readouterr().out), rc=ended.value.code)


def test_a_finding_is_a_result_and_fails_nothing(capsys: Any, monkeypatch: Any, asked: List[Any]) -> None:
    told = run(capsys, monkeypatch)
    assert (told["rc"], told["changed"], told["status"]) == (0, False, "failing")
    assert [(item["cause"], item["reason"]) for item in told["findings"]] == [("fpm_not_running", "stopped")]


def test_findings_plan_and_missing_are_those_of_the_diagnosis(
    capsys: Any, monkeypatch: Any, asked: List[Any]
) -> None:
    told, pure = run(capsys, monkeypatch), diagnose(hosts.seen("stopped"))
    assert {name: told[name] for name in pure} == json.loads(json.dumps(pure)) and told["window"] == 900


def test_the_snapshot_comes_only_when_asked_for(capsys: Any, monkeypatch: Any, asked: List[Any]) -> None:
    assert "snapshot" not in run(capsys, monkeypatch)
    assert run(capsys, monkeypatch, snapshot=True)["snapshot"] == hosts.seen("stopped")


def test_window_probe_timeout_and_deadline_have_defaults_and_are_passed_on(
    capsys: Any, monkeypatch: Any, asked: List[Any]
) -> None:
    run(capsys, monkeypatch)
    run(capsys, monkeypatch, window=3600, probe_timeout=0.5, deadline=5)
    assert asked == [(900, 3.0, 30.0), (3600, 0.5, 5.0)]


@pytest.mark.parametrize("seconds", [4.9, 601, -1, 0, "nan", "inf"])
def test_a_deadline_out_of_bounds_is_refused_and_nothing_is_looked_at(
    capsys: Any, monkeypatch: Any, asked: List[Any], seconds: Any
) -> None:
    told = run(capsys, monkeypatch, deadline=seconds)
    assert told["failed"] and "from 5 to 600" in told["msg"] and not asked


def test_the_kernel_ends_a_module_that_outlives_its_deadline(
    capsys: Any, monkeypatch: Any, asked: List[Any]
) -> None:
    alarms: List[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)
    run(capsys, monkeypatch, deadline=40)
    assert alarms == [60]


def test_check_mode_gives_the_same(capsys: Any, monkeypatch: Any, asked: List[Any]) -> None:
    told = run(capsys, monkeypatch, _ansible_check_mode=True)
    assert told["status"] == "failing" and "skipped" not in told


def test_a_reply_with_its_snapshot_stays_small(capsys: Any, monkeypatch: Any, asked: List[Any]) -> None:
    assert len(json.dumps(run(capsys, monkeypatch, snapshot=True))) < 64 * 1024


def test_an_argument_that_is_no_number_fails_by_name(capsys: Any, monkeypatch: Any, asked: List[Any]) -> None:
    told = run(capsys, monkeypatch, window="soon")
    assert told["failed"] and "window" in told["msg"] and not asked
