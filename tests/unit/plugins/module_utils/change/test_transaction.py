# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change is whole or not there, whatever happens at whichever step of it."""

import errno
import os
from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import present, recovery
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import transaction as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import BACKUPS, UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import (
    Change,
    Command,
    Refusal,
    Step,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.acls import (
    ACCESS,
    acl,
    attribute,
    give,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import (
    KILLS,
    Service,
    World,
    survives,
    tree,
)

ROUNDS = 400  # more steps than any of these has


@pytest.fixture
def make(tmp_path):
    numbers = iter(range(10000))
    return lambda: World(str(tmp_path / str(next(numbers))))


@pytest.fixture
def world(make):
    return make()


RELOAD = Command(["systemctl", "reload", "php.service"], [["systemctl", "reload", "php.service"]])


class Ended(Service):
    """A host whose unit does not reload any more."""

    def __init__(self, world: World, starts: bool, state: str = "inactive") -> None:
        super().__init__(world)
        self.starts, self.state, self.verbs = starts, state, []  # type: bool, str, list

    def run(self, argv: Any, timeout: float = 90.0) -> Ran:
        self.verbs.append(argv[1])
        if argv[1] == "is-active":
            return Ran(3, self.state + "\n", "")
        if argv[1] == "start":
            return Ran(0, "", "") if self.starts else Ran(1, "", "no memory")
        return Ran(1, "", "php.service is not active, cannot reload.")


def commit(world: World, until: Optional[str] = None) -> subject.Transaction:
    transaction = subject.Transaction.begin(world.step, Host(), Service(world), world.state)
    transaction.replace()
    for command in world.step.commands:
        transaction.run(command)
    if until is None:
        transaction.keep()
    return transaction


def recovered(world: World) -> Any:
    return recovery.recover(Host(), Service(world), world.state)


class TestKept:
    def test_it_leaves_nothing_but_its_backup(self, world):
        commit(world)
        assert world.contents() == world.new
        assert not [path for path in tree(world.etc) if "webmedic" in path]
        assert sorted(os.listdir(world.etc)) == ["available", "enabled", "other.conf", "pool.conf", "unit.d"]
        assert world.state_names() == ["backups", "put-back"]
        backup = os.path.join(world.state, "backups", os.listdir(os.path.join(world.state, "backups"))[0])
        assert backup.endswith("Z-pool_limit")
        with open(os.path.join(backup, "1"), "rb") as stream:
            assert stream.read() == world.old[world.path("enabled/site")]

    def test_the_file_behind_a_link_changes(self, world):
        commit(world)
        assert os.readlink(world.path("enabled/site")) == "../available/site"
        assert world.read("available/site") == b"listen 81;\r\n\xff\n"

    def test_only_a_new_file_gets_the_rights_asked_for(self, world):
        commit(world)
        now = tree(world.etc)
        assert now[world.path("pool.conf")][:3] == world.start[world.path("pool.conf")][:3]
        assert now[world.path("unit.d/limit.conf")][2] & 0o777 == 0o644
        assert now[world.path("unit.d")][2] & 0o777 == 0o755

    def test_the_newest_twenty_backups_stay(self, world):
        for number in range(BACKUPS + 3):
            data = world.read("other.conf")
            step = Step(
                "n%02d" % number, "t", [Change(world.path("other.conf"), data, b"%d" % number, 0o644)], [], []
            )
            transaction = subject.Transaction.begin(step, Host(), Disk(), world.state)
            transaction.journal["at"] = number
            transaction.replace()
            transaction.keep()
        names = sorted(os.listdir(os.path.join(world.state, "backups")))
        assert len(names) == BACKUPS and names[-1].endswith("n22") and names[0].endswith("n03")


class TestUndo:
    def test_it_brings_back_every_byte_right_or_time(self, world):
        inode = os.stat(world.path("pool.conf")).st_ino
        commit(world, "open")
        assert tree(world.etc) != world.start
        result = recovered(world)
        assert tree(world.etc) == world.start
        assert os.stat(world.path("pool.conf")).st_ino == inode
        assert world.log() == ["restart", "reload", "reload-again", "restart-again", "look"]
        assert sorted(result.files) == sorted(world.old) and result.left == []
        assert world.state_names() == ["backups", "put-back"] and not os.listdir(
            os.path.join(world.state, "backups")
        )

    def test_a_command_that_was_not_started_is_not_undone(self, world):
        transaction = subject.Transaction.begin(world.step, Host(), Service(world), world.state)
        transaction.replace()
        transaction.run(world.step.commands[0])
        recovered(world)
        assert world.log() == ["restart", "restart-again", "look"]

    def test_without_second_names_the_copy_is_written_back(self, world, monkeypatch):
        def refused(*_arguments: Any) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(Disk, "link", refused)
        commit(world, "open")
        recovered(world)
        assert tree(world.etc) == world.start

    def test_a_file_that_someone_else_changed_is_left(self, world):
        commit(world, "open")
        world.edit("pool.conf", b"by hand\n")
        result = recovered(world)
        assert result.left == [world.path("pool.conf")] and world.read("pool.conf") == b"by hand\n"
        assert world.read("gone.conf") == b"old\n" and not [
            path for path in tree(world.etc) if "webmedic" in path
        ]
        with open(os.path.join(result.backup, "0"), "rb") as stream:
            assert stream.read() == b"pm = static\n"
        assert world.state_names() == ["backups", "put-back"] and recovered(world) is None

    def test_a_directory_that_someone_else_filled_meanwhile_stays(self, world):
        commit(world, "open")
        world.edit("unit.d/theirs.conf", b"")
        recovered(world)
        assert os.listdir(world.path("unit.d")) == ["theirs.conf"]

    def test_after_a_command_that_fails_it_stays_open(self, world):
        commit(world, "open")
        with pytest.raises(UndoFailed) as raised:
            recovery.recover(Host(), Service(world, ["restart-again"]), world.state)
        assert "every file is as before" in str(
            raised.value
        ) and "`restart-again`: it [emerg] does not start" in str(raised.value)
        assert tree(world.etc) == world.start
        assert recovered(world).files == [] and recovered(world) is None

    @pytest.mark.parametrize("starts", [True, False])
    def test_a_unit_that_ended_by_itself_is_started(self, world, starts):
        """A reload asks a master that may end later: then there is nothing to reload."""
        world.step = world.step._replace(commands=[RELOAD])
        commit(world, "open")
        ended = Ended(world, starts)
        if starts:
            assert recovery.recover(Host(), ended, world.state).started == ["php.service"]
            assert tree(world.etc) == world.start and "transaction" not in world.state_names()
        else:
            with pytest.raises(UndoFailed, match="`systemctl reload php.service`: no memory"):
                recovery.recover(Host(), ended, world.state)
        assert ended.verbs == ["reload", "is-active", "start"]

    def test_near_miss_one_that_runs_and_refuses_is_not(self, world):
        world.step = world.step._replace(commands=[RELOAD])
        commit(world, "open")
        ended = Ended(world, True, "active")
        with pytest.raises(UndoFailed):
            recovery.recover(Host(), ended, world.state)
        assert ended.verbs == ["reload", "is-active"]

    def test_a_unit_that_serves_by_now_is_not_stopped(self, world, monkeypatch):
        unit_lists = []

        def served(_host: Any, units: Any) -> Any:
            unit_lists.append(units)
            return ["unix:/run/a.sock"]

        monkeypatch.setattr(present, "served_by", served)
        world.step = world.step._replace(
            commands=[
                world.step.commands[0],
                Command(["start"], [["systemctl", "stop", "php.service"], ["clear"]]),
            ]
        )
        commit(world, "open")
        result = recovered(world)
        assert result.serves == ["unix:/run/a.sock"] and unit_lists == [["php.service"]]
        assert (
            world.contents() == world.new
            and world.log() == ["restart", "start"]
            and os.path.exists(os.path.join(result.backup, "journal.json"))
        )

    def test_nobody_asks_who_a_unit_serves_that_never_started(self, world, monkeypatch):
        monkeypatch.setattr(present, "served_by", lambda *_arguments: pytest.fail("nobody is to be asked"))
        world.step = world.step._replace(
            commands=[world.step.commands[0], Command(["start"], [["systemctl", "stop", "php.service"]])]
        )
        transaction = subject.Transaction.begin(world.step, Host(), Service(world), world.state)
        transaction.run(world.step.commands[0])
        recovered(world)
        assert tree(world.etc) == world.start

    def test_extended_attributes_come_back(self, world):
        value = acl("u::6 u:33:4 g::4 m::4 o::0")
        give(world.path("pool.conf"), value)
        before = tree(world.etc)
        commit(world, "open")
        assert tree(world.etc)[world.path("pool.conf")][:3] == before[world.path("pool.conf")][:3]
        assert attribute(world.path("pool.conf"), ACCESS) == value
        recovered(world)
        assert tree(world.etc) == before


@pytest.mark.long
class TestKilled:
    @pytest.mark.parametrize("how", KILLS)
    def test_a_kill_at_any_step_leaves_whole_files(self, make, how):
        kept = 0
        for at in range(1, ROUNDS):
            world = make()
            if survives(lambda: commit(world), at, how):  # noqa: B023
                break
            assert world.whole(), at
            was_open = "transaction" in world.state_names()
            started = bool(world.log())
            result = recovered(world)
            assert bool(result) == was_open, at
            if was_open or world.contents() != world.new:
                assert tree(world.etc) == world.start, at
            else:
                kept += 1
            if started and was_open:
                with open(world.service, "rb") as stream:
                    assert stream.read() == b"pm = static\n", at
            assert not [path for path in tree(world.etc) if "webmedic" in path], at
            assert set(world.state_names()) <= {"backups", "put-back"}, at
            assert recovered(world) is None
        else:
            pytest.fail("it never ended")
        assert at > (3 if how == "half" else 40)
        assert kept or how == "half"
        assert world.contents() == world.new

    @pytest.mark.parametrize("second_names", [True, False])
    @pytest.mark.parametrize("how", ["before", "after"])
    def test_a_kill_at_any_step_of_the_way_back_is_survived(self, make, monkeypatch, how, second_names):
        def refused(*_arguments: Any) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        if not second_names:
            monkeypatch.setattr(Disk, "link", refused)
        for at in range(1, ROUNDS):
            world = make()
            commit(world, "open")
            if survives(lambda: recovered(world), at, how):  # noqa: B023
                break
            assert world.whole(), at
            recovered(world)
            assert tree(world.etc) == world.start, at
            assert world.state_names() == ["backups", "put-back"], at
        else:
            pytest.fail("it never ended")
        assert at > 15

    def test_a_second_kill_on_the_way_back_is_survived(self, make):
        for first in range(3, ROUNDS, 9):
            for second in range(1, ROUNDS, 7):
                world = make()
                if survives(lambda: commit(world), first, "after"):  # noqa: B023
                    assert first > 40
                    return
                if survives(lambda: recovered(world), second, "after"):  # noqa: B023
                    break
                assert world.whole(), (first, second)
                recovered(world)
                assert not [path for path in tree(world.etc) if "webmedic" in path], (first, second)
                assert tree(world.etc) == world.start or world.contents() == world.new, (first, second)
        pytest.fail("it never ended")


def begin(world: World, *changes: Change) -> None:
    subject.Transaction.begin(Step("name", "target", list(changes), [], []), Host(), Disk(), world.state)


class TestRefused:
    @pytest.mark.parametrize(
        "name, before, why",
        [
            ("pool.conf", b"pm = other\n", "has changed meanwhile"),
            ("pool.conf", None, "has changed meanwhile"),
            ("absent.conf", b"x", "has changed meanwhile"),
            ("two/deep/x.conf", None, "there is no directory"),
        ],
    )
    def test_a_file_that_changed_meanwhile(self, world, name, before, why):
        with pytest.raises(Refusal) as raised:
            begin(world, Change(world.path(name), before, b"new", 0o644))
        assert why in str(raised.value)
        assert tree(world.etc) == world.start and "transaction" not in world.state_names()

    def test_a_file_with_a_second_name(self, world):
        os.link(world.path("pool.conf"), world.path("twin.conf"))
        with pytest.raises(Refusal) as raised:
            begin(world, world.step.changes[0])
        assert "hard link" in str(raised.value)

    def test_one_file_under_two_names(self, world):
        with pytest.raises(Refusal) as raised:
            begin(
                world,
                world.step.changes[1],
                world.step.changes[1]._replace(path=world.path("available/site")),
            )
        assert "twice" in str(raised.value)

    @pytest.mark.parametrize("name", [".pool.conf.webmedic", ".pool.conf.webmedic-old"])
    def test_what_lies_where_the_new_file_is_written(self, world, name):
        os.symlink("victim", world.path(name))
        with pytest.raises(Refusal) as raised:
            begin(world, world.step.changes[0])
        assert "in the way" in str(raised.value) and os.path.islink(world.path(name))

    @pytest.mark.parametrize("path", ["etc/pool.conf", "", "/etc/a\0b"])
    def test_a_path_that_is_not_absolute(self, world, path):
        with pytest.raises(Refusal):
            begin(world, Change(path, None, b"", 0o644))

    def test_a_second_change_before_the_first_is_closed(self, world):
        commit(world, "open")
        with pytest.raises(Refusal) as raised:
            begin(world, Change(world.path("other.conf"), b"other\n", b"", 0o644))
        assert "still open" in str(raised.value)

    def test_a_file_that_changes_before_the_rename(self, world):
        transaction = subject.Transaction.begin(world.step, Host(), Service(world), world.state)
        world.edit("enabled/site", b"by hand\n")
        with pytest.raises(Refusal):
            transaction.replace()
        recovered(world)
        assert world.read("available/site") == b"by hand\n" and world.read("pool.conf") == b"pm = static\n"

    def test_a_state_directory_that_others_can_write_to(self, world):
        os.mkdir(world.state, 0o700)
        os.chmod(world.state, 0o777)
        with pytest.raises(Refusal):
            begin(world, world.step.changes[0])
