# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A saved report of any origin: shown as far as it is one, else refused in time and with a reason."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import child
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.confined import Unfinished, confined
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import errors, folder, replay, report
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    NOW,
    answer,
    finding,
    run,
    unreachable,
)

AT = "2026-04-02T13:49:57Z"


def saved(**hosts: Any) -> dict[str, Any]:
    return {"schema_version": 1, "generated_at": AT, "window": 900, "hosts": hosts, "summary": {}}


def never(_snapshot: Any, _seconds: float) -> dict[str, Any]:
    raise AssertionError("nothing was to be diagnosed")


def forever() -> None:
    while True:
        pass


def grown() -> int:
    return len("x" * (4 * 1024**3))


def recursive() -> Any:
    return recursive()


class TestHosts:
    """What is shown of each host."""

    def test_only_snapshots_are_diagnosed_again(self) -> None:
        made = report.build(
            {
                "a": answer("failing", finding(), snapshot={"x": 1}),
                "b": answer("failing", finding()),
                "c": unreachable("gone"),
                "d": {"failed": True, "msg": "no python"},
                "e": None,
                "f": answer("healthy", window=1, findings="x"),
            },
            900,
            NOW,
            keep_snapshot=True,
        )
        again = replay.replay(
            made, lambda snapshot, _seconds: answer("healthy") if snapshot == {"x": 1} else {}
        )
        assert again.report["hosts"]["a"]["status"] == "healthy" and again.again == 1
        for name in "bcdf":
            assert again.report["hosts"][name] == made["hosts"][name]

    @pytest.mark.parametrize(
        "entry, says",
        [
            ([], errors.NO_DIAGNOSIS + "it is a list"),
            (None, "left the play"),
            ("healthy", errors.NO_DIAGNOSIS + "it is a text"),
            ({}, errors.NO_DIAGNOSIS + "status is missing"),
            ({"status": "unreachable"}, errors.NO_DIAGNOSIS + "status is none of"),
            ({"status": "healthy", "findings": {}}, errors.NO_DIAGNOSIS + "findings is a dict"),
            (
                {"status": "healthy", "error": ["x"], "findings": 7},
                errors.NO_DIAGNOSIS + "findings is a number",
            ),
            ({"status": "healthy", "error": "\x1b[2J boom"}, errors.NOT_RUN + "?[2J boom"),
        ],
    )
    def test_a_wrong_entry_costs_only_its_own_host(self, entry: Any, says: str) -> None:
        hosts = replay.replay(saved(bad=entry, good=answer("failing", finding())), never).report["hosts"]
        assert hosts["bad"]["status"] == "unknown" and hosts["bad"]["error"].startswith(says)
        assert hosts["good"]["status"] == "failing"

    def test_a_snapshot_that_fails_is_the_error_of_its_host(self) -> None:
        def fails(_snapshot: Any, _seconds: float) -> Any:
            raise Unfinished("it took longer than 2 s")

        hosts = replay.replay(saved(bad={**answer(), "snapshot": {}}, good=answer()), fails).report["hosts"]
        assert (
            hosts["bad"]["error"]
            == errors.NOT_RUN + "its snapshot could not be diagnosed, it took longer than 2 s"
        )
        assert hosts["good"]["status"] == "healthy"

    def test_only_snapshots_that_were_diagnosed_are_counted(self) -> None:
        def diagnose(snapshot: Any, _seconds: float) -> Any:
            if not snapshot:
                raise Unfinished("late")
            return answer()

        assert (
            replay.replay(
                saved(a={**answer(), "snapshot": {}}, b={**answer(), "snapshot": {"x": 1}}, c=answer()),
                diagnose,
            ).again
            == 1
        )

    def test_slow_snapshots_share_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = [0.0]
        allowed = []

        def slow(_snapshot: Any, seconds: float) -> Any:
            allowed.append(round(seconds, 3))
            clock[0] += seconds
            raise Unfinished("late")

        monkeypatch.setattr(replay.time, "monotonic", lambda: clock[0])
        replay.replay(saved(**{"h%d" % number: {"snapshot": {}} for number in range(3)}), slow)
        assert allowed == [replay.EACH + replay.SHARED, replay.EACH, replay.EACH]

    def test_names_of_hosts_are_cleaned_and_stay_different(self) -> None:
        made = replay.replay(saved(**{"../../etc/\x1b[31m": answer(), "x" * 9000: answer()}), never)
        assert list(made.report["hosts"]) == ["../../etc/?[31m", "x" * 255]
        with pytest.raises(replay.NoReport, match="more than 10000 hosts"):
            replay.replay(saved(**{"h%d" % number: answer() for number in range(10_001)}), never)
        with pytest.raises(replay.NoReport, match="same name"):
            replay.replay(saved(**{"a\x1b": answer(), "a\x07": answer()}), never)


class TestFile:
    """What may be read."""

    @pytest.mark.parametrize(
        "document, says",
        [
            ([], "no hosts by name"),
            ({}, "no hosts by name"),
            ({"hosts": []}, "no hosts by name"),
            ({**saved(), "schema_version": 2}, "schema_version is not 1"),
            ({**saved(), "schema_version": "\x1b"}, "schema_version is not 1"),
            ({**saved(), "window": "x"}, "window is a text"),
            ({**saved(), "window": 10**400}, "out of bounds"),
            ({**saved(), "generated_at": "yesterday"}, "generated_at is no time"),
            ({**saved(), "generated_at": 7}, "generated_at is no time"),
            ({**saved(), "generated_at": "9999-99-99T00:00:00Z"}, "generated_at is no time"),
        ],
    )
    def test_a_document_of_another_kind_is_refused(self, document: Any, says: str) -> None:
        with pytest.raises(replay.NoReport, match=says):
            replay.replay(document, never)

    @pytest.mark.parametrize(
        "text, says",
        [
            ("", "no JSON"),
            ("{", "no JSON"),
            ("[" * 100_000, "nested too deep"),
            ("\xff", "no JSON"),
            ("9" * 5000, "no JSON"),
            ('{"a":' * 50_000, "nested too deep"),
            ("[" + "0," * replay.MAX_VALUES + "0]", "more than 1200000 values"),
        ],
    )
    def test_a_file_that_holds_no_json_is_refused(self, tmp_path: Any, text: str, says: str) -> None:
        (tmp_path / "x").write_bytes(text.encode("latin-1"))
        with pytest.raises(replay.NoReport, match=says):
            replay.load(str(tmp_path / "x"))

    def test_what_is_no_regular_file_is_not_opened(self, tmp_path: Any) -> None:
        os.mkfifo(tmp_path / "fifo")
        for path in (str(tmp_path / "fifo"), "/dev/zero", str(tmp_path)):
            with pytest.raises(replay.NoReport, match="not a regular file"):
                replay.load(path)

    def test_a_file_of_gigabytes_is_refused_unread(self, tmp_path: Any) -> None:
        with open(tmp_path / "huge", "wb") as stream:
            stream.truncate(8 * 1024**4)
        with pytest.raises(replay.NoReport, match="larger than 64 MiB"):
            replay.load(str(tmp_path / "huge"))

    def test_a_report_reads_as_it_was_written(self, tmp_path: Any) -> None:
        made = report.build({"web1": answer("failing", finding())}, 900, NOW, run=run())
        assert replay.load(folder.write(made, str(tmp_path), 0, {}).path) == json.loads(json.dumps(made))

    def test_the_run_of_a_saved_report_stays(self) -> None:
        made = report.build({"web1": answer()}, 900, NOW, run=run())
        assert replay.replay(made, never).report["run"] == made["run"]

    @pytest.mark.parametrize("wrong", [None, [], {"id": 1}, {**run(), "started": -1}])
    def test_a_run_that_is_none_is_left_out(self, wrong: Any) -> None:
        made = {**report.build({"web1": answer()}, 900, NOW), "run": wrong}
        assert "run" not in replay.replay(made, never).report


class TestConfined:
    """Work in a process of its own."""

    def test_work_that_ends_gives_its_result(self) -> None:
        assert confined(lambda: {"a": [1, None, "\u202e"]}, 5.0) == {"a": [1, None, "\u202e"]}

    @pytest.mark.parametrize(
        "work, says",
        [
            (forever, "longer than 0.2 s"),
            (lambda: time.sleep(60), "longer than 0.2 s"),
            (grown, "more than 2048 MiB"),
            (recursive, "RecursionError"),
            (lambda: {}["\x1b"], "KeyError"),
            (lambda: os._exit(3), "ended from outside"),
            (object, "ended from outside"),
            (lambda: "x" * (40 * 1024**2), "is larger than"),
        ],
    )
    def test_work_that_does_not_end_well_is_ended(self, work: Any, says: str) -> None:
        others = child._children()
        with pytest.raises(Unfinished, match=says) as error:
            confined(work, 0.2 if "longer" in says else 20.0)
        assert "\x1b" not in str(error.value)
        assert not child._children() - others
