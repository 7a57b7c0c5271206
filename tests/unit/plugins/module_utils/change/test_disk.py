# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to write leaves what was asked for, and touches nothing else."""

import errno
import os
import stat
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import disk as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.change.acls import (
    ACCESS,
    DEFAULT,
    acl,
    attribute,
    give,
)

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


ACL = acl("u::6 u:33:4 g::4 m::4 o::0")


class TestNewFile:
    def test_it_is_closed_to_others_until_it_is_whole(self, tmp_path, monkeypatch):
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
    def test_what_is_there_is_never_followed_or_overwritten(self, tmp_path, make):
        path = str(tmp_path / "x")
        make(path)
        with pytest.raises(FileExistsError):
            Disk().write_file(path, b"new")
        assert os.path.lexists(path) and not (tmp_path / "victim").exists()

    @ROOT
    def test_a_copy_has_the_rights_and_time_of_the_other(self, tmp_path):
        first, second = str(tmp_path / "a"), str(tmp_path / "b")
        Disk().write_file(first, b"")
        os.chown(first, 33, 34)
        os.chmod(first, 0o2640)
        os.utime(first, ns=(5, 1234567890123456789))
        give(first, ACL)
        Disk().write_file(second, b"other", Disk().meta(first))
        assert Disk().meta(second) == Disk().meta(first)
        assert attribute(second, ACCESS) == ACL

    def test_a_copy_loses_the_default_acl_of_its_directory(self, tmp_path):
        first = str(tmp_path / "a")
        Disk().write_file(first, b"")
        meta = Disk().meta(first)
        give(tmp_path, ACL, DEFAULT)
        Disk().write_file(str(tmp_path / "copy"), b"", meta)
        Disk().write_file(str(tmp_path / "new"), b"", Disk().created(0o640))
        assert ACCESS not in os.listxattr(str(tmp_path / "copy"))
        assert ACCESS in os.listxattr(str(tmp_path / "new"))


class TestAttributes:
    def test_a_file_system_may_have_none(self, tmp_path, monkeypatch):
        def unsupported(*_arguments: Any) -> None:
            raise OSError(errno.ENOTSUP, "not supported")

        monkeypatch.setattr(subject.os, "listxattr", unsupported)
        assert Disk().meta(str(tmp_path)).xattrs == {}

    def test_an_error_is_not_taken_for_none(self, tmp_path, monkeypatch):
        def broken(*_arguments: Any) -> None:
            raise OSError(errno.EIO, "broken")

        monkeypatch.setattr(subject.os, "listxattr", broken)
        with pytest.raises(OSError):
            Disk().meta(str(tmp_path))


class TestDirectory:
    def test_a_full_directory_is_not_removed(self, tmp_path):
        disk = Disk()
        for gone in (disk.remove, disk.remove_directory, disk.remove_tree):
            gone(str(tmp_path / "gone"))
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "x").write_bytes(b"")
        disk.remove_directory(str(tmp_path / "d"))
        assert (tmp_path / "d" / "x").exists()
        disk.remove_tree(str(tmp_path / "d"))
        assert os.listdir(str(tmp_path)) == []

    def test_it_has_its_rights_whatever_the_umask(self, tmp_path):
        before = os.umask(0o077)
        try:
            Disk().make_directory(str(tmp_path / "d"), 0o755)
        finally:
            os.umask(before)
        assert stat.S_IMODE(os.stat(str(tmp_path / "d")).st_mode) == 0o755

    @pytest.mark.parametrize("number, raised", [(errno.EINVAL, False), (errno.EIO, True)])
    def test_only_one_that_cannot_be_synced_is_forgiven(self, tmp_path, monkeypatch, number, raised):
        def fsync(_descriptor: int) -> None:
            raise OSError(number, "no")

        monkeypatch.setattr(subject.os, "fsync", fsync)
        if raised:
            with pytest.raises(OSError):
                Disk().sync(str(tmp_path / "x"))
        else:
            Disk().sync(str(tmp_path / "x"))


class TestCommand:
    def test_it_gives_code_output_and_errors(self):
        assert Disk().run(["sh", "-c", "echo out; exit 3"]) == (3, "out\n", "")
        assert Disk().run(["sleep", "60"], 0.2).rc is None
