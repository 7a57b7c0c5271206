# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 1, by the unit's journal: which of its lines belong to a start that failed, and what they say."""

from typing import Any, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm.problems import start_failure
from ansible_collections.webmedic.php_fpm.plugins.module_utils.rules.master.down import REASON_OF
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import failed_starts, hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.failed_starts import (
    CAUSE,
    FAILED,
    NOT_OURS,
    START_ONLY,
    STARTING,
    UNIT,
    ended,
    facts,
    failed_start,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

STARTED = "systemd[1]: Started %s." % UNIT
STOPPING = "systemd[1]: Stopping %s..." % UNIT
SYNTAX = (
    "php-fpm[110]: [22-Nov-2026 23:25:27] ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:443] "
    "unknown entry 'pm.max_childern'"
)
NO_TRACE = "ERROR: [pool www] failed to ptrace(ATTACH) child 41: Operation not permitted (1)"
GHOST = "[26-Nov-2026 02:00:00] ERROR: [pool www] cannot get uid for user 'ghost'"
BIND = "ERROR: unable to bind listening socket for address "
SAYS = "WARNING: [pool www] child 12 said into stderr: "
STOPPED = [(CAUSE, "stopped", "active")]
CRASHED = [(CAUSE, "crashed", "active")]


class TestLastStart:
    def test_near_miss_errors_of_a_start_that_is_no_longer_there(self) -> None:
        log = ((20.0, "php-fpm[35]: " + NO_TRACE), (10.0, STOPPING))
        assert hosts.causes(a_host("stopped").journal(*log)) == STOPPED

    def test_near_miss_an_error_that_php_fpm_logged_while_it_ran(self) -> None:
        line = "php-fpm[35]: [22-Nov-2026 23:20:00] " + NO_TRACE
        log = ((300.0, STARTING), (299.0, STARTED), (200.0, line), (10.0, STOPPING))
        assert hosts.causes(a_host("stopped").journal(*log)) == STOPPED

    def test_near_miss_a_failure_that_is_mended_needs_a_start(self) -> None:
        """The configuration was repaired after the last try: php-fpm -t passes now."""
        host = failed_start(SYNTAX)
        assert hosts.causes(host) == STOPPED and hosts.actions(host) == START_ONLY

    @pytest.mark.parametrize("result", ["signal", "exit-code"])
    @pytest.mark.parametrize("line", [GHOST, '[26-Nov-2026 02:00:00] %s"%s"' % (SAYS, GHOST)])
    def test_near_miss_words_of_a_php_that_ran(self, line: str, result: str) -> None:
        log = ((300.0, STARTING), (299.0, STARTED), (200.0, "php-fpm[951]: " + line))
        host = ended(result).journal(*log)
        assert hosts.causes(host) == CRASHED and hosts.actions(host) == START_ONLY

    def test_near_miss_an_account_that_no_pool_names(self) -> None:
        host = failed_start("php-fpm[951]: " + GHOST)
        assert hosts.causes(host) == CRASHED and hosts.actions(host) == START_ONLY

    def test_hit_an_account_that_a_pool_names(self) -> None:
        host = failed_start("php-fpm[951]: " + GHOST).with_pool(user="ghost")
        assert hosts.causes(host) == [(CAUSE, "unknown_user", "active")]
        assert hosts.only(host)["confidence"] == "likely"

    def test_hit_type_simple_has_started_before_php_fpm_fails(self) -> None:
        host = a_host("port_taken").journal((61.0, STARTED), (60.0, NOT_OURS))
        assert hosts.causes(host.with_unit(result="exit-code")) == [(CAUSE, "bind_failed", "active")]

    def test_near_miss_php_fpms_words_that_look_like_systemds(self) -> None:
        line = "php-fpm[7]: [26-Nov-2026 02:00:00] NOTICE: systemd[1]: Started php8.2-fpm.service"
        assert hosts.causes(failed_start(NOT_OURS, line)) == [(CAUSE, "bind_failed", "active")]

    def test_near_miss_the_start_limit_of_an_earlier_start_is_over(self) -> None:
        host = a_host("start_limit_hit").with_unit(start_limit_hit=False, result="success")
        limit = "systemd[1]: php8.2-fpm.service: Start request repeated too quickly."
        assert hosts.causes(host.journal((300.0, limit), (200.0, STARTING), (199.0, STARTED))) == STOPPED


class TestWasDown:
    """A master that was down, and is back."""

    def test_hit_it_is_recovered(self) -> None:
        assert hosts.causes(a_host("was_down")) == [(CAUSE, "stopped", "recovered")]

    def test_near_miss_a_failure_of_last_week_is_not_why(self) -> None:
        host = a_host("was_down")
        host.journal_at((hosts.now(host) - 7 * 86400, SYNTAX))
        assert hosts.causes(host) == [(CAUSE, "stopped", "recovered")]

    def test_near_miss_a_failure_in_between_is_why(self) -> None:
        host = a_host("was_down")
        host.journal_at((hosts.master(host)["started_at"] - 0.5, SYNTAX))
        assert hosts.causes(host) == [(CAUSE, "config_invalid", "recovered")]

    def test_near_miss_requests_lost_while_it_ran(self) -> None:
        """Its journal has no stop before the losses, only the restart that mended something else."""
        host = a_host("was_down").later_losses(-300)
        start, rest = hosts.unit(host)["log"][:2], hosts.unit(host)["log"][2:]
        moved = [dict(line, at=line["at"] - 400) if "Start" in line["text"] else line for line in start]
        assert hosts.found(host.with_unit(log=moved + rest)) == hosts.DEGRADED

    @pytest.mark.parametrize("times, state", [(1, "recovered"), (3, "active")])
    def test_one_that_ends_again_and_again_is_not_over(self, times: int, state: str) -> None:
        host = a_host("was_down")
        line = "systemd[1]: php8.2-fpm.service: Scheduled restart job, restart counter is at 1."
        host.journal_at(*[(hosts.now(host) - 5.0 - number, line) for number in range(times)])
        assert [(item["cause"], item["state"]) for item in hosts.verdict(host)["findings"]] == [
            (CAUSE, state)
        ]

    def test_near_miss_what_could_not_start_was_mended_since(self) -> None:
        host = a_host("was_down")
        began = hosts.master(host)["started_at"]
        again = "systemd[1]: php8.2-fpm.service: Scheduled restart job, restart counter is at 4."
        tries = [(began - 9.0 + number, line) for number in range(4) for line in (FAILED, again)]
        host.journal_at(*tries)
        assert [item["state"] for item in hosts.verdict(host)["findings"]] == ["recovered"]

    def test_near_miss_restarted_later_it_still_was_down(self) -> None:
        host = a_host("was_down")
        first = hosts.events(host, "nginx")[0]["first"]
        turns = ((20.0, STARTING), (21.0, STARTED), (100.0, STOPPING), (101.0, STARTING), (101.5, STARTED))
        host.with_unit(log=[]).journal_at(*[(first + after, line) for after, line in turns])
        assert hosts.causes(host.with_master(started_at=first + 101.0)) == [(CAUSE, "stopped", "recovered")]

    def test_near_miss_a_worker_that_crashed_in_those_seconds(self) -> None:
        """Its loss is none of the stop."""
        host = a_host("was_down")
        ago = hosts.now(host) - hosts.events(host, "nginx")[0]["first"] - 1
        host.nginx_said("ng-reset-header", ago).fpm_said("fpm-exit-sigsegv", ago)
        assert sorted(hosts.cause_ids(host)) == [CAUSE, "invalid_response"]

    @pytest.mark.parametrize("after, reason", [(0.9, "stopped"), (1.5, None)])
    def test_near_miss_it_ran_in_the_second_of_the_loss(self, after: float, reason: Optional[str]) -> None:
        """A restart before it is none of its, though both are of one minute."""
        host = a_host("was_down")
        first, last = [hosts.events(host, "nginx")[0][name] for name in ("first", "last")]
        turns = ((-20.0, STOPPING), (-19.9, STARTED), (after, STOPPING), (last - first + 2.0, STARTED))
        host.with_unit(log=[]).journal_at(*[(first + at, line) for at, line in turns])
        host.with_master(started_at=last + 2.0, config_changed_at=first - 9000)
        found = [item["reason"] for item in hosts.verdict(host)["findings"] if item["cause"] == CAUSE]
        assert found == ([reason] if reason else [])

    def test_near_miss_edited_in_that_second_is_possible_alone(self) -> None:
        host = a_host("was_down")
        first = hosts.events(host, "nginx")[0]["first"]
        turns = ((0.9, STOPPING), (hosts.master(host)["started_at"] - first, STARTED))
        host.with_unit(log=[]).journal_at(*[(first + at, line) for at, line in turns])
        assert hosts.only(host)["confidence"] == "likely"
        assert hosts.only(host.with_master(config_changed_at=first + 0.5))["confidence"] == "possible"

    def test_near_miss_losses_after_its_start_have_another_cause(self) -> None:
        assert hosts.found(a_host("was_down").nginx_said("ng-connect-enoent", 1.0)) == hosts.DEGRADED


class TestRestartedBySystemd:
    """What ended it is told, though it runs again."""

    UNIT = "systemd[1]: php8.4-fpm.service: "
    AGAIN = UNIT + "Scheduled restart job, restart counter is at 1."
    LIMIT = UNIT + "Service reached runtime time limit. Stopping."
    SILENT = UNIT + "Watchdog timeout (limit 30s)!"
    SEGV = UNIT + "Main process exited, code=dumped, status=11/SEGV"

    def restarted(self, *lines: str, **unit: Any) -> Host:
        host = a_host("was_down").with_unit(log=[], **unit)
        began = hosts.events(host, "nginx")[0]["first"]
        log = [*lines, self.AGAIN, STARTING, STARTED]
        return host.journal_at(*[(began + number / 10.0, line) for number, line in enumerate(log)])

    @pytest.mark.parametrize(
        "line, limits", [(LIMIT, {"RuntimeMaxSec": "1h"}), (SILENT, {"WatchdogSec": "30s"})]
    )
    def test_hit_its_unit_ends_it_each_time(self, line: str, limits: Any) -> None:
        host = self.restarted(line, limits=limits)
        assert hosts.causes(host) == [(CAUSE, "limit_reached", "active")]
        name = min(limits)
        assert "%s=%s" % (name, limits[name]) in hosts.only(host)["summary"]

    def test_hit_a_signal_ended_it(self) -> None:
        host = self.restarted(self.SEGV)
        assert hosts.causes(host) == [(CAUSE, "crashed", "recovered")]
        assert "signal SEGV" in hosts.only(host)["summary"]

    def test_near_miss_the_limit_was_taken_out_since(self) -> None:
        assert hosts.causes(self.restarted(self.LIMIT, limits={})) == [(CAUSE, "stopped", "recovered")]

    def test_near_miss_it_ended_in_order(self) -> None:
        line = self.SEGV.replace("dumped, status=11/SEGV", "exited, status=0/SUCCESS")
        assert hosts.causes(self.restarted(line)) == [(CAUSE, "stopped", "recovered")]

    def test_decoy_somebody_started_it_again(self) -> None:
        host = self.restarted(self.SEGV)
        log = [entry for entry in hosts.unit(host)["log"] if "Scheduled" not in entry["text"]]
        assert hosts.causes(host.with_unit(log=log)) == [(CAUSE, "stopped", "recovered")]


def stopped_often(stops: int = 3, every: float = 60.0, ago: float = 50.0) -> Host:
    """Of a host that runs: so many stops, the last of them so long ago, and each lost a request."""
    host = a_host().silent_logs()
    times = [ago + every * number for number in range(stops)]
    host.nginx_said("ng-connect-enoent", *[at - 1 for at in times]).ran_since(ago - 3)
    turns = ((0, STOPPING), (1.5, STARTING), (2, STARTED))
    lines = [(hosts.now(host) - at + after, line) for at in times for after, line in turns]
    return host.with_unit(log=[]).journal_at(*lines)


class TestStoppedOften:
    """By a timer, or a monitor that takes it for hung."""

    def test_hit_it_is_not_over(self) -> None:
        host = stopped_often()
        assert hosts.found(host) == ([(CAUSE, "stopped_often", "active")], "degraded")
        item = hosts.only(host)
        assert item["count"] == 3 and item["severity"] == "warning" and "3 times" in item["summary"]

    def test_near_miss_twice_may_have_been_a_person(self) -> None:
        assert hosts.causes(stopped_often(2)) == [(CAUSE, "stopped", "recovered")]

    def test_near_miss_it_has_run_for_much_longer_since(self) -> None:
        assert hosts.causes(stopped_often(3, 30.0, 300.0)) == [(CAUSE, "stopped", "recovered")]

    def test_decoy_of_three_stops_one_lost_requests(self) -> None:
        host = stopped_often()
        event = hosts.events(host, "nginx")[0]
        event.update(times=event["times"][-1:], first=event["last"], count=1)
        assert hosts.causes(host) == [(CAUSE, "stopped", "recovered")]


# Of a reason that no saved snapshot shows; see rules/test_registry.py.
HITS = {"stopped_often": stopped_often}


class TestWordsOfAFailedStart:
    @pytest.mark.parametrize(
        "line, reason",
        [
            ("ERROR: [pool www] cannot get gid for group 'deploy'", "unknown_user"),
            (
                "ERROR: Another FPM instance seems to already listen on /run/php/php8.2-fpm.sock",
                "address_in_use",
            ),
            (BIND + "'/run/x/y.sock': Permission denied (13)", "bind_failed"),
            (BIND + "'/run/x/y.sock': No such file or directory (2)", "runtime_dir_missing"),
            ("ALERT: [pool www] pm.max_children must be a positive value", "config_invalid"),
            (
                "ERROR: No pool defined. at least one pool section must be specified in config file",
                "config_invalid",
            ),
        ],
    )
    def test_they_name_the_reason(self, line: str, reason: str) -> None:
        failure = start_failure(["NOTICE: something", "ERROR: FPM initialization failed", line])
        assert failure is not None and (REASON_OF[failure.meaning], failure.text) == (reason, line)

    @pytest.mark.parametrize(
        "line",
        [
            "ERROR: FPM initialization failed",
            "NOTICE: exiting, bye-bye!",
            "WARNING: [pool www] server reached pm.max_children setting (5)",
            SAYS + "\"ERROR: [pool www] cannot get uid for user 'ghost'\"",
            SAYS.replace("stderr", "stdout") + "\"%s'/x': No such file or directory (2)\"" % BIND,
            'php-fpm[9]: [26-Nov-2026 02:00:00] %s"ALERT: [pool x] PHP:  syntax error, unexpected"' % SAYS,
            "NOTICE: PHP message: ERROR: No pool defined",
            "php-fpm[9]: x ERROR: cannot get uid for user 'ghost'",
            "NOTICE: configuration file ERROR: [/etc/php-fpm.conf:3] is fine",
        ],
    )
    def test_other_lines_name_none(self, line: str) -> None:
        assert start_failure([line]) is None


class TestReload:
    """A reload replaces the master by a new one, which may not start."""

    LINE = (
        'php-fpm[35]: Thu Nov 26 02:46:49 2026 (35): Fatal Error "opcache.preload_user" has not been defined'
    )
    ENDED = "systemd[1]: php8.2-fpm.service: Main process exited, code=exited, status=254/n/a"

    def test_hit_what_the_new_master_said_counts(self) -> None:
        log = ((300.0, STARTING), (299.0, STARTED), (60.5, self.LINE), (60.0, self.ENDED))
        host = ended("exit-code").with_unit(exec_main_code=1, exec_main_status=254).journal(*log)
        assert hosts.causes(host) == [(CAUSE, "preload_failed", "active")] and hosts.actions(host) == []

    def test_near_miss_words_of_long_before_its_end(self) -> None:
        log = ((300.0, STARTING), (299.0, STARTED), (200.0, self.LINE), (60.0, self.ENDED))
        host = ended("exit-code").with_unit(exec_main_code=1, exec_main_status=254).journal(*log)
        assert hosts.causes(host) == [(CAUSE, "php_ini_invalid", "active")]

    @pytest.mark.parametrize(
        "status, reason", [("226/NAMESPACE", "unit_setup_failed"), ("255/EXCEPTION", "preload_failed")]
    )
    def test_a_status_of_systemds_own_and_one_of_php(self, status: str, reason: str) -> None:
        """systemd has a name for 255, too, with which it never ends itself."""
        log = ((60.5, STARTING), (60.0, self.ENDED.replace("254/n/a", status)), (59.9, FAILED))
        host = ended("exit-code").with_unit(exec_main_code=1, exec_main_status=int(status[:3])).journal(*log)
        known = facts(path="/srv/p.php", ini_file="/etc/php/8.2/fpm/php.ini", ini_line=3)
        host.with_master(last_start=known)
        assert hosts.causes(host) == [(CAUSE, reason, "active")]

    def test_near_miss_an_exit_status_of_a_master_that_ran(self) -> None:
        log = ((300.0, STARTING), (299.0, STARTED), (60.5, self.LINE))
        log += ((60.0, self.ENDED.replace("254/n/a", "1/FAILURE")),)
        host = ended("exit-code").with_unit(exec_main_code=1, exec_main_status=1).journal(*log)
        assert hosts.causes(host) == CRASHED


class TestFields:
    """The collector has read the texts."""

    @pytest.mark.parametrize("reason", failed_starts.HITS)
    def test_no_text_decides(self, reason: str) -> None:
        host = failed_starts.HITS[reason]()
        found = hosts.found(host)
        for line in hosts.unit(host)["log"]:
            line["text"] = ""
        assert hosts.found(host) == found

    def test_decoy_a_snapshot_without_them(self) -> None:
        host = a_host("port_taken")
        log = [{name: line[name] for name in ("at", "text")} for line in hosts.unit(host)["log"]]
        assert hosts.causes(host.with_unit(log=log))
