# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""remediation: what it refuses to be asked, what it returns where nothing is to be done, and that all of it
is documented.
"""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.plugins.modules import remediation as module
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

Run = Callable[..., Dict[str, Any]]


@pytest.fixture(name="run")
def fixture_run(run_module: Run) -> Run:
    return lambda **arguments: run_module(module, FakeHost({"/proc/none": ""}, root=False), **arguments)


class TestReply:
    """What it returns."""

    @pytest.mark.parametrize("check_mode", [False, True])
    def test_a_host_without_php_behind_nginx_is_only_looked_at(self, check_mode: bool, run: Any) -> None:
        reply = run(_ansible_check_mode=check_mode)
        assert (reply["changed"], reply["status"], reply["diff"], reply["plan"]) == (
            False,
            "not_applicable",
            [],
            [],
        )
        assert (
            reply["remediation"]["outcome"],
            reply["remediation"]["check_mode"],
            reply["remediation"]["actions"],
        ) == ("nothing_to_do", check_mode, [])

    def test_the_snapshot_comes_only_when_asked_for(self, run: Any) -> None:
        assert "snapshot" not in run()
        assert run(snapshot=True)["snapshot"]["schema_version"] == 1

    def test_an_undo_that_failed_is_a_failure_in_words(self, run: Any, monkeypatch: Any) -> None:
        def stuck(*_arguments: Any) -> None:
            raise UndoFailed("every file is as before, but this failed: `systemctl restart x`")

        monkeypatch.setattr(module, "remediate", stuck)
        reply = run()
        assert reply["failed"] and "could not go on: every file is as before" in reply["msg"]

    def test_all_that_is_returned_is_documented(self, run: Any) -> None:
        documented = pytest.importorskip("yaml").safe_load(module.RETURN)
        reply = run(snapshot=True)
        # The sentence is the controller's.
        assert set(documented) - {"msg"} == set(reply) - {"changed", "invocation"}
        assert (
            set(documented["remediation"]["contains"])
            == set(documented["remediation"]["sample"])
            == set(reply["remediation"])
        )
        sample = documented["remediation"]["sample"]["actions"][0]
        assert set(sample) == {
            "id",
            "target",
            "arguments",
            "because",
            "findings",
            "risk",
            "reversible",
            "disruption",
            "running",
            "result",
            "refusal_kind",
            "why",
            "files",
            "commands",
            "backup",
            "cut",
            "seconds",
        }
        assert next(action for action in ACTIONS if action.id == sample["id"])[1:4] == (
            sample["risk"],
            sample["reversible"],
            sample["disruption"],
        )


class TestOptions:
    """What it is asked."""

    @pytest.mark.parametrize(
        "arguments, words",
        [
            ({"only": ["unit_strat"]}, "none called unit_strat"),
            ({"probe_path": "health"}, "probe_path is health"),
            ({"swap_size": "much"}, "swap_size"),
            ({"max_risk": "extreme"}, "max_risk must be one of"),
        ],
    )
    def test_a_mistake_in_the_options_stops_it_before_it_looks(
        self, arguments: Dict[str, Any], words: str, run: Any, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(module, "remediate", None)
        assert words in run(**arguments)["msg"]

    def test_every_option_reaches_the_policy(self, run: Any, monkeypatch: Any) -> None:
        seen = []

        def noted(_host: Any, _disk: Any, policy: Policy, check_mode: bool) -> Dict[str, Any]:
            seen.append((policy, check_mode))
            return {"snapshot": {}}

        monkeypatch.setattr(module, "remediate", noted)
        run(
            window=60,
            probe_timeout=1.5,
            max_risk="high",
            only=["unit_start"],
            skip=["read_timeout_set"],
            probe_path="",
            verify_timeout=7,
            max_repeats=1,
            repeat_period=10,
            swap_size="1G",
            max_disruption="reload",
            max_cut=3,
            quiet_wait=4.0,
            managed_files="edit",
            _ansible_check_mode=True,
        )
        assert seen == [
            (
                Policy(
                    60,
                    1.5,
                    "high",
                    ["unit_start"],
                    ["read_timeout_set"],
                    "",
                    7.0,
                    1,
                    10,
                    "1G",
                    "reload",
                    3,
                    4.0,
                    "edit",
                ),
                True,
            )
        ]
