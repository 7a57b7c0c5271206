# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A trial mounts and opens nothing that an account chooses in the directories of its own logs."""

import os
import time

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import trial as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.trial import trial
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.test_trial import (
    needs_namespace,
)

pytestmark = needs_namespace


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "theirs").write_text("theirs")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "ours").write_text("ours")
    return folder


def swapped(logs):
    """The account puts a link there."""
    logs.rename(logs.parent / "aside")
    logs.symlink_to(logs.parent / "etc")


class TestReplaced:
    def test_a_copied_directory_is_not_mounted_through_a_link(self, logs):
        prepared = subject._prepare([], [str(logs / "new.log")], None)
        swapped(logs)
        ran = prepared.run(["ls", str(logs.parent / "etc")], 20.0)
        assert ran.rc is None and "replaced" in ran.err and os.listdir(logs.parent / "etc") == ["ours"]

    def test_a_log_is_not_covered_through_a_link(self, logs):
        (logs / "ours").write_text("a log")
        prepared = subject._prepare([], [str(logs / "ours")], None)
        swapped(logs)
        ran = prepared.run(["cat", str(logs.parent / "etc" / "ours")], 20.0)
        assert ran.rc is None and "replaced" in ran.err

    def test_no_file_is_written_through_a_link(self, logs):
        (logs / "old.log").write_text("a log")
        prepared = subject._prepare([], [str(logs / "old.log"), str(logs / "new.log")], None)
        swapped(logs)
        prepared.run(["true"], 20.0)
        assert os.listdir(logs.parent / "etc") == ["ours"]

    def test_a_directory_on_the_way_that_is_new_is_not_used(self, logs):
        change = subject.Change(str(logs / "a" / "b" / "c"), None, b"x", 0o644)
        prepared = subject._prepare([change], [], None)
        (logs / "a").mkdir()
        ran = prepared.run(["true"], 20.0)
        assert ran.rc is None and os.listdir(logs / "a") == []


class TestUsual:
    def test_old_and_new_logs_of_a_directory_are_written_to_memory(self, logs):
        (logs / "old.log").write_text("a log")
        script = "cd %s; echo x >>old.log; echo y >>new.log; cat old.log new.log theirs" % logs
        ran = trial([], ["sh", "-c", script], [str(logs / "old.log"), str(logs / "new.log")])
        assert (ran.rc, ran.out) == (0, "x\ny\ntheirs")
        assert sorted(os.listdir(logs)) == ["old.log", "theirs"] and (logs / "old.log").read_text() == "a log"

    def test_the_only_devices_do_nothing(self):
        ran = trial([], ["sh", "-c", "echo x >/dev/null; ls /dev; head -c 3 </dev/zero | wc -c"], [])
        assert set(ran.out.split()) <= {
            *[
                "3",
                "fd",
                "full",
                "null",
                "random",
                "shm",
                "stderr",
                "stdin",
                "stdout",
                "tty",
                "urandom",
                "zero",
            ]
        }


class TestBounds:
    def test_a_log_that_is_a_pipe_is_not_opened(self, logs):
        os.mkfifo(logs / "pipe.log")
        began = time.monotonic()
        ran = trial([], ["sh", "-c", "echo >%s/pipe.log" % logs], [str(logs / "pipe.log")])
        assert ran.rc is None and "is a pipe" in ran.err and time.monotonic() - began < 10

    def test_a_directory_with_too_many_entries_is_not_copied(self, logs, monkeypatch):
        monkeypatch.setattr(subject, "MOST_ENTRIES", 3)
        for number in range(4):
            (logs / str(number)).write_text("")
        ran = trial([], ["true"], [str(logs / "new.log")])
        assert ran.rc is None and "too many" in ran.err

    def test_what_is_done_before_the_program_has_its_time_too(self, logs, monkeypatch):
        monkeypatch.setattr(subject._Namespace, "_copy", lambda *_arguments: time.sleep(60))
        began = time.monotonic()
        ran = trial([], ["true"], [str(logs / "new.log")], timeout=0.5)
        assert ran.rc is None and "in time" in ran.err and time.monotonic() - began < 30
