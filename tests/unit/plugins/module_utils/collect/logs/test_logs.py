# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which logs are read, and what is missing without them."""

import os
from pathlib import Path
from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Room
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import logs
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import log_events
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import (
    FPM,
    NOW,
    SEEMS_BUSY,
    Watched,
    collect,
    line,
    long_log,
    only_root,
    total,
)


class TestRefused:
    @pytest.mark.parametrize("content", [os.urandom(300000), b"no time here\n" * 100, b"x" * 300000])
    def test_what_is_no_log_is_missing(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "error.log"
        path.write_bytes(content)
        host = Watched()
        seen = collect(host, [str(path)])
        assert (
            seen["events"] == []
            and not seen["files"][0]["complete"]
            and "no line begins with the time" in seen["files"][0]["why"]
        )
        assert host.missing

    @pytest.mark.parametrize("ahead, complete", [(90000.0, True), (0.0, False)])
    def test_lines_of_a_clock_that_was_ahead(self, tmp_path: Path, ahead: float, complete: bool) -> None:
        """The file's time tells that nothing was written since then. Else the zone is not known."""
        path = tmp_path / "error.log"
        path.write_text(line(NOW + 86400.0) * 5)
        os.utime(str(path), (NOW + ahead, NOW + ahead))
        seen = collect(Watched(), [str(path)])
        assert seen["events"] == [] and seen["files"][0]["complete"] is complete

    def test_what_is_no_regular_file_is_never_opened(self, tmp_path: Path) -> None:
        os.mkfifo(str(tmp_path / "fifo"))
        (tmp_path / "link").symlink_to("/dev/stderr")
        paths = [
            str(tmp_path / "fifo"),
            str(tmp_path / "link"),
            str(tmp_path),
            "/dev/null",
            str(tmp_path / "absent"),
            "syslog:server=10.0.0.1",
            "stderr",
        ]
        host = Watched()
        seen = collect(host, paths, [("syslog", "/etc/php-fpm.conf")])
        assert host.reads == 0 and seen["events"] == []
        assert [entry["path"] for entry in host.missing] == paths + ["syslog"]
        assert [entry["what"] for entry in host.missing][-1] == "fpm_log"

    @only_root
    def test_a_log_behind_somebody_elses_link_is_not_read(
        self,
        tmp_path: Path,
    ) -> None:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        os.chown(str(theirs), 1000, 1000)
        for number, path in enumerate((tmp_path / "own.log", theirs / "real.log")):
            path.write_text(line(NOW - 3, number))
        (theirs / "link.log").symlink_to(tmp_path / "own.log")
        paths = [str(theirs / "link.log"), str(theirs / "real.log"), str(tmp_path / "own.log")]
        host = Watched()
        seen = collect(host, paths)
        assert total(seen) == 2 and [entry["complete"] for entry in seen["files"]] == [False, True, True]
        assert [entry["path"] for entry in host.missing] == paths[:1] and "is a link" in host.missing[0][
            "why"
        ]

    @pytest.mark.parametrize(
        "room, why",
        [
            (Room(False, 4096, 9, 0), "its file system is full: nothing more is written to it"),
            (Room(True, 4096, 9, 4096), "its file system is read-only: nothing more is written to it"),
            (Room(False, 4096, 0, 4096), None),
            (None, None),
        ],
    )
    def test_a_log_that_takes_no_more_lines_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: Optional[Room], why: Optional[str]
    ) -> None:
        path = tmp_path / "error.log"
        path.write_text(line(NOW - 3))
        host = Watched()
        monkeypatch.setattr(host, "room", lambda folder: room if folder == str(tmp_path) else None)
        assert total(collect(host, [str(path)])) == 1
        assert [entry["why"] for entry in host.missing] == ([why] if why else [])

    def test_a_log_that_hung_before_is_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "error.log").write_text(line(NOW - 3))
        host = Watched()
        host.hung.add(str(tmp_path / "error.log"))
        assert collect(host, [str(tmp_path / "error.log")])["events"] == [] and host.reads == 0
        assert host.missing[0]["why"] == "reading it did not come to an end"

    def test_a_log_without_the_right_to_read_needs_root(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "error.log"
        path.write_text(line(NOW))
        host = Watched()

        def denied(name: str, offset: int = 0, length: int = 0, real: bool = False) -> bytes:
            raise logs.HostError(name, 13, "Permission denied")

        monkeypatch.setattr(host, "read_bytes", denied)
        seen = collect(host, [str(path)])
        assert host.missing == [
            {"what": "nginx_log", "path": str(path), "why": "Permission denied", "needs": "root"}
        ]
        assert not seen["files"][0]["complete"]

    def test_an_empty_log_is_complete(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        path.write_bytes(b"")
        host = Watched()
        entry = collect(host, [str(path)])["files"][0]
        assert entry["complete"] and entry["from_at"] is None and not host.missing


class TestLimits:
    def test_all_logs_of_a_host_share_one_limit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = [tmp_path / name for name in ("a.log", "b.log")]
        for path in paths:
            long_log(path, 100)
        monkeypatch.setattr(logs, "TOTAL_BYTES", 10 * 1024)
        seen = collect(Watched(), [str(path) for path in paths])
        assert [entry["complete"] for entry in seen["files"]] == [False, False]

    def test_each_of_many_sites_may_have_a_log_of_its_own(self, tmp_path: Path) -> None:
        paths = [tmp_path / ("%d.log" % number) for number in range(100)]
        for number, path in enumerate(paths):
            path.write_text(line(NOW - 5, number))
        seen = collect(Watched(), [str(path) for path in paths])
        assert all(entry["complete"] for entry in seen["files"]) and total(seen) == 100

    def test_of_a_large_log_little_beside_its_window_is_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paths = [tmp_path / ("%d.log" % number) for number in range(10)]
        old = "".join(line(NOW - 90000 + number) for number in range(6000))
        for number, path in enumerate(paths):
            path.write_text(old + line(NOW - 5, number))
        monkeypatch.setattr(logs, "TOTAL_BYTES", 1024 * 1024)
        seen = collect(Watched(), [str(path) for path in paths])
        assert all(entry["complete"] for entry in seen["files"]) and total(seen) == 10

    def test_messages_about_too_many_places_are_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_events, "MOST_EVENTS", 2)
        path = tmp_path / "error.log"
        path.write_text(
            "".join(line(NOW - 5).replace("server: shop", "server: shop%d" % number) for number in range(5))
        )
        host = Watched()
        assert len(collect(host, [str(path)])["events"]) == 2
        # A site may lack all of its messages, so nothing can be said of its health.
        assert [entry["what"] for entry in host.missing] == ["nginx_log"] and host.missing[0][
            "why"
        ].startswith("3 messages were not counted")

    def test_reading_is_called_before_each_piece_of_a_log(self, tmp_path: Path) -> None:
        paths = [str(tmp_path / name) for name in ("a.log", "b.log")]
        for path in paths:
            long_log(Path(path), 5000)
        host, paths_read = Watched(), []  # type: Watched, List[str]
        host.reading = paths_read.append
        collect(host, paths)
        assert list(dict.fromkeys(paths_read)) == paths and len(paths_read) == host.reads + 2


class TestEvents:
    def test_php_fpms_log_is_read_without_its_everyday_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "php-fpm.log"
        path.write_text(SEEMS_BUSY + "".join(FPM.format(minute) for minute in ("05", "20", "21", "23")))
        seen = collect(Watched(), (), [(str(path), "/etc/php-fpm.conf")])
        assert [
            (event["signature"], event["count"], event["master"], event["pool"]) for event in seen["events"]
        ] == [("fpm-max-children-dynamic", 3, "/etc/php-fpm.conf", "www")]

    def test_one_entry_in_two_logs_counts_once(self, tmp_path: Path) -> None:
        """nginx writes it to each error_log of a block; a link is another name of a log."""
        for name in ("a.log", "b.log"):
            (tmp_path / name).write_text(line(NOW - 5))
        (tmp_path / "c.log").symlink_to(tmp_path / "a.log")
        names = [str(tmp_path / name) for name in ("a.log", "b.log", "c.log")]
        assert total(collect(Watched(), names)) == 1

    @pytest.mark.parametrize(
        "levels, count",
        [((), 6), (("error", "info"), 3), (("error", "notice", "info"), 2), (("crit",) * 2, 6)],
    )
    def test_one_entry_in_a_log_that_is_named_again(self, tmp_path: Path, levels: Any, count: int) -> None:
        """A visitor may ask for the same on one connection in one second: the levels tell how many."""
        path = tmp_path / "error.log"
        path.write_text(6 * line(NOW - 5))
        to_read = logs.LogsToRead([str(path)], [], (812,), repeated={str(path): levels})
        seen = logs.collect_logs(Watched(), to_read, NOW - 900, NOW)
        assert total(dict(seen)) == count

    def test_the_same_message_in_two_logs_is_one_event(self, tmp_path: Path) -> None:
        for number, name in enumerate(("a.log", "b.log")):
            (tmp_path / name).write_text(line(NOW - 5, number))
        seen = collect(Watched(), [str(tmp_path / "a.log"), str(tmp_path / "b.log")])
        assert [event["count"] for event in seen["events"]] == [2]

    def test_the_log_of_an_nginx_that_is_gone_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        path.write_text(line(NOW - 5))
        assert total(collect(Watched(), [str(path)], pids=())) == 1


class TestEarlier:
    def earlier(self, path: Path, lines: str) -> Any:
        path.write_text(lines)
        return collect(Watched(), [str(path)])["files"][0]["earlier"]

    def test_hit_the_last_loss_before_the_window(self, tmp_path: Path) -> None:
        lines = line(NOW - 9000) + line(NOW - 7200) + SEEMS_BUSY
        assert self.earlier(tmp_path / "e.log", lines) == {
            "at": NOW - 7200,
            "status": 502,
            "site": "shop.example",
        }

    def test_hit_far_back_in_a_long_log(self, tmp_path: Path) -> None:
        other = line(NOW - 5).replace("recv() failed (104: Connection reset by peer)", "x")
        lines = line(NOW - 7200) * 2000 + other * 20
        assert self.earlier(tmp_path / "e.log", lines)["at"] == NOW - 7200

    def test_near_miss_another_program_behind_nginx(self, tmp_path: Path) -> None:
        assert self.earlier(tmp_path / "e.log", line(NOW - 7200).replace("fastcgi:", "http:")) is None

    def test_decoy_a_loss_in_the_window(self, tmp_path: Path) -> None:
        path = tmp_path / "e.log"
        path.write_text(line(NOW - 7200) + line(NOW - 5))
        assert "earlier" not in collect(Watched(), [str(path)])["files"][0]
