# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that changed after a program had loaded them are told from those that it runs with."""

import json
import os
import time
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.journal import VERSION, digest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.lock import STATE
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import unloaded as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.unloaded import newer


class Folder:
    """A directory of configuration. loaded: a moment after all that was made before it."""

    def __init__(self, top: str) -> None:
        self.top = top
        self.write("a.conf")
        self.write("b.conf")
        self.loaded = 0.0

    def path(self, name: str) -> str:
        return os.path.join(self.top, name)

    def write(self, name: str, text: str = "x") -> None:
        with open(self.path(name), "w") as stream:
            stream.write(text)

    def load(self) -> None:
        time.sleep(0.05)
        self.loaded = time.time()
        time.sleep(0.05)

    def newer(self, to_load: Any = ()) -> List[str]:
        paths = [self.top] + [self.path(name) for name in sorted(os.listdir(self.top))]
        return [os.path.relpath(file.path, self.top) for file in newer(Host(), paths, self.loaded, to_load)]

    def newer_of(self, name: str, state: str = STATE, step: str = "") -> List[str]:
        """Of this file alone. state: directory of the records. step: the name of one that loads it."""
        changed = newer(Host(), [self.path(name)], self.loaded, (), state, step)
        return [os.path.relpath(file.path, self.top) for file in changed]


@pytest.fixture
def folder(tmp_path: Any) -> Folder:
    made = Folder(str(tmp_path))
    made.load()
    return made


class TestNewer:
    def test_what_is_older_in_every_respect_is_what_runs(self, folder: Folder) -> None:
        assert folder.newer() == []

    def test_a_file_written_later_is_named_without_its_directory(self, folder: Folder) -> None:
        folder.write("a.conf", "y")
        assert folder.newer() == ["a.conf"]

    def test_a_file_with_an_old_time_is_told_by_its_change(self, folder: Folder) -> None:
        folder.write("a.conf", "y")
        os.utime(folder.path("a.conf"), (0, 0))
        assert folder.newer() == ["a.conf"]

    def test_a_file_moved_into_place_is_told(self, folder: Folder, tmp_path: Any) -> None:
        folder.write("c.new")
        os.utime(folder.path("c.new"), (0, 0))
        os.rename(folder.path("c.new"), folder.path("b.conf"))
        assert folder.newer() == ["b.conf"]

    def test_a_link_switched_to_an_old_file_is_told(self, folder: Folder) -> None:
        os.symlink("a.conf", folder.path("on.conf"))
        folder.load()
        assert folder.newer() == []
        os.remove(folder.path("on.conf"))
        os.symlink("b.conf", folder.path("on.conf"))
        assert folder.newer() == ["on.conf"]

    def test_a_link_further_up_that_was_switched_is_told(self, folder: Folder) -> None:
        for name in ("one", "two"):
            os.mkdir(folder.path(name))
            folder.write(name + "/x.conf")
        os.symlink("one", folder.path("current"))
        folder.load()
        os.remove(folder.path("current"))
        os.symlink("two", folder.path("current"))
        assert folder.newer_of("current/x.conf") == ["current/x.conf"]

    def test_a_file_that_was_removed_is_told_by_its_directory(self, folder: Folder) -> None:
        os.remove(folder.path("b.conf"))
        assert folder.newer() == ["."]

    def test_a_path_that_is_not_there_changed_nothing(self, folder: Folder) -> None:
        assert folder.newer_of("none/x.conf") == []


class TestMeant:
    def test_what_a_step_means_to_load_is_left_out(self, folder: Folder) -> None:
        folder.write("c.conf")
        assert folder.newer() == ["c.conf"]
        assert folder.newer([folder.path("c.conf")]) == []

    def test_another_file_beside_what_is_meant_is_named(self, folder: Folder) -> None:
        folder.write("c.conf")
        folder.write("a.conf", "y")
        assert folder.newer([folder.path("c.conf")]) == ["a.conf"]

    def test_a_removal_after_what_is_meant_is_told(self, folder: Folder) -> None:
        folder.write("c.conf")
        time.sleep(2 * subject.TICK)
        os.remove(folder.path("b.conf"))
        assert folder.newer([folder.path("c.conf")]) == ["."]


def journal(
    folder: Folder,
    name: str,
    file: str,
    after: bytes,
    number: int = 1,
    place: str = "backups",
    before: bytes = b"",
) -> str:
    """A change that was kept, as a transaction files it away. Gives the state directory."""
    home = folder.path("state/%s/20261124T10150%dZ-%s" % (place, number, name))
    os.makedirs(home)
    real = folder.path(file)
    changed = {
        "path": real,
        "real": real,
        "existed": False,
        "temporary": real + ".new",
        "old": real + ".old",
        "meta": None,
        "before": digest(before) if before else None,
        "after": digest(after),
    }
    text = json.dumps(
        {
            "version": VERSION,
            "name": name,
            "target": "unit",
            "at": 1.0,
            "boot": "",
            "uptime": 1.0,
            "made": [],
            "folders": {},
            "files": [changed],
            "commands": [],
        }
    )
    with open(os.path.join(home, "journal.json"), "w") as stream:
        stream.write(text)
    return folder.path("state")


class TestOurs:
    @pytest.mark.parametrize("text, edits", [("ours", []), ("ours, and edited", ["a.conf"])])
    def test_what_an_action_wrote_is_no_edit(self, folder: Folder, text: str, edits: List[str]) -> None:
        state = journal(folder, "socket_access_set", "a.conf", b"ours")
        folder.write("a.conf", text)
        assert folder.newer_of("a.conf", state) == edits

    @pytest.mark.parametrize(
        "text, edits", [("as before", []), ("tried", ["a.conf"]), ("edited", ["a.conf"])]
    )
    def test_what_was_put_back_is_what_was_loaded_before(
        self, folder: Folder, text: str, edits: List[str]
    ) -> None:
        state = journal(
            folder, "socket_access_set", "a.conf", b"tried", place="put-back", before=b"as before"
        )
        folder.write("a.conf", text)
        assert folder.newer_of("a.conf", state) == edits

    def test_what_the_operator_wrote_by_a_module_is_the_operators(self, folder: Folder) -> None:
        journal(folder, "socket_access_set", "a.conf", b"x")
        state = journal(folder, "fpm_config", "a.conf", b"x", 2)
        folder.write("a.conf", "x")
        assert folder.newer_of("a.conf", state) == ["a.conf"]
        assert folder.newer_of("a.conf", state, "pool_size_set") == ["a.conf"]
        assert folder.newer_of("a.conf", state, "fpm_config") == [], "it is run once more, to load both"


class TestNamed:
    def test_a_few_files_are_named_with_their_time(self, folder: Folder) -> None:
        files = [subject.Newer(folder.path("%d.conf" % number), 0.0) for number in range(7)] + [
            subject.Newer(folder.top, 0.0)
        ]
        words = subject.named(files)
        assert (
            words.startswith("%s (" % folder.path("0.conf"))
            and words.endswith(" and 3 more")
            and words.count(".conf") == 5
        )
        assert "a name in it" in subject.named([subject.Newer(folder.top, 0.0)])
