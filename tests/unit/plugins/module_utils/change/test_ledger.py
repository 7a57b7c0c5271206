# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was tried is remembered, and a damaged memory is put aside."""

import json
import os

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import disk as disk_module
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import ledger
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import survives


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


def record(state, at=1.0, action="a", target="t", result="done"):
    ledger.record(Disk(), state, at, action, target, result)


class TestEntries:
    def test_they_are_read_in_the_order_of_writing(self, state):
        assert ledger.read(Disk(), state) == []
        record(state, 1.0)
        record(state, 2.0, "b", "u", "failed")
        assert ledger.read(Disk(), state) == [
            {"at": 1.0, "action": "a", "target": "t", "result": "done"},
            {"at": 2.0, "action": "b", "target": "u", "result": "failed"},
        ]
        assert sorted(os.listdir(state)) == ["backups", "ledger.json", "put-back"]

    def test_the_newest_two_hundred_stay(self, state):
        os.makedirs(state, 0o700)
        entries = [{"at": at, "action": "a", "target": "t", "result": "done"} for at in range(ledger.ENTRIES)]
        with open(state + "/ledger.json", "w") as stream:
            json.dump({"version": 1, "entries": entries}, stream)
        record(state, 999)
        assert [entry["at"] for entry in ledger.read(Disk(), state)] == list(range(1, ledger.ENTRIES)) + [999]

    @pytest.mark.parametrize(
        "action, target, since, count",
        [
            ("a", "t", 0, 3),
            ("a", "t", 20, 2),
            ("a", "t", 20.1, 1),
            ("a", "t", 31, 0),
            ("a", "u", 0, 1),
            ("b", "t", 0, 0),
        ],
    )
    def test_attempts_are_those_of_an_action_on_a_target_since(self, action, target, since, count):
        entries = [
            {"at": at, "action": "a", "target": target, "result": "failed"}
            for at, target in ((10, "t"), (20, "t"), (25, "u"), (30, "t"))
        ]
        assert ledger.attempts(entries, action, target, since) == count

    @pytest.mark.parametrize(
        "action, target, until, known",
        [("a", "t", 11, True), ("a", "t", 10, False), ("a", "u", 11, False), ("b", "t", 11, False)],
    )
    def test_done_is_what_was_kept_before(self, action, target, until, known):
        entries = [
            {"at": 10, "action": "a", "target": "t", "result": "done"},
            {"at": 1, "action": "a", "target": "t", "result": "rolled_back"},
        ]
        assert ledger.done(entries, action, target, until) is known


class TestFile:
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "null",
            '{"version": 2, "entries": []}',
            '{"version": 1}',
            '{"version": 1, "entries": [1]}',
            '{"version": 1, "entries": [{"at": "x"}]}',
            '{"version": 1, "entries": [{"at": 1, "action": "a", "target": null, "result": "x"}]}',
            "\udcff",
        ],
    )
    def test_a_damaged_one_counts_as_empty(self, state, text):
        os.makedirs(state, 0o700)
        with open(state + "/ledger.json", "w", errors="surrogateescape") as stream:
            stream.write(text)
        assert ledger.read(Disk(), state) == []
        record(state)
        assert len(ledger.read(Disk(), state)) == 1
        with open(state + "/ledger.json.damaged", errors="surrogateescape") as stream:
            assert stream.read() == text

    def test_a_kill_at_any_step_leaves_the_old_or_the_new_one(self, tmp_path):
        for at in range(1, 100):
            state = str(tmp_path / str(at))
            record(state)
            if survives(lambda: record(state, 2.0), at, "after"):  # noqa: B023
                break
            assert len(ledger.read(Disk(), state)) in (1, 2), at
            assert not os.path.exists(state + "/ledger.json.damaged")
            record(state, 3.0)
            assert ledger.read(Disk(), state)[-1]["at"] == 3.0
        assert at > 7 and disk_module.os is os
