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
import struct
import tempfile
from typing import Any, Iterator, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import transaction
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.left_behind import pending
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.recovery import recover
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import (
    Change,
    Command,
    Refusal,
    Step,
)

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
TENANT = 65534
NONE = 0xFFFFFFFF


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


def acl(*entries: Tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def with_acl(path: Any, *entries: Tuple[int, int, int]) -> None:
    try:
        os.setxattr(str(path), "system.posix_acl_access", acl(*entries))
    except OSError:
        pytest.skip("this file system has no access control lists")


def begin(etc: Any, name: str = "enabled/site", before: Any = b"old") -> transaction.Transaction:
    step = Step("edit", "site", [Change(str(etc / name), before, b"new", 0o644)], [], [])
    return transaction.Transaction.begin(step, Host(), Disk(), str(etc.parent / "state"))


def refusal(etc: Any, name: str = "enabled/site", before: Any = b"old") -> str:
    """Of a change, before which and after which nothing is touched."""
    listed = [sorted(os.listdir(str(folder))) for folder in (etc, etc / "conf", etc / "enabled")]
    with pytest.raises(Refusal) as caught:
        begin(etc, name, before)
    assert listed == [sorted(os.listdir(str(folder))) for folder in (etc, etc / "conf", etc / "enabled")]
    assert (etc / "conf" / "site").read_bytes() == b"old" and pending(
        Host(), str(etc.parent / "state")
    ) is None
    return str(caught.value)


@pytest.mark.parametrize("target", ["../conf/site", "/conf/site", "twice", "./../enabled/.././conf//site"])
def test_a_link_of_our_own_is_followed_and_stays(etc: Any, target: str) -> None:
    link = etc / "enabled" / "site"
    link.unlink()
    (etc / "enabled" / "twice").symlink_to("../conf/site")
    link.symlink_to(str(etc) + target if target.startswith("/") else target)
    begin(etc).replace()
    assert link.is_symlink() and (etc / "conf" / "site").read_bytes() == b"new"


def test_a_directory_that_is_a_link_of_our_own_is_followed(etc: Any) -> None:
    (etc / "twin").symlink_to("conf")
    begin(etc, "twin/site").replace()
    assert (etc / "conf" / "site").read_bytes() == b"new"


@pytest.mark.parametrize(
    "mode, who", [(0o777, "everybody"), (0o757, "everybody"), (0o1777, "everybody"), (0o775, "group ")]
)
@pytest.mark.parametrize("name", ["conf", "enabled", "."])
def test_a_directory_that_others_can_write_to_is_named_with_who_they_are(
    etc: Any, mode: int, who: str, name: str
) -> None:
    (etc / name).chmod(mode)
    if os.geteuid() == 0:
        os.chown(str(etc / name), 0, 34)
    if (mode, name) == (0o1777, "enabled"):
        begin(etc)  # the link is ours, and safe in there
    else:
        assert " lies in %s, which %s" % (etc / name, who) in refusal(etc)


@ROOT
@pytest.mark.parametrize("name", ["conf", "enabled", "."])
def test_a_directory_of_somebody_else_is_refused(etc: Any, name: str) -> None:
    os.chown(str(etc / name), TENANT, 0)
    assert "lies in %s, which nobody can write to: a change there is left to a person" % (
        etc / name
    ) in refusal(etc)


@ROOT
def test_what_is_reached_by_a_link_of_somebody_else_is_refused_even_in_our_own_directory(etc: Any) -> None:
    os.lchown(str(etc / "enabled" / "site"), TENANT, 0)
    assert "through a link of nobody" in refusal(etc)


@ROOT
def test_a_file_of_somebody_else_is_refused(etc: Any) -> None:
    os.chown(str(etc / "conf" / "site"), TENANT, 0)
    assert "nobody can write to %s: a change of it" % (etc / "conf/site") in refusal(etc)


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_write_to_is_refused(etc: Any, mode: int) -> None:
    (etc / "conf" / "site").chmod(mode)
    if os.geteuid() == 0:
        os.chown(str(etc / "conf" / "site"), 0, 34)
    assert "can write to %s" % (etc / "conf/site") in refusal(etc)


@ROOT
def test_near_miss_roots_own_group_with_nobody_else_in_it_is_no_objection(etc: Any, monkeypatch: Any) -> None:
    (etc / "conf").chmod(0o775)
    begin(etc)
    recover(Host(), Disk(), str(etc.parent / "state"))
    monkeypatch.setattr(Host, "group_members", lambda _host, gid: ["operator"] if gid == 0 else [])
    assert "which group root can write to" in refusal(etc)


def test_a_new_file_is_not_made_where_others_can_write(etc: Any) -> None:
    (etc / "conf").chmod(0o777)
    assert "everybody" in refusal(etc, "conf/new", None)
    assert "everybody" in refusal(etc, "conf/new.d/new", None)


USER_RW, MASK_RWX, MASK_RX = (2, 7, TENANT), (16, 7, NONE), (16, 5, NONE)
BASE = ((1, 7, NONE), (4, 5, NONE), (32, 5, NONE))


def test_an_acl_that_lets_somebody_write_counts_and_names_them(etc: Any) -> None:
    with_acl(etc / "conf", *sorted(BASE + (USER_RW, MASK_RWX)))
    assert "which nobody can write to" in refusal(etc)
    with_acl(etc / "conf", *sorted(BASE + ((8, 7, TENANT), MASK_RWX)))
    assert "which group nogroup can write to" in refusal(etc) or "group" in refusal(etc)


def test_near_miss_an_acl_whose_mask_lets_nobody_write_is_no_objection(etc: Any) -> None:
    with_acl(etc / "conf", *sorted(BASE + (USER_RW, MASK_RX)))
    begin(etc)


def test_near_miss_a_wide_mask_over_entries_that_only_read_is_no_objection(etc: Any) -> None:
    with_acl(etc / "conf", *sorted(BASE + ((2, 5, TENANT), MASK_RWX)))
    begin(etc)


@pytest.mark.parametrize("target", ["site", "../enabled/site"])
def test_a_link_that_leads_to_itself_ends(etc: Any, target: str) -> None:
    (etc / "enabled" / "site").unlink()
    (etc / "enabled" / "site").symlink_to(target)
    with pytest.raises(OSError):
        begin(etc)


def test_what_is_no_regular_file_is_not_opened(etc: Any) -> None:
    os.mkfifo(str(etc / "conf" / "fifo"))
    with pytest.raises(OSError) as caught:
        begin(etc, "conf/fifo")
    assert "not a regular file" in str(caught.value)


def test_a_state_directory_that_others_can_write_to_is_neither_believed_nor_used(etc: Any) -> None:
    begin(etc)
    state = str(etc.parent / "state")
    os.chmod(state, 0o777)
    for look in (lambda: pending(Host(), state), lambda: recover(Host(), Disk(), state), lambda: begin(etc)):
        with pytest.raises(Refusal) as caught:
            look()
        assert "everybody can write to" in str(caught.value)


def test_a_file_that_came_into_the_hands_of_others_is_not_put_back(etc: Any) -> None:
    begin(etc).replace()
    (etc / "conf").chmod(0o777)
    with pytest.raises(transaction.UndoFailed) as caught:
        recover(Host(), Disk(), str(etc.parent / "state"))
    assert "everybody can write to" in str(caught.value) and (etc / "conf" / "site").read_bytes() == b"new"
    (etc / "conf").chmod(0o755)
    assert recover(Host(), Disk(), str(etc.parent / "state")).files
    assert (etc / "conf" / "site").read_bytes() == b"old"


class Runs(Disk):
    """Notes what is run."""

    def __init__(self) -> None:
        self.ran: List[Any] = []

    def run(self, argv: Any, timeout: float = 1.0) -> Any:
        self.ran.append(list(argv))
        return transaction.Ran(0, "", "")


def test_a_command_on_a_path_that_others_can_choose_is_refused_and_its_undo_is_not_run(etc: Any) -> None:
    disk, state, path = Runs(), str(etc.parent / "state"), str(etc / "conf" / "swap")
    step = Step("swap", path, [], [], [Command(["make", path], [["rm", "-f", path]])])
    opened = transaction.Transaction.begin(step, Host(), disk, state)
    opened.run(step.commands[0])
    (etc / "conf").chmod(0o777)
    with pytest.raises(transaction.UndoFailed):
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


@ROOT
@pytest.mark.parametrize("change", ["transaction", "write", "mkdir"])
def test_a_tenant_who_exchanges_a_directory_for_a_link_all_the_time_gets_nothing_of_roots_elsewhere(
    open_path: Any, change: str
) -> None:
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
        assert os.waitid(os.P_PID, tenant, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None, "the tenant gave up"
    finally:
        os.kill(tenant, signal.SIGKILL)
        os.waitpid(tenant, 0)
