# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When the files were changed that set what a location and its pool may take."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.changed_files import changed_files
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.where_needed import changed
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import a_host
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestChangedFiles:
    def test_each_file_of_a_route_and_of_a_pool_has_its_time(self) -> None:
        snapshot = a_host()
        site, pool = snapshot["nginx"]["routes"][0]["file"], snapshot["fpm"]["masters"][0]["pools"][0]["file"]
        stats = {path: Stat("file", 0o644, 0, 0, 1, at, 1, 1) for path, at in ((site, 7.0), (pool, 8.0))}
        assert changed_files(FakeHost(stats=stats), snapshot) == {site: 7.0, pool: 8.0}

    def test_one_that_is_gone_has_none(self) -> None:
        assert changed_files(FakeHost(), a_host()) == {}

    @pytest.mark.parametrize(
        "signature, known",
        [("ng-connect-eagain", True), ("ng-timeout-header", True), ("ng-reset-header", False)],
    )
    def test_where_a_setting_may_have_mended_it(self, signature: str, known: bool) -> None:
        """A full queue's may be longer by now."""
        snapshot = a_host().silent_logs().nginx_said(signature, 60.0)
        snapshot["oom"]["kills"] = []
        path = snapshot["nginx"]["routes"][0]["file"]
        host = FakeHost(stats={path: Stat("file", 0o644, 0, 0, 1, 7.0, 1, 1)})
        assert changed(host, snapshot) == ({path: 7.0} if known else {})
