# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 6: the OOM killer took a worker of this host; all the other deaths are somebody else's."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "worker_oom_killed"
UNIT = "php8.2-fpm.service"
KILLED = [("invalid_response", "killed", "active")]
FEWER = ["memory_fit", "memory_limit_set"]


def death(host: Host, signature: str = "fpm-exit-sigkill") -> Dict[str, Any]:
    """The event of php-fpm's log that a worker was killed."""
    return hosts.events(host, "fpm", signature)[0]


def placed(kind: str = "cgroup", unit: Optional[str] = UNIT, **more: Any) -> Host:
    """The kernel, or systemd, named the unit that the victim was in."""
    facts = dict({"kind": kind, "unit": unit, "masters": [], "vague": False}, **more)
    return a_host("worker_oom").with_kill(**facts)


HITS: Dict[str, Callable[[], Host]] = {
    "cgroup": placed,
    "global": lambda: placed("global"),
    "systemd_oomd": lambda: placed("systemd_oomd"),
}


class TestKilled:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone_is_degraded(self, reason: str) -> None:
        host = HITS[reason]()
        assert hosts.found(host) == ([(CAUSE, reason, "active")], "degraded")
        assert hosts.only(host)["confidence"] == "certain"
        assert hosts.actions(host) == FEWER + (["swap_add"] if reason == "global" else [])

    def test_hit_three_logs_stand_side_by_side(self) -> None:
        item = hosts.only(a_host("worker_oom"))
        assert [piece["source"] for piece in item["evidence"]] == ["kernel", "fpm_log", "nginx_log"]
        assert item["count"] == 1 and "300 MiB" in item["summary"]

    @pytest.mark.parametrize("more, words", [(0, "took a worker"), (1, "took 2 workers")])
    def test_hit_several_kills_are_one_finding(self, more: int, words: str) -> None:
        host = a_host("worker_oom")
        for _kill in range(more):
            host.killed(0.0, at=hosts.kill(host)["at"], pid=30300)
        assert words + " of pool www" in hosts.only(host)["summary"]

    def test_near_miss_other_workers_ended_in_those_seconds(self) -> None:
        """As many losses are theirs."""
        host = a_host("worker_oom")
        ago = hosts.now(host) - hosts.events(host, "nginx")[0]["last"]
        host.nginx_said("ng-reset-header", ago, ago - 1, ago + 2)
        host.fpm_said("fpm-exit-sigsegv", ago, ago - 1).fpm_said("fpm-terminate", ago + 2)
        found = {item["cause"]: item["count"] for item in hosts.verdict(host)["findings"]}
        assert found == {CAUSE: 1, "invalid_response": 2, "request_terminated": 1}

    def test_near_miss_no_worker_took_much(self) -> None:
        """It is their number alone."""
        assert hosts.actions(a_host("too_many_workers")) == ["memory_fit"]

    def test_near_miss_what_a_kill_explains_is_no_second_finding(self) -> None:
        assert hosts.causes(a_host("worker_oom")) == [(CAUSE, "cgroup", "active")]

    @pytest.mark.parametrize(
        "newer, workers, limit, state",
        [
            pytest.param(True, 1, None, "active", id="changed, and not yet loaded"),
            pytest.param(False, 1, None, "recovered", id="one worker fits"),
            pytest.param(False, 5, None, "active", id="another setting was changed"),
            pytest.param(False, 5, "32M", "recovered", id="none can become so large"),
            pytest.param(False, 5, "128M", "active", id="all together can"),
            pytest.param(False, None, "32M", "active", id="how many there may be is not known"),
        ],
    )
    def test_near_miss_a_kill_before_the_configuration_changed(
        self, newer: bool, workers: Optional[int], limit: Optional[str], state: str
    ) -> None:
        host = a_host("worker_oom").with_pool(max_children=workers, memory_limit=limit)
        changed = hosts.kill(host)["at"] + 30
        host.with_master(config_changed_at=changed, config_newer=newer)
        assert hosts.only(host)["state"] == state
        assert hosts.actions(host) == (FEWER if state == "active" else [])

    @pytest.mark.parametrize("more, state", [(1, "recovered"), (0, "active"), (-1, "active")])
    def test_near_miss_the_cgroup_has_got_more_memory(self, more: int, state: str) -> None:
        host = a_host("worker_oom")
        host["memory"]["limit_bytes"] = (hosts.kill(host)["limit_kb"] + more) * 1024
        assert hosts.only(host)["state"] == state

    @pytest.mark.parametrize("of_pool, state", [(False, "active"), (True, "recovered")])
    def test_near_miss_another_pool_was_changed(self, of_pool: bool, state: str) -> None:
        host = a_host("worker_oom").with_pool(max_children=1)
        changed = hosts.kill(host)["at"] + 30
        host.with_master(config_changed_at=changed, config_newer=False)
        pool = host["fpm"]["masters"][0]["pools"][0]
        host["changed_files"] = {
            pool["file"]: changed if of_pool else changed - 600,
            "/etc/other.conf": changed,
        }
        assert hosts.only(host)["state"] == state

    @pytest.mark.parametrize(
        "then, now, state",
        [
            (0, 256 << 20, "recovered"),
            (262144, 256 << 20, "active"),
            (None, 256 << 20, "active"),
            (0, 0, "active"),
        ],
    )
    def test_near_miss_the_host_has_got_swap_since(self, then: Optional[int], now: int, state: str) -> None:
        host = placed("global")
        hosts.kill(host)["swap_kb"] = then
        host["memory"]["swap_total"] = now
        assert hosts.only(host)["state"] == state
        pieces = [piece for piece in hosts.only(host)["evidence"] if piece["source"] == "memory"]
        assert bool(pieces) == (state == "recovered")

    def test_decoy_swap_does_not_lift_a_cgroups_limit(self) -> None:
        host = placed()
        hosts.kill(host)["swap_kb"] = None
        host["memory"]["swap_total"] = 256 << 20
        assert hosts.only(host)["state"] == "active"


class TestWhoseProcess:
    def test_hit_the_whole_container_is_likely(self) -> None:
        """The kernel names no smaller cgroup."""
        host = a_host("worker_oom")
        assert hosts.only(host)["confidence"] == "likely" and hosts.actions(host) == FEWER

    def test_hit_a_master_without_a_unit_is_known_by_its_pid(self) -> None:
        pid = hosts.master(a_host("worker_oom"))["pid"]
        host = placed(unit="supervisor.service", masters=[pid]).without_unit()
        assert hosts.only(host)["confidence"] == "certain"

    @pytest.mark.parametrize("unit", [None, "php8.4-fpm.service", "cron.service"])
    def test_decoy_a_process_called_php_fpm_elsewhere(self, unit: Optional[str]) -> None:
        """In a user's scope, in another unit: beside a worker that died at that moment for another reason,
        and a request that was cut off.
        """
        assert hosts.causes(placed(unit=unit)) == KILLED
        assert hosts.actions(placed(unit=unit)) == []
        assert CAUSE not in hosts.cause_ids(placed(unit=unit).without_events("fpm"))

    @pytest.mark.parametrize("make", [lambda: a_host("worker_oom"), placed])
    def test_near_miss_php_fpm_did_not_lose_that_pid(self, make: Callable[[], Host]) -> None:
        """On a machine the kernel and php-fpm count processes alike."""
        host = make().with_oom(own_pids=True)
        pid = death(host)["pids"][0]
        items = hosts.verdict(host.with_kill(pid=pid + 1))["findings"]
        assert CAUSE not in [item["cause"] for item in items if item["confidence"] != "possible"]
        assert hosts.actions(host) == []
        host.with_kill(pid=pid)
        assert hosts.only(host)["confidence"] in ("likely", "certain")
        assert "memory_fit" in hosts.actions(host)

    @pytest.mark.parametrize("counter, confidence", [(True, "likely"), (False, "possible")])
    def test_hit_perhaps_another_containers_needs_a_death_here(self, counter: bool, confidence: str) -> None:
        """counter: this host's own cgroup has counted a kill."""
        host = a_host("worker_oom").with_kill(ours=None)
        if not counter:
            host.with_oom(counter=None)
        assert hosts.only(host)["confidence"] == confidence
        assert bool(hosts.actions(host)) == counter

    def test_near_miss_perhaps_another_containers_without_a_death(self) -> None:
        host = a_host("worker_oom").with_kill(ours=None).with_oom(counter=None).without_events("fpm")
        assert CAUSE not in hosts.cause_ids(host)

    def test_near_miss_without_php_fpms_word_nothing_is_changed(self) -> None:
        """The pools of a unit share its cgroup with all that PHP starts there, under any name."""
        item = hosts.only(placed().without_events("fpm"))
        assert (item["reason"], item["state"]) == ("cgroup", "active")
        assert (item["confidence"], item["remedy"]) == ("possible", [])

    def test_near_miss_a_kill_in_another_pool(self) -> None:
        """php-fpm names the pool whose worker died; a crash in this one at that moment stays a crash."""
        host = a_host("segfault")
        crashed = death(host, "fpm-exit-sigsegv")
        host.killed(0.0, at=crashed["first"])
        first = crashed["times"][:1]
        host.logged_as(crashed, signature="fpm-exit-sigkill", pool="blog", count=1, times=first)
        assert hosts.causes(host) == [("invalid_response", "segfault", "active")]


class TestClock:
    """The ring buffer counts from boot and is never set."""

    def test_hit_one_that_drifted_is_only_possible(self) -> None:
        """One kill and one death of the window, 40 s apart."""
        host = a_host("worker_oom")
        host.with_kill(at=hosts.kill(host)["at"] - 40.0)
        assert hosts.causes(host) == [(CAUSE, "cgroup", "active")]
        assert (hosts.only(host)["confidence"], hosts.actions(host)) == ("possible", [])

    def test_hit_it_matters_not_where_the_pid_is_known(self) -> None:
        host = placed().with_oom(own_pids=True)
        host.with_kill(at=hosts.kill(host)["at"] - 40.0, pid=death(host)["pids"][0])
        assert hosts.only(host)["confidence"] == "certain"

    def test_near_miss_a_kill_long_before_the_lost_request(self) -> None:
        host = a_host("worker_killed")
        assert hosts.causes(host.killed(0.0, at=death(host)["first"] - 500.0)) == KILLED


class TestKernelLog:
    def test_near_miss_a_killed_worker_without_a_kernel_line(self) -> None:
        assert hosts.causes(a_host("worker_oom").with_oom(kills=[])) == KILLED

    def test_near_miss_a_killed_worker_but_no_kernel_log(self) -> None:
        item = hosts.only(a_host("worker_oom").unseen("kernel_log").with_oom(kills=[]))
        assert (item["reason"], item["confidence"]) == ("killed", "possible")
        assert "not by the OOM killer" not in item["summary"]
        assert "kernel_log" in [entry["what"] for entry in item["missing"]]


class TestIdleWorker:
    def test_near_miss_a_kill_lost_nobodys_request(self) -> None:
        host = a_host("worker_oom").without_events("nginx")
        assert (hosts.causes(host), hosts.actions(host)) == ([(CAUSE, "cgroup", "latent")], [])

    def test_near_miss_without_nginxs_log_it_may_have_been_busy(self) -> None:
        host = a_host("worker_oom").unseen("nginx_log").without_events("nginx")
        assert hosts.causes(host) == [(CAUSE, "cgroup", "active")]


class TestDecoys:
    def test_decoy_a_kill_in_another_containers_cgroup(self) -> None:
        host = a_host("worker_killed")
        host.killed(0.0, at=death(host)["first"], ours=False, cgroup="/libpod_parent/libpod-0")
        assert hosts.causes(host) == KILLED

    def test_decoy_a_kill_of_another_program(self) -> None:
        assert hosts.found(a_host("other_oom")) == hosts.HEALTHY
        host = a_host().killed(60.0, fpm=False, comm="mysqld").nginx_said("ng-reset-header", 60.0)
        assert hosts.causes(host) == []

    def test_decoy_a_kill_with_nothing_lost_or_dead(self) -> None:
        assert hosts.causes(a_host().killed(60.0)) == []
