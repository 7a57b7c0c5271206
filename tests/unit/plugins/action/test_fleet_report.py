# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The step on the controller: takes every host's result raw, writes, prints and returns little."""

from __future__ import annotations

import json
import os
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.webmedic.php_fpm.plugins.action import fleet_report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import played
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import layout, printer
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.screen import Screen as Terminal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.remediations import remedied
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    unreachable,
)


class HostVars(dict):
    """Stands for the engine's view of all hosts: to index it is to template, so only ``raw_get``
    is allowed.
    """

    def raw_get(self, name: str) -> Any:
        return dict.__getitem__(self, name)

    def __getitem__(self, name: str) -> Any:
        raise AssertionError("%s was templated" % name)


def variables(results: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = list(results)
    return {
        "hostvars": HostVars(
            {name: {} if result is None else {"seen": result} for name, result in results.items()}
        ),
        "ansible_play_hosts_all": names,
        "ansible_play_hosts": names,
        "ansible_play_batch": names,
        **more,
    }


class Screen:
    """Stands for the engine's display."""

    def warning(self, text: str) -> None:
        raise AssertionError(text)

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.logged: list[str] = []

    def display(self, text: str, screen_only: bool = False, log_only: bool = False) -> None:
        (self.logged if log_only else self.shown).append(text)


@pytest.fixture(name="screen")
def _screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(printer, "Display", lambda: screen)
    monkeypatch.setattr(printer, "stringc", lambda text, color: "<%s>%s</>" % (color, text))
    monkeypatch.setattr(printer, "SCREEN", Terminal())
    monkeypatch.setattr(printer, "PAGE", layout.PAGE)
    return screen


def run(
    results: dict[str, Any], check_mode: bool = False, play: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    if "replay" not in options:
        options.setdefault("variable", "seen")
    task = MagicMock(
        args=options,
        async_val=0,
        check_mode=check_mode,
        diff=False,
        action="fleet_report",
        ignore_unreachable=False,
    )
    context = MagicMock(check_mode=check_mode, diff=False)
    plugin = fleet_report.ActionModule(task, MagicMock(), context, MagicMock(), MagicMock(), MagicMock())
    return plugin.run(None, variables(results, **(play or {})))


def batch(*names: str, of: str = "abc") -> dict[str, Any]:
    return {
        "ansible_play_hosts_all": list(of),
        "ansible_play_hosts": list(of),
        "ansible_play_batch": list(names),
    }


class TestReport:
    """One run: what is written, printed and returned."""

    def test_it_never_takes_a_number_below_0_for_all_runs(self, tmp_path: Any, screen: Screen) -> None:
        run({"web1": answer()}, report_dir=str(tmp_path))
        before = sorted(os.listdir(tmp_path))
        with pytest.raises(AnsibleActionFail, match="report_keep is -1, and 0 keeps all"):
            run({"web1": answer()}, report_dir=str(tmp_path), report_keep=-1)
        assert sorted(os.listdir(tmp_path)) == before

    def test_it_gives_report_table_and_verdict(self, tmp_path: Any, screen: Screen) -> None:
        outcome = run(
            {"web1": answer("failing", finding()), "gone": unreachable()}, report_dir=str(tmp_path / "out")
        )
        path = str(tmp_path / "out" / "report.json")
        assert outcome["path"] == path and not outcome["changed"] and not outcome.get("failed")
        assert outcome["report"]["verdict"] == "failing"
        assert outcome["report"]["hosts"] == {"web1": ["fpm_not_running"], "gone": []}
        assert "ansible_stats" not in outcome
        with open(path, encoding="ascii") as stream:
            assert list(json.load(stream)["hosts"]) == ["web1", "gone"]
        assert sorted(os.listdir(outcome["folder"])) == [
            "junit.xml",
            "report.html",
            "report.json",
            "report.md",
            "report.prom",
            "report.sarif",
        ]
        (text,) = screen.shown
        assert text.startswith("\n<red>2 hosts: 1 failing, 1 unreachable</>\n")
        assert text.endswith("\nReport: %s" % path)

    def test_check_mode_writes_the_report_too(self, tmp_path: Any, screen: Screen) -> None:
        run({"web1": answer()}, check_mode=True, report_dir=str(tmp_path))
        assert "report.json" in os.listdir(tmp_path)

    def test_the_log_gets_the_table_without_colours(self, tmp_path: Any, screen: Screen) -> None:
        run(
            {
                "a": answer("failing", finding()),
                "b": answer("degraded", finding("worker_oom_killed", "cgroup")),
            },
            report_dir=str(tmp_path),
        )
        assert "<yellow>DEGRADED" in screen.shown[0]
        assert "<" not in "".join(screen.logged) and "\nDEGRADED" in "".join(screen.logged)

    def test_nothing_is_printed_without_print_table(self, tmp_path: Any, screen: Screen) -> None:
        run({"web1": answer("failing", finding())}, report_dir=str(tmp_path), print_table=False)
        assert screen.shown == screen.logged == []

    def test_no_room_for_the_report_fails_after_the_table(self, tmp_path: Any, screen: Screen) -> None:
        (tmp_path / "file").write_text("")
        outcome = run({"web1": answer("failing", finding())}, report_dir=str(tmp_path / "file"))
        assert outcome["failed"]
        assert "No report was written to %s: " % (tmp_path / "file") in outcome["msg"]
        assert "FAILING" in "".join(screen.shown)
        assert outcome["report"]["verdict"] == "failing"

    def test_statuses_that_the_caller_refuses_are_named(self, tmp_path: Any, screen: Screen) -> None:
        results = {
            "web1": answer("failing", finding()),
            "web2": answer("failing", finding()),
            "gone": unreachable(),
            "web3": answer(),
        }
        outcome = run(results, report_dir=str(tmp_path), fail_on=["unreachable", "failing", "unknown"])
        assert outcome["complaint"] == "2 failing: web1, web2; 1 unreachable: gone"
        assert not outcome.get("failed")
        options = {"fail_on": ["degraded"], "accept_unseen": True}
        assert run(results, report_dir=str(tmp_path), **options)["complaint"] == ""

    def test_what_hosts_wrote_is_not_in_the_outcome(self, tmp_path: Any, screen: Screen) -> None:
        evil = "{{ lookup('pipe', 'id') }}"
        hostile = finding(cause=evil, reason=evil, site=evil, summary=evil)
        results = {
            "web1": answer("failing", hostile),
            "gone": unreachable(evil),
            "undone": remedied("rolled_back", hostile, why=evil),
        }
        assert "{{" not in json.dumps(run(results, report_dir=str(tmp_path)))
        assert "{{" not in json.dumps(run(results, report_dir=str(tmp_path), remediated=True))

    @pytest.mark.parametrize(
        "options", [{"variable": "seen", "replay": "/x"}, {"replay": "/x", "unheard_of": 1}]
    )
    def test_it_wants_either_results_or_a_saved_report(self, options: dict[str, Any], screen: Screen) -> None:
        with pytest.raises(AnsibleError):
            run({}, **options)


class TestCollected:
    """Which hosts are in it."""

    def test_a_host_of_a_later_batch_is_left_out(self) -> None:
        results = {"done": answer(), "dropped": None, "later": None}
        seen = dict(
            played.collected(
                variables(results, ansible_play_hosts=["done", "later"], ansible_play_batch=["done"]), "seen"
            )
        )
        assert seen == {"done": results["done"], "dropped": None}

    def test_named_hosts_that_were_not_asked_are_left_out(self) -> None:
        results = {"mended": remedied("done"), "surveyed": answer(), "other": None}
        seen = dict(
            played.collected(
                variables(results, ansible_play_hosts_all=["mended"]),
                "seen",
                ["mended", "surveyed", "other", "nowhere"],
            )
        )
        assert seen == {"mended": results["mended"], "surveyed": results["surveyed"]}


class TestBatches:
    """A remediation, batch by batch."""

    def test_a_line_stands_for_the_table_until_the_last_batch(self, tmp_path: Any, screen: Screen) -> None:
        results = {"a": remedied("done"), "b": remedied("would"), "c": remedied("would"), "d": answer()}
        options = {"remediated": True, "hosts": list("abcd"), "report_dir": str(tmp_path)}
        first = run(results, play=batch("a"), **options)
        assert (
            screen.shown.pop()
            == "\nREMEDY  1 of 3 findings fixed; 1 of 3 hosts answer again, 1.2 s after the diagnosis; 2 not "
            "tried yet"
        )
        assert first["unmended"] == {}
        assert first["report"]["remediation"]["would_fix"] == 2
        results.update(b=remedied("done"), c=remedied("done"))
        run(results, play=batch("b", "c"), **options)
        assert "REMEDY  3 of 3 findings fixed" in screen.shown[0] and "Report: " in screen.shown[0]

    def test_without_a_survey_later_batches_count_too(self, tmp_path: Any, screen: Screen) -> None:
        run(
            {"a": remedied("done"), "b": None},
            play=batch("a", of="ab"),
            remediated=True,
            report_dir=str(tmp_path),
        )
        assert "Report: " not in screen.shown.pop()
        run(
            {"a": remedied("done"), "b": remedied("done")},
            play=batch("b", of="ab"),
            remediated=True,
            report_dir=str(tmp_path),
        )
        assert "Report: " in screen.shown.pop()

    def test_a_batch_that_goes_wrong_shows_the_whole_table(self, tmp_path: Any, screen: Screen) -> None:
        results = {"a": remedied("rolled_back"), "b": remedied("would"), "c": remedied("would")}
        outcome = run(results, play=batch("a"), remediated=True, report_dir=str(tmp_path))
        assert outcome["unmended"] == {
            "a": "undone, since it did not help or made something worse: fpm_not_running/stopped"
        }
        assert not outcome.get("failed")
        assert "FAILING" in screen.shown[0] and "Report: " in screen.shown[0]

    def test_near_miss_a_wrong_host_of_an_earlier_batch(self, tmp_path: Any, screen: Screen) -> None:
        play = {**batch("b"), "ansible_play_hosts": ["b", "c"]}
        outcome = run(
            {"a": remedied("rolled_back"), "b": remedied("done"), "c": remedied("would")},
            play=play,
            remediated=True,
            report_dir=str(tmp_path),
        )
        assert outcome["unmended"] == {}
        assert "Report: " not in screen.shown[0]

    def test_no_answer_differs_after_a_change_and_a_survey(self, tmp_path: Any, screen: Screen) -> None:
        results = {"a": {"failed": True, "msg": "Timed out"}, "z": {"failed": True, "msg": "no python"}}
        outcome = run(
            results, play=batch("a", of="a"), remediated=True, hosts=["a", "z"], report_dir=str(tmp_path)
        )
        assert outcome["unmended"] == {"a": "it did not finish, see the report"}
        assert "the remediation did not finish: Timed out" in screen.shown[0]
        assert "the diagnosis did not run: no python" in screen.shown[0]

    def test_a_diagnosis_leaves_nobody_unmended(self, tmp_path: Any, screen: Screen) -> None:
        results = {"a": {"failed": True, "msg": "no python"}, "b": remedied("rolled_back")}
        assert run(results, report_dir=str(tmp_path))["unmended"] == {}
        assert "the diagnosis did not run: no python" in screen.shown[0]

    def test_a_play_in_check_mode_gets_its_table(self, tmp_path: Any, screen: Screen) -> None:
        run({"a": remedied("would")}, play=batch("a", of="a"), remediated=True, report_dir=str(tmp_path))
        assert "nothing was changed" in screen.shown[0] and "Report: " in screen.shown[0]


class TestReplay:
    """A saved report."""

    def test_a_remediation_is_shown_as_it_was(self, tmp_path: Any, screen: Screen) -> None:
        results = {
            "a": remedied("done"),
            "b": remedied("rolled_back"),
            "c": {"failed": True, "msg": "Timed out"},
        }
        first = run(results, remediated=True, report_dir=str(tmp_path))
        table = screen.shown.pop()
        again = run({}, replay=first["path"])
        assert again["report"] == first["report"]
        assert screen.shown[0].splitlines()[:-1] == table.splitlines()[:-1]

    def test_a_diagnosis_is_shown_as_it_was(self, tmp_path: Any, screen: Screen) -> None:
        first = run({"web1": answer("failing", finding()), "gone": unreachable()}, report_dir=str(tmp_path))
        table = screen.shown.pop()
        again = run({}, replay=first["path"], fail_on=["failing"], accept_unseen=True)
        assert again["report"] == first["report"]
        assert again["complaint"] == "1 failing: web1"
        assert screen.shown[0].splitlines()[:-1] == table.splitlines()[:-1]
        assert "report.json" in os.listdir(tmp_path)

    def test_its_files_are_made_again_where_they_are_wanted(self, tmp_path: Any, screen: Screen) -> None:
        first = run({"web1": answer("failing", finding())}, report_dir=str(tmp_path))
        with open(first["path"], encoding="ascii") as stream:
            old = json.load(stream)
        del old["run"]
        (tmp_path / "old.json").write_text(json.dumps(old))
        run({}, replay=str(tmp_path / "old.json"), replay_to=str(tmp_path / "again"))
        assert sorted(os.listdir(tmp_path / "again")) == sorted(os.listdir(first["folder"]))
        assert "web1" in (tmp_path / "again" / "report.html").read_text()

    def test_files_that_cannot_be_made_again_are_an_error(self, tmp_path: Any, screen: Screen) -> None:
        first = run({"web1": answer()}, report_dir=str(tmp_path))
        (tmp_path / "file").write_text("")
        with pytest.raises(AnsibleActionFail, match="No report was written to "):
            run({}, replay=first["path"], replay_to=str(tmp_path / "file"))

    def test_a_folder_stands_for_the_report_in_it(self, tmp_path: Any, screen: Screen) -> None:
        first = run({"web1": answer("failing", finding())}, report_dir=str(tmp_path))
        again = run({}, replay=str(tmp_path))
        assert (again["path"], again["report"]) == (first["path"], first["report"])

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            "{}",
            '{"hosts": {}, "generated_at": "yesterday", "window": 1}',
            '{"hosts": {"a": {"snapshot": {}}}}',
        ],
    )
    def test_what_is_no_report_is_refused_with_what_to_name(
        self, tmp_path: Any, screen: Screen, content: str
    ) -> None:
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(AnsibleActionFail, match="Name a report.json"):
            run({}, replay=str(tmp_path / "x.json"))
