# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""monitor_program: what it says it would do, what it did, and where it refuses."""

import os
from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.modules import monitor_program

Run = Callable[..., Dict[str, Any]]


@pytest.fixture(name="run")
def fixture_run(run_module: Run, tmp_path: Any) -> Run:
    def run(check_mode: bool = False, **arguments: Any) -> Dict[str, Any]:
        path = str(tmp_path / "monitor")
        return run_module(monitor_program, path=path, _ansible_check_mode=check_mode, **arguments)

    return run


class TestModule:
    def test_check_mode_says_what_a_run_does(self, run: Run, tmp_path: Any) -> None:
        planned = run(check_mode=True)
        assert planned["changed"] and not os.path.exists(str(tmp_path / "monitor"))
        done = run()
        assert {name: done[name] for name in ("changed", "files", "diff")} == {
            name: planned[name] for name in ("changed", "files", "diff")
        }
        assert not run()["changed"] and not run(check_mode=True)["changed"]

    def test_it_is_removed_as_a_whole(self, run: Run, tmp_path: Any) -> None:
        run()
        assert run(check_mode=True, state="absent")["changed"]
        removed = run(state="absent")
        assert removed["changed"] and removed["files"] and not os.path.exists(str(tmp_path / "monitor"))
        assert not run(state="absent")["changed"]

    def test_it_names_a_python_that_only_root_can_write(self, run: Run) -> None:
        assert run(check_mode=True)["python"] in (*monitor_program.PYTHONS, None)

    def test_it_refuses_where_others_can_write(self, run: Run, tmp_path: Any) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can give files away")
        os.chown(str(tmp_path), 33, 33)
        failed = run()
        assert failed["failed"] and "was not put" in failed["msg"]
