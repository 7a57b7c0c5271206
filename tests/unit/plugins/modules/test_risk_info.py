# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""risk_info: the diagnosis, with the risks among its findings."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import diagnosis_info
from ansible_collections.webmedic.php_fpm.plugins.modules import risk_info as module
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    foreseen,
    restart,
    well_set_up,
)

Run = Callable[..., Dict[str, Any]]


@pytest.fixture(name="run")
def fixture_run(monkeypatch: Any, run_module: Run) -> Run:
    return lambda **arguments: run_module(module, None, **arguments)


@pytest.fixture(name="takes")
def fixture_takes(monkeypatch: Any) -> List[Any]:
    takes: List[Any] = []

    def take(_host: Any, *how: Any) -> Any:
        takes.append(how)
        return well_set_up(restart=restart(foreseen("unit_disabled")))

    monkeypatch.setattr(module, "take_with_risks", take)
    return takes


class TestReply:
    def test_a_healthy_host_with_a_risk_stays_healthy(self, run: Run, takes: List[Any]) -> None:
        reply = run()
        assert (reply["status"], reply["changed"], reply["plan"]) == ("healthy", False, [])
        assert [item["state"] for item in reply["findings"]] == ["latent"]

    def test_it_has_every_key_of_the_diagnosis(
        self, monkeypatch: Any, run_module: Run, takes: List[Any]
    ) -> None:
        monkeypatch.setattr(diagnosis_info, "take", lambda *how: hosts.a_host())
        plain = run_module(diagnosis_info, None, snapshot=True)
        assert set(run_module(module, None, snapshot=True)) == set(plain)

    def test_the_snapshot_has_the_facts_of_the_risks(self, run: Run, takes: List[Any]) -> None:
        kinds = [each["kind"] for each in run(snapshot=True)["snapshot"]["risks"]["restart"]["problems"]]
        assert kinds == ["unit_disabled"]


class TestOptions:
    def test_they_are_those_of_the_diagnosis(self, run: Run, takes: List[Any]) -> None:
        run()
        run(window=60, probe_timeout=1.0, deadline=9.0)
        assert takes == [(900, 3.0, 30.0), (60, 1.0, 9.0)]

    @pytest.mark.parametrize("deadline", [4.9, 601.0])
    def test_a_deadline_out_of_bounds_is_refused(self, run: Run, takes: List[Any], deadline: float) -> None:
        assert "deadline is" in run(deadline=deadline)["msg"] and takes == []
