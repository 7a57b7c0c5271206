# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue of a socket: how many come, and when it is dropped."""

from typing import Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.actions.backlog import Arguments, demand, verb
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.actions.host import (
    CONFIG,
    UNIT,
    Host,
)


def demand_of(host: Host) -> Dict[str, int]:
    return demand(host.view, host.endpoint)


class TestDemand:
    def test_those_who_wait_count_but_not_the_probe(self) -> None:
        host = Host("exhausted_static").place(queue=4, accepted=2)
        host.probe(result="no_answer", queue=7, accepted=2)
        assert demand_of(host) == {"busy": 2, "waiting": 6, "arrived": 0, "answered": 0}

    def test_a_client_that_has_given_up_needs_no_worker(self) -> None:
        host = Host("exhausted_static").probe(result="no_answer", queue=7, accepted=2)
        host.place(
            queue=7,
            accepted=2,
            waiting={"live": 3, "dead": 4},
            flow={"seconds": 3.0, "arrived": 6, "answered": 1},
        )
        assert demand_of(host) == {"busy": 2, "waiting": 3, "arrived": 6, "answered": 1}

    def test_a_late_answer_tells_how_long_a_request_takes(self) -> None:
        host = Host("exhausted_static").silent_logs().nginx_said("ng-connect-eagain", *range(30, 0, -1))
        host.place(queue=0, accepted=2, flow=None, waiting={"live": 0, "dead": 0})
        host.probe(result="answered", ms=2000.0, queue=None, accepted=None)
        assert demand_of(host) == {"busy": 2, "waiting": 0, "arrived": 6, "answered": 2}

    def test_without_a_late_answer_those_refused_lately_wait(self) -> None:
        """The probe came when a worker was free by chance: nobody knows how long a request takes."""
        host = Host("exhausted_static").silent_logs().nginx_said("ng-connect-eagain", *range(30, 0, -1))
        host.place(queue=0, accepted=1, flow=None, waiting={"live": 0, "dead": 0})
        host.probe(result="answered", ms=2.0, queue=None, accepted=None)
        assert demand_of(host) == {"busy": 1, "waiting": 5, "arrived": 0, "answered": 0}

    def test_old_refusals_are_nobody_who_waits(self) -> None:
        host = Host("exhausted_static").silent_logs().nginx_said("ng-connect-eagain", *range(90, 60, -1))
        host.place(queue=0, accepted=1, flow=None, waiting={"live": 0, "dead": 0})
        host.probe(result="answered", ms=2.0, queue=None, accepted=None)
        assert demand_of(host)["waiting"] == 0

    def test_what_the_queue_refused_of_late_has_arrived_too(self) -> None:
        """A queue of one place shows nobody who waits. nginx's log has the others."""
        host = Host("exhausted_static").silent_logs()
        host.nginx_said("ng-connect-eagain", 25.0, 20.0, 15.0, 10.0, 5.0, 1.0)
        host.nginx_said("ng-connect-eagain", 400.0, 300.0).nginx_said("ng-timeout-header", 2.0)
        host.place(
            queue=2,
            accepted=2,
            waiting={"live": 1, "dead": 1},
            flow={"seconds": 10.0, "arrived": 1, "answered": 2},
        )
        assert demand_of(host) == {"busy": 2, "waiting": 1, "arrived": 3, "answered": 2}

    def test_the_newest_lines_of_a_storm_count_for_their_time(self) -> None:
        host = Host("exhausted_static").silent_logs().nginx_said("ng-connect-eagain", 4.0, 3.0, 2.0, 1.0)
        host.lines_of_first_event(900).place(flow={"seconds": 10.0, "arrived": 0, "answered": 2})
        assert demand_of(host)["arrived"] == 10


class TestDrop:
    @pytest.mark.parametrize(
        "requested, dead, live, how",
        [
            (True, 30, 5, "restart"),
            (False, 30, 5, "reload"),
            (True, 12, 4, "reload"),  # sixteen workers take them all at once
        ],
    )
    def test_only_where_it_is_asked_for_and_the_queue_does_not_fit(
        self, requested: bool, dead: int, live: int, how: str
    ) -> None:
        host = Host("exhausted_static").crowded(dead, live)
        assert verb(host.view, Arguments(CONFIG, "www", UNIT, requested), host.endpoint, 16)[0] == how

    def test_a_restart_says_what_it_costs_all_pools_of_the_unit(self) -> None:
        host = Host("exhausted_static").crowded(30, 5)
        host.second_pool("blog", queue=0, accepted=3, waiting={"live": 0, "dead": 0}, abandoned=0)
        notes = "; ".join(verb(host.view, Arguments(CONFIG, "www", UNIT, True), host.endpoint, 16)[1])
        assert "30 requests whose clients have gone" in notes
        assert "up to 5 that wait and 4 that are served, in all pools of" in notes

    def test_a_queue_with_few_places_is_named_and_left(self) -> None:
        host = Host("exhausted_static").crowded(1, 1).place(backlog=1)
        assert verb(host.view, Arguments(CONFIG, "www", UNIT, False), host.endpoint, 16) == (
            "reload",
            ["listen.backlog = 1 stays: it still refuses some of a crowd that comes at once"],
        )
