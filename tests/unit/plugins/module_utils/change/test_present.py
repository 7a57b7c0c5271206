# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How old a record is, what of it took effect, and who is served by it now."""

from types import SimpleNamespace
from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import left_behind, present
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import one_change
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Command, Step
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

UNIT = "php8.2-fpm.service"
NOW = FakeHost().now()


def journal(at: float = NOW - 60, *do: List[str], **more: Any) -> Dict[str, Any]:
    commands = [{"do": argv, "undo": [], "folders": []} for argv in do]
    return dict(
        {"at": at, "boot": "", "uptime": -1.0, "files": [], "target": UNIT, "commands": commands}, **more
    )


@pytest.fixture
def booted(monkeypatch: Any) -> Any:
    def at(seconds: float) -> None:
        monkeypatch.setattr(present, "process", lambda _host, _pid: SimpleNamespace(started_at=seconds))

    at(NOW - 90000)
    return at


class TestAge:
    @pytest.mark.parametrize(
        "at, why",
        [
            (NOW - 3599, ""),
            (NOW - 3601, "it is 1 h old"),
            (NOW - 20 * 3600, "it is 20 h old"),
            (NOW + 1, "its time lies in the future, so the clock was set since"),
        ],
    )
    def test_it_is_old_after_an_hour_or_with_a_wrong_clock(self, booted: Any, at: float, why: str) -> None:
        assert present._old(FakeHost(), journal(at)) == why

    def test_from_two_days_on_it_counts_days(self, booted: Any) -> None:
        booted(NOW - 9e6)
        assert present._old(FakeHost(), journal(NOW - 5 * 86400)) == "it is 5 days old"

    def test_it_is_old_from_before_the_boot(self, booted: Any) -> None:
        booted(NOW - 30)
        assert present._old(FakeHost(), journal(NOW - 60)) == "the host was booted since"
        booted(NOW - 300)
        assert present._old(FakeHost(), journal(NOW - 60, boot="another")) == "the host was booted since"


class Daemons:
    """Two masters, one of them down, and an nginx with a route to a third place."""

    def __init__(self, monkeypatch: Any, **probes: str) -> None:
        self.monkeypatch = monkeypatch

        def master(unit: str, name: str, running: bool) -> Dict[str, Any]:
            return {
                "unit": unit,
                "running": running,
                "config_newer": None,
                "pools": [{"endpoint": "unix:/run/%s/a.sock" % name}],
            }

        def endpoints(_host: Any, keys: List[str], *_rest: Any) -> Dict[str, Any]:
            return {key: {"probe": {"result": probes.get(key.split("/")[2], "not_tried")}} for key in keys}

        target = {"endpoint": "unix:/run/third/a.sock", "file": "/etc/nginx/upstream.conf", "down": False}
        route = {
            "file": "/etc/nginx/shop",
            "endpoints": [target, dict(target, endpoint="unix:/run/down/a.sock", down=True)],
        }
        nginx = {"running": True, "unit": "nginx.service", "config_newer": None, "routes": [route]}
        monkeypatch.setattr(present, "processes", lambda _host: [])
        monkeypatch.setattr(
            present,
            "collect_fpm",
            lambda *_rest: {"masters": [master(UNIT, "one", True), master("other.service", "two", False)]},
        )
        monkeypatch.setattr(present, "collect_nginx", lambda *_rest: nginx)
        monkeypatch.setattr(present, "identity_of", lambda _nginx: None)
        monkeypatch.setattr(present, "collect_endpoints", endpoints)

    def state_changed(self, at: float) -> "Daemons":
        """Each unit's state changed then."""
        state = {"active": "active", "changed_at": at, "main_pid": 7}
        self.monkeypatch.setattr(
            present, "unit_states", lambda _host, names, logs: {name: dict(state) for name in names}
        )
        return self

    def with_processes(self, *rows: Tuple[int, int, str]) -> "Daemons":
        """(parent, seconds after now that it began, title) of each."""
        procs = [SimpleNamespace(ppid=ppid, started_at=NOW + age, cmdline=title) for ppid, age, title in rows]
        self.monkeypatch.setattr(present, "processes", lambda _host: procs)
        return self


class TestUnit:
    def test_one_on_its_way_is_waited_for_a_while(self, monkeypatch: Any) -> None:
        states = ["activating", "activating", "active"]
        monkeypatch.setattr(
            present,
            "unit_states",
            lambda _host, _names, logs: {UNIT: {"active": states.pop(0) if len(states) > 1 else states[0]}},
        )
        assert present._settled(FakeHost(), [UNIT])[UNIT]["active"] == "active"
        states[:] = ["activating"]
        host = FakeHost()
        assert (
            present._settled(host, [UNIT])[UNIT]["active"] == "activating"
            and host.now() - NOW <= present.SETTLE_SECONDS + 1
        )

    @pytest.mark.parametrize("changed, took", [(NOW - 61, [False, False]), (NOW - 59, [True, False])])
    def test_one_whose_state_changed_since_has_read_its_files(
        self, monkeypatch: Any, booted: Any, changed: float, took: Any
    ) -> None:
        Daemons(monkeypatch, one="answered").state_changed(changed)
        made = journal(NOW - 60, ["systemctl", "reload", UNIT], ["systemctl", "enable", UNIT])
        now = present.look(FakeHost(), Disk(), "/nowhere/transaction", made)
        assert (now.took, now.begun, now.answers, now.old) == (took, any(took), ["unix:/run/one/a.sock"], "")

    @pytest.mark.parametrize(
        "workers, read",
        [
            ([(7, -10, "nginx: worker process")], True),
            ([(7, -10, "nginx: worker process"), (7, -900, "nginx: worker process is shutting down")], True),
            ([(7, -10, "php-fpm: pool a"), (7, -900, "php-fpm: pool b")], False),
            ([(8, -10, "nginx: worker process")], False),
            ([], False),
        ],
    )
    def test_one_with_younger_workers_only_has_read_its_files(
        self, monkeypatch: Any, booted: Any, workers: Any, read: bool
    ) -> None:
        Daemons(monkeypatch, one="answered").state_changed(NOW - 9999).with_processes(*workers)
        reload = journal(NOW - 60, ["systemctl", "reload", UNIT])
        assert present.look(FakeHost(), Disk(), "/nowhere", reload).took == [read]


def served(*wanted: List[str]) -> Any:
    return present._served(FakeHost(), present._daemons(FakeHost()), *wanted)


class TestServed:
    @pytest.mark.parametrize(
        "result, serves",
        [
            ("answered", True),
            ("no_answer", True),
            ("closed", False),
            ("not_fastcgi", False),
            ("not_tried", False),
        ],
    )
    def test_a_worker_serves_that_answers_or_is_busy(
        self, monkeypatch: Any, result: str, serves: bool
    ) -> None:
        Daemons(monkeypatch, one=result)
        place = "unix:/run/one/a.sock"
        assert served([UNIT]) == ([place], [place] if serves else [])

    def test_a_stranger_in_the_place_of_a_unit_serves_nobody(self, monkeypatch: Any) -> None:
        Daemons(monkeypatch, two="answered")
        assert served(["other.service"]) == (["unix:/run/two/a.sock"], [])

    def test_a_folder_or_a_file_of_nginx_stands_for_endpoints(self, monkeypatch: Any) -> None:
        Daemons(monkeypatch, one="answered", third="answered")
        assert served([], ["/run/one"]) == (["unix:/run/one/a.sock"], ["unix:/run/one/a.sock"])
        for path in ("/etc/nginx/shop", "/etc/nginx/upstream.conf"):
            assert served([], [], [path]) == (["unix:/run/third/a.sock"], ["unix:/run/third/a.sock"])
        assert served([], ["/run/on"], ["/etc/nginx/other"]) == ([], [])


LEFT = left_behind.Closed(
    "left", "it is 5 days old", "unit_start", UNIT, NOW, by_hand=["systemctl stop %s" % UNIT]
)


class TestWarning:
    @pytest.mark.parametrize(
        "check_mode, says", [(True, "It would be left to a person"), (False, "It was left to a person")]
    )
    def test_a_module_warns_of_what_a_killed_run_left(
        self, monkeypatch: Any, tmp_path: Any, check_mode: bool, says: str
    ) -> None:
        monkeypatch.setattr(one_change, "settle", lambda *_arguments: LEFT)
        monkeypatch.setattr(
            one_change, "carry_out", lambda *_arguments: Outcome("done", "", [], [], [], None)
        )
        warned: List[str] = []
        step = Step("x", "y", [], [], [Command(["true"], [])])
        one_change.one_change(
            FakeHost(), lambda: step, lambda: None, check_mode, warned.append, str(tmp_path / "state")
        )
        assert len(warned) == 1 and says in warned[0] and "systemctl stop %s" % UNIT in warned[0]
