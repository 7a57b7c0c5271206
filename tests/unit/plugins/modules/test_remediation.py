# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""remediation: what it refuses to be asked, what it returns where nothing is to be done, and that all of it
is documented.
"""

import json
from typing import Any, Dict

import pytest
from ansible.module_utils import basic
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.actions import ACTIONS
from ansible_collections.webmedic.php_fpm.plugins.module_utils.plan.policy import Policy
from ansible_collections.webmedic.php_fpm.plugins.modules import remediation as module
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


def run(capsys: Any, monkeypatch: Any, **arguments: Any) -> Dict[str, Any]:
    given = dict(arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
    if hasattr(basic, "_ANSIBLE_PROFILE"):
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
    monkeypatch.setattr(module, "Host", lambda: FakeHost({"/proc/none": ""}, root=False))
    with pytest.raises(SystemExit):
        module.main()
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_host_without_php_behind_nginx_is_only_looked_at(
    check_mode: bool, capsys: Any, monkeypatch: Any
) -> None:
    told = run(capsys, monkeypatch, _ansible_check_mode=check_mode)
    assert (told["changed"], told["status"], told["diff"], told["plan"]) == (False, "not_applicable", [], [])
    assert (
        told["remediation"]["outcome"],
        told["remediation"]["check_mode"],
        told["remediation"]["actions"],
    ) == ("nothing_to_do", check_mode, [])


def test_the_snapshot_comes_only_when_it_is_asked_for(capsys: Any, monkeypatch: Any) -> None:
    assert "snapshot" not in run(capsys, monkeypatch)
    assert run(capsys, monkeypatch, snapshot=True)["snapshot"]["schema_version"] == 1


@pytest.mark.parametrize(
    "arguments, told",
    [
        ({"only": ["unit_strat"]}, "none called unit_strat"),
        ({"probe_path": "health"}, "probe_path is health"),
        ({"swap_size": "much"}, "swap_size"),
        ({"max_risk": "extreme"}, "max_risk must be one of"),
    ],
)
def test_a_mistake_in_the_options_stops_it_before_it_looks(
    arguments: Dict[str, Any], told: str, capsys: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "remediate", None)
    assert told in run(capsys, monkeypatch, **arguments)["msg"]


def test_what_a_killed_run_left_and_cannot_be_put_back_is_a_failure_in_words(
    capsys: Any, monkeypatch: Any
) -> None:
    def stuck(*_arguments: Any) -> None:
        raise UndoFailed("every file is as before, but this failed: `systemctl restart x`")

    monkeypatch.setattr(module, "remediate", stuck)
    told = run(capsys, monkeypatch)
    assert told["failed"] and "could not go on: every file is as before" in told["msg"]


def test_every_option_reaches_the_policy(capsys: Any, monkeypatch: Any) -> None:
    seen = []

    def noted(_host: Any, _disk: Any, policy: Policy, check_mode: bool) -> Dict[str, Any]:
        seen.append((policy, check_mode))
        return {"snapshot": {}}

    monkeypatch.setattr(module, "remediate", noted)
    run(
        capsys,
        monkeypatch,
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


def test_all_that_is_returned_is_documented(capsys: Any, monkeypatch: Any) -> None:
    documented = pytest.importorskip("yaml").safe_load(module.RETURN)
    told = run(capsys, monkeypatch, snapshot=True)
    assert set(documented) == set(told) - {"changed", "invocation"}
    assert (
        set(documented["remediation"]["contains"])
        == set(documented["remediation"]["sample"])
        == set(told["remediation"])
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
