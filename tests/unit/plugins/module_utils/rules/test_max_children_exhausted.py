# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 4: full pools, and pools that are only busy, slow or frozen."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "max_children_exhausted"


def full(fault: str) -> hosts.Snapshot:
    """A real host at a moment when the probe got no answer: whether it gets one in time is a matter of luck."""
    snapshot = hosts.dialled(seen(fault), "ok", None, "no_answer")
    hosts.place(snapshot).update(queue=10, accepted=2)
    hosts.place(snapshot)["probe"].update(queue=9, accepted=2, waited=3.0)
    for worker in snapshot["workers"]:
        worker["busy"] = True
    return snapshot


def capped() -> hosts.Snapshot:
    """process.max of the master is reached before pm.max_children of the pool."""
    snapshot = full("exhausted_static")
    hosts.master(snapshot)["process_max"] = 2
    hosts.pool(snapshot)["max_children"] = 8
    return snapshot


def was_full(limit: str = "fpm-max-children-dynamic") -> hosts.Snapshot:
    """Requests timed out after php-fpm had said that it was full; now a worker is free."""
    snapshot = hosts.nginx_said(seen("plain"), "ng-timeout-header", 100.0, 110.0)
    return hosts.fpm_said(snapshot, limit, 160.0, pool=None if limit == "fpm-process-max" else "www")


HITS: Dict[str, Callable[[], hosts.Snapshot]] = {
    "max_children": lambda: seen("exhausted_dynamic"),
    "process_max": capped,
}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_failing(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [
        (CAUSE, reason, "active")
    ]
    assert found["status"] == "failing"


@pytest.mark.parametrize("fault", ["exhausted_static", "exhausted_ondemand", "exhausted_tcp"])
def test_hit_every_process_manager_and_family(fault: str) -> None:
    assert hosts.causes(seen(fault)) == [(CAUSE, "max_children", "active")]


def test_hit_a_static_pool_that_logs_nothing_is_found_by_its_queue_alone() -> None:
    item = hosts.only(hosts.silent_logs(full("exhausted_static")))
    assert (item["reason"], item["confidence"]) == (
        "max_children",
        "certain",
    ) and "wait in the queue" in item["evidence"][0]["text"]


def test_hit_the_probe_itself_is_not_counted_as_a_waiting_request() -> None:
    snapshot = full("exhausted_static")
    hosts.place(snapshot)["queue"] = 0
    assert ", 8 wait" in hosts.only(snapshot)["evidence"][0]["text"], "the kernel counted 9"


def test_hit_a_full_backlog_of_a_unix_socket() -> None:
    assert hosts.causes(hosts.dialled(full("exhausted_static"), "full", 11)) == [
        (CAUSE, "max_children", "active")
    ]


def test_hit_a_full_backlog_of_a_tcp_port_lets_the_client_wait() -> None:
    assert hosts.causes(hosts.dialled(full("exhausted_tcp"), "timeout", 110)) == [
        (CAUSE, "max_children", "active")
    ]


def test_hit_an_answer_that_came_only_when_a_worker_was_free_while_requests_were_lost() -> None:
    snapshot = hosts.dialled(full("exhausted_static"), "ok", None, "answered", 1900.0)
    assert hosts.causes(snapshot) == [(CAUSE, "max_children", "active")]


def refusing(ago: float, busy: bool = True) -> hosts.Snapshot:
    """A backlog of one place refused a request; a moment later a worker took the probe."""
    snapshot = hosts.dialled(full("exhausted_static"), "ok", None, "answered", 2.0)
    snapshot["logs"]["events"] = []
    for worker in snapshot["workers"]:
        worker["busy"] = busy
    hosts.place(snapshot).update(queue=0, accepted=1 if busy else 0)
    hosts.place(snapshot)["probe"].update(queue=0, accepted=1 if busy else 0)
    return hosts.nginx_said(snapshot, "ng-connect-eagain", ago + 1, ago)


def test_hit_a_queue_that_refuses_visitors_though_the_probe_found_a_free_worker() -> None:
    item = hosts.only(refusing(2.0))
    assert (item["reason"], item["state"], item["confidence"]) == ("max_children", "active", "likely")


def test_near_miss_a_queue_that_refused_long_ago_has_free_workers_or_a_larger_pool_since_is_over() -> None:
    resized = refusing(2.0)
    hosts.master(resized).update(config_newer=False, config_changed_at=hosts.now(resized) - 1.0)
    roomy = refusing(2.0)
    hosts.pool(roomy)["max_children"] = 16
    for snapshot in (refusing(60.0), refusing(2.0, busy=False), resized, roomy):
        assert hosts.causes(snapshot) == [(CAUSE, "max_children", "recovered")]


def test_hit_a_socket_that_systemd_passed_to_php_fpm_is_php_fpms() -> None:
    snapshot = full("exhausted_static")
    hosts.place(snapshot)["listeners"].append(
        {"pid": 1, "comm": "systemd", "exe": None, "cmdline": "/sbin/init", "fpm": False}
    )
    assert hosts.causes(snapshot) == [(CAUSE, "max_children", "active")]


def test_hit_a_pool_that_was_full_is_recovered() -> None:
    found = hosts.verdict(was_full())
    assert [(item["reason"], item["state"], item["count"]) for item in found["findings"]] == [
        ("max_children", "recovered", 2)
    ]
    assert (found["status"], found["plan"]) == ("recovered", [])


def test_hit_a_master_that_was_at_its_limit_is_recovered_as_such() -> None:
    assert hosts.causes(was_full("fpm-process-max")) == [(CAUSE, "process_max", "recovered")]


def test_hit_a_long_read_timeout_ends_long_after_the_pool_was_full() -> None:
    snapshot = hosts.nginx_said(seen("plain"), "ng-timeout-header", 10.0)
    snapshot["nginx"]["routes"][0]["read_timeout"]["seconds"] = 300.0
    assert hosts.causes(hosts.fpm_said(snapshot, "fpm-max-children-ondemand", 310.0)) == [
        (CAUSE, "max_children", "recovered")
    ]


def test_hit_a_queue_that_overflowed_in_a_static_pool_needs_no_word_of_php_fpm() -> None:
    snapshot = hosts.nginx_said(seen("plain"), "ng-connect-eagain", 50.0)
    hosts.pool(snapshot)["pm"] = "static"
    assert hosts.causes(snapshot) == [(CAUSE, "max_children", "recovered")]


def test_near_miss_at_process_max_it_is_not_the_pool_that_is_raised() -> None:
    assert hosts.actions(capped()) == ["process_max_set"] and hosts.actions(full("exhausted_static")) == [
        "pool_size_set"
    ]


def test_near_miss_a_pool_that_still_starts_workers_is_not_exhausted() -> None:
    """Two of five workers, nobody else waits: the next ones are about to be started."""
    snapshot = full("exhausted_dynamic")
    hosts.pool(snapshot)["max_children"] = 5
    hosts.place(snapshot).update(queue=0)
    hosts.place(snapshot)["probe"].update(queue=1)
    found = hosts.verdict(hosts.silent_logs(snapshot))
    assert (found["findings"], found["status"]) == ([], "unknown")


def test_near_miss_workers_that_all_wait_for_work_are_frozen_and_not_busy() -> None:
    """php-fpm was stopped with SIGSTOP, or its cgroup is frozen."""
    snapshot = full("exhausted_static")
    for worker in snapshot["workers"]:
        worker["busy"] = False
    hosts.place(snapshot)["accepted"] = 0
    hosts.place(snapshot)["probe"]["accepted"] = 0
    assert hosts.causes(hosts.silent_logs(snapshot)) == []


def test_near_miss_without_their_state_full_is_full() -> None:
    """Without root nobody tells what a worker does."""
    snapshot = full("exhausted_static")
    for worker in snapshot["workers"]:
        worker["busy"] = None
    assert hosts.causes(snapshot) == [(CAUSE, "max_children", "active")]


def test_near_miss_a_late_answer_without_a_lost_request_is_a_busy_pool() -> None:
    snapshot = hosts.dialled(hosts.silent_logs(full("exhausted_static")), "ok", None, "answered", 1900.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_near_miss_an_ondemand_pool_without_workers_that_answers_is_asleep() -> None:
    snapshot = seen("plain")
    hosts.pool(snapshot).update(pm="ondemand", start_servers=None, min_spare=None, max_spare=None)
    snapshot["workers"] = []
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_near_miss_a_timeout_long_after_the_pool_was_full_is_another_matter() -> None:
    snapshot = hosts.fpm_said(
        hosts.nginx_said(seen("plain"), "ng-timeout-header", 10.0), "fpm-max-children-dynamic", 800.0
    )
    assert [cause for cause, _reason, _state in hosts.causes(snapshot)] == ["fastcgi_read_timeout"]


def test_near_miss_the_warning_of_another_pool_is_not_about_this_one() -> None:
    snapshot = hosts.fpm_said(
        hosts.nginx_said(seen("plain"), "ng-timeout-header", 10.0),
        "fpm-max-children-dynamic",
        20.0,
        pool="blog",
    )
    assert [cause for cause, _reason, _state in hosts.causes(snapshot)] == ["fastcgi_read_timeout"]


def test_near_miss_a_port_that_nobody_listens_on_has_no_full_queue() -> None:
    """A packet filter drops the connection."""
    snapshot = hosts.dialled(full("exhausted_tcp"), "timeout", 110)
    hosts.place(snapshot).update(listening=False, listeners=[])
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_near_miss_the_workers_of_another_masters_pool_of_the_same_name_are_not_this_pools() -> None:
    """Every version brings a pool called www."""
    snapshot = hosts.silent_logs(full("exhausted_dynamic"))
    for worker in snapshot["workers"]:
        worker["config"] = "/etc/php/7.4/fpm/php-fpm.conf"
    hosts.place(snapshot).update(queue=0, accepted=0)
    hosts.place(snapshot)["probe"].update(queue=1, accepted=0)
    assert hosts.causes(snapshot) == []


def test_near_miss_the_warning_of_another_masters_pool_of_the_same_name_is_not_this_pools() -> None:
    snapshot = was_full()
    snapshot["logs"]["events"][-1]["master"] = "/etc/php/7.4/fpm/php-fpm.conf"
    assert [cause for cause, _reason, _state in hosts.causes(snapshot)] == ["fastcgi_read_timeout"]


def test_hit_an_event_with_more_lines_than_times_counts_its_lines() -> None:
    snapshot = seen("exhausted_dynamic")
    lost = next(one for one in snapshot["logs"]["events"] if one["source"] == "nginx")
    assert lost["count"] > len(lost["times"])
    began = min(
        one["first"] for one in snapshot["logs"]["events"] if one["signature"].startswith(("fpm-max", "ng-"))
    )
    assert (hosts.only(snapshot)["count"], hosts.only(snapshot)["since"]) == (lost["count"], began)


def test_decoy_the_warning_alone_lost_nobodys_request() -> None:
    assert hosts.causes(hosts.fpm_said(seen("plain"), "fpm-max-children-dynamic", 20.0)) == []
    assert hosts.verdict(seen("busy_at_limit"))["status"] == "healthy"


def test_decoy_a_stranger_that_is_silent_is_no_pool() -> None:
    snapshot = hosts.dialled(seen("not_fastcgi_app"), "ok", None, "no_answer")
    assert CAUSE not in [cause for cause, _reason, _state in hosts.causes(snapshot)]


def test_decoy_a_remote_pool_is_not_measured_by_the_workers_here() -> None:
    snapshot = hosts.dials(
        full("exhausted_tcp"),
        "192.0.2.7:9000",
        address="192.0.2.7",
        listening=None,
        listeners=[],
        queue=None,
        accepted=None,
    )
    assert hosts.causes(hosts.silent_logs(snapshot)) == [] and hosts.verdict(snapshot)["status"] == "unknown"


def crowd(live: Any, dead: Any, arrived: int = 7, answered: int = 1, abandoned: Any = 2) -> hosts.Snapshot:
    """A pool of two workers before which so many wait, or have given up; within three seconds so many came
    and were answered.
    """
    snapshot = full("exhausted_static")
    hosts.place(snapshot).update(
        waiting={"live": live, "dead": dead},
        abandoned=abandoned,
        queue=(live or 0) + (dead or 0) if dead is not None else 9,
        flow={"seconds": 3.0, "arrived": arrived, "answered": answered},
    )
    hosts.place(snapshot)["probe"].update(queue=hosts.place(snapshot)["queue"] + 1)
    return hosts.silent_logs(snapshot)


def test_hit_the_finding_tells_who_still_waits_from_who_has_given_up() -> None:
    item = hosts.only(crowd(3, 10))
    assert "13 requests wait, 10 of them have given up." in item["summary"]
    assert (
        "2 of 2 workers serve a request, 2 of them for clients who have gone, 13 wait in the queue (backlog"
        in item["evidence"][0]["text"]
    )
    assert item["evidence"][1]["text"] == "within 3.0 s 7 requests came and 1 were answered"


def test_decoy_where_nobody_tells_them_apart_no_number_is_made_up() -> None:
    item = hosts.only(crowd(None, None, abandoned=None))
    assert (
        item["summary"].endswith("and requests wait.")
        and "given up" not in item["evidence"][0]["text"]
        and "gone" not in item["evidence"][0]["text"]
    )


@pytest.mark.parametrize(
    "snapshot, drop",
    [
        (crowd(15, 100), True),
        (crowd(0, 50, 0, 1), True),  # the crowd has left, its requests have not
        (crowd(15, 100, 7, 0), True),
        (crowd(15, 12), False),  # more still wait than have given up
        (crowd(0, 2, 0, 0), False),  # the new workers take them at once
        (crowd(15, 20, 30, 60), False),  # pages are short: they are through in half a second
        (crowd(None, None), False),
    ],
)
def test_the_queue_is_dropped_only_where_the_dead_take_longer_than_patience(
    snapshot: hosts.Snapshot, drop: bool
) -> None:
    action = hosts.verdict(snapshot)["plan"][0]
    assert (action["id"], action["arguments"].get("drop_backlog", False), action["disruption"]) == (
        "pool_size_set",
        drop,
        "restart" if drop else "reload",
    )


def test_without_two_looks_the_queue_stays() -> None:
    snapshot = crowd(15, 100)
    hosts.place(snapshot)["flow"] = None
    assert [action["disruption"] for action in hosts.verdict(snapshot)["plan"]] == ["reload"]
