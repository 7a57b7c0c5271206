# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which masters the monitor believes, whose account may not read what program a process of root's runs."""

from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.trust import Opening
from ansible_collections.webmedic.php_fpm.plugins.module_utils.monitor import proven as subject
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CONFIG, PID_FILE = "/etc/php/8.2/fpm/php-fpm.conf", "/run/php-fpm/php-fpm.pid"
FPM, NGINX = "/usr/sbin/php-fpm8.2", "/usr/sbin/nginx"
WRITABLE = ("/tmp/", "/home/", "/run/php/")


@pytest.fixture(autouse=True)
def _opening(monkeypatch: Any) -> None:
    """Who can write what is told by the path."""

    def opening(_host: Any, path: str) -> Optional[Opening]:
        return Opening(path, "shop") if path.startswith(WRITABLE) else None

    monkeypatch.setattr(subject, "opening", opening)


def process(pid: int, title: str, exe: Optional[str] = None) -> Process:
    return Process(pid, 1, "php-fpm8.2", title, exe, 0, 0, [], 0.0)


def unit(main_pid: int, command: str) -> Any:
    return {"main_pid": main_pid, "command": command + " --nodaemonize"}


def master(pid: Optional[int], state: Any = None, **more: Any) -> Any:
    return {"pid": pid, "pid_file": PID_FILE, "writable": None, "unit_state": state, "config": CONFIG, **more}


def believed(master: Any, exe: Optional[str] = None, pid_file: str = "99") -> bool:
    host = FakeHost({PID_FILE: pid_file, "/run/php/a.pid": pid_file}, root=False)
    procs = [process(100, "php-fpm: master process (%s)" % CONFIG, exe)]
    kept = subject.proven(host, procs, [master])
    assert bool(kept) != ("fpm_master" in [entry["what"] for entry in host.missing])
    return bool(kept)


class TestMaster:
    def test_a_title_alone_is_not_believed(self) -> None:
        assert not believed(master(100))

    def test_one_that_its_unit_has_started_is(self) -> None:
        assert believed(master(100, unit(100, FPM)))

    @pytest.mark.parametrize(
        "state",
        [
            unit(77, FPM),  # a child of it, such as what a script runs
            unit(0, FPM),
            unit(100, "/bin/bash"),
            unit(100, "/home/shop/php-fpm"),
            unit(100, ""),
        ],
    )
    def test_near_miss_a_unit_of_something_else(self, state: Any) -> None:
        assert not believed(master(100, state))

    def test_one_that_its_pid_file_names_is(self) -> None:
        assert believed(master(100), pid_file="100\n")

    @pytest.mark.parametrize(
        "more", [{"writable": "shop"}, {"pid_file": "/run/php/a.pid"}, {"pid_file": None}]
    )
    def test_near_miss_files_that_others_can_write(self, more: Any) -> None:
        assert not believed(master(100, **more), pid_file="100")

    def test_one_whose_program_could_be_read_was_judged_already(self) -> None:
        assert believed(master(100), exe=FPM)

    def test_one_that_does_not_run_stays(self) -> None:
        assert believed(master(None, unit(0, FPM)))


class TestNginx:
    def left(self, monkeypatch: Any, state: Any, exe: Optional[str] = None) -> Any:
        monkeypatch.setattr(subject, "unit_states", lambda _host, names, logs: dict.fromkeys(names, state))
        monkeypatch.setattr(subject, "process_cgroup", lambda _host, _pid: "/system.slice/x.service")
        host = FakeHost({}, root=False)
        procs = [process(5, "nginx: worker process"), process(7, "nginx: master process nginx -c /x", exe)]
        return [each.pid for each in subject.without_strangers(host, procs)], [
            entry["what"] for entry in host.missing
        ]

    def test_one_that_its_unit_has_started_stays(self, monkeypatch: Any) -> None:
        assert self.left(monkeypatch, unit(7, NGINX)) == ([5, 7], [])

    def test_a_title_alone_is_not_believed(self, monkeypatch: Any) -> None:
        assert self.left(monkeypatch, unit(7, "/bin/bash")) == ([5], ["nginx_master"])
        assert self.left(monkeypatch, None) == ([5], ["nginx_master"])

    def test_one_whose_program_could_be_read_was_judged_already(self, monkeypatch: Any) -> None:
        assert self.left(monkeypatch, None, NGINX) == ([5, 7], [])
