# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that are there and do not run, and pools that are full or slow beside them."""

from typing import Any, Callable, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import master

CAUSE = "workers_halted"
UNIT = "php8.2-fpm.service"
FULL = "max_children_exhausted"


def pids(host: Host) -> List[int]:
    return [worker["pid"] for worker in host["workers"]]


def halted(host: Host, kind: str, which: List[int], **facts: Any) -> Host:
    host["halted"] = [dict(facts, pid=pid, kind=kind) for pid in which]
    return host


def silent(fault: str = "exhausted_static") -> Host:
    """A pool of two workers takes the connection, and nobody answers."""
    host = a_host(fault).dialled("ok", None, "no_answer").silent_logs()
    return host.with_probe(queue=2, accepted=0, waited=3.0).with_workers(busy=False)


def all_workers(kind: str, **facts: Any) -> Host:
    host = silent()
    return halted(host, kind, pids(host), **facts).nginx_said("ng-timeout-header", 60.0, 30.0)


def master_alone(host: Optional[Host] = None) -> Host:
    host = host or silent().without_workers()
    return halted(host, "stopped", [master(host)["pid"]])


def one_of_two(answers: bool = True) -> Host:
    host = a_host("exhausted_static").dialled("ok", None, "answered" if answers else "no_answer", 2.0)
    return halted(host.silent_logs().with_workers(busy=False), "stopped", pids(host)[:1])


HITS: Dict[str, Callable[[], Host]] = {
    "stopped": lambda: all_workers("stopped"),
    "frozen": lambda: all_workers("frozen", cgroup="/sys/fs/cgroup/system.slice/php8.2-fpm.service"),
    "traced": lambda: all_workers("traced", tracer={"comm": "gdb", "pid": 9}),
    "disk_wait": lambda: all_workers("disk_wait", function="rpc_wait_bit_killable"),
    "master_halted": master_alone,
}


class TestAllHalted:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_the_host_fails_for_that_reason_alone(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "failing")

    @pytest.mark.parametrize(
        "reason, words",
        [
            ("stopped", "stopped (state T)"),
            ("frozen", "the cgroup /sys/fs/cgroup/system.slice/php8.2-fpm.service"),
            ("traced", "gdb (pid 9)"),
            ("disk_wait", "the kernel's rpc_wait_bit_killable"),
        ],
    )
    def test_the_summary_says_what_holds_them(self, reason: str, words: str) -> None:
        assert words in hosts.only(HITS[reason]())["summary"]

    @pytest.mark.parametrize("why, words", [("gdb (pid 9)", "gdb (pid 9)"), (None, "(unknown)")])
    def test_a_snapshot_from_before_the_facts_is_read(self, why: Optional[str], words: str) -> None:
        assert words in hosts.only(all_workers("traced", why=why))["summary"]

    @pytest.mark.parametrize(
        "below, unit",
        [("php.slice", "php.slice"), ("php8.2-fpm.service", UNIT), ("x.scope", UNIT), ("php.slice/y", UNIT)],
    )
    def test_a_frozen_slice_is_what_thaws(self, below: str, unit: str) -> None:
        host = all_workers("frozen", cgroup="/sys/fs/cgroup/" + below)
        assert hosts.only(host)["unit"] == unit

    def test_decoy_a_slice_holds_what_is_stopped(self) -> None:
        assert hosts.only(all_workers("stopped", cgroup="/sys/fs/cgroup/php.slice"))["unit"] == UNIT

    def test_requests_that_timed_out_are_counted(self) -> None:
        assert hosts.only(all_workers("stopped"))["count"] == 2

    def test_the_pids_that_a_signal_wakes_are_evidence(self) -> None:
        host = all_workers("stopped")
        assert hosts.only(host)["facts"]["pids"] == pids(host)
        texts = [piece["text"] for piece in hosts.only(host)["evidence"] if piece["source"] == "pids"]
        assert texts == [" ".join(map(str, pids(host)))]


class TestSomeHalted:
    def test_one_of_two_is_a_warning_while_the_other_answers(self) -> None:
        item = hosts.only(one_of_two())
        assert (item["reason"], item["severity"], hosts.status(one_of_two())) == (
            "stopped",
            "warning",
            "degraded",
        )

    def test_a_master_is_a_warning_while_workers_answer(self) -> None:
        host = a_host().dialled("ok", None, "answered", 2.0)
        assert hosts.found(master_alone(host)) == ([(CAUSE, "master_halted", "active")], "degraded")

    def test_near_miss_a_full_pool_with_one_halted_worker_is_full(self) -> None:
        host = silent().with_workers(busy=True).with_probe(accepted=4)
        more = [dict(host["workers"][0], pid=900 + number) for number in range(4)]
        host["workers"] += more
        host.with_pool(max_children=len(host["workers"]))
        assert FULL in hosts.cause_ids(halted(host, "disk_wait", pids(host)[:1]))


class TestOthers:
    def test_decoy_workers_of_another_pool(self) -> None:
        host = a_host().dialled("ok", None, "answered", 2.0)
        assert hosts.found(halted(host, "stopped", [4000001])) == ([], "healthy")

    @pytest.mark.parametrize("known", [None, []])
    def test_decoy_a_full_pool_whose_workers_run(self, known: Any) -> None:
        host = silent().with_workers(busy=True).with_probe(accepted=2)
        if known is not None:
            host["halted"] = known
        assert hosts.cause_ids(host) == [FULL]


class TestNginx:
    @pytest.mark.parametrize("share, status", [(1.0, "unknown"), (0.5, "unknown"), (0.0, "healthy")])
    def test_a_host_whose_nginx_does_not_run_is_not_healthy(self, share: float, status: str) -> None:
        host = a_host().dialled("ok", None, "answered", 2.0).with_nginx(workers=[801, 802])
        assert hosts.status(halted(host, "stopped", [801, 802][: int(2 * share)])) == status
        named = [each for each in hosts.verdict(host)["missing"] if "of 2 workers of nginx" in each["why"]]
        assert bool(named) == bool(share)


class TestNginxBlocked:
    def blocked(self, count: int) -> Host:
        host = a_host()
        host.with_nginx(workers=[41, 42])
        return halted(host, "blocked", [41, 42][:count], function="pipe_write")

    def test_hit_it_answers_nobody(self) -> None:
        host = self.blocked(2)
        missing = [item for item in hosts.verdict(host)["missing"] if item["what"] == "nginx_running"]
        assert "waits for its reader" in missing[0]["why"] and hosts.status(host) == "unknown"

    def test_near_miss_one_worker_goes_on(self) -> None:
        assert [item["what"] for item in hosts.verdict(self.blocked(1))["missing"]] == ["nginx_workers"]

    def test_decoy_none(self) -> None:
        assert hosts.found(self.blocked(0)) == hosts.HEALTHY
