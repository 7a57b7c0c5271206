# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Root changes nothing where somebody else could have led it: not by a directory, a link, an ACL, and not by
exchanging them meanwhile.
"""

import ctypes
import os
import pathlib
import signal
import tempfile
from typing import Any, Iterator, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import transaction
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.left_behind import settle
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.record import UndoFailed
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.recovery import recover
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import (
    Change,
    Command,
    Refusal,
    Step,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.acls import acl, give

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
TENANT = 65534


@pytest.fixture(autouse=True)
def fixture_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(name="etc")
def fixture_etc(tmp_path: Any) -> Any:
    """conf/site, and enabled/site that leads to it."""
    etc = tmp_path / "etc"
    for name in ("conf", "enabled"):
        (etc / name).mkdir(parents=True)
    (etc / "conf" / "site").write_bytes(b"old")
    (etc / "enabled" / "site").symlink_to("../conf/site")
    return etc


def begin(etc: Any, name: str = "enabled/site", before: Any = b"old") -> transaction.Transaction:
    step = Step("edit", "site", [Change(str(etc / name), before, b"new", 0o644)], [], [])
    return transaction.Transaction.begin(step, Host(), Disk(), str(etc.parent / "state"))


def refusal(etc: Any, name: str = "enabled/site", before: Any = b"old") -> str:
    """Of a change, before which and after which nothing is touched."""
    listed = [sorted(os.listdir(str(folder))) for folder in (etc, etc / "conf", etc / "enabled")]
    with pytest.raises(Refusal) as caught:
        begin(etc, name, before)
    assert listed == [sorted(os.listdir(str(folder))) for folder in (etc, etc / "conf", etc / "enabled")]
    assert (etc / "conf" / "site").read_bytes() == b"old" and settle(
        Host(), Disk(), str(etc.parent / "state"), False
    ) is None
    return str(caught.value)


class TestLink:
    @pytest.mark.parametrize(
        "target", ["../conf/site", "/conf/site", "twice", "./../enabled/.././conf//site"]
    )
    def test_our_own_is_followed(self, etc: Any, target: str) -> None:
        link = etc / "enabled" / "site"
        link.unlink()
        (etc / "enabled" / "twice").symlink_to("../conf/site")
        link.symlink_to(str(etc) + target if target.startswith("/") else target)
        begin(etc).replace()
        assert link.is_symlink() and (etc / "conf" / "site").read_bytes() == b"new"

    def test_our_own_to_a_directory_is_followed(self, etc: Any) -> None:
        (etc / "twin").symlink_to("conf")
        begin(etc, "twin/site").replace()
        assert (etc / "conf" / "site").read_bytes() == b"new"

    @ROOT
    def test_one_of_somebody_else_is_refused_in_our_own_directory(self, etc: Any) -> None:
        os.lchown(str(etc / "enabled" / "site"), TENANT, 0)
        assert "through a link of nobody" in refusal(etc)

    @pytest.mark.parametrize("target", ["site", "../enabled/site"])
    def test_one_that_leads_to_itself_ends(self, etc: Any, target: str) -> None:
        (etc / "enabled" / "site").unlink()
        (etc / "enabled" / "site").symlink_to(target)
        with pytest.raises(OSError):
            begin(etc)


class TestDirectory:
    @pytest.mark.parametrize(
        "mode, who", [(0o777, "everybody"), (0o757, "everybody"), (0o1777, "everybody"), (0o775, "group ")]
    )
    @pytest.mark.parametrize("name", ["conf", "enabled", "."])
    def test_one_that_others_can_write_to_is_refused(self, etc: Any, mode: int, who: str, name: str) -> None:
        (etc / name).chmod(mode)
        if os.geteuid() == 0:
            os.chown(str(etc / name), 0, 34)
        if (mode, name) == (0o1777, "enabled"):
            begin(etc)  # the link is ours, and safe in there
        else:
            assert " lies in %s, which %s" % (etc / name, who) in refusal(etc)

    @ROOT
    @pytest.mark.parametrize("name", ["conf", "enabled", "."])
    def test_one_of_somebody_else_is_refused(self, etc: Any, name: str) -> None:
        os.chown(str(etc / name), TENANT, 0)
        assert "lies in %s, which nobody can write to: a change there is left to a person" % (
            etc / name
        ) in refusal(etc)

    @ROOT
    def test_near_miss_roots_own_group_without_members(self, etc: Any, monkeypatch: Any) -> None:
        (etc / "conf").chmod(0o775)
        begin(etc)
        recover(Host(), Disk(), str(etc.parent / "state"))
        monkeypatch.setattr(Host, "group_members", lambda _host, gid: ["operator"] if gid == 0 else [])
        assert "which group root can write to" in refusal(etc)

    def test_no_file_is_made_where_others_can_write(self, etc: Any) -> None:
        (etc / "conf").chmod(0o777)
        assert "everybody" in refusal(etc, "conf/new", None)
        assert "everybody" in refusal(etc, "conf/new.d/new", None)


class TestFile:
    @ROOT
    def test_one_of_somebody_else_is_refused(self, etc: Any) -> None:
        os.chown(str(etc / "conf" / "site"), TENANT, 0)
        assert "nobody can write to %s: a change of it" % (etc / "conf/site") in refusal(etc)

    @pytest.mark.parametrize("mode", [0o664, 0o646])
    def test_one_that_others_can_write_to_is_refused(self, etc: Any, mode: int) -> None:
        (etc / "conf" / "site").chmod(mode)
        if os.geteuid() == 0:
            os.chown(str(etc / "conf" / "site"), 0, 34)
        assert "can write to %s" % (etc / "conf/site") in refusal(etc)

    def test_what_is_no_regular_file_is_not_opened(self, etc: Any) -> None:
        os.mkfifo(str(etc / "conf" / "fifo"))
        with pytest.raises(OSError) as caught:
            begin(etc, "conf/fifo")
        assert "not a regular file" in str(caught.value)

    def test_one_that_others_got_hold_of_is_not_put_back(self, etc: Any) -> None:
        begin(etc).replace()
        (etc / "conf").chmod(0o777)
        with pytest.raises(UndoFailed) as caught:
            recover(Host(), Disk(), str(etc.parent / "state"))
        assert (
            "everybody can write to" in str(caught.value) and (etc / "conf" / "site").read_bytes() == b"new"
        )
        (etc / "conf").chmod(0o755)
        assert recover(Host(), Disk(), str(etc.parent / "state")).files
        assert (etc / "conf" / "site").read_bytes() == b"old"


class TestAcl:
    def test_one_that_lets_somebody_write_names_them(self, etc: Any) -> None:
        give(etc / "conf", acl("u::7 u:%d:7 g::5 m::7 o::5" % TENANT))
        assert "which nobody can write to" in refusal(etc)
        give(etc / "conf", acl("u::7 g::5 g:%d:7 m::7 o::5" % TENANT))
        assert "which group nogroup can write to" in refusal(etc) or "group" in refusal(etc)

    def test_near_miss_a_mask_that_lets_nobody_write(self, etc: Any) -> None:
        give(etc / "conf", acl("u::7 u:%d:7 g::5 m::5 o::5" % TENANT))
        begin(etc)

    def test_near_miss_a_wide_mask_over_entries_that_only_read(self, etc: Any) -> None:
        give(etc / "conf", acl("u::7 u:%d:5 g::5 m::7 o::5" % TENANT))
        begin(etc)


class TestState:
    def test_it_is_not_used_where_others_can_write_to_it(self, etc: Any) -> None:
        begin(etc)
        state = str(etc.parent / "state")
        os.chmod(state, 0o777)
        for look in (
            lambda: settle(Host(), Disk(), state, False),
            lambda: recover(Host(), Disk(), state),
            lambda: begin(etc),
        ):
            with pytest.raises(Refusal) as caught:
                look()
            assert "everybody can write to" in str(caught.value)


class Runs(Disk):
    """Notes what is run."""

    def __init__(self) -> None:
        self.ran: List[Any] = []

    def run(self, argv: Any, timeout: float = 1.0) -> Any:
        self.ran.append(list(argv))
        return transaction.Ran(0, "", "")


class TestCommand:
    def test_a_path_that_others_can_choose_is_refused_as_its_undo_is(self, etc: Any) -> None:
        disk, state, path = Runs(), str(etc.parent / "state"), str(etc / "conf" / "swap")
        step = Step("swap", path, [], [], [Command(["make", path], [["rm", "-f", path]])])
        opened = transaction.Transaction.begin(step, Host(), disk, state)
        opened.run(step.commands[0])
        (etc / "conf").chmod(0o777)
        with pytest.raises(UndoFailed):
            recover(Host(), disk, state)
        assert disk.ran == [["make", path]]
        made = Step("runtime_directory_create", path, [], [], [Command(["systemd-tmpfiles"], [], path)])
        for refused in (step, made):
            with pytest.raises(Refusal):
                transaction.check(refused, disk)


EXCHANGE = 2  # renameat2(2)


@pytest.fixture(name="open_path")
def fixture_open_path() -> Iterator[Any]:
    """One that a tenant may pass."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield pathlib.Path(folder) / "etc"


class TestTenant:
    @ROOT
    @pytest.mark.parametrize("change", ["transaction", "write", "mkdir"])
    def test_exchanging_a_directory_for_a_link_gains_nothing(self, open_path: Any, change: str) -> None:
        home, victim = open_path / "home", open_path / "victim"
        (home / "conf").mkdir(parents=True)
        victim.mkdir()
        (home / "link").symlink_to(victim)
        for folder in (home / "conf", victim):
            (folder / "site").write_bytes(b"old")
        for path in (home, home / "conf", home / "link", home / "conf" / "site"):
            os.lchown(str(path), TENANT, TENANT)
        libc = ctypes.CDLL(None)
        if not hasattr(libc, "renameat2"):
            pytest.skip("this C library cannot exchange two names")
        tenant = os.fork()
        if tenant == 0:
            os.setgid(TENANT)
            os.setuid(TENANT)
            while (
                libc.renameat2(
                    -100, os.fsencode(str(home / "conf")), -100, os.fsencode(str(home / "link")), EXCHANGE
                )
                == 0
            ):
                pass
            os._exit(1)
        try:
            for _time in range(300):
                with pytest.raises((Refusal, OSError)):
                    if change == "transaction":
                        begin(open_path, "home/conf/site").replace()
                    elif change == "write":
                        Disk().write_file(str(home / "conf" / "new"), b"")
                    else:
                        Disk().make_directory(str(home / "conf" / "new"), 0o755)
                assert os.listdir(str(victim)) == ["site"] and (victim / "site").read_bytes() == b"old"
            assert os.waitid(os.P_PID, tenant, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None, (
                "the tenant gave up"
            )
        finally:
            os.kill(tenant, signal.SIGKILL)
            os.waitpid(tenant, 0)
