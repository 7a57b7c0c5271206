# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a killed run left is closed by what the host is like now: kept, taken back, or left to a person. With
real hosts: survive.py.
"""

import json
import os
import random
import subprocess
from typing import Any, Dict, List, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import journal as journals
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import ledger, present
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import left_behind as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import (
    Transaction,
    UndoFailed,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Command
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import (
    Service,
    World,
    tree,
)

UNIT = "php8.2-fpm.service"
SOCKET = "unix:/run/php/php8.2-fpm.sock"
DAY = 86400
RESTART = Command(["systemctl", "restart", UNIT], [["systemctl", "restart", UNIT]])
START = Command(["systemctl", "start", UNIT], [["systemctl", "stop", UNIT]])
OTHER = Command(["mkswap", "/swap"], [["rm", "-f", "/swap"]])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


class Left:
    """A change that a killed run left open, and the host that has gone on without it. active: of the unit;
    changed: seconds since its state did.
    """

    def __init__(
        self,
        tmp_path: Any,
        monkeypatch: Any,
        *commands: Command,
        ran: int = 0,
        replaced: bool = True,
        failing: Sequence[str] = (),
    ) -> None:
        self.world = World(str(tmp_path))
        self.disk = Service(self.world, failing)
        self.host = Host()
        self.active, self.changed, self.answers, self.rebooted = "active", 10 * DAY, [SOCKET], False
        monkeypatch.setattr(present, "unit_states", self._states)
        self.newer = None  # type: Optional[bool]
        monkeypatch.setattr(
            present,
            "_daemons",
            lambda _host: present.Daemons(
                [],
                {"unit": "nginx.service", "config_newer": None},
                [{"unit": UNIT, "config_newer": self.newer}],
            ),
        )
        monkeypatch.setattr(
            present,
            "_served",
            lambda _host, _seen, units, *_more: ([SOCKET], self.answers) if units else ([], []),
        )
        step = self.world.step._replace(
            commands=list(commands), target=UNIT if commands and commands[0] != OTHER else "/swap"
        )
        transaction = Transaction.begin(step, self.host, Disk(), self.world.state)
        if replaced:
            transaction.replace()
        for command in commands[:ran]:
            transaction.disk = self.disk
            transaction.run(command)
            self.changed = 0.0 if command.do[0] == "systemctl" else self.changed
        if os.path.exists(self.world.service + ".log"):
            os.unlink(self.world.service + ".log")

    def _states(self, host: Any, names: Sequence[str], logs: bool) -> Dict[str, Any]:
        return {
            name: {"active": self.active, "changed_at": host.now() - self.changed, "main_pid": 0}
            for name in names
        }

    @property
    def opened(self) -> str:
        return os.path.join(self.world.state, "transaction")

    def edit(self, **more: Any) -> None:
        path = os.path.join(self.opened, "journal.json")
        with open(path) as stream:
            journal = dict(json.load(stream), **more)
        with open(path, "w") as stream:
            json.dump(journal, stream)

    def settle(self) -> Dict[str, Any]:
        """Foretold first, then done: both say the same, and nothing stays open."""
        before = tree(self.world.top)
        foretold = subject.pending(self.host, self.world.state)
        assert tree(self.world.top) == before
        closed = subject.settle(self.host, self.disk, self.world.state) or {}
        assert (
            foretold is not None
            and foretold.fate == closed.fate
            or closed.why.startswith("the way back failed")
        )
        assert not [
            name
            for name in self.world.state_names()
            if name.startswith("transaction") and "damaged" not in name
        ]
        assert not [path for path in tree(self.world.etc) if "webmedic" in path] or closed.fate == "damaged"
        return closed

    @property
    def as_before(self) -> bool:
        return tree(self.world.etc) == self.world.start

    @property
    def as_written(self) -> bool:
        return self.world.contents() == self.world.new


@pytest.fixture
def left(tmp_path, monkeypatch):
    return lambda *commands, **more: Left(tmp_path, monkeypatch, *commands, **more)


OLD = [{"at": 1000.0}, {"at": 4e9}, {"boot": "another"}]


@pytest.mark.parametrize("edit", [{}] + OLD, ids=str)
@pytest.mark.parametrize("command", [RESTART, START], ids=lambda command: command.do[1])
def test_a_change_that_took_effect_and_is_served_is_kept_whatever_its_age(left, command, edit):
    one = left(command, ran=1)
    one.edit(**edit)
    closed = one.settle()
    assert (closed.fate, closed.by_hand) == ("kept", []) and SOCKET in closed.why
    assert one.as_written and one.world.log() == []
    assert [
        (entry["action"], entry["target"], entry["result"]) for entry in ledger.read(one.world.state)
    ] == [("pool_limit", UNIT, "kept")]
    assert os.path.exists(os.path.join(closed.backup, "journal.json"))


@pytest.mark.parametrize("edit", [{}] + OLD[:2], ids=str)
def test_files_that_no_unit_has_read_go_back_without_a_command_whatever_their_age(left, edit):
    one = left(RESTART)
    one.edit(**edit)
    closed = one.settle()
    assert (closed.fate, closed.why.split(";")[0]) == ("put_back", "nothing had read its files")
    assert one.as_before and one.world.log() == [] and sorted(closed.files) == sorted(one.world.old)


def test_a_command_that_was_noted_but_never_ran_took_no_effect(left):
    one = left(RESTART, ran=1)
    os.rename(os.path.join(one.opened, "done-0"), os.path.join(one.opened, "started-0"))
    one.changed = 10 * DAY
    assert one.settle().fate == "put_back" and one.as_before and one.world.log() == []


def test_what_a_person_has_loaded_since_is_kept(left):
    one = left(RESTART)
    one.changed = 0.0
    assert one.settle().fate == "kept" and one.as_written


def test_an_undo_loads_nobody_elses_edit(left):
    one = left(RESTART, ran=1)
    one.active, one.answers, one.newer = "failed", [], True
    closed = one.settle()
    assert (
        closed.fate == "left"
        and "somebody has edited" in closed.why
        and one.world.log() == []
        and one.as_written
    )


def test_what_took_effect_and_is_not_served_is_taken_back_while_it_is_fresh(left):
    one = left(RESTART, ran=1)
    one.active, one.answers = "failed", []
    closed = one.settle()
    assert closed.fate == "put_back" and one.as_before
    assert one.world.log() == ["systemctl restart %s" % UNIT]


@pytest.mark.parametrize("edit", OLD, ids=str)
def test_no_command_of_an_old_record_is_undone_and_a_person_is_told_which_would_do_it(left, edit):
    one = left(RESTART, ran=1)
    one.active, one.answers = "failed", []
    one.edit(**edit)
    closed = one.settle()
    assert closed.fate == "left" and one.as_written and one.world.log() == []
    copy, pool = os.path.join(closed.backup, "0"), one.world.path("pool.conf")
    assert closed.by_hand[0] == "cp %s %s" % (copy, pool) and os.path.exists(copy)
    assert (
        closed.by_hand[2] == "rm %s" % one.world.path("unit.d/limit.conf")
        and closed.by_hand[-1] == "systemctl restart %s" % UNIT
    )
    assert "nobody takes requests at %s" % SOCKET in closed.why
    for line in closed.by_hand[:-1]:
        subprocess.run(["sh", "-c", line], check=True)
    assert one.world.contents() == one.world.old


def test_where_it_cannot_be_seen_who_is_served_no_command_is_undone(left, monkeypatch):
    one = left(RESTART, ran=1)

    def broken(*_arguments: Any) -> None:
        raise ValueError("a strange configuration")

    monkeypatch.setattr(present, "_daemons", broken)
    closed = one.settle()
    assert (
        closed.fate == "left"
        and "a strange configuration" in closed.why
        and one.world.log() == []
        and one.as_written
    )


def test_a_unit_that_somebody_has_stopped_since_is_not_started_by_an_undo(left):
    one = left(RESTART, ran=1)
    one.active, one.answers = "inactive", []
    assert one.settle().fate == "put_back" and one.as_before and one.world.log() == []


def test_a_way_back_that_fails_is_a_persons_and_blocks_nothing(left):
    one = left(RESTART, ran=1, failing=["systemctl"])
    # The command itself had succeeded.
    os.rename(os.path.join(one.opened, "started-0"), os.path.join(one.opened, "done-0"))
    one.active, one.answers = "failed", []
    closed = one.settle()
    assert closed.fate == "left" and "`systemctl restart %s`: it [emerg] does not start" % UNIT in closed.why
    assert closed.by_hand == ["systemctl restart %s" % UNIT] and one.as_before
    assert subject.settle(one.host, one.disk, one.world.state) is None


def test_after_a_way_back_that_failed_a_host_that_is_well_again_is_only_closed(left):
    one = left(RESTART, ran=1)
    for path, data in one.world.old.items():
        if data is None:
            os.unlink(path)
        else:
            with open(path, "wb") as stream:
                stream.write(data)
    closed = one.settle()
    assert (closed.fate, one.world.log()) == ("put_back", []) and "as before" in closed.why


def test_some_files_written_and_some_not_stay_where_the_host_is_served_with_them(left):
    one = left(RESTART, ran=1)
    with open(one.world.path("pool.conf"), "wb") as stream:
        stream.write(b"pm = static\n")
    closed = one.settle()
    assert closed.fate == "left" and "only some of its files" in closed.why and one.world.log() == []
    assert not any(one.world.path("pool.conf") in line for line in closed.by_hand)


def test_what_someone_else_changed_since_is_kept_with_the_rest(left):
    one = left(RESTART, ran=1)
    with open(one.world.path("pool.conf"), "wb") as stream:
        stream.write(b"by hand\n")
    closed = one.settle()
    assert (
        closed.fate == "kept"
        and one.world.read("pool.conf") == b"by hand\n"
        and one.world.path("pool.conf") not in closed.files
    )


def test_a_swap_file_in_use_is_kept_and_one_half_made_goes_while_it_is_fresh(
    left, tmp_path_factory, monkeypatch
):
    assert left(OTHER, OTHER._replace(do=["swapon", "/swap"]), ran=2).settle().fate == "kept"
    half = Left(
        tmp_path_factory.mktemp("half"), monkeypatch, OTHER, OTHER._replace(do=["swapon", "/swap"]), ran=1
    )
    assert half.settle().fate == "put_back" and half.world.log() == ["rm -f /swap"]
    old = Left(
        tmp_path_factory.mktemp("old"), monkeypatch, OTHER, OTHER._replace(do=["swapon", "/swap"]), ran=1
    )
    old.edit(at=1000.0)
    closed = old.settle()
    assert closed.fate == "left" and old.world.log() == [] and "rm -f /swap" in closed.by_hand


@pytest.mark.parametrize(
    "replaced, edit, fate",
    [
        (True, {}, "kept"),
        (True, {"at": 1000.0}, "kept"),
        (False, {}, "put_back"),
        (False, {"at": 1000.0}, "left"),
    ],
)
def test_files_alone_are_kept_once_all_are_there(left, replaced, edit, fate):
    one = left(replaced=replaced)
    one.edit(**edit)
    assert one.settle().fate == fate


def test_a_file_that_cannot_be_put_back_waits_while_it_is_fresh_and_is_a_persons_then(left, monkeypatch):
    one = left(RESTART)

    def broken(*_arguments: Any) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as context:
        context.setattr(Disk, "remove", broken)
        with pytest.raises(UndoFailed) as raised:
            subject.settle(one.host, one.disk, one.world.state)
        assert "Read-only file system" in str(raised.value)
    assert one.settle().fate == "put_back" and one.as_before


def test_what_lies_beside_a_file_that_others_can_write_to_by_now_does_not_block(left):
    one = left(RESTART, ran=1)
    os.chmod(one.world.etc, 0o777)
    closed = subject.settle(one.host, one.disk, one.world.state) or {}
    assert closed.fate == "kept" and subject.pending(one.host, one.world.state) is None


def test_the_rights_of_a_directory_are_told_as_a_person_would_set_them():
    meta = {"uid": 0, "gid": 33, "mode": 0o750}
    assert (
        subject._rights_by_hand(
            ["setfacl", "-m", "u:www-data:x", "/run/php"], {"path": "/run/php", "meta": meta}
        )
        == "setfacl -x u:www-data /run/php"
    )
    assert (
        subject._rights_by_hand(["systemd-tmpfiles"], {"path": "/run/a b", "meta": meta})
        == "chown 0:33 '/run/a b'; chmod 0750 '/run/a b'"
    )
    assert subject._rights_by_hand(["systemd-tmpfiles"], {"path": "/run/a", "meta": None}) == "rmdir /run/a"


def test_what_only_lies_about_is_cleared_away(left, tmp_path):
    one = left(RESTART, ran=1)
    os.rename(one.opened, one.opened + ".kept")
    os.mkdir(one.opened + ".new")
    assert one.settle().fate == "tidied" and one.as_written


def damaged(one: Left, data: bytes) -> None:
    with open(os.path.join(one.opened, "journal.json"), "wb") as stream:
        stream.write(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"\xff\xfe",
        b"\0" * 4096,
        b"[" * 100000,
        b'{"version": 2}',
        b'{"version": 1}',
        b'{"version": NaN}',
    ],
    ids=lambda data: repr(data[:12]),
)
def test_a_record_that_is_none_is_put_aside_and_blocks_nothing(left, data):
    one = left(RESTART, ran=1)
    damaged(one, data)
    closed = one.settle()
    assert (
        closed.fate == "damaged"
        and "cannot be read" in closed.why
        and one.world.log() == []
        and one.as_written is not one.as_before
    )
    place = closed.by_hand[0].split()[-1]
    assert (
        os.path.exists(os.path.join(place, "0"))
        and subject.settle(one.host, one.disk, one.world.state) is None
    )
    assert Transaction.begin(one.world.step._replace(changes=[]), one.host, Disk(), one.world.state)


def _places(value: Any, at: Tuple[Any, ...] = ()) -> List[Tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [place for key, item in inner for place in _places(item, at + (key,))]


STRANGE = (
    None,
    True,
    -1,
    1 << 70,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "x",
    "/etc/passwd/x",
    "relative",
    "a\0b",
    [],
    {},
    [[]],
    [None],
    {"a": None},
    [{"a": []}],
)


def test_no_record_with_a_strange_value_breaks_it_or_runs_anything_strange(
    left, tmp_path_factory, monkeypatch
):
    chance = random.Random(7)
    for round_ in range(200):
        one = Left(
            tmp_path_factory.mktemp("strange"), monkeypatch, RESTART, ran=chance.choice((0, 1)), replaced=True
        )
        one.answers = chance.choice(([], [SOCKET]))
        with open(os.path.join(one.opened, "journal.json")) as stream:
            journal = json.load(stream)
        place = chance.choice(_places(journal))
        inner = journal
        for key in place[:-1]:
            inner = inner[key]
        if chance.random() < 0.2 and isinstance(inner, dict):
            inner[str(chance.choice(STRANGE))] = inner.pop(place[-1])
        elif chance.random() < 0.2:
            del inner[place[-1]]
        else:
            inner[place[-1]] = chance.choice(STRANGE)
        damaged(one, json.dumps(journal).encode())
        try:
            closed = subject.settle(one.host, one.disk, one.world.state)
        except UndoFailed:
            continue  # a path that is none, for as long as it is fresh
        assert closed and closed.fate in ("put_back", "kept", "left", "damaged"), (round_, place)


def test_a_record_cut_off_anywhere_is_put_aside(left, tmp_path_factory, monkeypatch):
    one = left(RESTART, ran=1)
    with open(os.path.join(one.opened, "journal.json"), "rb") as stream:
        whole = stream.read()
    for length in range(0, len(whole) - 2, 97):
        damaged(one, whole[:length])
        with pytest.raises(journals.Unreadable):
            journals.read_journal(Disk(), one.opened)
    damaged(one, whole)
    assert journals.read_journal(Disk(), one.opened)["name"] == "pool_limit"


def test_a_record_of_the_version_before_is_read(left):
    one = left(RESTART, ran=1)
    with open(os.path.join(one.opened, "journal.json")) as stream:
        journal = json.load(stream)
    del journal["boot"], journal["uptime"]
    for command in journal["commands"]:
        del command["folders"]
    damaged(one, json.dumps(journal).encode())
    assert one.settle().fate == "kept"
