# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a change gives is what was asked for, and an undo leaves every attribute as it was, to the byte."""

import os
import random
import stat
from typing import Any, Dict, NamedTuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import disk as disk_module
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import rights as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.recovery import recover
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.transaction import Transaction, check
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Ran
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.permission import Entry, parse_acl
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import (
    Change,
    Command,
    Refusal,
    Step,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.acls import (
    ACCESS,
    DEFAULT,
    GROUP,
    GROUP_OBJ,
    MASK,
    NONE,
    OTHER,
    USER,
    USER_OBJ,
    acl,
    effective,
    give,
    packed,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.faults import survives

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
NAME, UID = "nobody", 65534


def random_acl(chance: random.Random, writable: bool) -> bytes:
    """Named users and groups under a mask that may be narrower than they are."""
    named = [(USER, chance.randrange(8), uid) for uid in chance.sample((1, 2, 33, UID), chance.randrange(3))]
    named += [(GROUP, chance.randrange(8), gid) for gid in chance.sample((4, 5, 33), chance.randrange(3))]
    narrow = 7 if writable else 5
    return packed(
        [
            (USER_OBJ, 7, NONE),
            (GROUP_OBJ, chance.randrange(8), NONE),
            (MASK, chance.randrange(8) & narrow, NONE),
            (OTHER, chance.randrange(8) & narrow, NONE),
        ]
        + named
    )


class Fingerprint(NamedTuple):
    uid: int
    gid: int
    mode: int
    links: int
    mtime_ns: int
    inode: int
    attributes: Dict[str, bytes]


def fingerprint(path: str) -> Fingerprint:
    status = os.lstat(path)
    return Fingerprint(
        status.st_uid,
        status.st_gid,
        status.st_mode,
        status.st_nlink,
        status.st_mtime_ns,
        status.st_ino,
        {name: os.getxattr(path, name) for name in os.listxattr(path)},
    )


def decorated(path: str, chance: random.Random, writable: bool = False) -> None:
    """Mode, ACL, default ACL, an attribute of users' and a time, by chance."""
    os.chmod(path, chance.choice((0o755, 0o750, 0o700, 0o711, 0o2755, 0o1755, 0o744)))
    if chance.random() < 0.7:
        give(path, random_acl(chance, writable))
    if os.path.isdir(path) and chance.random() < 0.5:
        give(path, random_acl(chance, True), DEFAULT)
    if chance.random() < 0.5:
        give(path, b"\0mine", "user.note")
    os.utime(path, ns=(1500000000000000001, 1500000000000000003 + chance.randrange(1000)))


def opened(step: Step, state: str) -> Transaction:
    return Transaction.begin(step, Host(), Disk(), state)


def allow(path: str) -> Step:
    return Step(
        "directory_search_allow",
        path,
        [],
        [],
        [Command(["setfacl", "-m", "u:nobody:x", path], [], path, NAME)],
    )


def refused(text: str) -> str:
    """Why the user may not search a directory with this ACL."""
    with pytest.raises(Refusal) as caught:
        subject.with_search(acl(text), 0o750, UID)
    return str(caught.value)


class TestSearch:
    @pytest.mark.parametrize("seed", range(60))
    def test_nobody_else_gains_until_the_undo_takes_it_back(self, tmp_path: Any, seed: int) -> None:
        path, state = str(tmp_path / "run"), str(tmp_path / "state")
        os.mkdir(path)
        decorated(path, random.Random(seed))
        before, could = fingerprint(path), effective(path)
        try:
            change = opened(allow(path), state)
        except Refusal:
            assert fingerprint(path) == before
            listed = parse_acl(before.attributes.get(ACCESS)) or []
            hidden = [
                entry for entry in listed if entry.tag in (USER, GROUP_OBJ, GROUP) and entry.permissions & 1
            ]
            assert (
                any(entry.tag == USER and entry.id == UID for entry in listed)
                or hidden
                and not stat.S_IMODE(before.mode) & 0o010
            )
            return
        assert change.run(allow(path).commands[0]).rc == 0
        assert effective(path) == {**could, (USER, UID): 1}
        after = fingerprint(path)
        assert after._replace(mode=0, attributes={}) == before._replace(mode=0, attributes={})
        assert {**after.attributes, ACCESS: b""} == {**before.attributes, ACCESS: b""}
        recover(Host(), Disk(), state)
        assert fingerprint(path) == before

    def test_a_mask_that_keeps_a_group_out_is_not_widened(self) -> None:
        assert "the mask" in refused("u::7 g::0 g:4:7 m::0 o::0")

    def test_near_miss_a_mask_that_hides_no_search_is_widened(self) -> None:
        entries = parse_acl(subject.with_search(acl("u::7 g::0 g:4:6 m::4 o::0"), 0o740, UID)) or []
        assert (
            Entry(MASK, 5, NONE) in entries
            and Entry(GROUP, 6, 4) in entries
            and Entry(USER, 1, UID) in entries
        )

    @pytest.mark.parametrize("permissions, mask", [(0, 5), (4, 5), (1, 0)])
    def test_an_entry_for_the_user_is_a_persons_word(self, permissions: int, mask: int) -> None:
        assert "names the user already" in refused("u::7 u:%d:%d g::0 m::%d o::0" % (UID, permissions, mask))

    @ROOT
    @pytest.mark.parametrize(
        "uid, mode, who", [(33, 0o700, "www-data"), (0, 0o770, "group backup"), (0, 0o777, "everybody")]
    )
    def test_a_directory_of_others_is_not_opened(self, tmp_path: Any, uid: int, mode: int, who: str) -> None:
        path = str(tmp_path / "home")
        os.mkdir(path)
        os.chown(path, uid, 34)
        os.chmod(path, mode)
        before = fingerprint(path)
        with pytest.raises(Refusal) as caught:
            check(allow(path), Disk())
        assert "left to a person" in str(caught.value) and fingerprint(path) == before

    def test_a_user_who_is_not_known_is_refused(self, tmp_path: Any) -> None:
        with pytest.raises(Refusal, match="there is no user"):
            Disk().let_search(str(tmp_path), "nobody-of-that-name")

    @pytest.mark.long
    @pytest.mark.parametrize("how", ["before", "after"])
    def test_a_kill_at_any_step_is_taken_back_to_the_byte(self, tmp_path: Any, how: str) -> None:
        def taken(path: str, state: str, keep: bool = True) -> None:
            change = opened(allow(path), state)
            change.run(allow(path).commands[0])
            if keep:
                change.keep()

        for at in range(1, 100):
            path, state = str(tmp_path / ("run%d" % at)), str(tmp_path / ("state%d" % at))
            os.mkdir(path, 0o700)
            give(path, acl("u::7 g::4 g:4:6 m::4 o::0"))
            before = fingerprint(path)
            ended = survives(lambda: taken(path, state), at, how)  # noqa: B023
            was_open = os.path.exists(os.path.join(state, "transaction"))
            recover(Host(), Disk(), state)
            if was_open:
                assert fingerprint(path) == before, at
            if fingerprint(path) == before:
                taken(path, state, False)
                survives(lambda: recover(Host(), Disk(), state), at, how)  # noqa: B023
                recover(Host(), Disk(), state)
                assert fingerprint(path) == before, at
            if ended:
                break
        assert ended and at > 15 and effective(path) != {}


class TestFile:
    @pytest.mark.parametrize("seed", range(60))
    def test_it_keeps_its_rights_through_change_or_undo(self, tmp_path: Any, seed: int) -> None:
        chance = random.Random(seed)
        folder, state = str(tmp_path / "conf"), str(tmp_path / "state")
        path = os.path.join(folder, "site")
        os.mkdir(folder)
        with open(path, "w") as stream:
            stream.write("old")
        if os.geteuid() == 0:
            os.chown(path, 0, chance.choice((0, 4, 33)))
        decorated(path, chance)
        decorated(folder, chance)
        before = [fingerprint(folder), fingerprint(path)]
        change = opened(Step("edit", path, [Change(path, b"old", b"new", 0o644)], [], []), state)
        change.replace()
        now = fingerprint(path)
        assert (now[:3], now.attributes) == (before[1][:3], before[1].attributes)
        recover(Host(), Disk(), state)
        assert [fingerprint(folder), fingerprint(path)] == before

    @pytest.mark.parametrize("seed", range(20))
    def test_a_copy_written_back_has_all_of_them(self, tmp_path: Any, seed: int, monkeypatch: Any) -> None:
        def refused(*_arguments: Any) -> None:
            raise PermissionError(1, "no second names here")

        monkeypatch.setattr(Disk, "link", refused)
        path, state = str(tmp_path / "conf" / "site"), str(tmp_path / "state")
        os.mkdir(os.path.dirname(path), 0o755)
        with open(path, "w") as stream:
            stream.write("old")
        decorated(path, random.Random(seed))
        before = fingerprint(path)
        opened(Step("edit", path, [Change(path, b"old", b"new", 0o644)], [], []), state).replace()
        recover(Host(), Disk(), state)
        assert fingerprint(path)._replace(inode=0) == before._replace(inode=0)

    @pytest.mark.parametrize("name", ["conf/site", "conf"])
    def test_an_immutable_one_is_refused_in_plain_words(
        self, tmp_path: Any, name: str, monkeypatch: Any
    ) -> None:
        """Few may make a file immutable; that the kernel then denies access(2) to root, too, is its
        inode_permission().
        """
        (tmp_path / "conf").mkdir(mode=0o755)
        path = tmp_path / "conf" / "site"
        path.write_bytes(b"old")
        path.chmod(0o644)
        monkeypatch.setattr(
            disk_module.os, "access", lambda place, _mode: os.readlink(place) != str(tmp_path / name)
        )
        with pytest.raises(Refusal, match="%s cannot be written to: it is immutable" % (tmp_path / name)):
            check(Step("edit", "x", [Change(str(path), b"old", b"new", 0o644)], [], []), Disk())

    def test_no_moment_of_a_copy_lets_anyone_do_more(self, tmp_path: Any, monkeypatch: Any) -> None:
        """An ACL that the directory gives to its new files, a mask wider than the group: neither may count
        for an instant.
        """
        source, path = str(tmp_path / "a"), str(tmp_path / "b")
        with open(source, "w"):
            pass
        give(source, acl("u::6 g::0 u:1:4 m::4 o::0"))
        give(tmp_path, acl("u::7 g::7 u:%d:7 m::7 o::7" % UID), DEFAULT)
        wanted, seen = effective(source), []

        def watched(name: str) -> None:
            real = getattr(os, name)

            def call(*arguments: Any, **options: Any) -> Any:
                result = real(*arguments, **options)
                seen.append(effective(path))
                return result

            monkeypatch.setattr(subject.os, name, call)

        meta = Disk().meta(source)
        for name in ("chown", "chmod", "setxattr", "removexattr"):
            watched(name)
        Disk().write_file(path, b"secret", meta)
        monkeypatch.undo()
        assert len(seen) >= 3 and effective(path) == wanted
        for could in seen:
            assert all(permissions & ~wanted.get(who, 0) == 0 for who, permissions in could.items()), could


class Makes(Disk):
    """A program that makes a directory with another below it, or gives one away."""

    def __init__(self, path: str) -> None:
        self.path = path

    def run(self, argv: Any, timeout: float = 1.0) -> Ran:
        os.makedirs(self.path, 0o755, exist_ok=True)
        os.chmod(self.path, 0o755)
        if os.geteuid() == 0:
            os.chown(self.path, 33, 33)
        return Ran(0, "", "")


def made(path: str, state: str) -> Makes:
    disk = Makes(path)
    step = Step("runtime_directory_create", path, [], [], [Command(["systemd-tmpfiles"], [], path)])
    Transaction.begin(step, Host(), disk, state).run(step.commands[0])
    return disk


class TestMadeDirectory:
    @pytest.mark.parametrize("name", ["php", "a/b/c"])
    def test_one_that_a_command_made_goes_with_those_above_it(self, tmp_path: Any, name: str) -> None:
        disk = made(str(tmp_path / name), str(tmp_path / "state"))
        assert os.path.isdir(str(tmp_path / name))
        recover(Host(), disk, str(tmp_path / "state"))
        assert os.listdir(str(tmp_path)) == ["state"]

    def test_one_that_holds_something_by_then_stays(self, tmp_path: Any) -> None:
        disk = made(str(tmp_path / "php"), str(tmp_path / "state"))
        (tmp_path / "php" / "a.sock").write_text("")
        with pytest.raises(UndoFailed, match="is not empty"):
            recover(Host(), disk, str(tmp_path / "state"))
        assert (tmp_path / "php" / "a.sock").exists()

    @pytest.mark.parametrize("seed", range(20))
    def test_one_whose_rights_a_command_changed_has_them_back(self, tmp_path: Any, seed: int) -> None:
        path = str(tmp_path / "php")
        os.mkdir(path)
        decorated(path, random.Random(seed), True)
        before = fingerprint(path)
        disk = made(path, str(tmp_path / "state"))
        recover(Host(), disk, str(tmp_path / "state"))
        assert fingerprint(path) == before

    def test_what_replaced_it_is_not_given_its_rights(self, tmp_path: Any) -> None:
        path, other = str(tmp_path / "php"), str(tmp_path / "other")
        os.mkdir(path, 0o700)
        os.mkdir(other, 0o750)
        disk = made(path, str(tmp_path / "state"))
        os.rmdir(path)
        os.symlink(other, path)
        before = fingerprint(other)
        with pytest.raises(UndoFailed):
            recover(Host(), disk, str(tmp_path / "state"))
        assert fingerprint(other) == before
