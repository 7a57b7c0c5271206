# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""diagnosis_info: one look, one verdict, nothing changed."""

import json
import signal
from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.modules import diagnosis_info as module
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts

Run = Callable[..., Dict[str, Any]]


@pytest.fixture(name="takes")
def fixture_takes(monkeypatch: Any) -> List[Any]:
    """How the snapshot was asked for: (window, probe_seconds, deadline). What is seen is a real host whose
    php-fpm is stopped.
    """
    takes: List[Any] = []

    def take(host: Any, window: int, probe_seconds: float, deadline: float) -> Dict[str, Any]:
        takes.append((window, probe_seconds, deadline))
        return hosts.seen("stopped")

    monkeypatch.setattr(module, "take", take)
    return takes


@pytest.fixture(name="run")
def fixture_run(run_module: Run) -> Run:
    return lambda **arguments: run_module(module, None, **arguments)


class TestReply:
    """What it returns."""

    def test_a_finding_is_a_result_and_no_failure(self, run: Any, takes: List[Any]) -> None:
        reply = run()
        assert ("failed" in reply, reply["changed"], reply["status"]) == (False, False, "failing")
        assert [(item["cause"], item["reason"]) for item in reply["findings"]] == [
            ("fpm_not_running", "stopped")
        ]

    def test_it_is_that_of_the_diagnosis(self, run: Any, takes: List[Any]) -> None:
        reply, pure = run(), diagnose(hosts.seen("stopped"))
        assert {name: reply[name] for name in pure} == json.loads(json.dumps(pure)) and reply["window"] == 900

    def test_the_snapshot_comes_only_when_asked_for(self, run: Any, takes: List[Any]) -> None:
        assert "snapshot" not in run()
        assert run(snapshot=True)["snapshot"] == hosts.seen("stopped")

    def test_check_mode_gives_the_same(self, run: Any, takes: List[Any]) -> None:
        reply = run(_ansible_check_mode=True)
        assert reply["status"] == "failing" and "skipped" not in reply

    def test_with_the_snapshot_it_stays_small(self, run: Any, takes: List[Any]) -> None:
        assert len(json.dumps(run(snapshot=True))) < 64 * 1024


class TestOptions:
    """What it is asked."""

    def test_the_times_have_defaults_and_are_passed_on(self, run: Any, takes: List[Any]) -> None:
        run()
        run(window=3600, probe_timeout=0.5, deadline=5)
        assert takes == [(900, 3.0, 30.0), (3600, 0.5, 5.0)]

    @pytest.mark.parametrize("seconds", [4.9, 601, -1, 0, "nan", "inf"])
    def test_a_deadline_out_of_bounds_is_refused(self, run: Any, takes: List[Any], seconds: Any) -> None:
        reply = run(deadline=seconds)
        assert reply["failed"] and "from 5 to 600" in reply["msg"] and not takes

    def test_the_kernel_ends_a_module_that_outlives_its_deadline(
        self, run: Any, monkeypatch: Any, takes: List[Any]
    ) -> None:
        alarms: List[int] = []
        monkeypatch.setattr(signal, "alarm", alarms.append)
        run(deadline=40)
        assert alarms == [60]

    def test_an_argument_that_is_no_number_fails_by_name(self, run: Any, takes: List[Any]) -> None:
        reply = run(window="soon")
        assert reply["failed"] and "window" in reply["msg"] and not takes
