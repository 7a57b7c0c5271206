# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One holder at a time, and none once it is dead."""

import os
import signal
import stat
import subprocess

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.lock import Busy, lock, prepare_state
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal


@pytest.fixture
def state(tmp_path):
    return str(tmp_path / "state")


@pytest.fixture
def holder(state):
    """The number of another process that holds the lock."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with lock(state, Disk()):
                os.write(writer, b"x")
                signal.pause()
        finally:
            os._exit(1)
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    yield child
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except OSError:
        pass


class TestLock:
    def test_a_second_one_is_told_who_holds_it(self, state, holder):
        with pytest.raises(Busy) as raised, lock(state, Disk()):
            pass
        assert "process %d " % holder in str(raised.value)

    def test_a_killed_holder_holds_nothing(self, state, holder):
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        with lock(state, Disk()):
            pass

    def test_it_is_free_again_after_an_error(self, state):
        for _time in range(2):
            with pytest.raises(ZeroDivisionError), lock(state, Disk()):
                raise ZeroDivisionError()

    def test_a_child_that_outlives_the_holder_does_not_hold_it(self, state):
        with lock(state, Disk()):
            child = subprocess.Popen(["sleep", "60"], close_fds=False)
        try:
            with lock(state, Disk()):
                pass
        finally:
            child.kill()
            child.wait()

    def test_a_link_in_its_place_is_not_followed(self, state, tmp_path):
        prepare_state(Disk(), state)
        os.symlink(str(tmp_path / "victim"), state + "/lock")
        with pytest.raises(OSError), lock(state, Disk()):
            pass
        assert not (tmp_path / "victim").exists()

    def test_an_error_under_it_keeps_its_own_path(self, state):
        with pytest.raises(OSError) as caught, lock(state, Disk()):
            Disk().meta("/none/of/this")
        assert caught.value.filename == "/none/of/this"


class TestState:
    def test_it_is_for_its_owner_alone(self, state):
        with lock(state, Disk()):
            assert [
                stat.S_IMODE(os.stat(path).st_mode) for path in (state, state + "/backups", state + "/lock")
            ] == [0o700, 0o700, 0o600]

    def test_one_that_is_a_link_or_open_to_others_is_refused(self, state, tmp_path):
        prepare_state(Disk(), state)
        os.chmod(state, 0o777)
        os.symlink(state, str(tmp_path / "link"))
        for path in (state, str(tmp_path / "link")):
            with pytest.raises(Refusal):
                prepare_state(Disk(), path)
