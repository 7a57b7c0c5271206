# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a killed run left is closed by what the host is like now: kept, taken back, or left to a person. With
real hosts: survive.py.
"""

import os
import subprocess
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import ledger, present
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import left_behind as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.left_changes import (
    DAY,
    MKSWAP,
    RESTART,
    SOCKET,
    START,
    SWAPON,
    UNIT,
)

OLD = [{"at": 1000.0}, {"at": 4e9}, {"boot": "another"}]


class TestKept:
    @pytest.mark.parametrize("fields", [{}] + OLD, ids=str)
    @pytest.mark.parametrize("command", [RESTART, START], ids=lambda command: command.do[1])
    def test_what_is_served_is_kept_whatever_its_age(self, left, command, fields):
        change = left(command, ran=1).noted(**fields)
        closed = change.settle()
        assert (closed.fate, closed.by_hand) == ("kept", []) and SOCKET in closed.why
        assert change.as_written and change.commands == []
        assert [
            (entry["action"], entry["target"], entry["result"])
            for entry in ledger.read(Disk(), change.world.state)
        ] == [("pool_limit", UNIT, "kept")]
        assert os.path.exists(os.path.join(closed.backup, "journal.json"))

    def test_what_a_person_has_loaded_since_is_kept(self, left):
        change = left(RESTART).state_changed(0.0)
        assert change.settle().fate == "kept" and change.as_written

    def test_what_someone_else_changed_since_is_kept_with_the_rest(self, left):
        change = left(RESTART, ran=1)
        change.world.edit("pool.conf", b"by hand\n")
        closed = change.settle()
        assert (
            closed.fate == "kept"
            and change.world.read("pool.conf") == b"by hand\n"
            and change.world.path("pool.conf") not in closed.files
        )

    def test_a_swap_file_is_kept_only_in_use(self, left):
        assert left(MKSWAP, SWAPON, ran=2).settle().fate == "kept"
        half = left(MKSWAP, SWAPON, ran=1)
        assert half.settle().fate == "put_back" and half.commands == ["rm -f /swap"]
        old = left(MKSWAP, SWAPON, ran=1).noted(at=1000.0)
        closed = old.settle()
        assert closed.fate == "left" and old.commands == [] and "rm -f /swap" in closed.by_hand

    @pytest.mark.parametrize(
        "replaced, fields, fate",
        [
            (True, {}, "kept"),
            (True, {"at": 1000.0}, "kept"),
            (False, {}, "put_back"),
            (False, {"at": 1000.0}, "left"),
        ],
    )
    def test_files_alone_are_kept_once_all_are_there(self, left, replaced, fields, fate):
        change = left(replaced=replaced).noted(**fields)
        assert change.settle().fate == fate


class TestPutBack:
    @pytest.mark.parametrize("fields", [{}] + OLD[:2], ids=str)
    def test_files_that_no_unit_has_read_go_back(self, left, fields):
        change = left(RESTART).noted(**fields)
        closed = change.settle()
        assert (closed.fate, closed.why.split(";")[0]) == ("put_back", "nothing had read its files")
        assert change.as_before and change.commands == [] and sorted(closed.files) == sorted(change.world.old)

    def test_a_command_that_was_noted_but_never_ran_took_no_effect(self, left):
        change = left(RESTART, ran=1).marked("done-0", "started-0").state_changed(10 * DAY)
        assert change.settle().fate == "put_back" and change.as_before and change.commands == []

    def test_what_is_not_served_is_taken_back_while_it_is_fresh(self, left):
        change = left(RESTART, ran=1).down()
        closed = change.settle()
        assert closed.fate == "put_back" and change.as_before
        assert change.commands == ["systemctl restart %s" % UNIT]

    def test_a_unit_that_somebody_stopped_is_not_started(self, left):
        change = left(RESTART, ran=1).down("inactive")
        assert change.settle().fate == "put_back" and change.as_before and change.commands == []

    def test_a_host_that_is_well_again_is_only_closed(self, left):
        change = left(RESTART, ran=1)
        for path, data in change.world.old.items():
            if data is None:
                os.unlink(path)
            else:
                with open(path, "wb") as stream:
                    stream.write(data)
        closed = change.settle()
        assert (closed.fate, change.commands) == ("put_back", []) and "as before" in closed.why

    def test_a_file_that_cannot_be_put_back_waits(self, left, monkeypatch):
        change = left(RESTART)

        def broken(*_arguments: Any) -> None:
            raise OSError(30, "Read-only file system")

        with monkeypatch.context() as context:
            context.setattr(Disk, "remove", broken)
            with pytest.raises(UndoFailed) as raised:
                change.close()
            assert "Read-only file system" in str(raised.value)
        assert change.settle().fate == "put_back" and change.as_before


class TestLeft:
    def test_an_undo_loads_nobody_elses_edit(self, left):
        change = left(RESTART, ran=1).down().edited_since()
        closed = change.settle()
        assert (
            closed.fate == "left"
            and "somebody has edited" in closed.why
            and change.commands == []
            and change.as_written
        )

    @pytest.mark.parametrize("fields", OLD, ids=str)
    def test_of_an_old_record_a_person_is_told_the_commands(self, left, fields):
        change = left(RESTART, ran=1).down().noted(**fields)
        closed = change.settle()
        assert closed.fate == "left" and change.as_written and change.commands == []
        copy, pool = os.path.join(closed.backup, "0"), change.world.path("pool.conf")
        assert closed.by_hand[0] == "cp %s %s" % (copy, pool) and os.path.exists(copy)
        assert (
            closed.by_hand[2] == "rm %s" % change.world.path("unit.d/limit.conf")
            and closed.by_hand[-1] == "systemctl restart %s" % UNIT
        )
        assert "nobody takes requests at %s" % SOCKET in closed.why
        for line in closed.by_hand[:-1]:
            subprocess.run(["sh", "-c", line], check=True)
        assert change.world.contents() == change.world.old

    def test_no_command_is_undone_where_nobody_sees_who_is_served(self, left, monkeypatch):
        change = left(RESTART, ran=1)

        def broken(*_arguments: Any) -> None:
            raise ValueError("a strange configuration")

        monkeypatch.setattr(present, "_daemons", broken)
        closed = change.settle()
        assert (
            closed.fate == "left"
            and "a strange configuration" in closed.why
            and change.commands == []
            and change.as_written
        )

    def test_a_way_back_that_fails_blocks_nothing(self, left):
        # The command itself had succeeded.
        change = left(RESTART, ran=1, failing=["systemctl"]).marked("started-0", "done-0").down()
        closed = change.settle()
        assert (
            closed.fate == "left" and "`systemctl restart %s`: it [emerg] does not start" % UNIT in closed.why
        )
        assert closed.by_hand == ["systemctl restart %s" % UNIT] and change.as_before
        assert change.close() is None

    def test_files_half_written_stay_where_they_are_served(self, left):
        change = left(RESTART, ran=1)
        change.world.edit("pool.conf", b"pm = static\n")
        closed = change.settle()
        assert closed.fate == "left" and "only some of its files" in closed.why and change.commands == []
        assert not any(change.world.path("pool.conf") in line for line in closed.by_hand)

    def test_rights_are_told_as_a_person_would_set_them(self):
        acl, made = ["setfacl", "-m", "u:www-data:x", "/run/php"], ["systemd-tmpfiles"]
        meta = {"uid": 0, "gid": 33, "mode": 0o750}
        for command, place, by_hand in (
            (acl, {"path": "/run/php", "meta": meta}, "setfacl -x u:www-data /run/php"),
            (made, {"path": "/run/a b", "meta": meta}, "chown 0:33 '/run/a b'; chmod 0750 '/run/a b'"),
            (made, {"path": "/run/a", "meta": None}, "rmdir /run/a"),
        ):
            assert subject._rights_by_hand(command, place) == by_hand


class TestRemains:
    def test_what_lies_where_others_can_write_does_not_block(self, left):
        change = left(RESTART, ran=1)
        os.chmod(change.world.etc, 0o777)
        closed = change.close()
        assert closed.fate == "kept" and change.close(really=False) is None

    def test_what_only_lies_about_is_cleared_away(self, left):
        change = left(RESTART, ran=1)
        os.rename(change.opened, change.opened + ".kept")
        os.mkdir(change.opened + ".new")
        assert change.settle().fate == "tidied" and change.as_written
