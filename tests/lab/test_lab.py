# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge and the lab's data, without a single host: `pytest tests/lab`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.diagnose import diagnose

from tests.lab import data, inventory, judge, scripts
from tests.lab.engine import LabError

STOPPED: dict[str, Any] = {
    "status": "failing",
    "findings": [{"cause": "fpm_not_running", "reason": "stopped"}],
}
SNAPSHOTS = Path(__file__).parents[1] / "unit" / "fixtures" / "snapshots"
HEALTHY: dict[str, Any] = {"status": "healthy", "findings": []}


def wrong(expected: dict[str, Any], status: str, *findings: dict[str, Any]) -> list[str]:
    return judge.judge_host("web1", expected, {"status": status, "findings": list(findings)}).wrong


class TestJudge:
    """What the judge says of a host."""

    def test_accepts_the_expected_finding_whatever_else_it_says(self) -> None:
        assert (
            wrong(
                STOPPED,
                "failing",
                {"cause": "fpm_not_running", "reason": "stopped", "site": "shop.example", "count": 3},
            )
            == []
        )

    def test_rejects_another_reason_and_calls_it_false(self) -> None:
        problems = wrong(STOPPED, "failing", {"cause": "fpm_not_running", "reason": "masked"})
        assert problems == ["not found: fpm_not_running stopped", "false: fpm_not_running masked"]

    def test_rejects_the_right_finding_under_a_wrong_status(self) -> None:
        assert wrong(STOPPED, "degraded", *STOPPED["findings"]) == ["status degraded instead of failing"]

    def test_rejects_a_consequence_beside_its_root_cause(self) -> None:
        extra = {"cause": "socket_path_mismatch", "reason": "other_socket"}
        assert wrong(STOPPED, "failing", *STOPPED["findings"], extra) == [
            "false: socket_path_mismatch other_socket"
        ]

    def test_wants_two_findings_for_two_causes_of_one_kind(self) -> None:
        twice = {"status": "failing", "findings": STOPPED["findings"] * 2}
        assert wrong(twice, "failing", *STOPPED["findings"]) == ["not found: fpm_not_running stopped"]

    def test_misses_a_host_that_is_not_in_the_report(self) -> None:
        verdicts = judge.judge({"hosts": {}}, {"web1": HEALTHY})
        assert verdicts[0].wrong == ["is not in the report"]

    def test_wants_what_is_missing_to_be_named(self) -> None:
        truth = {"status": "unknown", "findings": [], "missing": ["nginx_log"]}
        entry = {"status": "unknown", "findings": [], "missing": [{"what": "fpm_log"}]}
        assert judge.judge_host("web1", truth, entry).wrong == ["nginx_log is not named as missing"]
        entry["missing"] = [{"what": "nginx_log"}]
        assert judge.judge_host("web1", truth, entry).wrong == []

    def test_looks_for_texts_in_the_whole_entry_of_a_host(self) -> None:
        truth = {**STOPPED, "present": ["{{ 7 * 7 }}"], "absent": ["hunter2"]}
        finding = {**STOPPED["findings"][0], "site": "{{ 7 * 7 }}", "evidence": [{"text": "password"}]}
        assert wrong(truth, "failing", finding) == []
        finding.update(site="49", evidence=[{"text": "password=hunter2"}])
        assert wrong(truth, "failing", finding) == [
            "is not in the report: '{{ 7 * 7 }}'",
            "is in the report: 'hunter2'",
        ]

    def test_excuses_an_unknown_host_for_the_named_reason_alone(self) -> None:
        truth = {**HEALTHY, "or_unknown": ["nginx_log"]}
        entry = {"status": "unknown", "findings": [], "missing": [{"what": "nginx_log"}]}
        assert judge.judge_host("web1", truth, entry).wrong == []
        assert judge.judge_host("web1", truth, {**entry, "missing": [{"what": "live_probe"}]}).wrong == [
            "status unknown instead of healthy"
        ]
        assert judge.judge_host("web1", truth, {**entry, "findings": STOPPED["findings"]}).wrong
        assert judge.judge_host("web1", truth, {"status": "failing", "findings": [], "missing": []}).wrong

    def test_allows_what_extras_bring_beside_the_faults_own(self) -> None:
        truth = {**STOPPED, "also": [{"site": "_"}], "or_status": ["degraded"]}
        dead = {"cause": "socket_path_mismatch", "reason": "other_socket", "site": "_"}
        assert wrong(truth, "degraded", dead, *STOPPED["findings"], dead) == []
        assert wrong(truth, "degraded", dead) == ["not found: fpm_not_running stopped"]
        assert wrong(truth, "failing", *STOPPED["findings"], {**dead, "site": "blog.example"}) == [
            "false: socket_path_mismatch other_socket blog.example"
        ]

    def test_summary_counts_hosts_and_false_findings(self) -> None:
        report = {
            "hosts": {
                "web1": STOPPED,
                "web2": {"status": "healthy", "findings": [{"cause": "worker_oom_killed"}]},
            }
        }
        verdicts = judge.judge(report, {"web1": STOPPED, "web2": HEALTHY, "web3": HEALTHY})
        assert judge.summary(verdicts) == "1 of 3 diagnosed correctly; 2 healthy hosts, 1 false findings"


class TestExtras:
    """What a host has besides its fault."""

    def test_a_host_has_those_that_it_can_have(self) -> None:
        names = ["stock_default", "crowd"]
        have = {
            spec.host: [extra.name for extra in spec.extras]
            for spec in data.select(["*:config_not_loaded", "el:stopped"], names)
        }
        assert (
            have["el-stopped"] == names
            and have["el-config-not-loaded"] == ["crowd"]
            and have["trixie-config-not-loaded"] == ["crowd"]
        )
        with pytest.raises(LabError, match="nonsense"):
            data.select(["el:stopped"], ["nonsense"])

    def test_is_set_up_before_the_fault_and_visited_after_it(self) -> None:
        spec = data.select(["trixie:stopped"], ["neighbours"])[0]
        assert (
            0
            < scripts.broken(spec).index('tenant "$name"')
            < scripts.broken(spec).rindex('systemctl stop "$FPM_UNIT"')
        )
        assert scripts.traffic(spec).count(
            "python3 /root/visitors.py"
        ) == 2 and "visitors" not in scripts.traffic(spec._replace(extras=()))
        assert not spec.idle and spec._replace(extras=()).idle

    def test_one_that_some_host_cannot_have_says_why(self) -> None:
        for entry in yaml.safe_load((data.HOME / "extras.yml").read_text()):
            assert ("unless" in entry) == ("why_unless" in entry), entry["name"]
            assert set(entry.get("unless", ())) <= set(data.load_faults()), entry["name"]


class TestHosts:
    """The hosts that patterns and selections name."""

    def test_a_plain_login_neither_is_root_nor_becomes_it(self) -> None:
        hosts = [(spec, "c", "192.0.2.1") for spec in data.select(["trixie:without_root", "trixie:stopped"])]
        rendered = data.yaml.safe_load(inventory.render(hosts, Path("/key")))["all"]["children"]["trixie"][
            "hosts"
        ]
        assert (
            rendered["trixie-without-root"]["ansible_become"] is False
            and rendered["trixie-without-root"]["ansible_user"] == inventory.PLAIN_USER
        )
        assert "ansible_user" not in rendered["trixie-stopped"]
        assert inventory.PLAIN_USER in scripts.broken(
            hosts[0][0]
        ) and inventory.PLAIN_USER not in scripts.broken(hosts[1][0])

    def test_every_selection_of_fleets_yml_names_hosts_that_exist(self) -> None:
        for name in ("all", "demo"):
            assert data.select(data.selection(name))

    def test_a_glob_leaves_out_suites_that_cannot_have_the_fault(self) -> None:
        assert [spec.host for spec in data.select(["*:acl_without_nginx"])] == ["el-acl-without-nginx"]

    def test_an_unknown_host_is_refused_with_what_is_known(self) -> None:
        with pytest.raises(LabError, match="trixie:nonsense"):
            data.select(["trixie:nonsense"])


class TestFaults:
    """The catalogue of faults and suites."""

    def test_every_suite_fills_in_every_variable_of_its_layout(self) -> None:
        for suite in data.load_suites().values():
            assert "{" not in suite.exports()

    def test_a_fault_that_some_suite_cannot_have_says_why(self) -> None:
        for path in (data.HOME / "faults").glob("*.yml"):
            for entry in yaml.safe_load(path.read_text()):
                assert ("suites" in entry) == ("why_suites" in entry), entry["name"]

    def test_a_family_of_several_files_has_one_name(self) -> None:
        paths = [path.stem for path in (data.HOME / "faults").glob("37_public.*.yml")]
        families = {fault.family for fault in data.load_faults().values()}
        assert len(paths) > 1 and "37_public" in families and not families.intersection(paths)

    def test_a_safe_fault_is_planned_to_be_repaired_as_the_lab_says(self) -> None:
        # Families from 10 on are judged on live hosts alone.
        actions = {
            fault.name: list(fault.actions)
            for fault in data.load_faults().values()
            if fault.safe_fix and int(fault.family.partition("_")[0]) < 10
        }
        saved = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(SNAPSHOTS.glob("*.json"))]
        seen = [fixture for fixture in saved if fixture["fault"] in actions]
        assert {fixture["fault"] for fixture in seen} == set(actions)
        for fixture in seen:
            for route in fixture["snapshot"]["nginx"]["routes"]:
                route.setdefault("owners", [])  # the lab's sites are root's
            assert [action["id"] for action in diagnose(fixture["snapshot"])["plan"]] == actions[
                fixture["fault"]
            ], fixture["fault"]


class TestSymptom:
    """What the requests of a host saw."""

    def test_one_request_that_went_otherwise_makes_the_verdict_fail(self) -> None:
        rows = [
            ("LAB", "ok", "traffic", "shop.example/", "3x200"),
            ("LAB", "wrong", "symptom", "blog.example/", "HTTP 3x200 instead of 502"),
        ]
        output = "".join("\t".join(row) + "\n" for row in rows)
        with pytest.raises(LabError, match="blog.example/: HTTP 3x200 instead of 502"):
            scripts.verdict(output)

    def test_no_request_at_all_is_no_symptom(self) -> None:
        with pytest.raises(LabError, match="no request"):
            scripts.verdict("systemd is running\n")
