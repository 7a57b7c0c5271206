# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Beyond the seven: losses with a name of their own."""

from typing import Any, Callable, Dict, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host


def reset_beside(signature: str, ago: float = 61.0, **more: Any) -> Host:
    """A request was cut off a minute ago, and php-fpm logged this."""
    return a_host().nginx_said("ng-reset-header", 60.0).fpm_said(signature, ago, **more)


def reloaded(ago: float = 61.0, **more: Any) -> Host:
    return reset_beside("fpm-reloading", ago, pool=None, **more)


def not_allowed() -> Host:
    """listen.allowed_clients names another host than nginx's."""
    host = a_host("exhausted_tcp").dialled("ok", None, "closed").silent_logs()
    return host.with_pool(allowed_clients=["192.0.2.7"])


def no_port(**facts: Any) -> Host:
    """connect(2) had no port of nginx's own a minute ago. facts: of the connect that is tried now."""
    host = a_host("exhausted_tcp").dialled("ok", None, "answered", 2.0).silent_logs()
    return host.nginx_said("ng-connect-eaddrnotavail", 60.0, detail={"errno": 99}).with_connect(**facts)


def bound() -> Host:
    """As no_port(), of an address that fastcgi_bind names."""
    host = no_port().with_events("nginx", signature="ng-bind-fail")
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    hosts.quote(host, "[crit] 7#7: *1 bind(10.0.0.9) failed (99: Cannot")
    return host


HITS: Dict[str, Callable[[], Host]] = {
    "request_terminate_timeout": lambda: reset_beside("fpm-terminate"),
    "no_grace": reloaded,
    "fastcgi_buffer_size": lambda: a_host().nginx_said("ng-too-big-header", 60.0),
    "content_length": lambda: a_host().nginx_said("ng-premature-request-body", 60.0),
    "unix_backlog": lambda: a_host().nginx_said("ng-connect-eagain", 60.0),
    "connections": lambda: a_host().nginx_said("ng-worker-connections", 60.0),
    "allowed_clients": not_allowed,
    "ports": no_port,
    "bind_address": bound,
}
VERDICTS: Dict[str, Tuple[str, str, str]] = {
    "request_terminate_timeout": ("request_terminated", "active", "degraded"),
    "no_grace": ("reload_interrupted", "recovered", "recovered"),
    "fastcgi_buffer_size": ("response_header_too_big", "active", "degraded"),
    "content_length": ("response_incomplete", "active", "degraded"),
    "unix_backlog": ("listen_backlog_full", "active", "degraded"),
    "connections": ("nginx_limit", "active", "degraded"),
    "allowed_clients": ("client_not_allowed", "active", "failing"),
    "ports": ("nginx_limit", "active", "degraded"),
    "bind_address": ("nginx_own_error", "active", "degraded"),
}


class TestEachReason:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone(self, reason: str) -> None:
        cause, state, status = VERDICTS[reason]
        assert hosts.found(HITS[reason]()) == ([(cause, reason, state)], status)


class TestPorts:
    def test_hit_no_port_is_left_now(self) -> None:
        host = no_port(result="unreachable", errno=99, error="Cannot assign requested address")
        host.with_probe(result="not_tried")
        assert hosts.found(host) == ([("nginx_limit", "ports", "active")], "failing")

    def test_hit_the_address_to_dial_from_is_gone(self) -> None:
        host = bound()
        assert "from 10.0.0.9 (fastcgi_bind)" in hosts.only(host)["summary"]
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.only(host)["state"] == "active", "another setting may have been changed"
        assert hosts.only(hosts.came_since(host))["state"] == "recovered"

    def test_near_miss_nobody_listens_at_such_an_address(self) -> None:
        host = no_port(result="unreachable", errno=99, error="Cannot assign requested address")
        host.with_endpoint(listening=False)
        assert "nginx_limit" not in hosts.cause_ids(host)


class TestConnectedTooLate:
    """connect(2) to a port timed out: its queue was full, a packet filter dropped it, or the host was off."""

    def late(self, **facts: Any) -> Host:
        host = a_host("exhausted_tcp").dialled("ok", None, "answered", 2.0).silent_logs()
        host.with_endpoint(queue=0, waiting=None, **facts)
        return host.nginx_said("ng-timeout-connect", 60.0)

    def test_hit_somebody_waits_in_the_queue(self) -> None:
        host = self.late()
        assert hosts.cause_ids(host.with_endpoint(queue=3)) == ["listen_backlog_full"]

    def test_near_miss_the_pool_was_full_too_long_before(self) -> None:
        """It was full then, so its queue may have been."""
        host = self.late().fpm_said("fpm-max-children-dynamic", 700.0)
        assert hosts.cause_ids(host) == ["listen_backlog_full"]

    def test_decoy_nothing_tells_of_a_full_queue(self) -> None:
        host = self.late()
        assert hosts.found(host) == hosts.DEGRADED
        assert [entry["what"] for entry in hosts.verdict(host)["missing"]] == ["cause_of_losses"]

    def test_decoy_of_another_machine_nothing_is_known(self) -> None:
        host = a_host()
        host.dials(hosts.REMOTE, **hosts.REMOTE_FACTS)
        assert hosts.found(host.nginx_said("ng-timeout-connect", 60.0)) == hosts.DEGRADED


class TestAnotherMachine:
    """Its pools are not known: a sentence names its address."""

    SIGNATURES = ("ng-too-big-header", "ng-premature-stdout-body", "ng-connect-eagain", "ng-socket-emfile")

    @pytest.mark.parametrize("signature", SIGNATURES)
    def test_a_sentence_names_the_address(self, signature: str) -> None:
        host = a_host()
        host.dials(hosts.REMOTE, **hosts.REMOTE_FACTS)
        words = hosts.only(host.nginx_said(signature, 60.0))["summary"]
        assert hosts.REMOTE in words and "pool" not in words


class TestContentLength:
    def test_near_miss_the_worker_died_in_the_answer(self) -> None:
        host = a_host().nginx_said("ng-premature-body", 60.0).fpm_said("fpm-exit-sigsegv", 60.0)
        assert hosts.cause_ids(host) == ["invalid_response"]

    def test_decoy_a_crash_in_that_second_costs_another_request(self) -> None:
        host = a_host().nginx_said("ng-premature-request-body", 60.0).fpm_said("fpm-exit-sigsegv", 60.0)
        assert hosts.cause_ids(host) == ["response_incomplete"]


class TestTerminated:
    def test_hit_its_own_limit_is_not_a_killed_worker(self) -> None:
        """php-fpm sends SIGKILL when SIGTERM did not help."""
        host = a_host("worker_killed")
        died = hosts.events(host, "fpm", "fpm-exit-sigkill")[0]["first"]
        assert hosts.cause_ids(host.fpm_said("fpm-terminate", hosts.now(host) - died)) == [
            "request_terminated"
        ]

    def test_near_miss_a_request_of_another_pool(self) -> None:
        assert hosts.causes(reset_beside("fpm-terminate", pool="blog")) == []

    def test_near_miss_workers_crashed_in_that_second_too(self) -> None:
        """As many losses are theirs."""
        host = a_host().nginx_said("ng-reset-header", 60.0, 60.0, 59.0, 59.0)
        host.fpm_said("fpm-terminate", 60.0, 59.0, pids=[7, 8])
        host.fpm_said("fpm-exit-sigsegv", 59.0, 59.0, pids=[9, 10])
        found = {item["cause"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {"request_terminated": 2, "invalid_response": 2}

    def test_near_miss_another_worker_was_killed_beside_it(self) -> None:
        host = a_host().nginx_said("ng-reset-header", 60.0, 60.0)
        host.fpm_said("fpm-terminate", 60.0, pids=[7]).fpm_said("fpm-exit-sigkill", 60.0, pids=[8])
        found = {item["cause"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {"request_terminated": 1, "invalid_response": 1}

    def test_decoy_its_own_worker_had_to_be_killed(self) -> None:
        host = a_host().nginx_said("ng-reset-header", 60.0)
        host.fpm_said("fpm-terminate", 60.0, pids=[7]).fpm_said("fpm-exit-sigkill", 60.0, pids=[7])
        assert hosts.cause_ids(host) == ["request_terminated"]


class TestReload:
    def test_near_miss_beside_nothing_lost_it_is_everyday(self) -> None:
        assert hosts.causes(a_host().fpm_said("fpm-reloading", 61.0, pool=None)) == []

    def test_near_miss_a_reset_minutes_after_it(self) -> None:
        assert hosts.found(reloaded(200.0)) == hosts.DEGRADED

    def test_near_miss_a_reset_in_the_second_before_it(self) -> None:
        """Both logs tell whole seconds: what came a second earlier came before it."""
        host = a_host().silent_logs().nginx_said("ng-reset-header", 62.0)
        assert hosts.found(host.fpm_said("fpm-reloading", 61.0, pool=None)) == hosts.DEGRADED

    def test_near_miss_edited_in_that_second_is_possible_alone(self) -> None:
        host = reloaded(60.0)
        assert hosts.only(host)["confidence"] == "likely"
        host.with_master(config_changed_at=hosts.events(host, "nginx")[0]["last"])
        assert hosts.only(host)["confidence"] == "possible"

    def test_near_miss_a_reset_that_it_does_not_explain(self) -> None:
        """It keeps the host degraded."""
        host = reloaded().nginx_said("ng-premature-header", 500.0)
        assert (hosts.cause_ids(host), hosts.status(host)) == (["reload_interrupted"], "degraded")
        assert [entry["what"] for entry in hosts.verdict(host)["missing"]] == ["cause_of_losses"]

    def test_hit_a_reload_that_waited_for_its_workers(self) -> None:
        """process_control_timeout: a request is cut off that much later, when the new master is due."""
        host = a_host().silent_logs().nginx_said("ng-reset-header", 60.0)
        host.fpm_said("fpm-reloading", 90.0, pool=None).fpm_said("fpm-running", 59.5, pool=None)
        assert hosts.cause_ids(host) == ["reload_interrupted"]

    def test_near_miss_the_next_master_ran_already(self) -> None:
        host = reloaded(64.0).fpm_said("fpm-running", 63.0, pool=None)
        assert hosts.found(host) == hosts.DEGRADED

    def test_near_miss_a_worker_that_crashed_in_that_second(self) -> None:
        """php-fpm logs no end that its own reload brought about."""
        host = reloaded(60.0).fpm_said("fpm-exit-sigabrt", 60.0)
        assert hosts.found(host) == ([("invalid_response", "segfault", "active")], "degraded")

    def test_near_miss_one_crash_explains_one_loss_alone(self) -> None:
        host = reloaded(60.0).fpm_said("fpm-exit-sigabrt", 60.0).nginx_said("ng-reset-header", 60.0, 60.0)
        found = {item["cause"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {"reload_interrupted": 2, "invalid_response": 1}

    def test_hit_crashes_make_php_fpm_start_anew(self) -> None:
        """emergency_restart_threshold: the requests beside them are cut off as by any reload."""
        host = a_host().silent_logs().nginx_said("ng-reset-header", 60.0, 60.0, 60.0)
        host.fpm_said("fpm-emergency-restart", 60.0, pool=None).fpm_said("fpm-exit-sigsegv", 60.0)
        found = {item["cause"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {"reload_interrupted": 2, "invalid_response": 1}

    def test_near_miss_what_was_terminated_before_is_counted_once(self) -> None:
        host = reloaded(62.0).fpm_said("fpm-terminate", 60.0)
        assert hosts.cause_ids(host) == ["request_terminated"]

    @pytest.mark.parametrize("times, state", [(2, "recovered"), (3, "active")])
    def test_one_that_comes_again_and_again_is_not_over(self, times: int, state: str) -> None:
        moments = [120.0 * number for number in range(1, times + 1)]
        host = (
            a_host()
            .nginx_said("ng-premature-header", *moments)
            .fpm_said("fpm-reloading", *moments, pool=None)
        )
        assert hosts.causes(host) == [("reload_interrupted", "no_grace", state)]

    def test_decoy_a_reload_of_another_master(self) -> None:
        assert hosts.causes(reloaded(master="/etc/php/7.4/fpm/php-fpm.conf")) == []


class TestAllowedClients:
    def test_near_miss_they_do_not_concern_a_unix_socket(self) -> None:
        host = a_host().dialled("ok", None, "closed").with_pool(allowed_clients=["192.0.2.7"])
        assert hosts.found(host) == hosts.UNKNOWN

    def test_decoy_a_list_that_lets_nginx_in_is_nothing(self) -> None:
        assert hosts.found(not_allowed().dialled("ok", None, "answered", 0.5)) == hosts.HEALTHY


class TestOwner:
    def test_of_two_masters_the_finding_names_the_one_that_runs(self) -> None:
        """Both are configured for the socket."""
        host = HITS["fastcgi_buffer_size"]()
        runs = hosts.master(host)
        host["fpm"]["masters"].insert(
            0, dict(runs, running=False, config="/etc/old.conf", unit="old.service")
        )
        assert hosts.only(host)["unit"] == runs["unit"] != "old.service"
