# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cause 5: slow scripts while workers are free, and timeouts that are something else."""

from typing import Callable, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import seen

CAUSE = "fastcgi_read_timeout"
HITS: Dict[str, Callable[[], hosts.Snapshot]] = {"slow_script": lambda: seen("slow_location")}


@pytest.mark.parametrize("reason", sorted(HITS))
def test_hit_each_reason_alone_and_degraded(reason: str) -> None:
    found = hosts.verdict(HITS[reason]())
    assert [(item["cause"], item["reason"], item["state"]) for item in found["findings"]] == [
        (CAUSE, reason, "active")
    ]
    assert found["status"] == "degraded"


@pytest.mark.parametrize("fault, where", [("slow_location", "(location)"), ("slow_http", "(http)")])
def test_hit_the_timeout_that_decided_is_named_with_its_place(fault: str, where: str) -> None:
    item = hosts.only(seen(fault))
    assert where in item["summary"] and item["evidence"][1]["path"] and item["evidence"][1]["line"]
    route = seen(fault)["nginx"]["routes"][0]
    assert (item["evidence"][2]["path"], item["evidence"][2]["line"]) == (route["file"], route["line"]), (
        "where another would stand"
    )
    assert hosts.actions(seen(fault)) == [], "two requests within seconds"


def going_on(*ago: float, busy: bool = True) -> hosts.Snapshot:
    return hosts.timing_out(seen("slow_location"), *ago, busy=busy)


def test_hit_what_goes_on_and_is_seen_in_a_worker_may_be_changed_where_high_risks_are_taken() -> None:
    planned = hosts.verdict(going_on())["plan"]
    assert [(action["id"], action["risk"], action["arguments"]["site"]) for action in planned] == [
        ("read_timeout_set", "high", "shop.example")
    ]
    assert hosts.only(going_on())["confidence"] == "likely"


@pytest.mark.parametrize("signature", ["fpm-slow", "fpm-terminate"])
def test_hit_the_masters_own_word_of_slow_scripts_will_do_for_a_busy_worker(signature: str) -> None:
    assert hosts.actions(hosts.fpm_said(going_on(busy=False), signature, 30.0)) == ["read_timeout_set"]


NOT_ENOUGH: Dict[str, Callable[[], hosts.Snapshot]] = {
    "one line, which anybody may have written": lambda: going_on(30),
    "one visitor's request, again and again within a minute": lambda: going_on(55, 50, 40, 30, 20, 10),
    "four requests": lambda: going_on(150, 120, 60, 30),
    "words alone: no worker is busy and php-fpm knows of nothing": lambda: going_on(busy=False),
    "the busy worker is of another pool": lambda: of_another_pool(going_on()),
    "php-fpm's word is of another pool": lambda: hosts.fpm_said(
        going_on(busy=False), "fpm-slow", 30.0, pool="blog"
    ),
    "most lines name a server that is not here": lambda: of_a_strange_server(
        going_on(150, 120, 90, 60), going_on(30)
    ),
}


def of_another_pool(snapshot: hosts.Snapshot) -> hosts.Snapshot:
    snapshot["workers"][0]["pool"] = "blog"
    return snapshot


def of_a_strange_server(strange: hosts.Snapshot, snapshot: hosts.Snapshot) -> hosts.Snapshot:
    snapshot["logs"]["events"] += [dict(one, site="gone.example") for one in strange["logs"]["events"]]
    return snapshot


@pytest.mark.parametrize("case", sorted(NOT_ENOUGH))
def test_near_miss_what_may_be_forged_or_one_visitors_changes_nothing(case: str) -> None:
    assert hosts.actions(NOT_ENOUGH[case]()) == []


@pytest.mark.parametrize("site", ["blog.example", "shop.example", None])
def test_near_miss_a_snippet_that_several_servers_include_is_not_changed_for_one(site: Optional[str]) -> None:
    snapshot = going_on()
    route = dict(snapshot["nginx"]["routes"][0], site=site, server_names=[site] if site else [])
    snapshot["nginx"]["routes"].append(route)
    assert hosts.causes(snapshot) == [(CAUSE, "slow_script", "active")] and hosts.actions(snapshot) == []
    route["line"] += 40
    assert hosts.actions(snapshot) == ([] if site == "shop.example" else ["read_timeout_set"])


def test_hit_only_the_site_that_timed_out_is_named() -> None:
    snapshot = seen("slow_location")
    route = dict(snapshot["nginx"]["routes"][0], site="blog.example", server_names=["blog.example"])
    snapshot["nginx"]["routes"].insert(0, route)
    assert hosts.only(snapshot)["sites"] == ["shop.example"]


@pytest.mark.parametrize("logged", ["shop.example", "www.shop.example"])
def test_hit_the_timeout_is_that_of_the_site_that_lost_the_request_under_any_of_its_names(
    logged: str,
) -> None:
    snapshot = seen("slow_location")
    other = dict(
        snapshot["nginx"]["routes"][0],
        site="blog.example",
        server_names=["blog.example"],
        read_timeout=dict(snapshot["nginx"]["routes"][0]["read_timeout"], seconds=300.0),
    )
    snapshot["nginx"]["routes"].insert(0, other)
    for one in snapshot["logs"]["events"]:
        one["site"] = logged if one["source"] == "nginx" else None
    assert ", 2 s, set" in hosts.only(snapshot)["summary"]


@pytest.mark.parametrize("logged", ["127.0.0.1:9000", "[::1]:9000"])
def test_hit_localhost_is_logged_as_either_of_its_addresses(logged: str) -> None:
    snapshot = hosts.dials(
        seen("slow_location"),
        "localhost:9000",
        family="name",
        address="localhost",
        port=9000,
        path=None,
        real_path=None,
        addresses=[
            {"address": one, "result": "ok", "errno": None, "probe": "answered"}
            for one in ("127.0.0.1", "::1")
        ],
    )
    for one in snapshot["logs"]["events"]:
        one["endpoint"] = logged if one["source"] == "nginx" else None
    assert hosts.causes(snapshot) == [(CAUSE, "slow_script", "active")]


def test_hit_a_name_is_dialled_and_its_address_is_logged() -> None:
    """nginx logs the address that a name led to."""
    snapshot = seen("slow_location")
    hosts.dials(
        snapshot,
        "php.internal:9000",
        family="name",
        address="php.internal",
        port=9000,
        path=None,
        real_path=None,
        listening=None,
        listeners=[],
        addresses=[{"address": "192.0.2.7", "result": "ok", "errno": None, "probe": "answered"}],
    )
    for one in snapshot["logs"]["events"]:
        one["endpoint"] = "192.0.2.7:9000" if one["source"] == "nginx" else None
    assert hosts.causes(snapshot) == [(CAUSE, "slow_script", "active")]


def test_hit_a_response_that_stopped_in_the_middle_ran_into_the_same_timeout() -> None:
    assert hosts.causes(hosts.nginx_said(seen("plain"), "ng-timeout-body", 20.0)) == [
        (CAUSE, "slow_script", "active")
    ]


def test_near_miss_timeouts_while_the_probe_waited_are_not_a_slow_script() -> None:
    snapshot = hosts.dialled(seen("slow_location"), "ok", None, "answered", 1500.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_near_miss_timeouts_while_nobody_answered_are_a_full_pool() -> None:
    assert [cause for cause, _reason, _state in hosts.causes(seen("exhausted_static"))] == [
        "max_children_exhausted"
    ]


def test_near_miss_two_locations_of_the_site_leave_it_to_a_person_which_timeout_to_raise() -> None:
    snapshot = going_on()
    snapshot["nginx"]["routes"].append(
        dict(snapshot["nginx"]["routes"][0], location="= /report.php", line=40)
    )
    assert hosts.causes(snapshot) == [(CAUSE, "slow_script", "active")] and hosts.actions(snapshot) == []


def test_near_miss_timeouts_from_before_nginx_was_given_another_configuration_are_over() -> None:
    snapshot = seen("slow_location")
    last = max(at for event in snapshot["logs"]["events"] for at in event["times"])
    snapshot["nginx"].update(config_changed_at=last + 5, config_newer=True)  # changed, and not yet loaded
    assert hosts.only(snapshot)["state"] == "active"
    snapshot["nginx"]["config_newer"] = False
    assert hosts.only(snapshot)["state"] == "recovered" and hosts.actions(snapshot) == []


def test_near_miss_requests_that_began_before_the_pool_was_given_more_workers_are_over() -> None:
    """A static pool that was full says no word of it."""
    snapshot = seen("slow_location")
    last = max(at for event in snapshot["logs"]["events"] for at in event["times"])
    hosts.master(snapshot).update(config_changed_at=last - 1, config_newer=False)  # they had waited for 2 s
    assert hosts.only(snapshot)["state"] == "recovered"
    hosts.master(snapshot)["config_changed_at"] = last - 40
    assert hosts.only(snapshot)["state"] == "active"


def test_near_miss_an_upload_that_timed_out_is_not_a_matter_of_the_read_timeout() -> None:
    snapshot = hosts.nginx_said(seen("plain"), "ng-timeout-send", 20.0)
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "degraded")


def test_decoy_a_timeout_of_another_upstream_is_not_phps() -> None:
    snapshot = hosts.nginx_said(seen("plain"), "ng-timeout-header", 20.0, endpoint="127.0.0.1:3000")
    assert (hosts.causes(snapshot), hosts.verdict(snapshot)["status"]) == ([], "healthy")


def test_decoy_a_short_timeout_that_nobody_ran_into_is_nothing() -> None:
    assert hosts.causes(hosts.silent_logs(seen("slow_location"))) == []


def test_decoy_a_slow_script_that_php_fpm_noted_and_nginx_waited_for_is_nothing() -> None:
    assert hosts.causes(hosts.fpm_said(seen("plain"), "fpm-slow", 20.0)) == []
