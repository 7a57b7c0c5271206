# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as a step would leave them, found by the patterns of an include."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.texts import Texts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Change, Step
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

FILES = {"/etc/pool.d/a.conf": "a", "/etc/pool.d/b.conf": "b"}
PATTERN = "/etc/pool.d/*.conf"


def texts(*changes: Change) -> Texts:
    shown = Texts(FakeHost(FILES))
    shown.show(Step("test", "", list(changes), [], []))
    return shown


class TestExpand:
    def test_a_new_file_is_found(self) -> None:
        found = texts(Change("/etc/pool.d/aa.conf", None, b"new", 0o644)).expand(PATTERN)
        assert found == ["/etc/pool.d/a.conf", "/etc/pool.d/aa.conf", "/etc/pool.d/b.conf"]

    def test_a_removed_file_is_not(self) -> None:
        assert texts(Change("/etc/pool.d/a.conf", b"a", None, 0o644)).expand(PATTERN) == [
            "/etc/pool.d/b.conf"
        ]

    def test_a_changed_file_is_found_once(self) -> None:
        assert texts(Change("/etc/pool.d/a.conf", b"a", b"c", 0o644)).expand(PATTERN) == sorted(FILES)

    def test_others_are_none_of_the_pattern(self) -> None:
        other = (
            Change("/etc/pool.d/deep/x.conf", None, b"", 0o644),
            Change("/etc/pool.d/x.txt", None, b"", 0o644),
        )
        assert texts(*other).expand(PATTERN) == sorted(FILES)
