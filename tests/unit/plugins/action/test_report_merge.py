# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of slices become one: nothing is lost in silence, and what does not fit is said."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleError
from ansible_collections.webmedic.php_fpm.plugins.action import report_merge
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import replay, report, saved
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils import results
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE

ILL = answer("failing", finding())


@pytest.fixture(name="shown", autouse=True)
def _shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    screen = MagicMock(display=lambda text, screen_only=False, log_only=False: texts.append(text))
    monkeypatch.setattr(printer, "Display", lambda: screen)
    return texts


def made(hosts: dict[str, Any], later: float = 0, window: int = 900, **more: Any) -> dict[str, Any]:
    whole: Any = results.run(window=window, **more)
    return dict(report.build(hosts, window, NOW + later, keep_snapshot=True, run=whole))


def keep(place: Path, name: str, document: dict[str, Any]) -> Path:
    (place / name).mkdir(parents=True)
    (place / name / "report.json").write_text(json.dumps(document))
    return place / name


def run(*reports: Any, **options: Any) -> dict[str, Any]:
    options["reports"] = [str(path) for path in reports]
    task = MagicMock(args=options, async_val=0, check_mode=False, diff=False, ignore_unreachable=False)
    plugin = report_merge.ActionModule(
        task, MagicMock(), MagicMock(check_mode=False), MagicMock(), MagicMock(), MagicMock()
    )
    outcome: dict[str, Any] = plugin.run(None, {})
    return outcome


class TestMerge:
    def test_slices_become_one_report(self, tmp_path: Path, shown: list[str]) -> None:
        keep(tmp_path / "slices", "2", made({"c": unreachable(), "a": ILL}))
        keep(tmp_path / "slices", "1", made({"b": answer()}, 5))
        outcome = run(tmp_path / "slices", report_dir=str(tmp_path / "out"), fail_on=["failing", "degraded"])
        whole = json.loads((tmp_path / "out" / "report.json").read_text())
        assert list(whole["hosts"]) == ["a", "b", "c"] and outcome["notes"] == []
        assert whole["summary"]["counts"]["failing"] == 1 == outcome["report"]["counts"]["failing"]
        assert whole["summary"]["causes"] == {"fpm_not_running": 1}
        assert whole["generated_at"] == made({}, 5)["generated_at"]
        assert outcome["complaint"] == "1 failing: a; 1 unreachable: c" and not outcome.get("failed")
        assert "3 hosts: 1 failing, 1 unreachable, 1 healthy" in shown[0]
        assert saved.read(str(tmp_path / "out")).report == whole

    def test_of_a_host_in_two_reports_the_newest_counts(self, tmp_path: Path, shown: list[str]) -> None:
        newer = keep(tmp_path, "new", made({"a": answer(), "b": answer()}, 60))
        older = keep(tmp_path, "old", made({"a": ILL, "b": ILL, "c": ILL}))
        for order in ((newer, older), (older, newer)):
            outcome = run(*order, report_dir=str(tmp_path / "out"))
            assert outcome["report"]["counts"]["healthy"] == 2
            assert outcome["notes"] == ["2 hosts are in more than one report: a, b. The newest counts."]
        assert shown[0].index("in more than one") < shown[0].index("3 hosts")

    def test_what_differs_between_the_runs_is_said(self, tmp_path: Path) -> None:
        first = keep(tmp_path, "1", made({"a": ILL}, window=3600, version="0.5.0", check_mode=True))
        other = keep(tmp_path, "2", made({"b": ILL}, playbook="mine.yml"))
        bare = keep(tmp_path, "3", {**made({"c": ILL}), "run": None})
        outcome = run(first, other, bare, report_dir=str(tmp_path / "out"))
        assert outcome["notes"] == [
            "The hosts looked back differently: 15 min, 1 h. The report says 15 min.",
            "The reports come from different versions of the collection: 0.5.0, 0.6.0, unknown.",
            "The reports come from different versions of ansible-core: 2.19.0, unknown.",
            "The reports come from different playbooks: mine.yml, unknown, webmedic.php_fpm.diagnose.",
            "The reports come from different modes: check mode, normal, unknown.",
        ]

    def test_reports_of_different_days_are_told(self, tmp_path: Path) -> None:
        old, new = keep(tmp_path, "1", made({"a": ILL})), keep(tmp_path, "2", made({"b": ILL}, 86400))
        assert run(old, new, report_dir=str(tmp_path / "out"))["notes"] == [
            "The reports are of different times, from 2026-04-02T14:23:17Z to 2026-04-03T14:23:17Z."
        ]

    def test_the_same_file_twice_is_one(self, tmp_path: Path) -> None:
        folder = keep(tmp_path, "1", made({"a": ILL}))
        os.symlink(folder, tmp_path / "latest")
        outcome = run(folder, folder / "report.json", tmp_path / "latest", report_dir=str(tmp_path / "out"))
        assert outcome["notes"] == [] and outcome["merged"] == [str(folder / "report.json")]

    def test_a_pattern_names_files(self, tmp_path: Path) -> None:
        keep(tmp_path, "1", made({"a": ILL}))
        keep(tmp_path, "2", made({"b": ILL}))
        outcome = run(tmp_path / "*" / "report.json", report_dir=str(tmp_path / "out"))
        assert outcome["report"]["hosts"] == {"a": ["fpm_not_running"], "b": ["fpm_not_running"]}

    def test_a_remediation_and_a_snapshot_stay(self, tmp_path: Path) -> None:
        whole = made({"a": remedied("done"), "b": answer(snapshot={"x": 1}), "c": None, "d": unreachable()})
        outcome = run(keep(tmp_path, "1", whole), report_dir=str(tmp_path / "out"))
        assert json.loads(Path(outcome["path"]).read_text())["hosts"] == whole["hosts"]


class TestRefusal:
    """A slice that cannot be read is one sentence, never a fleet that looks well."""

    @pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 10000, '{"hosts": {"a": 1}}', "\x1b[2J"])
    def test_a_broken_file_fails_and_is_named(self, tmp_path: Path, content: str) -> None:
        keep(tmp_path, "1", made({"a": answer()}))
        (tmp_path / "2").mkdir()
        (tmp_path / "2" / "report.json").write_text(content)
        with pytest.raises(
            AnsibleError, match="^cannot merge: cannot read %s/2/report.json: " % tmp_path
        ) as raised:
            run(tmp_path, report_dir=str(tmp_path / "out"))
        assert str(raised.value).isprintable() and not (tmp_path / "out").exists()

    def test_a_slice_without_a_report_fails(self, tmp_path: Path) -> None:
        keep(tmp_path / "a", "1", made({"a": answer()}))
        (tmp_path / "b").mkdir()
        with pytest.raises(AnsibleError, match="^cannot merge: there is no report.json in %s/b$" % tmp_path):
            run(tmp_path / "a", tmp_path / "b", report_dir=str(tmp_path / "out"))
        with pytest.raises(AnsibleError, match=r"there is no report.json in .*/\*.json$"):
            run(tmp_path / "*.json", report_dir=str(tmp_path / "out"))

    def test_a_slice_that_left_nothing_is_missed(self, tmp_path: Path) -> None:
        keep(tmp_path / "slices", "1", made({"a": answer()}))
        keep(tmp_path / "slices", "2", made({"b": answer()}))
        assert len(run(tmp_path / "slices", report_dir=str(tmp_path / "out"), slices=2)["merged"]) == 2
        with pytest.raises(AnsibleError, match="there are 2 reports, and there must be 3"):
            run(tmp_path / "slices", report_dir=str(tmp_path / "out"), slices=3)
        with pytest.raises(AnsibleError, match="^cannot merge: no report is named$"):
            run(report_dir=str(tmp_path / "out"))

    def test_a_run_whose_report_did_not_arrive_fails(self, tmp_path: Path) -> None:
        keep(tmp_path / "slices", "2026-04-02T142317Z-job1", made({"a": answer()}))
        (tmp_path / "slices" / "2026-04-02T142317Z-job2").mkdir()
        (tmp_path / "slices" / "lost+found").mkdir()
        with pytest.raises(AnsibleError, match="cannot read .*-job2/report.json: No such file"):
            run(tmp_path / "slices", report_dir=str(tmp_path / "out"))

    def test_a_fifo_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "report.json")
        with pytest.raises(AnsibleError, match="it is not a regular file"):
            run(tmp_path / "report.json", report_dir=str(tmp_path / "out"))

    def test_too_many_hosts_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("%s.merge.MAX_HOSTS" % report.__name__.rpartition(".")[0], 1)
        first, other = keep(tmp_path, "1", made({"a": ILL})), keep(tmp_path, "2", made({"b": ILL}))
        with pytest.raises(AnsibleError, match="together the reports have more than 1 hosts"):
            run(first, other, report_dir=str(tmp_path / "out"))

    def test_no_room_for_the_report_fails_after_the_table(self, tmp_path: Path, shown: list[str]) -> None:
        folder = keep(tmp_path, "1", made({"a": ILL}))
        outcome = run(folder, report_dir="/dev/full/x")
        assert outcome["failed"] and "No report was written to /dev/full/x: " in outcome["msg"]
        assert "FAILING" in shown[0]

    @pytest.mark.parametrize("evil", [evil for evil in HOSTILE if evil])
    def test_hostile_text_stays_text(self, tmp_path: Path, shown: list[str], evil: str) -> None:
        whole = made(
            {evil[:200]: answer("failing", finding(site=evil, summary=evil)), "b": unreachable(evil)}
        )
        twin = {**whole, "run": {**whole["run"], "version": evil[:200], "playbook": evil[:200]}}
        folders = keep(tmp_path, "1", whole), keep(tmp_path, "2", twin)
        outcome = run(*folders, report_dir=str(tmp_path / "out"))
        lines = [*shown[1].splitlines(), *outcome["notes"]]
        assert all(char.isprintable() for line in lines for char in line)
        assert "\nFAILING\n" not in shown[1] and "\nREMEDY" not in shown[1]


class TestAsSaved:
    def test_a_report_is_read_as_it_was_written(self) -> None:
        whole = made(
            {"a": ILL, "b": unreachable(), "c": answer(snapshot={"x": [1]}), "d": remedied("rolled_back")}
        )
        assert replay.as_saved(json.loads(json.dumps(whole))) == whole
