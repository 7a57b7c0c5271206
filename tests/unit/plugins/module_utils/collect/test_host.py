# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading real files: each is looked at before it is opened, and only so much of it is read."""

import os
import socket
from pathlib import Path
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect import host as collect_host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, HostError


@pytest.fixture(name="opened")
def fixture_opened(monkeypatch: Any) -> List[str]:
    """What was opened for reading, and not just looked at."""
    paths: List[str] = []
    real = os.open

    def note(path: Any, flags: int, *more: Any, **words: Any) -> int:
        number = real(path, flags, *more, **words)
        if not flags & os.O_PATH:
            paths.append(os.readlink("/proc/self/fd/%d" % number))
        return number

    monkeypatch.setattr(os, "open", note)
    return paths


def refusal(path: Any, **words: Any) -> HostError:
    with pytest.raises(HostError) as refused:
        Host().read_bytes(str(path), **words)
    return refused.value


class TestReading:
    """Each file is looked at before it is opened."""

    def test_a_part_of_a_file_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"0123456789")
        assert (
            Host().read_bytes(str(path), 3, 4),
            Host().read_bytes(str(path)),
            Host().read(str(path), 2),
        ) == (
            b"3456",
            b"0123456789",
            "01",
        )

    def test_what_is_no_regular_file_is_never_opened(self, tmp_path: Path, opened: List[str]) -> None:
        os.mkfifo(str(tmp_path / "fifo"))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "socket"))
            (tmp_path / "link").symlink_to("fifo")
            for path in (
                tmp_path / "fifo",
                tmp_path / "socket",
                tmp_path / "link",
                tmp_path,
                "/dev/zero",
                "/dev/null",
                "/dev/tty",
            ):
                assert refusal(path).why == "not a regular file"
        assert opened == []

    def test_files_of_the_kernel_are_read(self) -> None:
        assert Host().read("/proc/self/comm", 64) and Host().read(
            "/sys/kernel/mm/transparent_hugepage/enabled", 64
        )
        assert refusal("/proc/self/fd").why == "not a regular file"

    def test_a_real_path_is_not_read_through_a_link(self, tmp_path: Path, opened: List[str]) -> None:
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "file").write_text("secret")
        (tmp_path / "folder").symlink_to("secret")
        (tmp_path / "file").symlink_to("secret/file")
        assert Host().read_bytes(str(tmp_path / "secret" / "file"), real=True) == b"secret"
        del opened[:]
        for path in (tmp_path / "folder" / "file", tmp_path / "file"):
            assert "replaced while it was looked at" in refusal(path, real=True).why
            assert Host().read_bytes(str(path)) == b"secret"
        assert opened == [str(tmp_path / "secret" / "file")] * 2

    def test_a_file_swapped_after_the_look_is_not_read(self, tmp_path: Path, monkeypatch: Any) -> None:
        path = tmp_path / "file"
        path.write_text("before")
        real = os.open

        def swap(where: Any, flags: int, *more: Any) -> int:
            number = real(where, flags, *more)
            if flags & os.O_PATH:
                path.unlink()
                os.mkfifo(str(path))
            return number

        monkeypatch.setattr(os, "open", swap)
        assert Host().read_bytes(str(path)) == b"before"

    def test_an_absent_file_is_absent(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "absent").absent and refusal(tmp_path / "absent" / "below").absent
        assert refusal("/proc/1/nothing").absent

    def test_a_hole_of_terabytes_costs_what_is_asked_for(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"x")
        os.truncate(str(path), 1 << 42)
        assert len(Host().read_bytes(str(path), 1 << 41, 100000)) == 100000

    def test_no_descriptor_is_left_open(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        before = os.listdir("/proc/self/fd")
        Host().read_bytes(str(tmp_path / "file"), real=True)
        for path in (tmp_path, tmp_path / "absent"):
            refusal(path, real=True)
        assert os.listdir("/proc/self/fd") == before


class TestDirectories:
    @pytest.mark.parametrize("most, names", [(3, ["a", "b", "c"]), (2, [])])
    def test_one_with_too_many_names_is_not_listed(
        self, most: int, names: List[str], tmp_path: Path, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(collect_host, "MOST_NAMES", most)
        for name in "cab":
            (tmp_path / name).write_text("")
        assert Host().names(str(tmp_path)) == names
        if not names:
            with pytest.raises(HostError, match="more than 2 names"):
                Host().listdir(str(tmp_path))
