# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 7: a stranger at the endpoint, or a worker that died in a request."""

from typing import Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux.kernel_log import crashes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "invalid_response"


def died_of(signature: str) -> Host:
    return a_host("segfault").with_events("fpm", "fpm-exit-sigsegv", signature=signature)


def forwarded(program: str) -> Host:
    """A program that passes connections on holds the port, and closes each of them."""
    host = a_host("not_fastcgi_app").dialled("ok", None, "closed")
    host = host.silent_logs().nginx_said("ng-reset-header", 20.0)
    hosts.place(host)["listeners"][0]["comm"] = program
    return host


HITS: Dict[str, Callable[[], Host]] = {
    "segfault": lambda: a_host("segfault"),
    "killed": lambda: a_host("worker_killed"),
    "hard_timeout": lambda: died_of("fpm-exit-124"),
    "exit_code": lambda: died_of("fpm-exit-1"),
    "system_call": lambda: died_of("fpm-exit-sigsys"),
    "resource_limit": lambda: died_of("fpm-exit-sigxfsz"),
    "not_fastcgi": lambda: a_host("not_fastcgi_app"),
    "nothing_behind": lambda: forwarded("docker-proxy"),
    "protocol_error": lambda: a_host().nginx_said("ng-invalid-header", 20.0),
}


class TestEachReason:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone(self, reason: str) -> None:
        status = "failing" if reason in ("not_fastcgi", "nothing_behind") else "degraded"
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], status)


class TestStranger:
    def test_hit_it_is_named(self) -> None:
        item = hosts.only(a_host("not_fastcgi_app"))
        assert (item["evidence"][0]["source"], item["confidence"]) == ("socket", "certain")
        assert "python3" in item["summary"]

    def test_hit_it_is_found_before_the_first_request_is_lost(self) -> None:
        assert hosts.causes(a_host("not_fastcgi").silent_logs()) == [(CAUSE, "not_fastcgi", "active")]

    def test_near_miss_a_silent_one_is_only_likely(self) -> None:
        item = hosts.only(a_host("not_fastcgi_app").dialled("ok", None, "no_answer"))
        assert (item["reason"], item["confidence"]) == ("not_fastcgi", "likely")

    @pytest.mark.parametrize("probe", ["no_answer", "closed"])
    def test_near_miss_a_forwarder_is_silent_as_php_fpm_is(self, probe: str) -> None:
        """A published port of a container whose php-fpm is full, or stopped."""
        host = a_host("not_fastcgi_app").dialled("ok", None, probe).silent_logs()
        hosts.place(host)["listeners"][0]["comm"] = "docker-proxy"
        assert hosts.found(host) == hosts.UNKNOWN

    def test_near_miss_closed_by_php_fpm_itself(self) -> None:
        """No stranger, and no health."""
        assert hosts.found(a_host().dialled("ok", None, "closed")) == hosts.UNKNOWN

    def test_decoy_one_that_speaks_fastcgi_is_a_backend(self) -> None:
        host = a_host("not_fastcgi_app").dialled("ok", None, "answered", 1.0).silent_logs()
        assert hosts.found(host) == hosts.HEALTHY


VERSION = "ng-fcgi-version"  # 72 is the H of HTTP/1.1


class TestStrangerWhoLeft:
    @staticmethod
    def since(ago: float, *lost: float, signature: str = VERSION) -> Host:
        return a_host().silent_logs().ran_since(ago).nginx_said(signature, *lost)

    def test_hit_php_fpm_was_started_after_the_last_of_it(self) -> None:
        item = hosts.only(self.since(60.0, 200.0, 100.0))
        assert (item["reason"], item["state"], item["confidence"]) == ("not_fastcgi", "recovered", "likely")
        assert item["count"] == 2 and hosts.found(self.since(60.0, 100.0))[1] == "recovered"

    def test_near_miss_one_came_since(self) -> None:
        item = hosts.only(self.since(60.0, 100.0, 30.0))
        assert (item["reason"], item["state"]) == ("protocol_error", "active")

    def test_near_miss_in_the_second_of_the_start(self) -> None:
        assert hosts.only(self.since(60.0, 60.5))["reason"] == "protocol_error"

    def test_near_miss_php_fpm_may_have_answered_so_itself(self) -> None:
        """A restart ends no bug of an application."""
        item = hosts.only(self.since(60.0, 100.0, signature="ng-invalid-header"))
        assert (item["reason"], item["state"]) == ("protocol_error", "active")

    def test_decoy_who_is_there_still_is_the_cause(self) -> None:
        host = a_host("not_fastcgi_app").silent_logs().nginx_said(VERSION, 100.0)
        assert hosts.causes(host) == [(CAUSE, "not_fastcgi", "active")]


class TestDeath:
    @pytest.mark.parametrize("plain, confidence", [(True, "possible"), (False, "likely")])
    def test_a_log_that_workers_write_proves_less(self, plain: bool, confidence: str) -> None:
        """With decorate_workers_output = no nothing tells their lines from the master's."""
        host = a_host("segfault").with_master(undecorated=True) if plain else a_host("segfault")
        assert hosts.only(host)["confidence"] == confidence

    @pytest.mark.parametrize("fault", ["segfault", "worker_killed"])
    def test_hit_what_two_logs_alone_tell_is_likely(self, fault: str) -> None:
        assert hosts.only(a_host(fault))["confidence"] == "likely"

    @pytest.mark.parametrize("signal", ["sigsegv-core", "sigbus", "sigabrt", "sigill"])
    def test_hit_every_crash_signal(self, signal: str) -> None:
        assert hosts.causes(died_of("fpm-exit-" + signal)) == [(CAUSE, "segfault", "active")]

    def test_hit_the_kernels_line_about_the_crash_is_added(self) -> None:
        host = a_host("segfault")
        fault = {
            "at": hosts.events(host, "fpm", "fpm-exit-sigsegv")[0]["first"] + 1.0,
            "pid": 9,
            "comm": "php-fpm8.2",
            "module": "opcache.so",
            "ours": None,
            "text": "php-fpm8.2[9]: segfault at 0 ip 00007f in opcache.so",
        }
        proof = hosts.only(host.with_oom(segfaults=[fault]))["evidence"]
        assert [piece["source"] for piece in proof] == ["fpm_log", "kernel", "nginx_log"]

    @pytest.mark.parametrize("own_pids, own, named", [(True, True, 1), (True, False, 0), (False, False, 1)])
    def test_decoy_a_strangers_program_of_that_name_crashed(
        self, own_pids: bool, own: bool, named: int
    ) -> None:
        """Where the kernel counts processes as php-fpm does, the pid tells."""
        host = a_host("segfault")
        event = hosts.events(host, "fpm", "fpm-exit-sigsegv")[0]
        pid = event["pids"][0] if own else 2
        line = "php-fpm8.2[%d]: segfault at 0 ip 00007f sp 7f error 4 in evil.so[7f00+1000]" % pid
        faults = crashes([(event["first"], line)])
        proof = hosts.only(host.with_oom(segfaults=faults, own_pids=own_pids))["evidence"]
        assert sum(piece["source"] == "kernel" for piece in proof) == named

    @pytest.mark.parametrize(
        "where, jit, forbidden",
        [
            ("error 15 in dev/zero[8000380,561faa400000+a000000]", True, True),
            ("error 4 in dev/zero[8000380,561faa400000+a000000]", True, False),
            ("error 15 in libxml2.so[7f00+1000]", False, False),
            ("error 4 in opcache.so[7f00+1000] of /dev/zero", False, False),
        ],
    )
    def test_hit_code_of_the_jit_compiler_is_named(self, where: str, jit: bool, forbidden: bool) -> None:
        host = a_host("segfault")
        at = hosts.events(host, "fpm", "fpm-exit-sigsegv")[0]["first"]
        line = "php-fpm8.2[9]: segfault at 561fb2400380 ip 0000561fb2400380 sp 7f " + where
        proof = hosts.only(host.with_oom(segfaults=crashes([(at, line)])))["evidence"]
        text = " ".join(piece["text"] for piece in proof)
        assert ("JIT compiler" in text, "MemoryDenyWriteExecute=" in text) == (jit, forbidden)

    @pytest.mark.parametrize("signature", ["fpm-exit-1", "fpm-exit-70", "fpm-exit-255", "fpm-exit-code"])
    def test_hit_every_error_code(self, signature: str) -> None:
        assert hosts.causes(died_of(signature)) == [(CAUSE, "exit_code", "active")]

    def test_hit_each_kind_of_end_has_its_own_losses(self) -> None:
        host = a_host().nginx_said("ng-reset-header", 60.0, 60.0, 59.0)
        host.fpm_said("fpm-exit-sigsegv", 60.0, 59.0).fpm_said("fpm-exit-sigkill", 60.0)
        found = {item["reason"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {"segfault": 2, "killed": 1}

    def test_near_miss_a_victim_of_the_oom_killer_beside_it(self) -> None:
        host = a_host("worker_oom")
        ago = hosts.now(host) - hosts.events(host, "fpm", "fpm-exit-sigkill")[0]["last"]
        host.nginx_said("ng-reset-header", ago - 1).fpm_said("fpm-exit-sigsegv", ago - 1)
        found = {item["reason"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {"cgroup": 1, "segfault": 1}

    def test_near_miss_an_end_at_max_requests_is_no_error(self) -> None:
        assert hosts.found(died_of("fpm-exit-0")) == hosts.DEGRADED

    def test_near_miss_a_worker_that_died_while_idle(self) -> None:
        """It lost nobody's request."""
        assert hosts.causes(a_host("segfault").without_events("nginx")) == []

    @pytest.mark.parametrize("why", ["its file system is full", None])
    def test_hit_no_log_takes_a_line_more_but_php_fpms(self, why: Optional[str]) -> None:
        """None: the access log has room, and no lost request."""
        host = a_host("segfault").without_events("nginx").logging("error", why=why)
        stuck = {"what": "nginx_log", "path": "/var/log/nginx/error.log", "why": "full", "needs": None}
        host["missing"].append(stuck)
        found = ([(CAUSE, "segfault", "active")], "degraded")
        assert hosts.found(host) == (found if why else hosts.UNKNOWN)

    def test_near_miss_a_crash_in_another_pool(self) -> None:
        assert CAUSE not in hosts.cause_ids(a_host("segfault").with_events("fpm", pool="blog"))

    def test_near_miss_a_reset_at_another_time_than_the_crash(self) -> None:
        assert hosts.found(a_host("segfault").later_losses(60)) == hosts.DEGRADED

    def test_decoy_a_reset_alone_names_no_cause(self) -> None:
        assert hosts.found(a_host().nginx_said("ng-reset-header", 60.0)) == hosts.DEGRADED

    def test_decoy_a_php_error_or_an_end_at_max_requests(self) -> None:
        host = a_host().fpm_said("fpm-exit-255", 30.0).fpm_said("fpm-exit-0", 20.0)
        assert hosts.found(host) == hosts.HEALTHY


class TestResourceLimit:
    def test_hit_a_restart_of_the_same_second_is_not_blamed(self) -> None:
        host = died_of("fpm-exit-sigxcpu")
        ago = hosts.now(host) - host["logs"]["events"][-1]["last"]
        host.fpm_said("fpm-terminating", ago).fpm_said("fpm-running", ago)
        assert hosts.found(host) == ([(CAUSE, "resource_limit", "active")], "degraded")

    def test_near_miss_no_request_was_lost_with_it(self) -> None:
        host = died_of("fpm-exit-sigxfsz").without_events("nginx")
        assert (CAUSE, "resource_limit", "active") not in hosts.causes(host)

    def test_decoy_a_signal_that_a_person_may_send(self) -> None:
        assert CAUSE not in hosts.cause_ids(died_of("fpm-exit-signal"))


class TestZones:
    def test_hit_a_chroot_without_time_zones_is_named(self) -> None:
        host = a_host("segfault")
        hosts.master(host)["pools"][0]["zoneless"] = True
        item = hosts.only(host)
        assert item["summary"].endswith("its chroot has no /usr/share/zoneinfo.")
        assert "/usr/share/zoneinfo" in [piece["path"] for piece in item["evidence"]]

    def test_near_miss_a_worker_that_was_killed(self) -> None:
        host = a_host("worker_killed")
        hosts.master(host)["pools"][0]["zoneless"] = True
        assert "zoneinfo" not in hosts.only(host)["summary"]

    def test_decoy_a_pool_that_has_them(self) -> None:
        assert "zoneinfo" not in hosts.only(a_host("segfault"))["summary"]
