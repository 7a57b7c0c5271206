# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each line of a log is counted once, whatever becomes of the file; a run never reads more than so much."""

import os
from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, HostError
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import tail as tails
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.tail import Tail

Positions = Dict[str, Any]


def read(path: Any, positions: Positions) -> bytes:
    return b"".join(piece.data for piece in Tail(Host(), positions).pieces(str(path)))


@pytest.fixture(name="log")
def fixture_log(tmp_path: Any) -> Any:
    path = tmp_path / "access.log"
    path.write_bytes(b"old\n")
    return path


def append(path: Any, data: bytes) -> None:
    with open(str(path), "ab") as stream:
        stream.write(data)


class TestPieces:
    def test_what_was_there_before_the_first_run_is_not_read(self, log: Any) -> None:
        positions: Positions = {}
        assert read(log, positions) == b""
        append(log, b"new\n")
        assert read(log, positions) == b"new\n"
        assert read(log, positions) == b""

    def test_a_line_that_is_not_whole_waits(self, log: Any) -> None:
        positions: Positions = {}
        read(log, positions)
        append(log, b"one\ntw")
        assert read(log, positions) == b"one\n"
        append(log, b"o\n")
        assert read(log, positions) == b"two\n"

    def test_the_rest_of_a_rotated_file_counts(self, log: Any) -> None:
        positions: Positions = {}
        read(log, positions)
        append(log, b"last of the old\n")
        os.rename(str(log), str(log) + ".1")
        log.write_bytes(b"first of the new\n")
        assert read(log, positions) == b"last of the old\nfirst of the new\n"
        assert read(log, positions) == b""

    def test_decoy_another_file_with_such_a_name_does_not(self, log: Any) -> None:
        positions: Positions = {}
        read(log, positions)
        (log.parent / "access.log.1").write_bytes(b"of somebody else\n")
        os.rename(str(log), str(log) + ".kept")
        log.write_bytes(b"new\n")
        assert read(log, positions) == b"new\n"

    def test_a_truncated_file_is_read_from_its_start(self, log: Any) -> None:
        positions: Positions = {}
        read(log, positions)
        log.write_bytes(b"a\n")
        assert read(log, positions) == b"a\n"

    def test_one_run_reads_no_more_than_so_much(self, log: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(tails, "MOST_BYTES", 1000)
        positions: Positions = {}
        read(log, positions)
        append(log, b"123456789\n" * 1000)
        tail = Tail(Host(), positions)
        assert sum(len(piece.data) for piece in tail.pieces(str(log))) == 1000
        assert tail.skipped == {str(log): 9000}
        assert read(log, positions) == b""

    def test_all_logs_together_have_a_limit(self, log: Any, monkeypatch: Any) -> None:
        monkeypatch.setattr(tails, "MOST_OF_ALL", 15)
        other = log.parent / "other.log"
        other.write_bytes(b"")
        positions: Positions = {}
        read(log, positions)
        read(other, positions)
        for path in (log, other):
            append(path, b"123456789\n")
        tail = Tail(Host(), positions)
        assert b"".join(piece.data for path in (log, other) for piece in tail.pieces(str(path))) == (
            b"123456789\n" + b"6789\n"
        )

    def test_a_line_without_an_end_does_not_stop_it(self, log: Any) -> None:
        positions: Positions = {}
        read(log, positions)
        append(log, b"x" * 3000000)
        assert read(log, positions) == b""
        append(log, b"\nnext\n")
        assert read(log, positions) == b"\nnext\n"

    def test_what_is_no_file_is_refused(self, tmp_path: Any) -> None:
        os.mkfifo(str(tmp_path / "access.log"))
        with pytest.raises(HostError):
            read(tmp_path / "access.log", {})
