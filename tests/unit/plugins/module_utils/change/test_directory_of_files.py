# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A directory holds just what it is to hold, and a link in it leads nowhere."""

import os
from typing import Any, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.directory_of_files import (
    carry_out,
    difference,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

WANTED = {"__main__.py": b"main", "package/__init__.py": b"", "package/part/a.py": b"a"}


def made(folder: str, wanted: Dict[str, bytes]) -> Any:
    todo = difference(Disk(), folder, wanted)
    carry_out(Disk(), folder, wanted, todo)
    assert difference(Disk(), folder, wanted) == ([], [])
    return todo


def content(folder: str) -> Dict[str, bytes]:
    found = {}
    for place, folders, files in os.walk(folder):
        for name in files:
            path = os.path.join(place, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, folder)] = stream.read()
        found.update({os.path.relpath(os.path.join(place, name), folder) + "/": b"" for name in folders})
    return {path: text for path, text in found.items() if not path.endswith("/")}


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Any) -> str:
    return str(tmp_path / "lib" / "monitor")


class TestDirectory:
    def test_it_is_made_with_its_parents_and_removed_alone(self, folder: str) -> None:
        assert made(folder, WANTED) == (sorted(WANTED), [])
        assert content(folder) == WANTED
        assert made(folder, {}) == ([], sorted(WANTED))
        assert not os.path.exists(folder) and os.path.isdir(os.path.dirname(folder))

    def test_to_look_changes_nothing(self, folder: str) -> None:
        assert difference(Disk(), folder, WANTED) == (sorted(WANTED), [])
        assert not os.path.exists(os.path.dirname(folder))

    def test_what_is_absent_is_no_change(self, folder: str) -> None:
        assert made(folder, {}) == ([], [])

    def test_what_is_too_much_goes_with_its_directories(self, folder: str) -> None:
        made(folder, dict(WANTED, **{"old/deep/b.py": b"b", "package/part/c.py": b"c"}))
        os.makedirs(os.path.join(folder, "empty", "deep"))
        todo = made(folder, WANTED)
        assert todo == ([], ["empty/deep/", "old/deep/b.py", "package/part/c.py"])
        assert sorted(os.listdir(folder)) == ["__main__.py", "package"]

    def test_another_content_or_mode_is_put_right(self, folder: str) -> None:
        made(folder, WANTED)
        os.chmod(os.path.join(folder, "__main__.py"), 0o666)
        with open(os.path.join(folder, "package/part/a.py"), "w") as stream:
            stream.write("changed")
        assert made(folder, WANTED) == (["__main__.py", "package/part/a.py"], [])

    def test_a_link_is_replaced_and_not_followed(self, folder: str, tmp_path: Any) -> None:
        (tmp_path / "victim").mkdir()
        (tmp_path / "victim" / "precious").write_bytes(b"main")
        made(folder, WANTED)
        os.unlink(os.path.join(folder, "__main__.py"))
        os.symlink(str(tmp_path / "victim" / "precious"), os.path.join(folder, "__main__.py"))
        os.symlink(str(tmp_path / "victim"), os.path.join(folder, "elsewhere"))
        assert made(folder, WANTED) == (["__main__.py"], ["elsewhere"])
        assert (tmp_path / "victim" / "precious").read_bytes() == b"main"
        assert not os.path.islink(os.path.join(folder, "__main__.py"))

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_where_others_can_write_it_is_refused(self, folder: str) -> None:
        os.makedirs(os.path.dirname(folder))
        os.chown(os.path.dirname(folder), 33, 33)
        with pytest.raises(Refusal):
            made(folder, WANTED)
