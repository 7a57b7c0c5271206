# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to write leaves what was asked for, and touches nothing else."""

import errno
import os
import stat
import struct
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import disk as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def acl(mask: int) -> bytes:
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry)
        for entry in (
            (1, 6, 0xFFFFFFFF),
            (2, 4, 33),
            (4, 4, 0xFFFFFFFF),
            (0x10, mask, 0xFFFFFFFF),
            (0x20, 0, 0xFFFFFFFF),
        )
    )


def with_acl(path: str, name: str, mask: int = 4) -> None:
    try:
        os.setxattr(path, name, acl(mask))
    except OSError:
        pytest.skip("this file system has no access control lists")


def test_a_new_file_is_closed_to_others_until_it_is_whole(tmp_path, monkeypatch):
    path, seen = str(tmp_path / "x"), []
    real = os.write

    def write(descriptor: int, data: Any) -> int:
        seen.append(stat.S_IMODE(os.stat(path).st_mode))
        return real(descriptor, data[:3])

    monkeypatch.setattr(subject.os, "write", write)
    Disk().write_file(path, b"abcdefg", Disk().created(0o644))
    monkeypatch.undo()
    assert seen == [0o600] * 3 and stat.S_IMODE(os.stat(path).st_mode) == 0o644
    with open(path, "rb") as stream:
        assert stream.read() == b"abcdefg"


@pytest.mark.parametrize(
    "make", [lambda path: os.symlink("victim", path), lambda path: open(path, "w").close(), os.mkdir]
)
def test_what_is_there_already_is_neither_followed_nor_overwritten(tmp_path, make):
    path = str(tmp_path / "x")
    make(path)
    with pytest.raises(FileExistsError):
        Disk().write_file(path, b"new")
    assert os.path.lexists(path) and not (tmp_path / "victim").exists()


@ROOT
def test_a_copy_has_owner_rights_attributes_and_time_of_the_other(tmp_path):
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    Disk().write_file(first, b"")
    os.chown(first, 33, 34)
    os.chmod(first, 0o2640)
    os.utime(first, ns=(5, 1234567890123456789))
    with_acl(first, "system.posix_acl_access")
    Disk().write_file(second, b"other", Disk().meta(first))
    assert Disk().meta(second) == Disk().meta(first)
    assert os.getxattr(second, "system.posix_acl_access") == acl(4)


def test_what_a_directory_gives_its_new_files_is_taken_off_a_copy_and_left_on_a_new_one(tmp_path):
    first = str(tmp_path / "a")
    Disk().write_file(first, b"")
    meta = Disk().meta(first)
    with_acl(str(tmp_path), "system.posix_acl_default")
    Disk().write_file(str(tmp_path / "copy"), b"", meta)
    Disk().write_file(str(tmp_path / "new"), b"", Disk().created(0o640))
    assert "system.posix_acl_access" not in os.listxattr(str(tmp_path / "copy"))
    assert "system.posix_acl_access" in os.listxattr(str(tmp_path / "new"))


def test_a_file_system_without_attributes_has_none(tmp_path, monkeypatch):
    def unsupported(*_arguments: Any) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(subject.os, "listxattr", unsupported)
    assert Disk().meta(str(tmp_path)).xattrs == {}


def test_an_error_about_attributes_is_not_taken_for_none(tmp_path, monkeypatch):
    def broken(*_arguments: Any) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(subject.os, "listxattr", broken)
    with pytest.raises(OSError):
        Disk().meta(str(tmp_path))


def test_removing_what_is_gone_is_no_error_and_a_full_directory_stays(tmp_path):
    disk = Disk()
    for gone in (disk.remove, disk.remove_directory, disk.remove_tree):
        gone(str(tmp_path / "gone"))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x").write_bytes(b"")
    disk.remove_directory(str(tmp_path / "d"))
    assert (tmp_path / "d" / "x").exists()
    disk.remove_tree(str(tmp_path / "d"))
    assert os.listdir(str(tmp_path)) == []


def test_a_directory_has_its_rights_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        Disk().make_directory(str(tmp_path / "d"), 0o755)
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(str(tmp_path / "d")).st_mode) == 0o755


@pytest.mark.parametrize("number, raised", [(errno.EINVAL, False), (errno.EIO, True)])
def test_only_a_directory_that_cannot_be_synced_at_all_is_forgiven(tmp_path, monkeypatch, number, raised):
    def fsync(_descriptor: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(subject.os, "fsync", fsync)
    if raised:
        with pytest.raises(OSError):
            Disk().sync(str(tmp_path / "x"))
    else:
        Disk().sync(str(tmp_path / "x"))


def test_a_command_answers_like_any_other():
    assert Disk().run(["sh", "-c", "echo out; exit 3"]) == (3, "out\n", "")
    assert Disk().run(["sleep", "60"], 0.2).rc is None
