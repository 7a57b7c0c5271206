# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 5: slow scripts while workers are free, and timeouts that are something else."""

from typing import Any, Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import (
    Host,
    a_host,
    port,
)

CAUSE = "fastcgi_read_timeout"
SLOW = [(CAUSE, "slow_script", "active")]


def starved() -> Host:
    """The worker of the late request wants a CPU, and its control group may not run."""
    host = a_host("late_for_mysql")
    for row in host["waits"]["workers"]:
        if row["waits"][0]["kind"] == "peer":
            row.update(
                cpu=0.04, waits=[{"kind": "cpu", "on": None, "holder": None, "samples": row["samples"]}]
            )
    throttle = {"path": "/sys/fs/cgroup/php", "cores": 0.1, "periods": 9, "throttled": 8, "seconds": 1.2}
    host["waits"]["throttles"] = [throttle]
    return host


HITS: Dict[str, Callable[[], Host]] = {
    "slow_script": lambda: a_host("slow_location"),
    "slow_dependency": lambda: a_host("late_for_mysql"),
    "cpu_starved": starved,
}


def going_on(*ago: float, busy: bool = True) -> Host:
    return a_host("slow_location").timing_out(*ago, busy=busy)


def with_timeout(seconds: float) -> Host:
    """By now."""
    host = a_host("slow_location")
    host["nginx"]["master"]["started_at"] = hosts.now(host) - 90000
    return host.with_route(read_timeout=dict(hosts.route(host)["read_timeout"], seconds=seconds))


SHORT = {"seconds": 2.0, "file": None, "line": None, "context": "default"}


def last_loss(host: Host) -> float:
    return float(max(at for event in hosts.events(host, "nginx") for at in event["times"]))


def with_losses_of_a_strange_server(host: Host) -> Host:
    for event in hosts.events(going_on(150, 120, 90, 60), "nginx"):
        host.logged_as(event, site="gone.example")
    return host


def by_name(name: str, *addresses: str, **more: Any) -> Host:
    """nginx dials a name, and the addresses that it leads to answer."""
    answers = [
        {"address": address, "result": "ok", "errno": None, "probe": "answered"} for address in addresses
    ]
    facts = dict(port(name), family="name", addresses=answers, **more)
    return a_host("slow_location").dials(name + ":9000", **facts)


class TestSlowScript:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone_is_degraded(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "degraded")

    @pytest.mark.parametrize("fault, where", [("slow_location", "(location)"), ("slow_http", "(http)")])
    def test_hit_the_timeout_that_decided_is_named(self, fault: str, where: str) -> None:
        """With its place, and with the place where another would stand."""
        host = a_host(fault)
        item, route = hosts.only(host), hosts.route(host)
        _line, decided, stands = item["evidence"][:3]
        assert where in item["summary"] and decided["path"] and decided["line"]
        assert (stands["path"], stands["line"]) == (route["file"], route["line"])
        assert hosts.actions(host) == [], "two requests within seconds"

    def test_hit_a_response_that_stopped_in_the_middle(self) -> None:
        assert hosts.causes(a_host().nginx_said("ng-timeout-body", 20.0)) == SLOW

    def test_hit_only_the_site_that_timed_out_is_named(self) -> None:
        host = a_host("slow_location").another_site("blog.example", first=True)
        assert hosts.only(host)["sites"] == ["shop.example"]

    @pytest.mark.parametrize("logged", ["shop.example", "www.shop.example"])
    def test_hit_it_is_the_timeout_of_the_site_by_any_name(self, logged: str) -> None:
        host = a_host("slow_location")
        longer = dict(hosts.route(host)["read_timeout"], seconds=300.0)
        host.another_site("blog.example", first=True, read_timeout=longer)
        assert ", 2 s, set" in hosts.only(host.with_events("nginx", site=logged))["summary"]

    @pytest.mark.parametrize("logged", ["127.0.0.1:9000", "[::1]:9000"])
    def test_hit_localhost_is_logged_as_either_address(self, logged: str) -> None:
        host = by_name("localhost", "127.0.0.1", "::1").with_events("nginx", endpoint=logged)
        assert hosts.causes(host) == SLOW

    def test_hit_a_name_is_dialled_but_its_address_is_logged(self) -> None:
        host = by_name("php.internal", "192.0.2.7", listening=None, listeners=[])
        assert hosts.causes(host.with_events("nginx", endpoint="192.0.2.7:9000")) == SLOW


class TestRemedy:
    def test_hit_what_goes_on_may_be_changed_at_a_high_risk(self) -> None:
        """A worker is seen that serves such a request."""
        planned = hosts.verdict(going_on())["plan"]
        assert [(action["id"], action["risk"], action["arguments"]["site"]) for action in planned] == [
            ("read_timeout_set", "high", "shop.example")
        ]
        assert hosts.only(going_on())["confidence"] == "likely"

    @pytest.mark.parametrize("signature", ["fpm-slow", "fpm-terminate"])
    def test_hit_the_masters_word_will_do_for_a_busy_worker(self, signature: str) -> None:
        assert hosts.actions(going_on(busy=False).fpm_said(signature, 30.0)) == ["read_timeout_set"]

    @pytest.mark.parametrize(
        "make",
        [
            pytest.param(lambda: going_on(30), id="one line, which anybody may have written"),
            pytest.param(
                lambda: going_on(55, 50, 40, 30, 20, 10),
                id="one visitor's request, again and again within a minute",
            ),
            pytest.param(lambda: going_on(150, 120, 60, 30), id="four requests"),
            pytest.param(
                lambda: going_on(busy=False),
                id="words alone: no worker is busy and php-fpm knows of nothing",
            ),
            pytest.param(
                lambda: going_on().with_first_worker(pool="blog"), id="the busy worker is of another pool"
            ),
            pytest.param(
                lambda: going_on(busy=False).fpm_said("fpm-slow", 30.0, pool="blog"),
                id="php-fpm's word is of another pool",
            ),
            pytest.param(
                lambda: with_losses_of_a_strange_server(going_on(30)),
                id="most lines name a server that is not here",
            ),
        ],
    )
    def test_near_miss_what_may_be_forged_changes_nothing(self, make: Callable[[], Host]) -> None:
        """Or what one visitor may have done."""
        assert hosts.actions(make()) == []

    @pytest.mark.parametrize("site", ["blog.example", "shop.example", None])
    def test_near_miss_a_snippet_that_several_servers_include(self, site: Optional[str]) -> None:
        host = going_on().another_site(site)
        assert hosts.causes(host) == SLOW and hosts.actions(host) == []

    @pytest.mark.parametrize(
        "site, actions",
        [("blog.example", ["read_timeout_set"]), ("shop.example", []), (None, ["read_timeout_set"])],
    )
    def test_hit_a_line_of_its_own_beside_another_site(self, site: Optional[str], actions: Any) -> None:
        host = going_on()
        assert hosts.actions(host.another_site(site, line=hosts.route(host)["line"] + 40)) == actions

    def test_near_miss_two_locations_leave_it_to_a_person(self) -> None:
        """Which timeout to raise."""
        host = going_on().another_route(location="= /report.php", line=40)
        assert hosts.causes(host) == SLOW and hosts.actions(host) == []


class TestOtherTimeouts:
    def test_near_miss_while_the_probe_waited(self) -> None:
        assert hosts.found(a_host("slow_location").dialled("ok", None, "answered", 1500.0)) == hosts.DEGRADED

    def test_near_miss_while_nobody_answered_the_pool_is_full(self) -> None:
        assert hosts.cause_ids(a_host("exhausted_static")) == ["max_children_exhausted"]

    def test_near_miss_an_upload_that_timed_out(self) -> None:
        """It is no matter of the read timeout."""
        assert hosts.found(a_host().nginx_said("ng-timeout-send", 20.0)) == hosts.DEGRADED


def changed_since(host: Host, after: float = 5.0) -> Host:
    """nginx has loaded a change. after: seconds after the last request that timed out."""
    return host.with_nginx(config_changed_at=last_loss(host) + after, config_newer=False)


def logged(host: Host, seconds: float, later: float = 0.0, **more: Any) -> Host:
    """A 504 in the access log, at the last loss."""
    host["access"] = host.get("access") or {"files": [], "events": []}
    ago = hosts.now(host) - last_loss(host) - later
    detail = {"status": 504, "seconds": seconds, "uri": "/slow.php"}
    return host.answered("access-504", ago, detail=detail, **more)


def lost_alone(seconds: float = 300.0) -> Host:
    """One request timed out a minute ago, nginx has run for a day. seconds: of the timeout by now."""
    return changed_since(with_timeout(seconds).silent_logs().nginx_said("ng-timeout-header", 60.0))


class TestOver:
    @pytest.mark.parametrize("newer, seconds", [(True, 120.0), (False, 120.0), (False, 2.0), (False, 50.0)])
    def test_near_miss_a_long_timeout_may_be_an_old_one(self, newer: bool, seconds: float) -> None:
        """Its file was changed for another reason, as by certbot. newer: changed, and not yet loaded."""
        host = changed_since(with_timeout(seconds)).with_nginx(config_newer=newer)
        item = hosts.only(host)
        assert item["state"] == "active" and hosts.actions(host) == []
        assert ("nothing shows that the timeout was shorter before" in str(item["evidence"])) != newer

    @pytest.mark.parametrize("waited, state", [(2.1, "recovered"), (300.0, "active"), (600.2, "active")])
    def test_near_miss_an_access_log_says_how_long_it_waited(self, waited: float, state: str) -> None:
        item = hosts.only(logged(lost_alone(), waited))
        assert item["state"] == state
        doubt = "nothing shows that the timeout was shorter before"
        assert (doubt in str(item["evidence"])) == (state == "active")

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param(logged(lost_alone(), 5.0, endpoint="127.0.0.1:3000"), id="another endpoint"),
            pytest.param(logged(lost_alone(), 5.0, site="blog.example"), id="another site"),
            pytest.param(
                logged(lost_alone().with_events("nginx", detail={"uri": "/report.php"}), 5.0),
                id="another page",
            ),
            pytest.param(logged(logged(lost_alone(), 300.0), 5.0, 1.0, site=None), id="two at a time"),
            pytest.param(
                logged(lost_alone().nginx_said("ng-timeout-header", 61.0), 5.0), id="only one of two is there"
            ),
            pytest.param(
                logged(
                    lost_alone().another_route(location="/a", line=90).nginx_said("ng-timeout-header", 600.0),
                    5.0,
                ),
                id="an older loss may be of a second location",
            ),
            pytest.param(
                logged(lost_alone().another_route(location="/a", line=90, read_timeout=SHORT), 5.0),
                id="a second location has a short timeout",
            ),
        ],
    )
    def test_near_miss_the_wait_may_be_another_ones(self, host: Host) -> None:
        """Which request is asked at that moment a visitor chooses."""
        assert hosts.only(host)["state"] == "active"

    def test_hit_the_last_of_many_of_one_location(self) -> None:
        host = logged(lost_alone().nginx_said("ng-timeout-header", 600.0), 5.0)
        assert hosts.only(host)["state"] == "recovered"

    @pytest.mark.parametrize(
        "started, after, state",
        [
            (-10, 5, "recovered"),
            pytest.param(-40, 5, "active", id="it had run for longer"),
            pytest.param(-10, -5, "active", id="changed before the last loss"),
            pytest.param(3, 5, "active", id="another nginx had, which nobody knows"),
        ],
    )
    def test_hit_nginx_had_not_run_for_so_long(self, started: int, after: int, state: str) -> None:
        """So it cannot have waited for as long as it would by now."""
        host = changed_since(with_timeout(30.0), after)
        host["nginx"]["master"]["started_at"] = last_loss(host) + started
        assert hosts.only(host)["state"] == state

    def test_near_miss_a_second_location_waits_less(self) -> None:
        host = changed_since(with_timeout(300.0)).another_route(
            location="^~ /api", line=90, read_timeout=SHORT
        )
        host["nginx"]["master"]["started_at"] = last_loss(host) - 100
        assert hosts.only(host)["state"] == "active"

    @pytest.mark.parametrize(
        "before, pm, came, state",
        [
            (1, "static", True, "recovered"),
            (1, "static", False, "active"),
            (40, "static", True, "active"),
            (1, "dynamic", True, "active"),
        ],
    )
    def test_near_miss_requests_before_the_pool_was_edited(
        self, before: int, pm: str, came: bool, state: str
    ) -> None:
        """A static pool that was full does not log it, nor how many workers it had. They waited for 2 s."""
        host = a_host("slow_location").with_pool(pm=pm)
        at = last_loss(host) - before
        host.with_master(config_changed_at=at, config_newer=False, loaded_at=at)
        assert hosts.only(hosts.came_since(host) if came else host)["state"] == state

    @pytest.mark.parametrize("late, state", [(1, "recovered"), (-1, "active"), (900, "active")])
    def test_near_miss_a_remediation_enlarged_the_pool(self, late: int, state: str) -> None:
        """late: seconds from the change of the pool's file to what the ledger says."""
        host = a_host("slow_location").with_pool(pm="static")
        at = last_loss(host) + 1
        host.with_master(config_changed_at=at, config_newer=False)
        host["changed_files"] = {hosts.pool(host)["file"]: at}
        host["logs"]["resized"] = {host["fpm"]["masters"][0]["unit"]: at + late}
        assert hosts.only(host)["state"] == state


class TestDecoys:
    def test_decoy_a_timeout_of_another_upstream_is_not_phps(self) -> None:
        host = a_host().nginx_said("ng-timeout-header", 20.0, endpoint="127.0.0.1:3000")
        assert hosts.found(host) == hosts.HEALTHY

    def test_decoy_a_short_timeout_that_nobody_ran_into(self) -> None:
        assert hosts.causes(a_host("slow_location").silent_logs()) == []

    def test_decoy_a_slow_script_that_nginx_waited_for(self) -> None:
        assert hosts.causes(a_host().fpm_said("fpm-slow", 20.0)) == []


class TestDependency:
    def test_hit_a_longer_timeout_only_lets_more_requests_wait(self) -> None:
        host = a_host("late_for_mysql").timing_out()
        assert hosts.causes(host) == [(CAUSE, "slow_dependency", "active")] and hosts.actions(host) == []
