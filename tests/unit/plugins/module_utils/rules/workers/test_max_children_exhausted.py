# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 4: full pools, and pools that are only busy, slow or frozen."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.workers import (
    test_no_worker,
    test_self_request,
    test_waiting,
)

CAUSE = "max_children_exhausted"
FULL = [(CAUSE, "max_children", "active")]
WAS_FULL = [(CAUSE, "max_children", "recovered")]
SLOW = "fastcgi_read_timeout"
OTHER_MASTER = "/etc/php/7.4/fpm/php-fpm.conf"


def full(fault: str = "exhausted_static") -> Host:
    """A real host at a moment when the probe got no answer: whether it gets one in time is a matter of
    luck.
    """
    host = a_host(fault).dialled("ok", None, "no_answer").with_workers(busy=True)
    return host.with_endpoint(queue=10, accepted=2).with_probe(queue=9, accepted=2, waited=3.0)


def answers_late(host: Host) -> Host:
    return host.dialled("ok", None, "answered", 1900.0)


def capped() -> Host:
    """process.max of the master is reached before pm.max_children of the pool."""
    return full().with_master(process_max=2).with_pool(max_children=8)


def timed_out_beside(signature: str, ago: float, *losses: float, **more: Any) -> Host:
    """Requests timed out, and php-fpm had said that it was full; now a worker is free."""
    return a_host().nginx_said("ng-timeout-header", *(losses or (10.0,))).fpm_said(signature, ago, **more)


def was_full(**more: Any) -> Host:
    return timed_out_beside("fpm-max-children-dynamic", 160.0, 100.0, 110.0, **more)


def refusing(ago: float, busy: bool = True) -> Host:
    """A backlog of one place refused a request; a moment later a worker took the probe."""
    host = full().dialled("ok", None, "answered", 2.0).silent_logs().with_workers(busy=busy)
    accepted = 1 if busy else 0
    host.with_endpoint(queue=0, accepted=accepted).with_probe(queue=0, accepted=accepted)
    return host.nginx_said("ng-connect-eagain", ago + 1, ago)


def working_on(**flow: Any) -> Host:
    """All workers are busy, and none has a connection."""
    host = full().with_endpoint(accepted=0).with_probe(accepted=0)
    return host.with_endpoint(flow=flow) if flow else host


HITS: Dict[str, Callable[[], Host]] = {
    "max_children": lambda: a_host("exhausted_dynamic"),
    "process_max": capped,
    "keepalive_pinned": lambda: a_host("pinned_unix"),
    "slow_dependency": lambda: a_host("waits_for_unix_socket", "trixie"),
    "after_answer": working_on,
    "cannot_fork": test_no_worker.without_forks,
    "ends_at_start": lambda: test_no_worker.ending(3.0, 2.0),
    "slow_visitors": lambda: test_waiting.full(*[[test_waiting.wait("client")]] * 2),
    "self_request": lambda: test_self_request.asking("site", "site"),
    "cpu_starved": lambda: a_host("throttled", "trixie"),
}


class TestAfterAnswer:
    def test_hit_more_workers_are_not_offered(self) -> None:
        item = hosts.only(working_on())
        assert (item["confidence"], item["remedy"]) == ("likely", [])
        assert "fastcgi_finish_request" in item["summary"]

    def test_near_miss_requests_are_answered_meanwhile(self) -> None:
        assert hosts.only(working_on(seconds=3.0, arrived=4, answered=4))["reason"] == "max_children"

    def test_decoy_one_worker_serves_a_request(self) -> None:
        assert hosts.only(working_on().with_probe(accepted=1))["reason"] == "max_children"


class TestFull:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone_is_failing(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "failing")

    @pytest.mark.parametrize("fault", ["exhausted_static", "exhausted_ondemand", "exhausted_tcp"])
    def test_hit_every_process_manager_with_every_family(self, fault: str) -> None:
        assert hosts.causes(a_host(fault)) == FULL

    def test_hit_a_static_pool_is_found_by_its_queue_alone(self) -> None:
        """It logs nothing."""
        item = hosts.only(full().silent_logs())
        assert (item["reason"], item["confidence"]) == ("max_children", "certain")
        assert "wait in the queue" in item["evidence"][0]["text"]

    def test_hit_the_probe_is_not_counted_as_a_request(self) -> None:
        host = full().with_endpoint(queue=0)
        assert ", 8 wait" in hosts.only(host)["evidence"][0]["text"], "the kernel counted 9"

    def test_hit_a_full_backlog_of_a_unix_socket(self) -> None:
        assert hosts.causes(full().dialled("full", 11)) == FULL

    def test_hit_a_full_backlog_of_a_port_lets_the_client_wait(self) -> None:
        assert hosts.causes(full("exhausted_tcp").dialled("timeout", 110)) == FULL

    def test_hit_a_late_answer_while_requests_were_lost(self) -> None:
        """It came only when a worker was free."""
        assert hosts.causes(answers_late(full())) == FULL

    def test_hit_a_socket_that_systemd_passed_is_php_fpms(self) -> None:
        host = full().with_listener(pid=1, comm="systemd", cmdline="/sbin/init")
        assert hosts.causes(host) == FULL

    def test_hit_an_event_with_more_lines_than_times(self) -> None:
        """Its lines are counted."""
        host = a_host("exhausted_dynamic")
        lost = hosts.events(host, "nginx")[0]
        assert lost["count"] > len(lost["times"])
        logged = hosts.events(host, "fpm", "fpm-max") + hosts.events(host, "nginx", "ng-")
        began = min(event["first"] for event in logged)
        assert (hosts.only(host)["count"], hosts.only(host)["since"]) == (lost["count"], began)

    @pytest.mark.parametrize("make, action", [(capped, "process_max_set"), (full, "pool_size_set")])
    def test_near_miss_at_process_max_the_pool_is_not_raised(
        self, make: Callable[[], Host], action: str
    ) -> None:
        assert hosts.actions(make()) == [action]


class TestRefusing:
    """A queue that refuses visitors, though the probe found a free worker."""

    def test_hit_it_is_active(self) -> None:
        item = hosts.only(refusing(2.0))
        assert (item["reason"], item["state"], item["confidence"]) == ("max_children", "active", "likely")

    def test_near_miss_it_refused_long_ago(self) -> None:
        assert hosts.causes(refusing(60.0)) == WAS_FULL

    def test_near_miss_it_has_free_workers(self) -> None:
        assert hosts.causes(refusing(2.0, busy=False)) == WAS_FULL

    def test_near_miss_its_pool_was_resized_since(self) -> None:
        host = refusing(2.0)
        host.with_master(config_newer=False, config_changed_at=hosts.now(host) - 1.0)
        assert hosts.causes(host) == WAS_FULL

    def test_near_miss_its_pool_has_room(self) -> None:
        assert hosts.causes(refusing(2.0).with_pool(max_children=16)) == WAS_FULL


class TestWasFull:
    def test_hit_it_is_recovered(self) -> None:
        assert hosts.found(was_full()) == (WAS_FULL, "recovered")
        assert hosts.only(was_full())["count"] == 2 and hosts.actions(was_full()) == []

    def test_hit_a_master_at_its_limit_is_recovered_as_such(self) -> None:
        host = timed_out_beside("fpm-process-max", 160.0, 100.0, 110.0, pool=None)
        assert hosts.causes(host) == [(CAUSE, "process_max", "recovered")]

    def test_hit_a_long_read_timeout_ends_long_after_it(self) -> None:
        host = timed_out_beside("fpm-max-children-ondemand", 310.0)
        hosts.route(host)["read_timeout"]["seconds"] = 300.0
        assert hosts.causes(host) == WAS_FULL

    def test_hit_the_queue_of_a_static_pool_overflowed(self) -> None:
        """That needs no word of php-fpm."""
        host = a_host().nginx_said("ng-connect-eagain", 50.0).with_pool(pm="static")
        assert hosts.causes(host) == WAS_FULL

    def test_near_miss_a_timeout_long_after_it(self) -> None:
        assert hosts.cause_ids(timed_out_beside("fpm-max-children-dynamic", 800.0)) == [SLOW]

    def test_near_miss_the_warning_of_another_pool(self) -> None:
        host = timed_out_beside("fpm-max-children-dynamic", 20.0, pool="blog")
        assert hosts.cause_ids(host) == [SLOW]

    def test_near_miss_the_warning_of_another_masters_pool(self) -> None:
        """Of the same name: every version brings a pool called www."""
        assert hosts.cause_ids(was_full(master=OTHER_MASTER)) == [SLOW]

    def test_decoy_the_warning_alone_lost_nobodys_request(self) -> None:
        assert hosts.causes(a_host().fpm_said("fpm-max-children-dynamic", 20.0)) == []
        assert hosts.status(a_host("busy_at_limit")) == "healthy"


class TestNotExhausted:
    def test_near_miss_a_pool_that_still_starts_workers(self) -> None:
        """Two of five workers, nobody else waits: the next ones are about to be started."""
        host = full("exhausted_dynamic").with_pool(max_children=5).with_endpoint(queue=0)
        assert hosts.found(host.with_probe(queue=1).silent_logs()) == hosts.UNKNOWN

    def test_near_miss_workers_that_all_wait_are_frozen(self) -> None:
        """php-fpm was stopped with SIGSTOP, or its cgroup is frozen."""
        host = full().with_workers(busy=False).with_endpoint(accepted=0).with_probe(accepted=0)
        assert hosts.causes(host.silent_logs()) == []

    def test_near_miss_without_their_state_full_is_full(self) -> None:
        """Without root nobody tells what a worker does."""
        assert hosts.causes(full().with_workers(busy=None)) == FULL

    def test_near_miss_a_late_answer_without_a_lost_request(self) -> None:
        """A busy pool."""
        assert hosts.found(answers_late(full()).silent_logs()) == hosts.HEALTHY

    def test_near_miss_an_ondemand_pool_that_answers_is_asleep(self) -> None:
        host = a_host().with_pool(pm="ondemand", start_servers=None, min_spare=None, max_spare=None)
        assert hosts.found(host.without_workers()) == hosts.HEALTHY

    def test_near_miss_a_port_that_nobody_listens_on(self) -> None:
        """A packet filter drops the connection."""
        host = full("exhausted_tcp").dialled("timeout", 110).without_listeners(listening=False)
        assert CAUSE not in hosts.cause_ids(host)

    def test_near_miss_the_workers_of_another_masters_pool(self) -> None:
        """Of the same name."""
        host = full("exhausted_dynamic").silent_logs().with_workers(config=OTHER_MASTER)
        host.with_endpoint(queue=0, accepted=0).with_probe(queue=1, accepted=0)
        assert hosts.causes(host) == []

    def test_decoy_a_stranger_that_is_silent_is_no_pool(self) -> None:
        host = a_host("not_fastcgi_app").dialled("ok", None, "no_answer")
        assert CAUSE not in hosts.cause_ids(host)

    def test_decoy_a_remote_pool_has_none_of_the_workers_here(self) -> None:
        host = full("exhausted_tcp").dials(hosts.REMOTE, **hosts.REMOTE_FACTS).silent_logs()
        assert hosts.found(host) == hosts.UNKNOWN


def crowd(
    live: Optional[int], dead: Optional[int], arrived: int = 7, answered: int = 1, abandoned: Any = 2
) -> Host:
    """A pool of two workers before which so many wait, or have given up; within three seconds so many came
    and were answered.
    """
    queue = 9 if dead is None else (live or 0) + dead
    flow = {"seconds": 3.0, "arrived": arrived, "answered": answered}
    host = full().with_endpoint(queue=queue, abandoned=abandoned, flow=flow)
    return host.with_endpoint(waiting={"live": live, "dead": dead}).with_probe(queue=queue + 1).silent_logs()


class TestCrowd:
    def test_hit_who_waits_is_told_from_who_has_given_up(self) -> None:
        item = hosts.only(crowd(3, 10))
        live, flow = item["evidence"][0]["text"], item["evidence"][1]["text"]
        assert "13 requests wait, 10 of them have given up." in item["summary"]
        assert "2 of 2 workers serve a request, 2 of them for clients who have gone, 13 wait in the" in live
        assert flow == "within 3.0 s 7 requests came and 1 were answered"

    def test_decoy_no_number_is_made_up(self) -> None:
        """Where nobody tells them apart."""
        item = hosts.only(crowd(None, None, abandoned=None))
        text = item["evidence"][0]["text"]
        assert item["summary"].endswith("and requests wait.")
        assert "given up" not in text and "gone" not in text

    @pytest.mark.parametrize(
        "host, drop",
        [
            (crowd(15, 100), True),
            (crowd(0, 50, 0, 1), True),  # the crowd has left, its requests have not
            (crowd(15, 100, 7, 0), True),
            (crowd(15, 12), False),  # more still wait than have given up
            (crowd(0, 2, 0, 0), False),  # the new workers take them at once
            (crowd(15, 20, 30, 60), False),  # pages are short: they are through in half a second
            (crowd(None, None), False),
            (crowd(15, 100).with_endpoint(flow=None), False),  # without two looks
        ],
    )
    def test_the_queue_is_dropped_where_the_dead_take_too_long(self, host: Host, drop: bool) -> None:
        """Longer than the others have patience."""
        action = hosts.verdict(host)["plan"][0]
        disruption = "restart" if drop else "reload"
        assert (action["id"], action["disruption"]) == ("pool_size_set", disruption)
        assert action["arguments"].get("drop_backlog", False) == drop
