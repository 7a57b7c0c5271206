# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script's two files: no link leads it elsewhere."""

import os
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor.store import Folder


class TestFolder:
    def test_it_reads_what_it_wrote(self, tmp_path: Any) -> None:
        folder = Folder(str(tmp_path))
        folder.write("a", b"one")
        folder.write("a", b"two")
        assert folder.read("a") == b"two" and os.listdir(str(tmp_path)) == ["a"]

    def test_a_link_in_place_of_the_file_is_replaced(self, tmp_path: Any) -> None:
        (tmp_path / "victim").write_bytes(b"precious")
        os.symlink(str(tmp_path / "victim"), str(tmp_path / "webmedic.prom"))
        folder = Folder(str(tmp_path))
        assert folder.read("webmedic.prom") is None
        folder.write("webmedic.prom", b"metrics")
        assert (tmp_path / "victim").read_bytes() == b"precious"
        assert not os.path.islink(str(tmp_path / "webmedic.prom"))

    def test_a_link_in_place_of_the_draft_is_not_followed(self, tmp_path: Any) -> None:
        (tmp_path / "victim").write_bytes(b"precious")
        os.symlink(str(tmp_path / "victim"), str(tmp_path / (".a.%d.tmp" % os.getpid())))
        Folder(str(tmp_path)).write("a", b"metrics")
        assert (tmp_path / "victim").read_bytes() == b"precious"

    def test_a_link_in_place_of_the_directory_is_refused(self, tmp_path: Any) -> None:
        (tmp_path / "real").mkdir()
        os.symlink(str(tmp_path / "real"), str(tmp_path / "link"))
        with pytest.raises(OSError):
            Folder(str(tmp_path / "link"))

    def test_a_pipe_in_place_of_the_file_does_not_hang(self, tmp_path: Any) -> None:
        os.mkfifo(str(tmp_path / "state.json"))
        assert Folder(str(tmp_path)).read("state.json") is None

    def test_two_runs_at_a_time_are_one(self, tmp_path: Any) -> None:
        first = Folder(str(tmp_path))
        first.lock()
        with pytest.raises(OSError):
            Folder(str(tmp_path)).lock()
