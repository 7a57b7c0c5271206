# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of a run on its way: which files, in which order, by which actions, and what ends it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.webmedic.php_fpm.plugins.action import report_upload

URL = "https://reports.example/{run}/{file}?sig=SECRET"


class Engine:
    """Stands for the engine's own actions."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.tasks: list[Any] = []
        self.names: list[str] = []
        self.sent: list[str] = []
        self.then: Callable[[], object] = lambda: None

    def get(self, name: str, task: Any, **_others: Any) -> Any:
        self.names.append(name)
        self.tasks.append(task)
        self.then()
        self.sent.append(Path(task.args["src"]).read_text())
        answer = self.answers.pop(0) if self.answers else {"changed": True}
        return MagicMock(run=MagicMock(side_effect=[answer]))


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    place = tmp_path / "2026-11-26T001502Z"
    place.mkdir()
    for name in ("report.json", "report.html", "junit.xml", "notes.txt"):
        (place / name).write_text(name)
    return place


def run(
    folder: Path,
    engine: Engine,
    to: dict[str, Any],
    check_mode: bool = False,
    warn: bool = False,
    **variables: Any,
) -> dict[str, Any]:
    task = MagicMock(
        args={"folder": str(folder), "to": to, "warn": warn},
        async_val=0,
        check_mode=check_mode,
        delegate_to=to.get("host", "localhost"),
        no_log=False,
    )
    task.copy = lambda: MagicMock(check_mode=check_mode, no_log=False)
    plugin = report_upload.ActionModule(task, MagicMock(), MagicMock(), MagicMock(), MagicMock(), MagicMock())
    known = {"inventory_hostname": "web1", "ansible_play_hosts_all": ["web1", "web2"], **variables}
    with patch.object(report_upload, "action_loader", engine):
        outcome: dict[str, Any] = plugin.run(None, known)
    return outcome


class TestPut:
    def test_each_file_of_a_report_goes_and_no_other(self, folder: Path) -> None:
        engine = Engine()
        outcome = run(folder, engine, {"url": URL, "headers": {"Authorization": "x"}})
        assert outcome["arrived"] and not outcome["changed"] and outcome["by"] == "web1"
        assert outcome["uploaded"] == ["report.html", "junit.xml", "report.json"]
        assert engine.names == ["ansible.builtin.uri"] * 3
        sent = engine.tasks[-1].args
        assert sent["url"] == "https://reports.example/2026-11-26T001502Z/report.json?sig=SECRET"
        assert sent["headers"] == {"Content-Type": "application/json", "Authorization": "x"}
        assert sent["follow_redirects"] == "none" and sent["validate_certs"] is True
        assert "SECRET" not in str(outcome)

    def test_it_is_sent_in_check_mode_and_logs_nothing(self, folder: Path) -> None:
        engine = Engine()
        assert run(folder, engine, {"url": URL}, check_mode=True)["arrived"]
        assert all(task.check_mode is False and task.no_log is True for task in engine.tasks)

    def test_the_first_that_fails_ends_it(self, folder: Path) -> None:
        refusal = {"failed": True, "msg": "Status code was 403 and not [200]: HTTP Error 403: Forbidden"}
        engine = Engine({}, refusal)
        outcome = run(folder, engine, {"url": URL})
        assert outcome["failed"] and not outcome["arrived"] and len(engine.tasks) == 2
        assert outcome["msg"] == (
            "The report did not arrive: PUT https://reports.example/2026-11-26T001502Z/junit.xml: "
            "403 Forbidden."
        )


class TestCopy:
    to = {"host": "archive", "directory": "/srv/webmedic"}

    def test_each_file_goes_to_the_folder_of_the_run(self, folder: Path) -> None:
        engine = Engine()
        outcome = run(folder, engine, self.to, awx_job_id=7)
        assert outcome["place"] == "archive:/srv/webmedic/2026-11-26T001502Z-job7"
        assert {task.args["dest"] for task in engine.tasks} == {"/srv/webmedic/2026-11-26T001502Z-job7/"}
        assert engine.names == ["ansible.builtin.copy"] * 3

    def test_in_check_mode_no_host_of_the_play_is_written_to(self, folder: Path) -> None:
        engine = Engine()
        outcome = run(folder, engine, {"host": "web2", "directory": "/srv"}, check_mode=True)
        assert outcome["skipped"] and outcome["arrived"] and engine.tasks == []
        assert "nothing is written on web2" in outcome["msg"]

    def test_near_miss_another_host_or_no_check_mode(self, folder: Path) -> None:
        assert not run(folder, Engine(), self.to, check_mode=True).get("skipped")
        assert not run(folder, Engine(), {"host": "web2", "directory": "/srv"}).get("skipped")

    @pytest.mark.parametrize(
        "answer",
        [
            AnsibleConnectionFailure("ssh: connect to host archive port 22: No route to host"),
            {"unreachable": True, "msg": "ssh: connect to host archive port 22: No route to host"},
        ],
    )
    def test_a_host_that_is_gone_did_not_get_it(self, folder: Path, answer: Any) -> None:
        outcome = run(folder, Engine(answer), self.to)
        assert outcome["failed"] and not outcome["arrived"] and "unreachable" not in outcome
        assert "archive:/srv/webmedic/2026-11-26T001502Z/report.html" in outcome["msg"]
        assert outcome["msg"].endswith("No route to host.")


class Swap:
    """Another account, which owns the directory above the folder of the run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder.parent / "secret"
        self.secret.write_text("SECRET")

    def __call__(self) -> None:
        """Once: puts a folder with a link in the place of the run's."""
        away = self.folder.with_name("away")
        if away.exists():
            return
        self.folder.rename(away)
        self.folder.mkdir()
        (self.folder / "report.json").write_text("{}")
        (self.folder / "report.html").symlink_to(self.secret)


@pytest.mark.parametrize("to", [{"url": URL}, TestCopy.to])
class TestSwap:
    """What another account put in the place of the run never leaves the controller."""

    mine = ["report.html", "junit.xml", "report.json"]

    def test_before_the_upload_it_is_refused(self, folder: Path, to: dict[str, Any]) -> None:
        Swap(folder)()
        engine = Engine()
        outcome = run(folder, engine, to)
        assert outcome["failed"] and not outcome["arrived"] and engine.tasks == []
        assert outcome["msg"] == (
            "The report did not arrive: %s/report.html: it is a link or of another kind, and is not read."
            % folder
        )

    def test_after_the_folder_was_opened_it_is_late(
        self, folder: Path, to: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        swap, engine, honest = Swap(folder), Engine(), os.open

        def opened(path: Any, *others: Any, **more: Any) -> int:
            descriptor = honest(path, *others, **more)
            if path == str(folder):
                swap()
            return descriptor

        monkeypatch.setattr(os, "open", opened)
        assert run(folder, engine, to)["arrived"] and (folder / "report.html").is_symlink()
        assert engine.sent == self.mine

    def test_while_files_are_sent_it_is_late(self, folder: Path, to: dict[str, Any]) -> None:
        engine = Engine()
        engine.then = Swap(folder)
        assert run(folder, engine, to)["arrived"] and (folder / "report.html").is_symlink()
        assert engine.sent == self.mine

    def test_the_copy_is_private_and_goes(self, folder: Path, to: dict[str, Any]) -> None:
        modes: list[int] = []
        engine = Engine({}, {"failed": True, "msg": "no"})
        engine.then = lambda: modes.append(Path(engine.tasks[-1].args["src"]).parent.stat().st_mode & 0o777)
        run(folder, engine, to)
        assert set(modes) == {0o700}
        assert not any(Path(task.args["src"]).parent.exists() for task in engine.tasks)

    def test_a_link_for_the_folder_is_refused(self, folder: Path, to: dict[str, Any]) -> None:
        folder.rename(folder.with_name("away"))
        folder.symlink_to("away")
        engine = Engine()
        assert "it is a link" in run(folder, engine, to)["msg"] and engine.tasks == []

    def test_a_pipe_is_refused_and_not_waited_for(self, folder: Path, to: dict[str, Any]) -> None:
        os.mkfifo(folder / "report.md")
        engine = Engine()
        assert "/report.md: it is a link or of" in run(folder, engine, to)["msg"] and engine.tasks == []

    @pytest.mark.parametrize("foreign", ["", "report.html"])
    def test_what_another_account_owns_is_refused(
        self, folder: Path, to: dict[str, Any], foreign: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, honest = folder / foreign, os.fstat
        number = path.stat().st_ino

        def found(descriptor: int) -> os.stat_result:
            status = honest(descriptor)
            return (
                os.stat_result((*status[:4], os.geteuid() + 1, *status[5:]))
                if status.st_ino == number
                else status
            )

        monkeypatch.setattr(os, "fstat", found)
        engine = Engine()
        assert "%s: it belongs to another account" % path in run(folder, engine, to)["msg"]
        assert engine.tasks == []


class TestRefusal:
    @pytest.mark.parametrize(
        ("to", "words"),
        [
            ({}, "one of the following is required: directory, url"),
            ({"url": URL, "directory": "/srv"}, "mutually exclusive"),
            ({"url": "https://reports.example/x"}, "write {file} there"),
            ({"directory": "srv"}, "must begin with /"),
            ({"hots": "archive", "directory": "/srv"}, "hots"),
        ],
    )
    def test_what_is_mistyped_did_not_arrive(self, folder: Path, to: dict[str, Any], words: str) -> None:
        engine = Engine()
        outcome = run(folder, engine, to)
        assert outcome["failed"] and not outcome["arrived"] and words in outcome["msg"]
        assert outcome["msg"].startswith("The report did not arrive: ") and engine.tasks == []

    @pytest.mark.parametrize("warn", [True, False])
    def test_it_is_a_warning_where_the_verdict_comes_first(
        self, folder: Path, warn: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        warnings: list[str] = []
        monkeypatch.setattr(report_upload, "display", MagicMock(warning=warnings.append))
        outcome = run(folder, Engine(), {"directory": "srv"}, warn=warn)
        assert warnings == ([outcome["msg"]] if warn else [])

    def test_a_folder_without_a_report_is_an_error(self, folder: Path) -> None:
        (folder / "report.json").unlink()
        outcome = run(folder, Engine(), {"directory": "/srv"})
        assert not outcome["arrived"] and "there is no report.json in" in outcome["msg"]
