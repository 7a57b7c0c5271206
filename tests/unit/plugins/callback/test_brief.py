# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The screen of a fleet: which events are a line, and which are none."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.utils.display import Display
from ansible_collections.webmedic.php_fpm.plugins.callback import brief as plugin
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer, screen

DIAGNOSIS, COMMAND = "webmedic.php_fpm.diagnosis_info", "ansible.builtin.command"
REFUSED = {"unreachable": True, "msg": "ssh: connect to host web1 port 22: Connection refused"}


class Screen:
    """The callback, and what it shows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[str] = []
        monkeypatch.setattr(Display, "display", lambda _self, text, **_more: self.shown.append(text))
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(check=False))
        monkeypatch.setattr(printer, "_claimed", [])
        monkeypatch.setattr(printer, "SCREEN", screen.Screen())
        monkeypatch.setattr(plugin, "SCREEN", screen.Screen())
        monkeypatch.setattr(Display(), "verbosity", 0)
        self.callback = plugin.CallbackModule()
        self.callback._plugin_options = {"show_custom_stats": False, "show_per_host_start": False}
        self.callback.v2_playbook_on_start(SimpleNamespace(_file_name="x.yml"))

    def play(self, name: str = "Look", check_mode: bool = False, hosts: str = "all") -> None:
        fields = {"check_mode": check_mode, "strategy": "linear", "hosts": [hosts]}
        self.callback.v2_playbook_on_play_start(SimpleNamespace(get_name=lambda: name, **fields))

    def task(self, action: str = DIAGNOSIS, name: str = "Ask") -> None:
        self.action = action
        self.callback.v2_playbook_on_task_start(self._task(name), False)

    def _task(self, name: str = "Ask", **more: Any) -> Any:
        fields = {"ignore_unreachable": True, "_uuid": "u", "loop": None, "no_log": False, **more}
        return SimpleNamespace(name=name, get_name=lambda: "role : " + name, action=self.action, **fields)

    def result(self, host: str, data: dict[str, Any], **more: Any) -> Any:
        named = SimpleNamespace(get_name=lambda: host)
        return SimpleNamespace(host=named, task=self._task(**more), result=data)

    def end(self, *hosts: str, failed: tuple[str, ...] = ()) -> list[str]:
        self.callback.v2_playbook_on_stats(
            SimpleNamespace(
                processed=dict.fromkeys(hosts, 1), failures=dict.fromkeys(failed, 1), changed={}, custom={}
            )
        )
        return self.shown


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    seen = Screen(monkeypatch)
    yield seen
    seen.callback._waiting.end()


class TestHosts:
    """What is said of a host."""

    def test_what_is_well_takes_no_line(self, seen: Screen) -> None:
        seen.play()
        seen.task()
        for host in ("web1", "web2"):
            seen.callback.v2_runner_on_ok(seen.result(host, {"changed": False, "status": "healthy"}))
        seen.callback.v2_runner_on_skipped(seen.result("web3", {"skipped": True}))
        assert seen.end("web1", "web2", "web3") == ["Look", "3 hosts in 1 s"]

    def test_what_stands_in_the_table_is_no_failure(self, seen: Screen) -> None:
        seen.play()
        seen.task()
        seen.callback.v2_runner_on_failed(seen.result("web1", {"msg": "no python"}), ignore_errors=True)
        seen.callback.v2_runner_on_unreachable(seen.result("web2", REFUSED))
        assert seen.end("web1", "web2") == ["Look", "2 hosts in 1 s"]

    def test_a_failure_is_a_line(self, seen: Screen) -> None:
        seen.play()
        seen.task(COMMAND)
        for host in ("web1", "web2"):
            seen.callback.v2_runner_on_failed(seen.result(host, {"msg": "it broke"}))
        seen.callback.v2_runner_on_failed(seen.result("web3", {"msg": "no matter"}), ignore_errors=True)
        seen.callback.v2_runner_on_unreachable(seen.result("web4", REFUSED, ignore_unreachable=False))
        assert seen.end("web1", "web2", "web3", "web4", failed=("web1", "web2")) == [
            "Look",
            "FAILED web1, web2: Ask: it broke",
            "ignored web3: Ask: no matter",
            "UNREACHABLE web4: Ask: ssh: connect to host web1 port 22: Connection refused",
            "4 hosts in 1 s: 2 failed, 1 unreachable",
        ]

    def test_an_item_that_failed_is_named_once(self, seen: Screen) -> None:
        seen.play()
        seen.task(COMMAND)
        item = {"msg": "it broke", "item": "b", "ansible_loop_var": "item", "_ansible_item_label": "b"}
        seen.callback.v2_runner_item_on_failed(seen.result("web1", item))
        seen.callback.v2_runner_on_failed(seen.result("web1", {"msg": "One or more items failed"}))
        assert seen.end("web1")[1:-1] == ["FAILED web1: Ask: item b: it broke"]

    def test_a_warning_of_all_hosts_is_a_line(self, seen: Screen) -> None:
        seen.play()
        seen.task(COMMAND)
        for number in range(300):
            host = "web%d" % number
            data = {"warnings": ["Host '%s' uses the discovered Python" % host]}
            seen.callback.v2_runner_on_ok(seen.result(host, data))
        assert seen.end("web0")[1:-1] == [
            "WARNING web0, web1, web2, web3 +296 more: Host 'web0' uses the discovered Python"
        ]

    def test_a_secret_is_not_shown(self, seen: Screen) -> None:
        seen.play()
        seen.task(COMMAND)
        seen.callback.v2_runner_on_failed(seen.result("web1", {"censored": "hidden", "msg": "secret"}))
        assert "secret" not in "".join(seen.end("web1"))


class TestPlays:
    """The names of plays, and the table."""

    def test_a_play_is_named_once_for_all_its_batches(self, seen: Screen) -> None:
        for _batch in range(3):
            seen.play("Mend", check_mode=True)
            seen.task()
        assert seen.end() == ["Mend (check mode: nothing is changed)", "0 hosts in 1 s"]

    def test_a_play_without_hosts_says_so(self, seen: Screen) -> None:
        seen.play("Mend")
        seen.callback.v2_playbook_on_no_hosts_matched()
        assert seen.shown == ["Mend: no hosts matched"]

    def test_a_play_that_is_for_none_says_nothing(self, seen: Screen) -> None:
        seen.play("Mend", hosts="!all")
        seen.callback.v2_playbook_on_no_hosts_matched()
        assert seen.shown == []

    def test_what_our_gate_says_stands_in_the_table(self, seen: Screen) -> None:
        seen.play()
        seen.task("webmedic.php_fpm.fleet_report")
        seen.callback.v2_runner_on_ok(seen.result("web1", printer.hand_out([("table", None)])))
        seen.task("ansible.builtin.fail")
        closed = seen.result("web1", {"msg": "failing: PHP-FPM is stopped. Fix: systemctl start x"})
        closed.task.get_name = lambda: "webmedic.php_fpm.diagnose : Fail with its own cause"
        seen.callback.v2_runner_on_failed(closed)
        assert seen.end("web1")[1] == "FAILED web1: failing: PHP-FPM is stopped"

    def test_the_last_table_comes_last(self, seen: Screen) -> None:
        seen.play()
        for text in ("first", "second"):
            seen.task("webmedic.php_fpm.fleet_report")
            seen.callback.v2_runner_on_ok(seen.result("web1", printer.hand_out([(text, None)])))
        seen.task(COMMAND)
        seen.callback.v2_runner_on_failed(seen.result("web1", {"msg": "gate"}))
        assert [line.strip() for line in seen.end("web1")] == [
            "Look",
            "FAILED web1: Ask: gate",
            "1 host in 1 s",
            "second",
            "second",  # for the log
        ]
