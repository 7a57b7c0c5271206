# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotated predecessors of a log, and logs that change while they are read."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import host as collect_host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import log_window, logs
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import (
    NOW,
    Watched,
    bomb,
    collect,
    line,
    long_log,
    only_root,
    total,
    touched,
)


class TestPredecessor:
    @pytest.mark.parametrize("compressed", [False, True])
    def test_a_rotated_log_is_read_when_the_window_reaches_it(self, tmp_path: Path, compressed: bool) -> None:
        path, older = tmp_path / "error.log", tmp_path / ("error.log.1.gz" if compressed else "error.log.1")
        text = "".join(line(NOW - 800 + number) for number in range(100)).encode("ascii")
        older.write_bytes(gzip.compress(text) if compressed else text)
        os.utime(str(older), (NOW - 700, NOW - 700))
        path.write_text("".join(line(NOW - 600 + number) for number in range(100)))
        seen = collect(Watched(), [str(path)])
        assert total(seen) == 200 and len(seen["files"]) == 2
        path.write_text("".join(line(NOW - 2000 + number) for number in range(2000)))
        assert len(collect(Watched(), [str(path)])["files"]) == 1

    def test_a_rotated_log_from_before_the_window_is_left_alone(self, tmp_path: Path) -> None:
        path, older = tmp_path / "error.log", tmp_path / "error.log-20260401"
        older.write_text(line(NOW - 5000))
        os.utime(str(older), (NOW - 5000, NOW - 5000))
        path.write_text(line(NOW - 10))
        assert [entry["path"] for entry in collect(Watched(), [str(path)])["files"]] == [str(path)]

    def test_a_log_without_one_begins_with_its_first_entry(self, tmp_path: Path) -> None:
        path, older = tmp_path / "error.log", tmp_path / "error.log.1"
        path.write_text(line(NOW - 60) + line(NOW - 10))
        assert collect(Watched(), [str(path)])["files"][0]["begins"] == NOW - 60
        older.write_text(line(NOW - 100))
        touched(older)
        assert "begins" not in collect(Watched(), [str(path)])["files"][0]
        older.unlink()
        path.write_text(line(NOW - 1000) + line(NOW - 10))
        assert "begins" not in collect(Watched(), [str(path)])["files"][0]
        path.write_text("")
        assert "begins" not in collect(Watched(), [str(path)])["files"][0]

    def test_a_directory_that_cannot_be_listed_is_missing(self, tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr(collect_host, "MOST_NAMES", 1)
        (tmp_path / "error.log").write_text(line(NOW - 400))
        (tmp_path / "error.log.1").write_text("")
        host = Watched()
        assert len(collect(host, [str(tmp_path / "error.log")])["files"]) == 1
        assert [(entry["what"], entry["path"]) for entry in host.missing] == [("rotated_log", str(tmp_path))]

    @pytest.mark.parametrize("more, files", [(0, 2), (1, 1)], ids=["as many as are looked at", "one more"])
    def test_of_too_many_names_none_is_looked_at(
        self, more: int, files: int, tmp_path: Path, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(logs, "MOST_NAMES", 3)
        for name in ["error.log.1", "error.log-2", "error-3.log.gz", "error.log.4"][: 3 + more]:
            (tmp_path / name).write_text("")
        (tmp_path / "error.log.1").write_text(line(NOW - 400))
        for decoy in ("other.log.1", "error.log", "error.log.old", "error-x.log"):
            (tmp_path / decoy).write_text(line(NOW - 3))
        host = Watched()
        assert len(collect(host, [str(tmp_path / "error.log")])["files"]) == files
        assert [(entry["what"], entry["path"]) for entry in host.missing] == [
            ("rotated_log", str(tmp_path))
        ] * more

    @only_root
    def test_a_predecessor_of_the_logs_own_writer_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "error.log.1").write_text(line(NOW - 400))
        (tmp_path / "error.log").write_text(line(NOW - 3))
        for name in ("error.log.1", "error.log"):
            touched(tmp_path / name, 33)
        host = Watched()
        assert total(collect(host, [str(tmp_path / "error.log")])) == 2 and host.missing == []

    @only_root
    @pytest.mark.parametrize(
        "name",
        ["error.log.1", "error.log.1.gz", "error.log-20260402", "error-20260402.log.gz", "error.log.2.xz"],
    )
    @pytest.mark.parametrize(
        "plant",
        [
            lambda path: path.write_text(line(NOW - 400)),
            lambda path: bomb(path, b""),
            lambda path: path.symlink_to("/dev/zero"),
            lambda path: path.symlink_to("error.log"),
            lambda path: os.mkfifo(str(path)),
        ],
        ids=["lines", "a hole", "a link to a device", "a link to the log", "a fifo"],
    )
    def test_decoy_a_predecessor_that_somebody_else_wrote(
        self, tmp_path: Path, name: str, plant: Any
    ) -> None:
        plant(tmp_path / name)
        touched(tmp_path / name, 1000)
        (tmp_path / "error.log").write_text(line(NOW - 3))
        host = Watched()
        seen = collect(host, [str(tmp_path / "error.log")])
        assert (
            host.reads == 1
            and total(seen) == 1
            and [entry["path"] for entry in seen["files"]] == [str(tmp_path / "error.log")]
        )
        worth_a_word = os.lstat(str(tmp_path / name)).st_size > 0
        assert [(entry["what"], entry["path"]) for entry in host.missing] == [
            ("rotated_log", str(tmp_path))
        ] * worth_a_word

    @only_root
    def test_foreign_predecessors_before_the_window_are_ignored(self, tmp_path: Path) -> None:
        (tmp_path / "error.log.1").write_text(line(NOW - 4000))
        touched(tmp_path / "error.log.1", 1000, NOW - 4000)
        (tmp_path / "error.log").write_text(line(NOW - 3))
        host = Watched()
        assert total(collect(host, [str(tmp_path / "error.log")])) == 1 and host.missing == []


class TestCompressed:
    def test_a_compressed_log_is_inflated_up_to_a_limit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, older = tmp_path / "error.log", tmp_path / "error.log.1.gz"
        older.write_bytes(gzip.compress(line(NOW - 5).encode("ascii") * 12000))
        os.utime(str(older), (NOW - 1, NOW - 1))
        path.write_text("")
        monkeypatch.setattr(log_window, "INFLATED_BYTES", 1024 * 1024)
        entry = collect(Watched(), [str(path)])["files"][1]
        assert not entry["complete"] and "not read to its end" in entry["why"]

    @pytest.mark.parametrize(
        "head, complete",
        [
            (gzip.compress(line(NOW - 5).encode("ascii")), True),
            (gzip.compress(b""), False),
            (b"", False),
            (gzip.compress(os.urandom(20000))[:-10], False),
            (b"\x1f\x8b\x08\x08" + b"\0" * 5 + b"\x03name without an end", False),
        ],
        ids=[
            "a member and a hole",
            "an empty member and a hole",
            "a hole",
            "a member cut off",
            "a name without an end",
        ],
    )
    def test_a_compressed_hole_is_read_up_to_its_limit(
        self, tmp_path: Path, head: bytes, complete: bool
    ) -> None:
        touched(bomb(tmp_path / "error.log.1.gz", head))
        (tmp_path / "error.log").write_text(line(NOW - 3))
        host = Watched()
        seen = collect(host, [str(tmp_path / "error.log")])
        assert [entry["complete"] for entry in seen["files"]] == [True, complete] and total(
            seen
        ) == 1 + complete
        assert seen["files"][1]["bytes_read"] <= log_window.COMPRESSED_BYTES + log_window.CHUNK
        assert [entry["what"] for entry in host.missing] == ([] if complete else ["rotated_log"])

    def test_a_log_that_inflates_without_end_is_cut(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_window, "INFLATED_BYTES", 3 * 1024 * 1024)
        (tmp_path / "error.log.1.gz").write_bytes(
            gzip.compress(line(NOW - 5).encode("ascii") + b"\0" * (64 * 1024 * 1024))
        )
        touched(tmp_path / "error.log.1.gz")
        (tmp_path / "error.log").write_text("")
        host = Watched()
        seen = collect(host, [str(tmp_path / "error.log")])
        assert (
            total(seen) == 1
            and [entry["what"] for entry in host.missing] == ["nginx_log"]
            and "not read to its end" in host.missing[0]["why"]
        )


class TestChanging:
    """A log that changes while it is read."""

    def test_a_log_rotated_meanwhile_is_opened_once_more(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        long_log(path, 3000)
        host = Watched()

        def rotate() -> None:
            path.rename(tmp_path / "error.log.1")
            os.utime(str(tmp_path / "error.log.1"), (NOW, NOW))
            path.write_text(line(NOW))

        host.before_read[4] = rotate
        seen = collect(host, [str(path)])
        assert total(seen) == 901 and all(entry["complete"] for entry in seen["files"])

    def test_a_log_truncated_twice_meanwhile_is_given_up(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        long_log(path, 3000)
        host = Watched()
        for number in (4, 10):
            host.before_read[number] = lambda: os.truncate(str(path), os.path.getsize(str(path)) // 2)
        seen = collect(host, [str(path)])
        assert seen["events"] == [] and "rotated twice" in seen["files"][0]["why"]

    def test_a_log_that_grows_is_read_up_to_its_first_size(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        path.write_text(line(NOW - 3))
        host = Watched()

        def grow() -> None:
            with path.open("a") as stream:
                stream.write(line(NOW - 2) * 1000)

        host.before_read[1] = grow
        seen = collect(host, [str(path)])
        assert (
            total(seen) == 1
            and seen["files"][0]["complete"]
            and seen["files"][0]["bytes_read"] == len(line(NOW - 3))
        )
