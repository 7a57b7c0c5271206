# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding the window of a log, on real files."""

import time
from pathlib import Path

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.logs import log_window, logs
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.logs import (
    NOW,
    Watched,
    collect,
    line,
    long_log,
    total,
)


class TestWindow:
    def test_only_the_window_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        long_log(path, 40000)
        seen = collect(Watched(), [str(path)])
        assert total(seen) == 900
        entry = seen["files"][0]
        assert entry["complete"] and entry["bytes_read"] < 1024 * 1024 < entry["size"]
        assert (entry["from_at"], entry["to_at"]) == (NOW - 900, NOW - 1)

    def test_lines_out_of_order_by_some_seconds_are_found(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        times = [NOW - 40000 + number for number in range(40000)]
        for begin in range(0, 40000, 10):
            times[begin : begin + 10] = reversed(times[begin : begin + 10])
        path.write_text("".join(line(at) for at in times))
        assert total(collect(Watched(), [str(path)])) == 900

    def test_a_window_beyond_the_limit_keeps_its_newest_part(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "error.log"
        long_log(path, 5000)
        for part in (logs, log_window):
            monkeypatch.setattr(part, "WINDOW_BYTES", 100 * 1024)
        host = Watched()
        seen = collect(host, [str(path)], window=86400)
        entry = seen["files"][0]
        assert not entry["complete"] and "newest part" in entry["why"] and entry["to_at"] == NOW - 1
        assert 300 < total(seen) < 500
        assert [(entry["what"], entry["path"]) for entry in host.missing] == [("nginx_log", str(path))]

    def test_a_line_that_is_still_being_written_waits(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        path.write_text(line(NOW - 5) + line(NOW - 4).rstrip("\n"))
        assert total(collect(Watched(), [str(path)])) == 1


class TestForged:
    """What somebody else may write into a log."""

    def test_forged_old_dates_hide_no_lines_beside_them(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        times = [NOW - 40000 + number for number in range(40000)]
        path.write_text(
            "".join(
                line(at) + (line(1000000000.0) * 3 if number > 38000 else "")
                for number, at in enumerate(times)
            )
        )
        assert total(collect(Watched(), [str(path)])) == 900

    def test_forged_future_dates_cost_only_reading(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        times = [NOW - 40000 + number for number in range(40000)]
        path.write_text(
            "".join(
                line(at) + (line(NOW + 86400) if number % 100 == 0 else "") for number, at in enumerate(times)
            )
        )
        assert total(collect(Watched(), [str(path)])) == 900

    def test_garbage_in_the_middle_hides_nothing_before_it(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        old, new = (
            "".join(line(at + number) for number in range(100)).encode("ascii")
            for at in (NOW - 500, NOW - 200)
        )
        path.write_bytes(old + b"\x80garbage\n" * 200000 + new)
        assert total(collect(Watched(), [str(path)])) == 200


class TestHole:
    """Zeros, as copytruncate leaves them."""

    def test_a_hole_of_gigabytes_costs_a_few_probes(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        with path.open("wb") as stream:
            stream.truncate(5 * 1024**3)
            stream.seek(0, 2)
            stream.write("".join(line(NOW - 50 + number) for number in range(50)).encode("ascii"))
        host = Watched()
        began = time.process_time()
        seen = collect(host, [str(path)])
        assert total(seen) == 50
        assert seen["files"][0]["complete"] and host.missing == [], "nothing was written before the hole"
        assert seen["files"][0]["bytes_read"] < 8 * 1024**2 and time.process_time() - began < 2

    def test_a_hole_behind_lines_hides_none_of_them(self, tmp_path: Path) -> None:
        path = tmp_path / "error.log"
        with path.open("wb") as stream:
            stream.write("".join(line(NOW - 800 + number) for number in range(20)).encode("ascii"))
            stream.truncate(3 * 1024**2)
            stream.seek(0, 2)
            stream.write("".join(line(NOW - 50 + number) for number in range(50)).encode("ascii"))
        assert total(collect(Watched(), [str(path)])) == 70
