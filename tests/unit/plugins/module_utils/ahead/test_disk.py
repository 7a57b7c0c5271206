# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was written after a program had loaded its files."""

import os
import shutil
import time
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import disk as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.unloaded import Newer
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead import parts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestNewNames:
    """A directory of pools got a name since they were loaded."""

    def changed(self, tmp_path: Any, do: Any) -> List[str]:
        pool = tmp_path / "www.conf"
        pool.write_text("[www]")
        os.utime(str(pool), (1.0, 1.0))
        time.sleep(0.15)
        since = time.time() - 0.01
        do(pool)
        return subject._changed(Host(), [str(tmp_path), str(pool)], since)

    @pytest.mark.parametrize("name", ["www.conf.bak", "www.conf~", "www.conf.dpkg-old", ".www.conf.swp"])
    def test_near_miss_a_copy_of_what_is_there(self, name: str, tmp_path: Any) -> None:
        assert self.changed(tmp_path, lambda pool: shutil.copy2(str(pool), str(tmp_path / name))) == []

    def test_near_miss_a_text_that_nobody_can_have_loaded(self, tmp_path: Any) -> None:
        assert self.changed(tmp_path, lambda _pool: (tmp_path / "README").write_text("why")) == []

    def test_hit_a_file_that_was_put_aside(self, tmp_path: Any) -> None:
        assert self.changed(tmp_path, lambda pool: pool.rename(str(tmp_path / "www.conf.off"))) != []

    @pytest.mark.parametrize("name, aside", [("old.www.conf", ".off"), ("www.conf-ssl", ".bak")])
    def test_hit_another_whose_name_has_a_name_in_it(self, name: str, aside: str, tmp_path: Any) -> None:
        other = tmp_path / name
        other.write_text("[other]")
        os.utime(str(other), (1.0, 1.0))
        assert self.changed(tmp_path, lambda _pool: other.rename(str(tmp_path / (name + aside)))) != []

    def test_hit_a_file_that_was_deleted(self, tmp_path: Any) -> None:
        assert self.changed(tmp_path, lambda pool: pool.unlink()) == [str(tmp_path)]


class TestUnloaded:
    def problems(self, monkeypatch: Any, files: List[str], other: Any = None) -> List[Any]:
        monkeypatch.setattr(subject, "newer", lambda *_arguments: [Newer(path, 9.0) for path in files])
        monkeypatch.setattr(subject, "unlike", lambda *_arguments: other)
        host: Any = FakeHost({parts.CONFIG: "[global]\n"})
        service = parts.fpm()._replace(master=parts.master(prefix="/usr", loaded_at=1.0))
        return list(subject.unloaded(host, service, parts.nginx(), []))

    def test_a_time_alone_proves_no_other_configuration(self, monkeypatch: Any) -> None:
        """A comment was added, or a backup wrote the file as it was."""
        (problem,) = self.problems(monkeypatch, [parts.POOL_FILE, parts.CONFIG])
        words = "%s was written (and 1 more) after %s had loaded it: a change in it does not run yet."
        assert problem["summary"] == words % (parts.POOL_FILE, parts.UNIT)
        assert (problem["confidence"], problem["file"]) == ("possible", parts.POOL_FILE)

    def test_hit_what_runs_cannot_come_from_the_files(self, monkeypatch: Any) -> None:
        (problem,) = self.problems(monkeypatch, [], "pool b runs, and is configured no more")
        assert (problem["confidence"], "pool b runs" in problem["summary"]) == ("likely", True)

    def test_near_miss_nothing_was_written_since(self, monkeypatch: Any) -> None:
        assert self.problems(monkeypatch, []) == []
