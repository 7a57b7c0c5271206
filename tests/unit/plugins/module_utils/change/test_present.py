# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How old a record is, what of it took effect, and who is served by it now."""

from types import SimpleNamespace
from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change import left_behind, present
from ansible_collections.webmedic.php_fpm.plugins.module_utils.change.disk import Disk
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate import one_change
from ansible_collections.webmedic.php_fpm.plugins.module_utils.remediate.carry_out import Outcome
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Command, Step
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


@pytest.mark.parametrize(
    "at, told",
    [
        (NOW - 3599, ""),
        (NOW - 3601, "it is 1 h old"),
        (NOW - 20 * 3600, "it is 20 h old"),
        (NOW + 1, "its time lies in the future, so the clock was set since"),
    ],
)
def test_a_record_is_old_after_an_hour_or_when_the_clock_does_not_fit(
    booted: Any, at: float, told: str
) -> None:
    assert present._old(FakeHost(), journal(at)) == told


def test_a_record_of_days_counts_days(booted: Any) -> None:
    booted(NOW - 9e6)
    assert present._old(FakeHost(), journal(NOW - 5 * 86400)) == "it is 5 days old"


def test_a_record_from_before_the_boot_is_old_by_its_time_or_by_its_boot(booted: Any) -> None:
    booted(NOW - 30)
    assert present._old(FakeHost(), journal(NOW - 60)) == "the host was booted since"
    booted(NOW - 300)
    assert present._old(FakeHost(), journal(NOW - 60, boot="another")) == "the host was booted since"


def test_a_unit_on_its_way_is_waited_for_and_one_that_never_arrives_not_for_ever(monkeypatch: Any) -> None:
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


class Host:
    """Two masters, one of them down, and an nginx with a route to a third place."""

    def __init__(self, monkeypatch: Any, **probes: str) -> None:
        self.newer = None  # type: Optional[bool]

        def master(unit: str, name: str, running: bool) -> Dict[str, Any]:
            return {
                "unit": unit,
                "running": running,
                "config_newer": self.newer,
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


def served(*wanted: List[str]) -> Any:
    return present._served(FakeHost(), present._daemons(FakeHost()), *wanted)


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
def test_a_worker_that_answers_or_is_busy_serves_and_nothing_else_does(
    monkeypatch: Any, result: str, serves: bool
) -> None:
    Host(monkeypatch, one=result)
    place = "unix:/run/one/a.sock"
    assert served([UNIT]) == ([place], [place] if serves else [])


def test_whoever_listens_in_the_place_of_a_unit_that_is_down_serves_nobody(monkeypatch: Any) -> None:
    Host(monkeypatch, two="answered")
    assert served(["other.service"]) == (["unix:/run/two/a.sock"], [])


def test_a_directory_and_a_file_of_nginx_stand_for_the_endpoints_they_are_about(monkeypatch: Any) -> None:
    Host(monkeypatch, one="answered", third="answered")
    assert served([], ["/run/one"]) == (["unix:/run/one/a.sock"], ["unix:/run/one/a.sock"])
    for path in ("/etc/nginx/shop", "/etc/nginx/upstream.conf"):
        assert served([], [], [path]) == (["unix:/run/third/a.sock"], ["unix:/run/third/a.sock"])
    assert served([], ["/run/on"], ["/etc/nginx/other"]) == ([], [])


@pytest.mark.parametrize("changed, took", [(NOW - 61, [False, False]), (NOW - 59, [True, False])])
def test_a_unit_whose_state_changed_since_has_read_its_files_and_no_other_command_has_run(
    monkeypatch: Any, booted: Any, changed: float, took: Any
) -> None:
    Host(monkeypatch, one="answered")
    monkeypatch.setattr(
        present,
        "unit_states",
        lambda _host, names, logs: {
            name: {"active": "active", "changed_at": changed, "main_pid": 7} for name in names
        },
    )
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
def test_a_unit_all_of_whose_workers_are_younger_has_read_its_files(
    monkeypatch: Any, booted: Any, workers: Any, read: bool
) -> None:
    Host(monkeypatch, one="answered")
    monkeypatch.setattr(
        present,
        "processes",
        lambda _host: [
            SimpleNamespace(ppid=ppid, started_at=NOW + age, cmdline=title) for ppid, age, title in workers
        ],
    )
    monkeypatch.setattr(
        present,
        "unit_states",
        lambda _host, names, logs: {
            name: {"active": "active", "changed_at": NOW - 9999, "main_pid": 7} for name in names
        },
    )
    assert present.look(
        FakeHost(), Disk(), "/nowhere", journal(NOW - 60, ["systemctl", "reload", UNIT])
    ).took == [read]


FOUND = left_behind.Closed(
    "left", "it is 5 days old", "unit_start", UNIT, NOW, by_hand=["systemctl stop %s" % UNIT]
)


@pytest.mark.parametrize(
    "check_mode, says", [(True, "It would be left to a person"), (False, "It was left to a person")]
)
def test_a_module_of_one_change_warns_of_what_a_killed_run_had_left(
    monkeypatch: Any, tmp_path: Any, check_mode: bool, says: str
) -> None:
    monkeypatch.setattr(one_change, "left_open", lambda _state: True)
    monkeypatch.setattr(left_behind, "pending", lambda *_arguments: FOUND)
    monkeypatch.setattr(left_behind, "settle", lambda *_arguments: FOUND)
    monkeypatch.setattr(one_change, "carry_out", lambda *_arguments: Outcome("done", "", [], [], [], None))
    warned: List[str] = []
    step = Step("x", "y", [], [], [Command(["true"], [])])
    one_change.one_change(
        FakeHost(), lambda: step, lambda: None, check_mode, warned.append, str(tmp_path / "state")
    )
    assert len(warned) == 1 and says in warned[0] and "systemctl stop %s" % UNIT in warned[0]
