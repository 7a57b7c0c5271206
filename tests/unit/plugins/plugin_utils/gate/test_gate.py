# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terms of a gate, its baseline, and how it is shown."""

from __future__ import annotations

import contextlib
import json
import os
import resource
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate import gate, gate_table, policy_reader
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.looks import Looks
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.gate.policy import judge
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import saved as reports
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.layout import WIDTH, Page
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    schema,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import run as results_run

ILL = answer("failing", finding())


def saved(place: Any, results: Any, at: float = NOW - 300) -> str:
    made = report.build(results, 900, at)
    made["gate"] = judge(Looks(made), policy_reader.read({}), NOW, list(results), "before")
    return gate.keep(made, str(place / "deep" / "baseline.json"))


@contextlib.contextmanager
def small_files(most: int) -> Iterator[None]:
    """No file may have more bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestKeep:
    """The baseline is the old one or the new one, and nothing lies beside it."""

    def test_a_full_disk_leaves_the_old_one(self, tmp_path: Any) -> None:
        path = saved(tmp_path, {"a": answer()})
        with small_files(100), pytest.raises(gate.GateError, match="was not written to .*: File too large"):
            saved(tmp_path, {"b": answer()})
        assert os.listdir(tmp_path / "deep") == ["baseline.json"]
        assert list(gate.baseline_of(path).report["hosts"]) == ["a"]

    def test_a_directory_in_its_place_leaves_no_draft(self, tmp_path: Any) -> None:
        (tmp_path / "deep" / "baseline.json").mkdir(parents=True)
        with pytest.raises(gate.GateError, match="the baseline was not written to .*: Is a directory"):
            saved(tmp_path, {"a": answer()})
        assert os.listdir(tmp_path / "deep") == ["baseline.json"]


class TestBatches:
    """A play that looks, deploys and judges, batch by batch: ``serial: 1``."""

    def before(self, place: Any, results: Any, batch: str, run: str = "2026-04-02T142317Z") -> Any:
        path = str(place / "baseline.json")
        made = report.build(results, 900, NOW, run={**results_run(), "id": run})
        made["gate"] = judge(Looks(made), policy_reader.read({}), NOW, [batch], "before")
        gate.keep(gate.of_all_batches(made, {batch}, path), path)
        return gate.baseline_of(path)

    def test_what_an_earlier_batch_became_is_no_state_before(self, tmp_path: Any) -> None:
        self.before(tmp_path, {"a": answer()}, "a")
        found = self.before(tmp_path, {"a": ILL, "b": answer()}, "b")
        assert {name: entry["status"] for name, entry in found.report["hosts"].items()} == {
            "a": "healthy",
            "b": "healthy",
        }
        assert found.report["summary"]["counts"]["failing"] == 0

    def test_what_another_run_kept_is_not_taken_over(self, tmp_path: Any) -> None:
        self.before(tmp_path, {"a": answer()}, "a", run="2026-04-01T000000Z")
        assert set(self.before(tmp_path, {"a": ILL, "b": answer()}, "b").report["hosts"]) == {"b"}


class TestTerms:
    def test_the_window_reaches_to_the_beginning(self, tmp_path: Any) -> None:
        path = saved(tmp_path, {"a": answer()}, NOW - 3000)
        found = gate.terms("after", {}, path, "", 900, NOW)
        assert found.since == NOW - 3000 and found.window >= 3000 and found.baseline
        assert gate.terms("after", {}, path, NOW - 60, 900, NOW).window == 900

    def test_the_baseline_of_an_earlier_deploy_is_refused(self, tmp_path: Any) -> None:
        path = saved(tmp_path, {"a": answer()}, NOW - 90_000)
        assert gate.terms("after", {}, path, "", 900, NOW, 100_000).baseline
        with pytest.raises(gate.GateError, match="longer ago than gate_baseline_max_age"):
            gate.terms("after", {}, path, "", 900, NOW, 86400)
        with pytest.raises(gate.GateError, match="longer ago than gate_baseline_max_age"):
            gate.terms("after", {}, path, "", 900, NOW, float("nan"))

    def test_a_baseline_of_the_future_is_refused(self, tmp_path: Any) -> None:
        assert gate.terms("after", {}, saved(tmp_path, {"a": answer()}, NOW + 50), "", 900, NOW).baseline
        with pytest.raises(gate.GateError, match="in the future of this clock"):
            gate.terms("after", {}, saved(tmp_path, {"a": answer()}, NOW + 3600), "", 900, NOW)

    @pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
    def test_seconds_are_a_number_from_0_on(self, seconds: float) -> None:
        with pytest.raises(gate.GateError, match="gate_wait is .*: it must be a number of seconds"):
            gate.terms("before", {}, "x", "", 900, NOW, times={"gate_wait": seconds})

    def test_before_a_deploy_there_is_no_time(self) -> None:
        assert gate.terms("before", {}, "x.json", NOW, 900, NOW).since is None

    @pytest.mark.parametrize(
        "arguments,words",
        [
            (("before", {}, "", "", 900), "gate_baseline is empty"),
            (("before", {"rule": 1}, "x", "", 900), "gate_policy.rule"),
            (("before", {}, "x", "", 0), "gate_window is 0"),
            (("after", {}, "", "", 900), "gate_since is needed"),
            (("after", {}, "/nowhere/x.json", "", 900), "there is no baseline: cannot read /nowhere/x.json"),
            (("after", {}, "", "yesterday", 900), "gate_since is yesterday"),
            (("after", {}, "", -1, 900), "gate_since is -1"),
            (("after", {}, "", 0, 900), "gate_since is 0"),
            (("after", {}, "", "nan", 900), "gate_since is nan"),
            (("after", {}, "", True, 900), "gate_since is True"),
            (("after", {}, "", 60, 900), "gate_since is 60"),
            (("after", {}, "", "20260402", 900), "gate_since is 20260402"),
            (("after", {}, "", "2026-04-02T12:00:00", 900), "gate_since has no time zone"),
            (("after", {}, "", NOW + 3600, 900), "gate_since lies in the future"),
        ],
    )
    def test_what_is_wrong_keeps_it_closed(self, arguments: Any, words: str) -> None:
        with pytest.raises(gate.GateError, match=words):
            gate.terms(*arguments, NOW)

    @pytest.mark.parametrize(
        "value",
        [1775138400, 1775138400.0, "1775138400", "2026-04-02T14:00:00Z", "2026-04-02T16:00:00+02:00"],
    )
    def test_a_time_may_be_written_in_many_ways(self, value: Any) -> None:
        assert gate.moment(value, NOW) == 1775138400


class TestBaseline:
    def test_it_keeps_the_contract(self, tmp_path: Any) -> None:
        with open(saved(tmp_path, {"a": ILL, "b": answer()}), encoding="utf-8") as stream:
            jsonschema.validate(json.load(stream), schema())

    def test_it_is_read_as_it_was_written(self, tmp_path: Any) -> None:
        found = gate.baseline_of(saved(tmp_path, {"a": ILL, "b": {"unreachable": True, "msg": "x"}}))
        assert found.report["hosts"]["a"]["findings"][0]["cause"] == "fpm_not_running"
        assert ("b", "host_unreachable", None, None, None) in found.refused

    def test_what_the_gate_let_pass_then_excuses_nothing(self, tmp_path: Any) -> None:
        warned = answer("degraded", finding(severity="warning"))
        assert gate.baseline_of(saved(tmp_path, {"a": warned})).refused == frozenset()

    def test_a_report_of_no_gate_is_one_as_well(self, tmp_path: Any) -> None:
        (tmp_path / "x.json").write_text(json.dumps(report.build({"a": ILL}, 900, NOW)))
        assert gate.baseline_of(str(tmp_path / "x.json")).refused == frozenset()

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"hosts": {}}'])
    def test_what_is_no_report_is_no_baseline(self, tmp_path: Any, text: str) -> None:
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(gate.GateError, match="there is no baseline"):
            gate.baseline_of(str(tmp_path / "x.json"))

    def test_where_it_cannot_be_written_the_gate_says_so(self, tmp_path: Any) -> None:
        (tmp_path / "deep").write_text("")
        with pytest.raises(gate.GateError, match="the baseline was not written to"):
            saved(tmp_path, {"a": answer()})


class TestOwnBaseline:
    """What another account could have written, or put there, excuses nothing."""

    @pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o620, 0o602])
    def test_one_that_others_can_change_is_refused(self, tmp_path: Any, mode: int) -> None:
        path = saved(tmp_path, {"a": ILL})
        os.chmod(path, mode)
        with pytest.raises(gate.GateError) as raised:
            gate.baseline_of(path)
        assert str(raised.value) == (
            "the baseline %s can be changed by other accounts: check what is in it, then run chmod go-w on it"
            % path
        )

    @pytest.mark.parametrize("mode", [0o400, 0o600, 0o644, 0o640, 0o755])
    def test_near_miss_others_can_only_read_it(self, tmp_path: Any, mode: int) -> None:
        path = saved(tmp_path, {"a": ILL})
        os.chmod(path, mode)
        assert gate.baseline_of(path).refused

    def test_a_link_is_refused_wherever_it_leads(self, tmp_path: Any) -> None:
        path = saved(tmp_path, {"a": ILL})
        (tmp_path / "link.json").symlink_to(path)
        with pytest.raises(gate.GateError, match="link.json is a link: name the file that it leads to"):
            gate.baseline_of(str(tmp_path / "link.json"))

    def test_a_link_put_there_after_the_look_is_refused(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, honest = saved(tmp_path, {"a": ILL}), os.open
        os.rename(path, tmp_path / "other.json")
        (tmp_path / "plain.json").write_text("{}")

        def opened(name: Any, *others: Any, **more: Any) -> int:
            if str(name) == str(tmp_path / "plain.json"):
                (tmp_path / "plain.json").unlink()
                (tmp_path / "plain.json").symlink_to("other.json")
            return honest(name, *others, **more)

        monkeypatch.setattr(os, "open", opened)
        with pytest.raises(gate.GateError, match="symbolic links"):
            gate.baseline_of(str(tmp_path / "plain.json"))

    def test_a_directory_may_lead_to_it_by_links(self, tmp_path: Any) -> None:
        path = saved(tmp_path, {"a": ILL})
        (tmp_path / "run").mkdir()
        os.rename(path, tmp_path / "run" / "report.json")
        (tmp_path / "latest").symlink_to("run")
        (tmp_path / "report.json").symlink_to("latest/report.json")
        for place in (tmp_path, tmp_path / "run", tmp_path / "latest"):
            assert gate.baseline_of(str(place)).path == str(tmp_path / "run" / "report.json")
        os.chmod(tmp_path / "run" / "report.json", 0o666)
        with pytest.raises(gate.GateError, match="can be changed by other accounts"):
            gate.baseline_of(str(tmp_path))

    @pytest.mark.parametrize(("owner", "fine"), [(0, True), (os.geteuid(), True), (os.geteuid() + 1, False)])
    def test_it_is_of_this_account_or_of_root(
        self, tmp_path: Any, owner: int, fine: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, honest = saved(tmp_path, {"a": ILL}), os.fstat

        def found(descriptor: int) -> os.stat_result:
            status = honest(descriptor)
            return os.stat_result((*status[:4], owner, *status[5:]))

        monkeypatch.setattr(os, "fstat", found)
        with contextlib.nullcontext() if fine else pytest.raises(gate.GateError, match="to another account"):
            assert gate.baseline_of(path).refused

    def test_its_own_is_fine_under_any_umask(self, tmp_path: Any) -> None:
        before = os.umask(0)
        try:
            path = saved(tmp_path, {"a": ILL})
        finally:
            os.umask(before)
        assert gate.baseline_of(path).refused

    def test_before_the_deploy_it_is_read_like_after(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Some file systems give each file one mode for all."""
        honest = gate.put

        def put(path: str, text: str) -> None:
            honest(path, text)
            os.chmod(path, 0o777)

        monkeypatch.setattr(gate, "put", put)
        with pytest.raises(gate.GateError, match="can be changed by other accounts"):
            saved(tmp_path, {"a": ILL})

    def test_what_only_shows_reads_reports_of_others(self, tmp_path: Any) -> None:
        path = saved(tmp_path, {"a": ILL})
        os.chmod(path, 0o666)
        (tmp_path / "link.json").symlink_to(path)
        assert reports.read(str(tmp_path / "link.json")).report["hosts"]["a"]


class TestTable:
    def lines(self, results: Any, above: tuple[str, ...] = (), width: int = WIDTH) -> list[str]:
        made = report.build(results, 900, NOW)
        judged = judge(Looks(made), policy_reader.read({}), NOW, list(results), "before")
        return [line for line, _color in gate_table.render(judged, "/health", Page(width), above)]

    def test_equal_reasons_share_a_row_and_the_verdict_is_last(self) -> None:
        lines = self.lines({"a": answer(), "b": ILL, "c": ILL})
        assert sum("fpm_not_running/stopped" in line for line in lines) == 1
        assert any("b, c" in line for line in lines) and any("systemctl start" in line for line in lines)
        assert lines[-1] == "Gate before: CLOSED. 3 hosts judged, 2 ill hosts: b, c; 2 fail, 0 warn, 0 pass."
        assert "  /health was asked of each site through nginx." in lines

    def test_the_verdict_is_no_wider_than_the_terminal(self) -> None:
        ill = {"host-with-a-long-name-%d.example" % number: ILL for number in range(3)}
        wide = [line for line in self.lines(ill, width=80) if len(line) > 80]
        assert not wide

    def test_what_stands_above_is_not_said_again(self) -> None:
        lines = self.lines({"a": ILL}, ("systemctl start php8.2-fpm.service",))
        assert any("fpm_not_running/stopped" in line for line in lines)
        assert not any("systemctl" in line or line.startswith("    why") for line in lines)

    def test_a_hundred_kinds_of_reasons_stay_short(self) -> None:
        results = {
            "h%d" % number: answer("failing", finding(summary="x%d" % number)) for number in range(100)
        }
        assert len(self.lines(results)) < 80

    def test_a_calm_fleet_has_no_reason(self) -> None:
        assert self.lines({"a": answer()})[2] == "  none"
