# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules that a gate asks, from their arguments to their reply."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import restart_info, site_page_info
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost


class TestRestartInfo:
    @pytest.mark.parametrize("deadline", [0, 4.9, 601, -5])
    def test_a_deadline_out_of_bounds_is_refused(self, run_module: Any, deadline: float) -> None:
        reply = run_module(restart_info, FakeHost(), deadline=deadline)
        assert reply["failed"] and "from 5 to 600" in reply["msg"]

    def test_it_has_check_mode(self, run_module: Any, monkeypatch: Any) -> None:
        answer = {"verdict": "fine", "msg": "x", "problems": [], "services": [], "cuts": [], "missing": []}
        monkeypatch.setattr(restart_info, "restart", lambda *_arguments: answer)
        reply = run_module(restart_info, FakeHost(), _ansible_check_mode=True)
        assert (reply["verdict"], reply["changed"]) == ("fine", False)

    def test_no_secret_leaves_the_host(self, run_module: Any, monkeypatch: Any) -> None:
        problem = {"summary": "unknown entry 'env[DB_PASSWORD] = hunter2'"}
        answer = {"verdict": "fails", "msg": "x", "problems": [problem], "missing": []}
        monkeypatch.setattr(restart_info, "restart", lambda *_arguments: answer)
        assert "hunter2" not in str(run_module(restart_info, FakeHost()))


class TestSitePageInfo:
    @pytest.mark.parametrize("name, value", [("timeout", 0), ("timeout", 121), ("deadline", 0.5)])
    def test_a_time_out_of_bounds_is_refused(self, run_module: Any, name: str, value: float) -> None:
        reply = run_module(site_page_info, FakeHost(), **{name: value})
        assert reply["failed"] and name in reply["msg"]

    def test_a_status_that_is_none_is_refused(self, run_module: Any) -> None:
        assert "'2xx' is no status code" in run_module(site_page_info, FakeHost(), status=["2xx"])["msg"]

    def test_a_host_without_nginx_is_not_well(self, run_module: Any) -> None:
        reply = run_module(site_page_info, FakeHost())
        assert (reply["ok"], reply["asked"], reply["changed"]) == (False, 0, False)
