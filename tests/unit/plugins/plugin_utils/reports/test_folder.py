# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a run: what is written, what points to it, what is removed, and what is left alone."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import folder, report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import run as which
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    run,
    schema,
)

jsonschema = pytest.importorskip("jsonschema")
FOLDER = "2026-04-02T142317Z"


def made(started: float = NOW, **hosts: Any) -> Any:
    return report.build(hosts or {"web1": answer()}, 900, NOW, run=run(started))


def write(place: Any, started: float = NOW, keep: int = 0, **writers: Any) -> folder.Written:
    return folder.write(made(started), str(place), keep, {"report.md": lambda _report: "x", **writers})


def names(place: Any) -> list[str]:
    return sorted(os.listdir(place))


class TestRun:
    """Who ran it."""

    def test_it_says_who_ran_what_on_which_hosts(self) -> None:
        found = which.run(
            {"ansible_version": {"full": "2.19.1"}, "awx_user_name": "ann", "awx_job_id": 7},
            {"args": ("webmedic.php_fpm.audit",), "subset": "web*"},
            900,
            True,
            NOW,
        )
        assert found == {
            "id": FOLDER,
            "started": NOW,
            "by": "ann",
            "job": "7",
            "version": which.version(),
            "ansible_version": "2.19.1",
            "playbook": "webmedic.php_fpm.audit",
            "limit": "web*",
            "check_mode": True,
            "window": 900,
        }
        jsonschema.validate(report.build({}, 900, NOW, run=found), schema())

    def test_it_is_told_without_any_of_it(self) -> None:
        found = which.run({}, {}, 900, False, NOW)
        assert found["by"] and found["job"] is found["playbook"] is found["limit"] is None

    def test_the_version_is_that_of_the_collection(self) -> None:
        with open(os.path.join(which.ROOT, "galaxy.yml"), encoding="utf-8") as stream:
            assert "version: %s\n" % which.version() in stream.read()


class TestFiles:
    """What is written, and what leads to it."""

    def test_the_newest_is_where_it_always_was(self, tmp_path: Any) -> None:
        place = tmp_path / "deep" / "er"
        wrote = write(place)
        assert wrote == (str(place / "report.json"), str(place / FOLDER), {})
        assert names(place) == [FOLDER, "latest", "report.json"]
        assert names(place / FOLDER) == ["report.json", "report.md"]
        assert os.readlink(place / "latest") == FOLDER
        assert json.loads((place / "report.json").read_text())["run"]["id"] == FOLDER
        newer = write(place, NOW + 60)
        assert os.path.realpath(newer.path) == os.path.join(newer.folder, "report.json")

    def test_it_is_whole_readable_and_harmless(self, tmp_path: Any) -> None:
        content = made(web1=answer("failing", finding(summary="\x1b[2J\x9b31m \u202e \ud800")))
        path = folder.write(content, str(tmp_path), 0, {}).path
        with open(path, "rb") as stream:
            raw = stream.read()
        assert json.loads(raw) == content
        assert all(byte == 10 or 32 <= byte < 127 for byte in raw)
        mask = os.umask(0)
        os.umask(mask)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o644 & ~mask

    def test_batches_of_a_run_share_its_folder(self, tmp_path: Any) -> None:
        assert write(tmp_path).folder == write(tmp_path).folder
        assert len(folder.runs(str(tmp_path))) == 1

    def test_another_run_of_that_second_has_its_own(self, tmp_path: Any) -> None:
        write(tmp_path)
        second = write(tmp_path, NOW + 0.25)
        assert second.folder == str(tmp_path / (FOLDER + "-2"))
        assert json.loads((tmp_path / "report.json").read_text())["run"]["id"] == FOLDER + "-2"

    def test_a_writer_that_raises_costs_its_own_file(self, tmp_path: Any) -> None:
        def broken(_report: Any) -> str:
            raise KeyError("gone")

        wrote = write(tmp_path, **{"report.html": broken})
        assert wrote.failed == {"report.html": "KeyError: 'gone'"}
        assert names(wrote.folder) == ["report.json", "report.md"]

    def test_a_failed_write_leaves_the_last_report(self, tmp_path: Any) -> None:
        write(tmp_path)
        with pytest.raises(TypeError):
            folder.write({**made(NOW + 1), "hosts": object()}, str(tmp_path), 0, {})
        assert os.readlink(tmp_path / "latest") == FOLDER

    def test_without_links_the_report_is_a_file(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_args: Any, **_kwargs: Any) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(folder.os, "symlink", refuse)
        path = write(tmp_path).path
        assert (
            not os.path.islink(path) and "web1" in json.loads((tmp_path / "report.json").read_text())["hosts"]
        )


class TestHostile:
    """Others may write in the directory."""

    def test_a_link_in_its_place_is_replaced(self, tmp_path: Any) -> None:
        victim = tmp_path / "victim"
        victim.write_text("precious")
        os.symlink(victim, tmp_path / "report.json")
        write(tmp_path)
        assert victim.read_text() == "precious"

    def test_a_folder_that_is_a_link_is_not_written_to(self, tmp_path: Any) -> None:
        (tmp_path / "theirs").mkdir()
        os.symlink("theirs", tmp_path / FOLDER)
        assert write(tmp_path).folder == str(tmp_path / (FOLDER + "-2"))
        assert names(tmp_path / "theirs") == []

    def test_a_folder_of_somebody_else_is_not_written_to(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path)
        monkeypatch.setattr(folder.os, "geteuid", lambda: os.getuid() + 1)
        assert write(tmp_path).folder == str(tmp_path / (FOLDER + "-2"))

    def test_a_draft_of_somebody_else_is_not_written_to(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write(tmp_path)
        monkeypatch.setattr(folder.secrets, "token_hex", lambda _bytes: "0" * 16)
        draft = tmp_path / FOLDER / (".report.json.%s.tmp" % ("0" * 16))
        draft.write_text("theirs")
        with pytest.raises(FileExistsError):
            write(tmp_path)
        assert draft.read_text() == "theirs"

    def test_a_directory_named_latest_is_an_error_and_stays(self, tmp_path: Any) -> None:
        (tmp_path / "latest").mkdir()
        with pytest.raises(OSError):
            write(tmp_path)
        assert not [name for name in names(tmp_path) if name.endswith(".tmp")]

    def test_a_second_full_of_folders_ends(self, tmp_path: Any) -> None:
        for number in range(1, folder.MOST_OF_ONE_SECOND + 1):
            os.symlink("x", tmp_path / (FOLDER if number == 1 else "%s-%d" % (FOLDER, number)))
        with pytest.raises(FileExistsError):
            write(tmp_path)


class TestKeep:
    """How many runs stay."""

    def test_the_oldest_are_removed(self, tmp_path: Any) -> None:
        for number in range(5):
            write(tmp_path, NOW + number, keep=3)
        assert folder.runs(str(tmp_path)) == [which.folder_name(NOW + number) for number in (2, 3, 4)]
        assert os.path.exists(tmp_path / "latest" / "report.json")

    def test_none_is_removed_with_zero(self, tmp_path: Any) -> None:
        for number in range(5):
            write(tmp_path, NOW + number, keep=0)
        assert len(folder.runs(str(tmp_path))) == 5

    def test_the_newest_stays_though_the_clock_went_back(self, tmp_path: Any) -> None:
        write(tmp_path, NOW)
        older = write(tmp_path, NOW - 60, keep=1)
        assert folder.runs(str(tmp_path)) == [os.path.basename(older.folder)]

    def test_what_is_not_ours_stays(self, tmp_path: Any) -> None:
        theirs = ("notes", "2026-01-01", *("2026-01-01T000000Z" + end for end in (".old", "-old", "-job7")))
        for name in theirs:
            (tmp_path / name).mkdir()
        write(tmp_path, NOW)
        (tmp_path / FOLDER / "mine.txt").write_text("kept")
        os.symlink("notes", tmp_path / "2026-01-01T000000Z")
        write(tmp_path, NOW + 1, keep=1)
        assert (tmp_path / FOLDER / "mine.txt").read_text() == "kept"
        assert {*theirs, "2026-01-01T000000Z"} <= set(names(tmp_path))
