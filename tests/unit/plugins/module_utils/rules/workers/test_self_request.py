# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools whose workers wait for pages of their own site; and those that wait for something else there."""

from typing import Any

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.workers.test_waiting import (
    full,
    wait,
)

SITE = "127.0.0.1:80"
BLOG = "unix:/run/php/blog.sock"


def asking(*kinds: Any, listen: str = "80 default_server") -> Host:
    rows = [[wait(kind, on={"site": SITE, "peer": "127.0.0.1:3306"}.get(kind))] for kind in kinds]
    return full(*rows).on_every_route(listen=[listen])


def beside(probe: str) -> Host:
    """Another site of the same nginx has a pool of its own."""
    host = asking("site", "site")
    first = host["nginx"]["routes"][0]
    target = dict(first["endpoints"][0], endpoint=BLOG)
    host.another_site("blog.example", endpoints=[target], listen=["80"])
    there = host["endpoints"][first["endpoints"][0]["endpoint"]]
    return host.with_endpoint_of(BLOG, there).with_probe_of(BLOG, result=probe, ms=2.0)


def reasons(host: Host) -> Any:
    return {reason for _cause, reason, _state in hosts.causes(host)}


class TestSelfRequest:
    def test_hit_all_workers_wait_for_the_own_site(self) -> None:
        item = hosts.only(asking("site", "site"))
        assert (item["cause"], item["reason"], item["confidence"]) == (
            "max_children_exhausted",
            "self_request",
            "likely",
        )
        assert "HTTP at %s" % SITE in item["summary"] and hosts.status(asking("site", "site")) == "failing"
        assert item["remedy"] == []

    def test_hit_half_of_them_serve_what_the_others_ask(self) -> None:
        assert hosts.only(asking("site", "sleep"))["reason"] == "self_request"

    def test_hit_the_other_pools_that_may_be_asked_answer(self) -> None:
        assert reasons(beside("answered")) == {"self_request"}

    def test_near_miss_the_page_that_is_asked_waits_for_a_database(self) -> None:
        assert "self_request" not in reasons(asking("site", "peer"))

    def test_near_miss_another_pool_there_gives_no_answer(self) -> None:
        host = beside("no_answer")
        assert "self_request" not in reasons(host) and "slow_dependency" in reasons(host)
        assert any("nginx of this host" in item["summary"] for item in hosts.verdict(host)["findings"])

    def test_near_miss_no_site_of_the_pool_listens_there(self) -> None:
        assert hosts.only(asking("site", "site", listen="8080"))["reason"] == "slow_dependency"

    def test_decoy_a_service_of_this_host(self) -> None:
        assert hosts.only(asking("peer", "peer"))["reason"] == "slow_dependency"


class TestToldByLog:
    """The pages that ask gave up, and the workers run what they asked for."""

    def logged(self, own: int, others: int) -> Host:
        host = asking("sleep", "sleep").silent_logs()
        host.nginx_said("ng-timeout-header", *range(20, 20 + own), own=True)
        return host.nginx_said("ng-timeout-header", *range(20, 20 + others)) if others else host

    def test_hit_many_came_from_this_host(self) -> None:
        item = hosts.only(self.logged(5, 12))
        assert (item["reason"], item["confidence"], item["remedy"]) == ("self_request", "likely", [])
        assert item["evidence"][0]["text"].startswith("5 of 17 requests")

    def test_near_miss_few_of_many(self) -> None:
        item = hosts.only(self.logged(3, 13))
        assert (item["reason"], item["confidence"]) == ("max_children", "likely"), (
            "they may be its own checks"
        )
        assert any("3 of 16 requests" in piece["text"] for piece in item["evidence"])
        assert hosts.only(self.logged(2, 1))["reason"] == "max_children"

    def test_decoy_a_proxy_of_this_host_asks_for_all(self) -> None:
        assert hosts.only(self.logged(9, 0))["reason"] == "max_children"


class TestOwnAddress:
    """A debugger or a service is to be met where the pool itself listens."""

    def meeting(self, *rows: Any, where: str = "127.0.0.1:9000") -> Host:
        host = full(*[[wait(kind, on=where if kind == "peer" else None)] for kind in rows])
        host["endpoints"][where] = host["endpoints"][host["nginx"]["routes"][0]["endpoints"][0]["endpoint"]]
        host["nginx"]["routes"][0]["endpoints"][0]["endpoint"] = where
        host["fpm"]["masters"][0]["pools"][0]["endpoint"] = where
        return host

    def test_hit_one_asks_and_the_other_has_the_connection(self) -> None:
        item = hosts.only(self.meeting("peer", "kept"))
        assert (item["reason"], item["remedy"]) == ("self_request", [])
        assert "the pool's own address 127.0.0.1:9000" in item["summary"]

    def test_hit_all_of_them_ask(self) -> None:
        assert reasons(self.meeting("peer", "peer")) == {"self_request"}

    def test_near_miss_another_port(self) -> None:
        host = full(*[[wait("peer", on="127.0.0.1:9001")]] * 2)
        assert reasons(host) == {"slow_dependency"}

    def test_decoy_workers_that_have_a_connection(self) -> None:
        assert "self_request" not in reasons(self.meeting("kept", "kept"))
