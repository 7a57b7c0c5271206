# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two saved reports are found, read with care, compared, shown and judged."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible.errors import AnsibleError
from ansible_collections.webmedic.php_fpm.plugins.action import report_compare
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report, saved
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    unreachable,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.tables import HOSTILE

ILL = answer("failing", finding())


@pytest.fixture(name="shown")
def _shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    screen = MagicMock(display=lambda text, screen_only=False, log_only=False: texts.append(text))
    monkeypatch.setattr(printer, "Display", lambda: screen)
    return texts


def keep(place: Path, name: str, results: dict[str, Any], later: int = 0) -> str:
    folder = place / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report.build(results, 900, NOW + later, True)))
    return str(folder)


def run(**options: Any) -> dict[str, Any]:
    task = MagicMock(args=options, async_val=0, check_mode=False, diff=False, ignore_unreachable=False)
    plugin = report_compare.ActionModule(
        task, MagicMock(), MagicMock(check_mode=False), MagicMock(), MagicMock(), MagicMock()
    )
    outcome: dict[str, Any] = plugin.run(None, {})
    return outcome


class TestPair:
    """Which two reports."""

    def three(self, place: Path) -> list[str]:
        names = ("2026-11-24T000000Z", "2026-11-25T000000Z", "2026-11-26T000000Z")
        return [keep(place, name, {"a": answer()}) for name in names]

    def test_the_newest_and_the_one_before(self, tmp_path: Path) -> None:
        folders = self.three(tmp_path)
        (tmp_path / "2026-11-27T000000Z").mkdir()
        keep(tmp_path, "notes", {"a": answer()})
        os.symlink(folders[2], tmp_path / "latest")
        assert saved.pair(str(tmp_path), None, None) == (folders[1], folders[2])

    def test_one_that_is_named_is_not_compared_with_itself(self, tmp_path: Path) -> None:
        folders = self.three(tmp_path)
        os.symlink(folders[2], tmp_path / "latest")
        assert saved.pair(str(tmp_path), folders[0], None) == (folders[0], folders[2])
        assert saved.pair(str(tmp_path), folders[2], None) == (folders[2], folders[1])
        latest = str(tmp_path / "latest")
        assert saved.pair(str(tmp_path), None, latest) == (folders[1], latest)

    def test_a_run_may_be_named_by_its_folder_alone(self, tmp_path: Path) -> None:
        folders = self.three(tmp_path)
        assert saved.pair(str(tmp_path), "2026-11-24T000000Z", None) == (folders[0], folders[2])

    def test_what_a_job_handed_on_is_a_run(self, tmp_path: Path) -> None:
        names = ("2026-11-24T000000Z-2", "2026-11-24T000000Z-2-job7", "2026-11-25T000000Z-job41")
        folders = [keep(tmp_path, name, {"a": answer()}) for name in names]
        assert saved.runs(str(tmp_path)) == folders

    def test_a_name_that_no_run_has_is_not_compared(self, tmp_path: Path) -> None:
        folders = self.three(tmp_path)
        for name in ("-old", "-2-old", "-before-deploy", ".bak", "-job7.bak"):
            keep(tmp_path, "2026-11-27T000000Z" + name, {"a": answer()})
        assert saved.runs(str(tmp_path)) == folders

    def test_one_run_is_not_enough(self, tmp_path: Path) -> None:
        keep(tmp_path, "2026-11-24T000000Z", {"a": answer()})
        with pytest.raises(
            AnsibleError, match="holds no two runs to compare. Name the earlier and the later"
        ):
            run(report_dir=str(tmp_path))

    def test_no_directory_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(AnsibleError, match="cannot read .*/none: No such file or directory"):
            run(report_dir=str(tmp_path / "none"))


class TestOutcome:
    def both(self, place: Path, before: dict[str, Any], after: dict[str, Any], **more: Any) -> dict[str, Any]:
        keep(place, "2026-11-24T000000Z", before)
        keep(place, "2026-11-25T000000Z", after, 600)
        return run(report_dir=str(place), **more)

    def test_what_is_new_is_shown_and_returned(self, tmp_path: Path, shown: list[str]) -> None:
        outcome = self.both(tmp_path, {"a": answer()}, {"a": ILL})
        assert not outcome.get("failed") and outcome["complaint"] == ""
        assert outcome["after"] == str(tmp_path / "2026-11-25T000000Z" / "report.json")
        assert [item["host"] for item in outcome["changes"]["new"]] == ["a"]
        assert "Findings: 1 new, 0 gone, 0 the same" in shown[0] and "systemctl start" in shown[0]

    def test_it_can_fail_on_what_is_new(self, tmp_path: Path, shown: list[str]) -> None:
        outcome = self.both(tmp_path, {"a": answer(), "b": ILL}, {"a": ILL, "b": ILL}, fail_on_new=True)
        assert outcome["failed"] and outcome["msg"] == "new: fpm_not_running/stopped on a"
        assert shown

    def test_it_fails_where_a_host_went_blind(self, tmp_path: Path, shown: list[str]) -> None:
        before = {"a": answer(), "b": unreachable()}
        outcome = self.both(tmp_path, before, {"a": unreachable(), "b": answer("unknown")}, fail_on_new=True)
        assert outcome["msg"] == "could not be looked at any more: a"

    def test_near_miss_what_was_there_before(self, tmp_path: Path, shown: list[str]) -> None:
        assert not self.both(tmp_path, {"a": ILL}, {"a": ILL}, fail_on_new=True).get("failed")

    def test_the_differences_are_kept_as_json(self, tmp_path: Path, shown: list[str]) -> None:
        dest = str(tmp_path / "changes.json")
        outcome = self.both(tmp_path, {"a": answer()}, {"a": ILL}, dest=dest, print_table=False)
        assert json.loads(Path(dest).read_text()) == outcome["changes"] and not shown
        with pytest.raises(AnsibleError, match="cannot write /dev/full/x: Not a directory"):
            run(report_dir=str(tmp_path), dest="/dev/full/x", print_table=False)

    def test_a_file_that_is_there_is_replaced_at_once(self, tmp_path: Path, shown: list[str]) -> None:
        kept, dest = tmp_path / "kept.json", tmp_path / "changes.json"
        dest.write_text("old")
        os.link(dest, kept)
        self.both(tmp_path, {"a": answer()}, {"a": ILL}, dest=str(dest))
        assert kept.read_text() == "old" and json.loads(dest.read_text())

    def test_a_link_leads_to_the_file(self, tmp_path: Path, shown: list[str]) -> None:
        os.symlink("real.json", tmp_path / "changes.json")
        self.both(tmp_path, {"a": answer()}, {"a": ILL}, dest=str(tmp_path / "changes.json"))
        assert os.path.islink(tmp_path / "changes.json") and json.loads((tmp_path / "real.json").read_text())

    def test_what_is_no_file_is_written_to(self, tmp_path: Path, shown: list[str]) -> None:
        os.mkfifo(tmp_path / "pipe")
        reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.both(tmp_path, {"a": answer()}, {"a": answer()}, dest=str(tmp_path / "pipe"))
        assert json.loads(os.read(reader, 65536)) and (tmp_path / "pipe").is_fifo()
        os.close(reader)

    @pytest.mark.parametrize("content", ["", "[]", "{}", "[" * 10000, '{"schema_version": 2, "hosts": {}}'])
    def test_what_is_no_report_is_one_sentence(self, tmp_path: Path, content: str) -> None:
        whole = keep(tmp_path, "2026-11-24T000000Z", {"a": answer()})
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(AnsibleError, match=r"^cannot read %s/x.json: .+" % tmp_path) as raised:
            run(before=whole, after=str(tmp_path / "x.json"))
        assert "\n" not in str(raised.value)

    @pytest.mark.parametrize("evil", HOSTILE)
    def test_hostile_text_stays_text(self, tmp_path: Path, shown: list[str], evil: str) -> None:
        hostile = finding(site=evil, sites=[evil], pool=evil, endpoint=evil, summary=evil)
        self.both(tmp_path, {"a": answer()}, {"a": answer("failing", hostile), evil[:200]: ILL})
        plain = shown[1]
        assert all(char.isprintable() for line in plain.splitlines() for char in line)
        assert "\nREMEDY" not in plain and "\nFAILING" not in plain


class TestPage:
    """The page of the later report, with what is different on it."""

    def test_it_is_written_where_it_is_wanted(self, tmp_path: Path, shown: list[str]) -> None:
        for number, results in enumerate(({"a": answer()}, {"a": ILL})):
            keep(tmp_path, "2026-11-2%dT000000Z" % (4 + number), results, 60 * number)
        run(report_dir=str(tmp_path), page=str(tmp_path / "new.html"))
        assert "What is different since " in (tmp_path / "new.html").read_text()

    def test_a_place_that_cannot_be_written_is_an_error(self, tmp_path: Path, shown: list[str]) -> None:
        for number in range(2):
            keep(tmp_path, "2026-11-2%dT000000Z" % (4 + number), {"a": ILL}, 60 * number)
        with pytest.raises(AnsibleError, match="cannot write "):
            run(report_dir=str(tmp_path), page=str(tmp_path / "no" / "new.html"))
