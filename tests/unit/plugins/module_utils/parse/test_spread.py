# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many numbers in four."""

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.spread import spread


class TestSpread:
    def test_ranks_what_was_measured(self) -> None:
        assert spread(list(range(1, 101))) == {"min": 1, "median": 50, "p95": 95, "max": 100}
        assert spread([7]) == {"min": 7, "median": 7, "p95": 7, "max": 7}
        assert spread([]) is None
