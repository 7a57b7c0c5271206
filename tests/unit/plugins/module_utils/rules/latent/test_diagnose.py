# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Risks beside the diagnosis: they change nothing of it."""

import os
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent import diagnose as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.latent.diagnose import diagnose_ahead
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.parts import (
    a_risky_host,
    foreseen,
    restart,
    risks,
    with_risks,
)

DISABLED = restart(foreseen("unit_disabled"))


def fail(monkeypatch: Any, name: str) -> None:
    def defect(_snapshot: Any) -> Any:
        raise KeyError("a defect")

    rules = [rule._replace(asks=(defect,)) if rule.name == name else rule for rule in subject.RULES]
    monkeypatch.setattr(subject, "RULES", tuple(rules))


class TestBesideTheDiagnosis:
    @pytest.mark.parametrize("path", hosts.FILES, ids=hosts.names_of(hosts.FILES))
    def test_it_is_the_same_without_risks(self, path: str) -> None:
        snapshot = hosts.fixture(path)["snapshot"]
        assert diagnose_ahead(snapshot) == diagnose(snapshot)

    @pytest.mark.parametrize("fault", ["plain", "stopped", "exhausted_static", "segfault"])
    def test_risks_change_neither_status_nor_plan(self, fault: str) -> None:
        plain, ahead = diagnose(a_host(fault)), diagnose_ahead(with_risks(a_host(fault), restart=DISABLED))
        assert (ahead["status"], ahead["plan"]) == (plain["status"], plain["plan"])
        names = {rule.name for rule in subject.RULES}
        assert [item for item in ahead["findings"] if item["cause"] not in names] == plain["findings"]
        assert "restart_at_risk" in [item["cause"] for item in ahead["findings"]]

    def test_the_plan_names_the_same_findings(self) -> None:
        """By their places."""
        ahead = diagnose_ahead(with_risks(a_host("stopped"), restart=DISABLED))
        (action,) = ahead["plan"]
        assert [ahead["findings"][number]["cause"] for number in action["findings"]] == ["fpm_not_running"]

    def test_a_risk_tells_how_nginx_is_called_as_well(self) -> None:
        host = a_risky_host(restart=DISABLED).with_nginx(unit=None).with_unit(can_reload=False)
        item = next(each for each in diagnose_ahead(host)["findings"] if each["cause"] == "restart_at_risk")
        assert item["facts"]["no_nginx_unit"] and item["facts"]["no_reload"]

    def test_what_could_not_be_seen_leaves_the_host_healthy(self) -> None:
        host = a_risky_host()
        host["risks"]["missing"] = [{"what": "fpm_config", "path": None, "why": "x", "needs": None}]
        verdict = diagnose_ahead(host)
        assert verdict["status"] == "healthy" and verdict["missing"][-1]["why"] == "x"

    def test_what_both_looks_missed_is_said_once(self) -> None:
        host, gap = a_risky_host(), {"what": "fpm_config", "path": None, "why": "x", "needs": None}
        host["missing"], host["risks"]["missing"] = [gap], [dict(gap)]
        assert diagnose_ahead(host)["missing"].count(gap) == 1

    def test_a_configuration_of_others_is_not_mended(self) -> None:
        host = a_risky_host(restart=DISABLED)
        host.with_master(writable={"who": "alice", "path": "/etc/php"})
        found = [item for item in diagnose_ahead(host)["findings"] if item["cause"] == "restart_at_risk"]
        assert found and not [item for item in found if item["remedy"]]


class TestActions:
    def test_the_plan_knows_them_without_their_files(self) -> None:
        """In a process of its own, as on a host: here other tests have imported the files of all actions."""
        program = (
            "import sys; from %s.plugins.module_utils.rules.latent import diagnose; "
            "from %s.plugins.module_utils.plan.plan import BY_ID; "
            "sys.exit('reload_grace_set' not in BY_ID or any('.actions.' in name for name in sys.modules))"
        ) % (("ansible_collections.webmedic.php_fpm",) * 2)
        subprocess.run([sys.executable, "-c", program], check=True, env=dict(os.environ))


class TestARuleThatRaises:
    @pytest.mark.parametrize("name", [rule.name for rule in subject.RULES])
    def test_it_costs_its_own_answer_alone(self, name: str, monkeypatch: Any) -> None:
        host = a_risky_host(restart=DISABLED)
        others = [found for found in risks(host) if found[0] != name]
        fail(monkeypatch, name)
        verdict = diagnose_ahead(host)
        assert verdict["status"] == "healthy" and risks(host) == others
        assert [(entry["what"], entry["path"]) for entry in verdict["missing"]] == [
            ("risk_failed", name + ".defect")
        ]
