# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was written after a program had loaded its files."""

from typing import Any, List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.ahead import disk as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.unloaded import Newer
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.ahead import parts
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


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
