# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No load is begun that could fail or that would bring up what others changed; each refusal names the file,
pool or unit.
"""

import os
import time
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.host import Host, Ran, Stat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import processes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux.processes import Process
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import preflight as subject
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.launch import Launch
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import (
    Change,
    Command,
    Refusal,
    Step,
    Trial,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.locked import lock
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

UNIT, PROGRAM = "php8.2-fpm.service", os.path.realpath("/bin/sleep")


class Place:
    """A php-fpm and an nginx of which only files below top, and a process of ours, are real."""

    def __init__(self, top: str, monkeypatch: Any) -> None:
        self.top, self.rehearsed, self.unit = top, [], {}  # type: str, List[Any], Dict[str, Any]
        self.wrong: Optional[str] = None
        for name, text in {
            "fpm.conf": "[global]\ninclude=%s/pool.d/*.conf\n" % top,
            "pool.d/www.conf": "[www]\npm.max_children = 2\n",
            "unit": "",
            "php.ini": "",
            "nginx.conf": "events {}\nhttp { include %s/sites/*; }\n" % top,
            "sites/shop": "server { listen 80; }\n",
        }.items():
            self.write(name, text)
        time.sleep(0.03)
        now = time.time()
        pool = {"name": "www", "max_children": 2, "file": self.path("pool.d/www.conf")}
        self.master = {
            "config": self.path("fpm.conf"),
            "prefix": "/usr",
            "unit": UNIT,
            "account": None,
            "running": True,
            "pid": os.getpid(),
            "loaded_at": now,
            "started_at": now - subject.TICK,
            "pools": [pool],
            "binary": "/usr/sbin/php-fpm8.2",
            "test": {"ran": False, "why": "not asked for"},
            "config_errors": [],
        }  # type: Dict[str, Any]
        self.nginx = {
            "config": self.path("nginx.conf"),
            "prefix": top,
            "options": {},
            "account": None,
            "unit": "nginx.service",
            "running": True,
            "binary": os.path.realpath("/proc/self/exe"),
            "workers": [],
            "master": {"pid": os.getpid(), "started_at": now - subject.TICK},
        }
        self.procs: List[Process] = []
        time.sleep(0.03)
        monkeypatch.setattr(subject, "processes", lambda _host: self.procs)
        monkeypatch.setattr(subject, "collect_fpm", lambda _host, _procs, test: {"masters": [self.master]})
        monkeypatch.setattr(subject, "collect_nginx", lambda _host, _procs: self.nginx)
        monkeypatch.setattr(subject, "launch", self.launch)
        monkeypatch.setattr(subject, "ini_files", lambda _host, _found, _step: [self.path("php.ini")])
        monkeypatch.setattr(subject, "rehearse", self.rehearse)

    def path(self, name: str) -> str:
        return os.path.join(self.top, name)

    def write(self, name: str, text: str) -> None:
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as stream:
            stream.write(text)

    def launch(self, _host: Host, unit: str) -> Launch:
        launched = Launch(
            unit,
            [os.path.realpath("/proc/self/exe")],
            {},
            [],
            None,
            "/",
            [],
            [self.path("unit")],
            False,
            1.0,
            {},
        )
        return launched._replace(**self.unit)

    def rehearse(self, *arguments: Any) -> Optional[str]:
        self.rehearsed.append(arguments)
        return self.wrong

    def worker(self, pool: str) -> None:
        self.procs.append(
            Process(
                99 + len(self.procs), os.getpid(), "php-fpm", "php-fpm: pool " + pool, None, 33, 33, [33], 0.0
            )
        )


@pytest.fixture
def place(tmp_path: Any, monkeypatch: Any) -> Place:
    return Place(str(tmp_path), monkeypatch)


def refusal(verb: str = "restart", unit: str = UNIT, to_load: Any = (), trials: Any = ()) -> Optional[str]:
    return subject.step_refusal(
        Step("x", unit, [], list(trials), [Command(["systemctl", verb, unit], [])], (), to_load)
    )


class TestStart:
    @pytest.mark.parametrize("verb", ["restart", "reload", "start"])
    def test_what_was_tried_well_is_begun(self, place: Place, verb: str) -> None:
        assert refusal(verb) is None and len(place.rehearsed) == 1

    def test_a_start_that_fails_where_it_is_tried_is_not_begun(self, place: Place) -> None:
        place.wrong = "[pool b] cannot get gid for group 'gg'"
        assert refusal("reload") == place.wrong

    def test_a_start_of_what_does_not_run_loads_all_there_is(self, place: Place) -> None:
        place.master.update(running=False, pid=None, loaded_at=None, started_at=None)
        place.write("pool.d/www.conf", "[www]\n")
        assert refusal("start") is None and refusal("restart") is None and len(place.rehearsed) == 2

    def test_a_unit_that_systemd_has_not_read_anew(self, place: Place) -> None:
        place.unit = {"needs_reload": True}
        assert all(
            "`systemctl daemon-reload`" in str(refusal(verb)) for verb in ("start", "restart", "reload")
        )

    def test_a_masked_unit_is_neither_started_nor_reloaded(self, place: Place) -> None:
        place.unit = {"needs_reload": True, "settings": {"LoadState": ["masked"]}}
        assert all(
            "`systemctl unmask %s`" % UNIT in str(refusal(verb)) for verb in ("start", "restart", "reload")
        )

    @pytest.mark.parametrize("unit", [UNIT, "nginx.service"])
    def test_a_unit_that_has_no_reload_is_not_reloaded(self, unit: str, place: Place) -> None:
        place.unit = {"settings": {"CanReload": ["no"]}}
        assert "has no ExecReload=" in str(refusal("reload", unit)) and refusal("restart", UNIT) is None
        place.unit = {"settings": {"CanReload": ["yes"]}}
        assert refusal("reload", unit) is None

    def test_near_miss_a_reload_where_a_restart_is_refused(self, place: Place) -> None:
        place.unit = {"settings": {"RefuseManualStop": ["yes"]}}
        assert "RefuseManualStop=yes" in str(refusal()) and place.rehearsed == []
        assert refusal("reload") is None and refusal("start") is None

    def test_a_program_that_is_another_by_now_is_not_started(self, place: Place) -> None:
        place.unit = {"argv": [PROGRAM]}
        assert "%s was replaced since php-fpm" % PROGRAM in str(refusal()) and "was replaced" in str(
            refusal("reload")
        )
        place.unit = {"argv": ["/none/php-fpm"]}
        assert "/none/php-fpm (No such file or directory) was replaced" in str(refusal())

    def test_a_master_whose_memory_is_locked_is_refused(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(processes, "KEPT_SECONDS", (0.2,))
        stat = Stat("file", 0o755, 0, 0, 1, 0.0, 1, 1)
        host = FakeHost(stats={"/proc/9/exe": stat, PROGRAM: stat}, files={"/proc/9/maps": ""})
        assert subject.replaced_file(host, 9, PROGRAM) is None
        replaced = subject.replaced_file(lock(host, ["/proc/9/maps"]), 9, PROGRAM)
        assert replaced == "%s (%s)" % (PROGRAM, processes.KEPT)

    def test_a_refusal_on_the_way_is_the_answer(self, place: Place, monkeypatch: Any) -> None:
        def launch(_host: Any, unit: str) -> Any:
            raise Refusal("%s runs as the user ghost" % unit)

        monkeypatch.setattr(subject, "launch", launch)
        assert refusal() == "%s runs as the user ghost" % UNIT

    def test_a_unit_that_nobody_knows_is_not_loaded_blindly(self, place: Place) -> None:
        assert (
            refusal("restart", "other.service")
            == "what `systemctl restart other.service` would load is not known here"
        )

    def test_a_unit_that_systemd_was_too_slow_to_tell_of(self, place: Place, monkeypatch: Any) -> None:
        def late(host: Any, _procs: Any, test: str) -> Any:
            host.miss("units", None, "systemctl show: systemctl did not end within 30 s", "x")
            return {"masters": [dict(place.master, unit=None)]}

        monkeypatch.setattr(subject, "collect_fpm", late)
        assert str(refusal()).endswith("is not known here: systemctl show: systemctl did not end within 30 s")

    def test_what_loads_nothing_is_not_asked_about(self, place: Place) -> None:
        place.master["config"] = "/none"
        assert (
            refusal("reset-failed") is None
            and subject.step_refusal(Step("x", "y", [], [], [Command(["setfacl", "x"], [])])) is None
        )


class TestEditsOfOthers:
    @pytest.mark.parametrize("name", ["pool.d/www.conf", "pool.d/new.conf", "php.ini"])
    def test_another_edit_is_left_to_a_person(self, place: Place, name: str) -> None:
        place.write(name, "[new]\n")
        assert "would also load" in str(refusal()) and place.path(name) in str(refusal())
        assert place.rehearsed == []

    @pytest.mark.parametrize("verb", ["restart", "reload"])
    def test_one_that_php_fpm_refuses_would_end_it(self, place: Place, verb: str) -> None:
        """Nobody is sent to load it by hand."""
        place.write("pool.d/new.conf", "[new]\npm.max_childern = 7\n")
        failure = {"text": "unknown entry 'pm.max_childern'", "file": "/etc/new.conf", "line": 2}
        place.master["test"] = {"ran": True, "ok": False, "rc": 78, "output": [], "failure": failure}
        why = str(refusal(verb))
        assert "would end it: php-fpm -t refuses its configuration, /etc/new.conf:2" in why
        assert "by hand" not in why and "systemctl" not in why and place.rehearsed == []

    def test_near_miss_one_that_php_fpm_takes(self, place: Place) -> None:
        place.write("pool.d/new.conf", "[new]\n")
        place.master["test"] = {"ran": True, "ok": True, "rc": 0, "output": [], "failure": None}
        assert "would also load" in str(refusal())

    def test_near_miss_the_file_that_is_meant_is_loaded(self, place: Place) -> None:
        place.write("pool.d/www.conf", "[www]\n")
        assert refusal(to_load=[place.path("pool.d/www.conf")]) is None
        place.write("pool.d/b.conf", "[b]\n")
        why = str(refusal(to_load=[place.path("pool.d/www.conf")]))
        assert place.path("pool.d/b.conf") in why and "www.conf" not in why

    def test_a_pool_that_is_configured_no_more_is_named(self, place: Place) -> None:
        place.worker("gone")
        assert "pool gone runs, and is configured no more" in str(refusal())

    def test_the_pool_of_a_status_page_is_php_fpms_own(self, place: Place) -> None:
        """pm.status_listen adds it; no file names it."""
        place.worker("www_status")
        assert refusal() is None
        place.worker("gone_status")
        assert "pool gone_status runs" in str(refusal())

    def test_more_workers_than_the_file_allows(self, place: Place) -> None:
        for _number in range(2):
            place.worker("www")
        assert refusal() is None
        place.worker("www")
        assert "pool www runs with 3 workers, and its file allows 2" in str(refusal())
        assert refusal(to_load=[place.path("pool.d/www.conf")]) is None

    def test_a_changed_unit_stops_only_a_restart(self, place: Place) -> None:
        place.write("unit", "[Service]\nProtectSystem=strict\n")
        place.master["started_at"] -= 1
        assert place.path("unit") in str(refusal("restart")) and refusal("reload") is None

    def test_what_was_not_read_whole_is_left_alone(self, place: Place) -> None:
        os.remove(place.path("pool.d/www.conf"))
        os.symlink("/dev/null", place.path("pool.d/www.conf"))
        assert "was not read whole" in str(refusal())
        edit = Step("fpm_config", "x", [], [Trial(["php-fpm", "-t", "-y", place.path("fpm.conf")], [])], [])
        assert "was not read whole" in str(subject.step_refusal(edit))

    def test_no_action_writes_on_top_of_what_is_not_loaded(self, place: Place) -> None:
        change = Change(place.path("pool.d/www.conf"), b"", b"[www]\n", 0o644)
        step = Step(
            "socket_access_set",
            "x",
            [change],
            [Trial(["php-fpm", "-t", "-y", place.path("fpm.conf")], [])],
            [],
        )
        assert subject.step_refusal(step) is None
        place.write("pool.d/www.conf", "[www]\n")
        assert place.path("pool.d/www.conf") in str(subject.step_refusal(step))
        assert subject.step_refusal(step._replace(name="fpm_config")) is None

    @pytest.mark.parametrize("verb", ["daemon-reload", "enable"])
    @pytest.mark.parametrize(
        "shown",
        [
            "UnitsLoadStartTimestampMonotonic=%d\n",
            # systemd 252 (Debian 12) after `systemctl daemon-reload`: the start keeps its time
            "UnitsLoadStartTimestampMonotonic=1000\nUnitsLoadTimestampMonotonic=%d\n",
            "UnitsLoadStartTimestampMonotonic=%d\nUnitsLoadTimestampMonotonic=0\n",
        ],
    )
    def test_systemd_does_not_read_other_units_anew_with_ours(
        self, place: Place, monkeypatch: Any, verb: str, shown: str
    ) -> None:
        monkeypatch.setattr(subject, "DIRECTORIES", (place.top,))
        loaded = [time.time()]
        monkeypatch.setattr(
            Host,
            "run",
            lambda *_arguments, **_options: Ran(
                0,
                shown % ((time.clock_gettime(time.CLOCK_MONOTONIC) - time.time() + loaded[0]) * 1e6),
                "",
            ),
        )
        assert refusal(verb) is None
        time.sleep(0.03)
        place.write("db.service.d/x.conf", "[Service]\n")
        assert place.path("db.service.d/x.conf") in str(refusal(verb))
        time.sleep(0.03)
        loaded[0] = time.time()
        assert refusal(verb) is None

    @pytest.mark.parametrize(
        "times, needed, refused",
        [
            ("", "NeedDaemonReload=no\n\nNeedDaemonReload=no\n", False),
            ("", "NeedDaemonReload=no\n\nNeedDaemonReload=yes\n", True),
            ("", "", True),
            ("UnitsLoadTimestampMonotonic=1000\n", "NeedDaemonReload=no\n", True),
        ],
    )
    def test_an_old_systemd_is_asked_for_each_unit(
        self, place: Place, monkeypatch: Any, times: str, needed: str, refused: bool
    ) -> None:
        """Debian 11 after `systemctl daemon-reload`: it has no time of that."""
        monkeypatch.setattr(subject, "DIRECTORIES", (place.path("units"),))
        place.write("units/db.service.d/x.conf", "[Service]\n")
        place.write("units/cache@.service", "[Service]\n")
        answers = {"NeedDaemonReload": needed, ",".join(subject.LOADED): "UnitsLoadStart=1000\n" + times}
        calls: List[List[str]] = []

        def run(_host: Any, argv: List[str], *_more: Any) -> Ran:
            calls.append(argv)
            return Ran(0, answers.get(argv[4], ""), "")

        monkeypatch.setattr(Host, "run", run)
        assert bool(refusal("enable")) == refused
        assert times or calls[-1][-2:] == ["cache@*.service", "db.service"]

    def test_what_systemd_makes_at_a_reload_is_nobodys_change(self, monkeypatch: Any) -> None:
        """Debian 12 with a line in fstab: /run/systemd/generator/-.mount is newer than the reload."""
        looked: List[str] = []
        shown = Ran(0, "UnitsLoadStartTimestampMonotonic=1000\n", "")
        monkeypatch.setattr(Host, "run", lambda *_arguments, **_options: shown)
        monkeypatch.setattr(Host, "glob", lambda _host, pattern: looked.append(pattern) or [])
        assert refusal("daemon-reload") is None
        assert any(place.startswith("/etc/systemd/system/") for place in looked)
        assert not any(place.startswith("/run/systemd/generator") for place in looked)


class TestNginx:
    def test_nginx_with_nothing_else_to_load_is_reloaded(self, place: Place) -> None:
        assert refusal("reload", "nginx.service") is None and place.rehearsed == []

    @pytest.mark.parametrize("name", ["sites/blog", "sites/shop", "nginx.conf"])
    def test_a_site_that_was_edited_stays_as_it_runs(self, place: Place, name: str) -> None:
        place.write(name, "# new\n")
        assert place.path(name) in str(refusal("reload", "nginx.service"))
        assert refusal("reload") is None  # php-fpm does not load it

    def test_a_site_that_was_removed_stays_as_it_runs(self, place: Place) -> None:
        os.remove(place.path("sites/shop"))
        assert "%s/sites (a name in it" % place.top in str(refusal("reload", "nginx.service"))

    def test_nginx_is_not_told_to_listen_where_it_cannot(self, place: Place, monkeypatch: Any) -> None:
        seen: List[Any] = []
        monkeypatch.setattr(
            subject,
            "taken",
            lambda _host, keys, _procs, _pid, _of_nginx: seen.append(keys) or "*:81: Address already in use",
        )
        text = b"server { listen 81; listen 127.0.0.1; listen [::1]:80; }\n"
        change = Change(place.path("sites/shop"), b"", text, 0o644)
        why = subject.step_refusal(
            Step("x", "y", [change], [], [Command(["systemctl", "reload", "nginx.service"], [])])
        )
        assert why == "nginx could not listen on *:81: Address already in use" and seen == [
            ["*:81", "127.0.0.1:80", "[::1]:80"]
        ]
