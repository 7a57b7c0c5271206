# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1: what a unit runs ended with a status of its own, and limits by which systemd ends php-fpm."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.failed_starts import (
    NO_ADDRESS,
    READY,
    TOO_QUICKLY,
    did_not_start,
    exited,
    timed_out,
    unit_says,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "fpm_not_running"
WRAPPER = "/usr/local/sbin/start-fpm"
STARTED = "systemd[1]: Started php8.2-fpm.service - The PHP 8.2 FastCGI Process Manager."


def with_output(host: Host, text: str = "no licence server", ago: float = 60.0) -> Host:
    """By a program of the unit that is not php-fpm."""
    return host.with_unit(said=[hosts.journal_line(hosts.now(host) - ago, "command[70]: " + text)])


def wrapped(*lines: str, command: str = WRAPPER, status: int = 1) -> Host:
    """A unit whose program ended with that status while it started."""
    host = did_not_start(exited("%d/FAILURE" % status), *lines)
    return host.with_unit(command=command, exec_main_status=status)


class TestWrapper:
    def test_hit_it_ends_with_a_status_of_its_own(self) -> None:
        host = with_output(wrapped())
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == ("start_command_failed", [])
        assert WRAPPER + " ended with status 1: no licence server." in item["summary"]
        assert item["evidence"][0]["text"] == "command[70]: no licence server"

    def test_hit_the_start_limit_only_says_that_it_failed_often(self) -> None:
        host = wrapped(TOO_QUICKLY).with_unit(start_limit_hit=True)
        assert hosts.only(host)["reason"] == "start_command_failed" and hosts.actions(host) == []

    def test_hit_php_fpm_itself_ends_without_a_word(self) -> None:
        host = wrapped(command="/usr/sbin/php-fpm8.2", status=3)
        assert (hosts.only(host)["reason"], hosts.actions(host)) == ("start_failed", [])
        assert "ended with status 3" in hosts.only(host)["summary"]

    def test_near_miss_what_it_loads_was_changed_since(self) -> None:
        host = wrapped().with_master(config_changed_at=9e9)
        assert (hosts.only(host)["reason"], hosts.actions(host)) == ("crashed", ["unit_start"])

    def test_near_miss_a_line_of_an_earlier_start(self) -> None:
        assert "licence" not in hosts.only(with_output(wrapped(), ago=600.0))["summary"]

    def test_decoy_php_fpm_was_ready_before_it_ended(self) -> None:
        host = did_not_start(READY, exited("1/FAILURE")).with_unit(command=WRAPPER, exec_main_status=1)
        assert hosts.only(host)["reason"] == "crashed"

    @pytest.mark.parametrize("ran, reason", [(1.0, "start_command_failed"), (900.0, "crashed")])
    def test_near_miss_a_simple_unit_ran_before_it_ended(self, ran: float, reason: str) -> None:
        host = wrapped().with_unit(type="simple")
        host.journal((60.0 + ran, STARTED), (60.0, exited("1/FAILURE")))
        assert hosts.only(host)["reason"] == reason


class TestCommandBeside:
    def test_hit_its_status_and_its_last_line(self) -> None:
        host = with_output(did_not_start(exited("7/n/a", "Control")), "the vault is sealed")
        item = hosts.only(host.with_unit(exec_main_status=0))
        assert item["reason"] == "start_command_failed"
        assert "beside php-fpm ended with status 7: the vault is sealed." in item["summary"]

    def test_near_miss_it_said_nothing(self) -> None:
        host = did_not_start(exited("7/n/a", "Control")).with_unit(exec_main_status=0)
        assert hosts.only(host)["summary"].endswith("beside php-fpm ended with status 7.")


def limited(result: str, ran: float = 3600.0, **limits: str) -> Host:
    host = a_host("stopped").with_unit(active="failed", result=result, exec_main_code=1, exec_main_status=0)
    at = hosts.now(host) - 60
    return host.with_unit(limits=limits, active_since=at - ran, inactive_since=at).journal()


class TestLimits:
    @pytest.mark.parametrize(
        "result, limit, line",
        [
            ("timeout", "RuntimeMaxSec", "Service reached runtime time limit. Stopping."),
            ("watchdog", "WatchdogSec", "Watchdog timeout (limit 20s)!"),
        ],
    )
    def test_hit_the_setting_is_named(self, result: str, limit: str, line: str) -> None:
        host = limited(result, **{limit: "20s"}).journal((60.0, unit_says(line)))
        item = hosts.only(host)
        assert (item["reason"], item["confidence"]) == ("limit_reached", "certain")
        assert limit + "=20s" in item["summary"] and "signal" not in item["summary"]
        assert item["evidence"][0]["text"].endswith(line) and hosts.actions(host) == ["unit_start"]

    def test_near_miss_a_start_would_serve_for_a_moment(self) -> None:
        assert hosts.actions(limited("timeout", ran=20.0, RuntimeMaxSec="20s")) == []

    @pytest.mark.parametrize("result", ["timeout", "watchdog"])
    def test_near_miss_the_unit_has_no_such_limit(self, result: str) -> None:
        item = hosts.only(limited(result, OtherSec="20s"))
        assert item["reason"] == "crashed" and "signal 0" not in item["summary"]

    def test_decoy_a_unit_with_a_limit_was_stopped(self) -> None:
        assert hosts.only(limited("success", RuntimeMaxSec="3h"))["reason"] == "stopped"

    def test_decoy_a_stop_that_took_too_long(self) -> None:
        host = limited("timeout", RuntimeMaxSec="3h")
        host.journal((60.0, unit_says("State 'stop-sigterm' timed out. Killing.")))
        assert hosts.only(host)["reason"] == "stopped"


class TestHung:
    """A command of the unit that systemd waited for in vain."""

    @pytest.mark.parametrize(
        "line, lines, step",
        [
            ("start-post operation timed out. Stopping.", (READY,), "ExecStartPost="),
            ("Start-pre operation timed out. Terminating.", (), "ExecStartPre="),
        ],
    )
    def test_hit_the_step_is_named(self, line: str, lines: Any, step: str) -> None:
        host = did_not_start(*lines, unit_says(line)).with_unit(result="timeout", type="notify")
        item = hosts.only(host)
        assert (item["reason"], hosts.actions(host)) == ("start_command_failed", [])
        assert step in item["summary"] and "ready" not in item["summary"]
        assert item["confidence"] == "likely"  # what it waited for may be there by now

    def test_near_miss_php_fpm_says_why_it_gave_up(self) -> None:
        host = did_not_start(NO_ADDRESS, unit_says("start-post operation timed out. Stopping."))
        assert hosts.only(host.with_unit(result="timeout"))["reason"] == "address_unavailable"

    def test_decoy_php_fpm_itself_is_waited_for(self) -> None:
        assert hosts.only(timed_out(READY, type="notify"))["reason"] == "start_timeout"

    @pytest.mark.parametrize("families", ["AF_INET AF_INET6", "~AF_UNIX"])
    def test_hit_it_may_not_tell_systemd_that_it_is_ready(self, families: str) -> None:
        item = hosts.only(timed_out(READY, type="notify", families=families))
        assert item["reason"] == "address_family" and "cannot tell systemd" in item["summary"]

    @pytest.mark.parametrize(
        "families, kind", [("AF_UNIX AF_INET", "notify"), ("AF_INET", "forking"), (None, "notify")]
    )
    def test_near_miss_it_may_or_need_not(self, families: Any, kind: str) -> None:
        assert hosts.only(timed_out(READY, type=kind, families=families))["reason"] == "start_timeout"

    def test_near_miss_its_configuration_was_changed_since(self) -> None:
        item = hosts.only(timed_out(READY, type="notify").with_master(config_changed_at=9e9))
        assert (item["reason"], item["confidence"]) == ("start_timeout", "likely")
        assert item["summary"].endswith("what it loads was changed since.")


class TestLosses:
    def denied(self, ago: float) -> Any:
        host = limited("exit-code").silent_logs().nginx_said("ng-connect-eacces", ago)
        return hosts.only(host)["count"]

    def test_hit_a_socket_that_was_left_half_made(self) -> None:
        assert self.denied(30.0) == 1

    def test_near_miss_nginx_was_refused_while_php_fpm_ran(self) -> None:
        assert self.denied(600.0) == 0
