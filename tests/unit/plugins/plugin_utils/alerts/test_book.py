# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Never two responses on one host, and not too many: in one process, and across processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts import book, store
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.alerts.policy import THROTTLE

NOW = 1795734000.0
LASTS = 120
HELD = book.LEASE + LASTS


def holder(response: str = "r1", at: float = NOW, **more: Any) -> Any:
    return {**store.this_process(response, os.getpid(), at, LASTS), **more}


def admit(kept: Any, host: str = "web01", response: str = "r1", at: float = NOW, runs: Any = True) -> str:
    return book.admit(kept, host, THROTTLE, holder(response, at), lambda _holder: runs).decision


class TestHolds:
    def test_a_second_response_is_not_admitted(self) -> None:
        kept = book.empty()
        assert [admit(kept), admit(kept, response="r2"), admit(kept, "web02", "r3")] == [
            "admit",
            "busy",
            "admit",
        ]

    def test_near_miss_it_is_after_the_first_has_closed(self) -> None:
        kept = book.empty()
        admit(kept)
        assert not book.release(kept, "web01", "r2") and book.release(kept, "web01", "r1")
        assert admit(kept, response="r2") == "admit"

    def test_one_whose_process_is_gone_holds_nothing(self) -> None:
        kept = book.empty()
        admit(kept)
        assert admit(kept, response="r2", runs=False) == "admit"

    def test_where_nobody_knows_it_holds_for_a_time(self) -> None:
        kept = book.empty()
        admit(kept)
        assert admit(kept, response="r2", at=NOW + HELD - 1, runs=None) == "busy"
        assert admit(kept, response="r2", at=NOW + HELD, runs=None) == "admit"

    def test_it_holds_for_as_long_as_the_next_step_may_take(self) -> None:
        """A remediation that may take an hour is not joined by another one after half of it."""
        kept = book.empty()
        admit(kept)
        assert book.renew(kept, "web01", "r1", NOW + 100, 3600) == ""
        assert admit(kept, response="r2", at=NOW + 100 + 3600 + book.LEASE - 1, runs=None) == "busy"
        assert admit(kept, response="r2", at=NOW + 100 + 3600 + book.LEASE, runs=None) == "admit"

    def test_what_nothing_ends_holds_for_a_day(self) -> None:
        kept = book.empty()
        admit(kept)
        book.renew(kept, "web01", "r1", NOW, 0)
        assert admit(kept, response="r2", at=NOW + book.ENDLESS, runs=None) == "busy"

    def test_one_that_lost_its_host_is_told(self) -> None:
        kept = book.empty()
        admit(kept)
        assert admit(kept, response="r2", at=NOW + HELD, runs=None) == "admit"
        assert "response r2 does" in book.renew(kept, "web01", "r1", NOW + HELD, 300)
        assert "nobody does" in book.renew(kept, "web02", "r1", NOW, 300)

    def test_with_a_clock_set_back_it_holds_for_a_time(self) -> None:
        kept = book.empty()
        admit(kept, at=NOW + 86400)
        assert admit(kept, response="r2", at=NOW, runs=None) == "busy"
        assert admit(kept, response="r2", at=NOW + HELD - 1, runs=None) == "busy"
        assert admit(kept, response="r2", at=NOW + HELD, runs=None) == "admit"

    def test_one_that_runs_holds_however_long(self) -> None:
        kept = book.empty()
        admit(kept)
        assert admit(kept, response="r2", at=NOW + 10 * book.LEASE) == "busy"


class TestThrottle:
    def test_responses_to_a_host_are_counted(self) -> None:
        kept, most = book.empty(), THROTTLE["host_responses"]
        for number in range(most):
            assert admit(kept, response="r%d" % number, at=NOW + number) == "admit"
            book.release(kept, "web01", "r%d" % number)
        assert admit(kept, at=NOW + most) == "throttle" and kept["held"] == {}
        assert admit(kept, "web02", at=NOW + most) == "admit"
        assert admit(kept, at=NOW + THROTTLE["host_seconds"]) == "admit"

    def test_hosts_that_are_mended_are_counted(self) -> None:
        kept = book.empty()
        for number in range(THROTTLE["fleet_mends"]):
            assert book.mends(kept, "web%d" % number, THROTTLE, NOW) == ""
        assert "throttle.fleet_mends" in book.mends(kept, "web9", THROTTLE, NOW)
        assert book.mends(kept, "web0", THROTTLE, NOW) == ""  # it is one of them
        assert book.mends(kept, "web9", THROTTLE, NOW + THROTTLE["fleet_seconds"]) == ""

    def test_a_person_is_asked_once_for_the_same(self) -> None:
        kept = book.empty()
        assert [book.may_ask(kept, "web01", "x", NOW + at) for at in (0, 60, book.AGAIN)] == [
            True,
            False,
            True,
        ]
        assert book.may_ask(kept, "web01", "y", NOW) and book.may_ask(kept, "web02", "x", NOW)
        book.answered(kept, "web01")
        assert list(kept["asked"]) == ["web02 x"]

    def test_a_clock_that_went_back_counts_nothing(self) -> None:
        kept = book.empty()
        for number in range(THROTTLE["host_responses"]):
            admit(kept, response="r%d" % number, at=NOW + 9999)
            book.release(kept, "web01", "r%d" % number)
        assert admit(kept) == "admit"


class TestProcesses:
    def test_this_one_is_alive_and_one_that_ended_is_not(self) -> None:
        assert store.alive(holder()) is True
        child = multiprocessing.get_context("fork").Process(target=lambda: None)
        child.start()
        gone = store.this_process("r", child.pid or 0, NOW)
        child.join()
        assert store.alive(gone) is False

    def test_another_process_of_the_same_number_is_none(self) -> None:
        assert store.alive(holder(started="1")) is False

    def test_of_a_machine_of_the_same_name_nobody_knows(self, monkeypatch: pytest.MonkeyPatch) -> None:
        other = {"/etc/machine-id": "ffff", "/proc/sys/kernel/random/boot_id": "b2"}
        monkeypatch.setattr(store, "_first_line", lambda path: other.get(path, ""))
        there = holder()
        monkeypatch.undo()
        assert there["node"].split(" ")[0] == holder()["node"].split(" ")[0]
        assert store.alive(there) is None

    def test_before_the_last_boot_none_is_alive(self) -> None:
        assert store.alive(holder(boot="x")) is False

    @pytest.mark.parametrize("more", [{"node": "other", "boot": "x"}, {"space": "pid:[1]"}])
    def test_elsewhere_nobody_knows(self, more: Any) -> None:
        assert store.alive(holder(**more)) is None


def compete(directory: str, start: Any, won: Any, number: int) -> None:
    place = store.Store(directory)
    start.wait(10)
    with place.opened() as kept:
        wanted = store.this_process("r%d" % number, os.getppid(), NOW + number)
        decision = book.admit(kept, "web01", THROTTLE, wanted, store.alive).decision
    place.log({"id": "r%d" % number, "decision": decision})
    if decision == "admit":
        with won.get_lock():
            won.value += 1


class TestStore:
    def test_of_many_processes_one_gets_the_host(self, tmp_path: Path) -> None:
        engine, directory = multiprocessing.get_context("fork"), str(tmp_path / "alerts")
        start, won = engine.Event(), engine.Value("i", 0)
        children = [engine.Process(target=compete, args=(directory, start, won, n)) for n in range(12)]
        for child in children:
            child.start()
        start.set()
        for child in children:
            child.join()
        lines = [json.loads(line) for line in (tmp_path / "alerts" / store.LOG).read_text().splitlines()]
        assert won.value == 1 and len(lines) == 12
        assert sorted(line["decision"] for line in lines) == ["admit"] + ["busy"] * 11

    def test_it_is_for_its_own_account_alone(self, tmp_path: Path) -> None:
        place = store.Store(str(tmp_path / "alerts"))
        place.log({"why": "x"})
        with place.opened():
            pass
        place.request("web01", "x")
        for path in (tmp_path / "alerts").rglob("*"):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        assert stat.S_IMODE((tmp_path / "alerts").stat().st_mode) == 0o700

    def test_one_that_others_write_to_is_refused(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o777)
        with pytest.raises(store.Unusable):
            store.Store(str(tmp_path))

    def test_a_damaged_book_is_not_begun_anew(self, tmp_path: Path) -> None:
        """Who holds a host would be forgotten."""
        place = store.Store(str(tmp_path / "alerts"))
        for content in ("", "{", "[]", '{"responses": 7}', '{"responses": {"a": ["x"]}}', "[" * 100_000):
            (tmp_path / "alerts" / store.BOOK).write_text(content)
            with pytest.raises(store.Unusable), place.opened():
                pass

    def test_a_block_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        place = store.Store(str(tmp_path / "alerts"))
        with pytest.raises(KeyError), place.opened() as kept:
            admit(kept)
            raise KeyError
        with place.opened() as kept:
            assert kept == book.empty()

    def test_a_line_is_one_line_of_ascii(self, tmp_path: Path) -> None:
        place = store.Store(str(tmp_path / "alerts"))
        place.log({"why": "a\nb\x1b[31m\u202e"})
        place.log({"why": "x" * 100_000})
        raw = (tmp_path / "alerts" / store.LOG).read_bytes()
        assert raw.count(b"\n") == 2 and raw.isascii() and b"\x1b" not in raw
        assert [json.loads(line)["why"] for line in raw.splitlines()][1] == "too long to be kept"

    def test_a_long_log_is_begun_anew(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "MOST_LOG", 20)
        place = store.Store(str(tmp_path / "alerts"))
        for word in ("first line of it", "second", "third"):
            place.log({"why": word})
        assert (
            "first" in (tmp_path / "alerts" / store.OLD_LOG).read_text()
            or "second" in (tmp_path / "alerts" / store.OLD_LOG).read_text()
        )
        assert "third" in (tmp_path / "alerts" / store.LOG).read_text()

    def test_links_are_not_written_through(self, tmp_path: Path) -> None:
        place, other = store.Store(str(tmp_path / "alerts")), tmp_path / "other"
        other.write_text("mine")
        (tmp_path / "alerts" / store.LOG).symlink_to(other)
        (tmp_path / "alerts" / store.REQUESTS / "web01.txt").symlink_to(other)
        with pytest.raises(OSError):
            place.log({"why": "x"})
        place.request("web01", "new")
        assert other.read_text() == "mine"

    @pytest.mark.parametrize("host", ["../x", "a/b", "", ".", "-"])
    def test_a_request_has_the_name_of_a_host(self, tmp_path: Path, host: str) -> None:
        with pytest.raises(store.Unusable):
            store.Store(str(tmp_path / "alerts")).request(host, "x")

    def test_a_request_can_be_withdrawn(self, tmp_path: Path) -> None:
        place = store.Store(str(tmp_path / "alerts"))
        path = place.request("web01", "x")
        assert [place.withdraw("web01"), place.withdraw("web01"), os.path.exists(path)] == [
            True,
            False,
            False,
        ]
