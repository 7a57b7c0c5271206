# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 6: the OOM killer took a worker of this host; all the other deaths are somebody else's."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "worker_oom_killed"


def kill(snapshot: hosts.Snapshot) -> Dict[str, Any]:
    return snapshot["oom"]["kills"][0]


def placed(kind: str = "cgroup", unit: Optional[str] = "php8.2-fpm.service", **more: Any) -> hosts.Snapshot:
    """The kernel, or systemd, named the unit that the victim was in."""
    snapshot = seen("worker_oom")
    kill(snapshot).update(dict({"kind": kind, "unit": unit, "masters": [], "vague": False}, **more))
    return snapshot


def without_deaths(snapshot: hosts.Snapshot) -> hosts.Snapshot:
    """php-fpm's log tells of no worker's end."""
    snapshot["logs"]["events"] = [one for one in snapshot["logs"]["events"] if one["source"] == "nginx"]
    return snapshot


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "cgroup": placed,
    "global": lambda: placed("global"),
    "systemd_oomd": lambda: placed("systemd_oomd"),
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_degraded(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [
        (item["cause"], item["reason"], item["state"], item["confidence"]) for item in found["findings"]
    ] == [(CAUSE, reason, "active", "certain")]
    assert found["status"] == "degraded"
    assert hosts.actions(HITS[reason]()) == ["memory_fit", "memory_limit_set"] + (
        ["swap_add"] if reason == "global" else []
    )


def test_near_miss_where_no_worker_took_much_it_is_their_number_alone() -> None:
    assert hosts.actions(seen("too_many_workers")) == ["memory_fit"]


def test_near_miss_a_kill_from_before_the_configuration_was_changed_is_over() -> None:
    snapshot = seen("worker_oom")
    master = hosts.master(snapshot)
    master["config_changed_at"], master["config_newer"] = (
        kill(snapshot)["at"] + 30,
        True,
    )  # changed, and not yet loaded
    assert hosts.only(snapshot)["state"] == "active"
    master["config_newer"] = False
    assert hosts.only(snapshot)["state"] == "recovered" and hosts.actions(snapshot) == []


def test_hit_the_kernels_line_php_fpms_line_and_nginxs_line_stand_side_by_side() -> None:
    item = hosts.only(seen("worker_oom"))
    assert [piece["source"] for piece in item["evidence"]] == ["kernel", "fpm_log", "nginx_log"]
    assert item["count"] == 1 and "300 MiB" in item["summary"]


def test_near_miss_without_php_fpms_word_the_victim_may_have_been_no_worker_and_nothing_is_changed() -> None:
    """The pools of a unit share its cgroup with all that PHP starts there, under any name."""
    item = hosts.only(without_deaths(placed()))
    assert (item["reason"], item["state"], item["confidence"], item["remedy"]) == (
        "cgroup",
        "active",
        "possible",
        [],
    )


def test_hit_where_the_kernel_names_the_whole_container_only_it_is_likely() -> None:
    snapshot = seen("worker_oom")
    assert hosts.only(snapshot)["confidence"] == "likely" and hosts.actions(snapshot) == [
        "memory_fit",
        "memory_limit_set",
    ]


@pytest.mark.parametrize("unit", [None, "php8.4-fpm.service", "cron.service"])
def test_decoy_a_process_called_php_fpm_that_was_killed_elsewhere_is_no_worker(unit: Optional[str]) -> None:
    """In a user's scope, in another unit: beside a worker that died at that moment for another reason, and a
    request that was cut off.
    """
    assert hosts.causes(placed(unit=unit)) == [("invalid_response", "killed", "active")]
    assert hosts.actions(placed(unit=unit)) == []
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(without_deaths(placed(unit=unit)))]


def test_hit_a_master_without_a_unit_is_known_by_its_pid() -> None:
    snapshot = placed(unit="supervisor.service", masters=[hosts.master(seen("worker_oom"))["pid"]])
    hosts.master(snapshot).update(unit=None, unit_state=None)
    assert hosts.only(snapshot)["confidence"] == "certain"


def test_near_miss_a_victim_whose_pid_php_fpm_did_not_lose_was_no_worker() -> None:
    """On a machine the kernel and php-fpm count processes alike."""
    for snapshot in (seen("worker_oom"), placed()):
        died = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigkill")
        snapshot["oom"]["own_pids"] = True
        kill(snapshot)["pid"] = died["pids"][0] + 1
        assert CAUSE not in [
            item["cause"] for item in hosts.verdict(snapshot)["findings"] if item["confidence"] != "possible"
        ]
        assert hosts.actions(snapshot) == []
        kill(snapshot)["pid"] = died["pids"][0]
        assert hosts.only(snapshot)["confidence"] in ("likely", "certain") and "memory_fit" in hosts.actions(
            snapshot
        )


def test_hit_several_kills_are_one_finding_that_counts_them() -> None:
    snapshot = seen("worker_oom")
    snapshot["oom"]["kills"].append(dict(kill(snapshot), pid=30300))
    assert (
        "took 2 workers of pool www" in hosts.only(snapshot)["summary"]
        and "took a worker of pool www" in hosts.only(seen("worker_oom"))["summary"]
    )


def test_hit_a_kernel_clock_that_drifted_is_only_possible() -> None:
    """One kill and one death of the window, 40 s apart: the ring buffer counts from boot and is never set."""
    snapshot = seen("worker_oom")
    kill(snapshot)["at"] -= 40.0
    assert (hosts.causes(snapshot), hosts.only(snapshot)["confidence"]) == (
        [(CAUSE, "cgroup", "active")],
        "possible",
    )
    assert hosts.actions(snapshot) == []


def test_hit_a_kernel_clock_that_drifted_matters_not_where_the_pid_is_known() -> None:
    snapshot = placed()
    snapshot["oom"]["own_pids"] = True
    died = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigkill")
    kill(snapshot).update(at=kill(snapshot)["at"] - 40.0, pid=died["pids"][0])
    assert hosts.only(snapshot)["confidence"] == "certain"


def test_hit_a_kill_that_cannot_be_told_from_another_containers_needs_a_death_here() -> None:
    snapshot = seen("worker_oom")
    kill(snapshot)["ours"] = None
    assert hosts.only(snapshot)["confidence"] == "likely", "this host's own cgroup has counted a kill"
    snapshot["oom"]["counter"] = None
    assert hosts.only(snapshot)["confidence"] == "possible" and hosts.actions(snapshot) == []
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(without_deaths(snapshot))]


def test_near_miss_a_killed_worker_without_a_kernel_line_is_not_an_oom_kill() -> None:
    snapshot = seen("worker_oom")
    snapshot["oom"]["kills"] = []
    assert hosts.causes(snapshot) == [("invalid_response", "killed", "active")]


def test_near_miss_a_killed_worker_and_an_unreadable_kernel_log_is_left_open() -> None:
    snapshot = hosts.unseen(seen("worker_oom"), "kernel_log")
    snapshot["oom"]["kills"] = []
    item = hosts.only(snapshot)
    assert (item["reason"], item["confidence"]) == (
        "killed",
        "possible",
    ) and "not by the OOM killer" not in item["summary"]
    assert "kernel_log" in [entry["what"] for entry in item["missing"]]


def test_near_miss_a_kill_of_an_idle_worker_lost_nobodys_request() -> None:
    snapshot = seen("worker_oom")
    snapshot["logs"]["events"] = [one for one in snapshot["logs"]["events"] if one["source"] == "fpm"]
    assert (hosts.causes(snapshot), hosts.actions(snapshot)) == ([(CAUSE, "cgroup", "latent")], [])


def test_near_miss_an_idle_worker_without_nginxs_log_may_have_been_busy() -> None:
    snapshot = hosts.unseen(seen("worker_oom"), "nginx_log")
    snapshot["logs"]["events"] = [one for one in snapshot["logs"]["events"] if one["source"] == "fpm"]
    assert hosts.causes(snapshot) == [(CAUSE, "cgroup", "active")]


def test_near_miss_a_kill_in_another_pool_is_not_why_this_pool_lost_a_request() -> None:
    """php-fpm names the pool whose worker died; a crash in this one at that moment stays a crash."""
    snapshot = hosts.killed(seen("segfault"), 0.0, at=hosts.now(seen("segfault")))
    crashed = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigsegv")
    kill(snapshot)["at"] = crashed["first"]
    snapshot["logs"]["events"].append(
        dict(crashed, signature="fpm-exit-sigkill", pool="blog", count=1, times=crashed["times"][:1])
    )
    assert hosts.causes(snapshot) == [("invalid_response", "segfault", "active")]


def test_near_miss_what_an_oom_kill_explains_is_no_second_finding() -> None:
    assert hosts.causes(seen("worker_oom")) == [(CAUSE, "cgroup", "active")]


def test_near_miss_a_kill_long_before_the_lost_request_is_not_its_cause() -> None:
    snapshot = seen("worker_killed")
    died = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigkill")
    hosts.killed(snapshot, 0.0, at=died["first"] - 500.0)
    assert hosts.causes(snapshot) == [("invalid_response", "killed", "active")]


def test_decoy_an_oom_kill_of_another_containers_cgroup_is_not_ours() -> None:
    snapshot = seen("worker_killed")
    died = next(one for one in snapshot["logs"]["events"] if one["signature"] == "fpm-exit-sigkill")
    hosts.killed(snapshot, 0.0, at=died["first"], ours=False, cgroup="/libpod_parent/libpod-0")
    assert hosts.causes(snapshot) == [("invalid_response", "killed", "active")]


def test_decoy_an_oom_kill_of_another_program_is_not_a_workers() -> None:
    assert hosts.causes(seen("other_oom")) == [] and hosts.verdict(seen("other_oom"))["status"] == "healthy"
    snapshot = hosts.killed(seen("plain"), 60.0, fpm=False, comm="mysqld")
    assert hosts.causes(hosts.nginx_said(snapshot, "ng-reset-header", 60.0)) == []


def test_decoy_an_oom_kill_of_ours_with_nothing_lost_and_nobody_dead_is_nothing() -> None:
    assert hosts.causes(hosts.killed(seen("plain"), 60.0)) == []
