# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in fastcgi_pass: without an address, or with an old one."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts, older
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

CAUSE = "upstream_unresolvable"


def unresolved(signature: str, **facts: Any) -> Host:
    """A variable decides where the only sites go, and nginx said this a minute ago."""
    host = a_host().silent_logs().on_every_route(variable=True, resolver=False, **facts)
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    return host.nginx_said(signature, 60.0, endpoint=None)


def renamed(old: str = "10.0.0.2:9000", address: str = "10.0.0.3", **nginx: Any) -> Host:
    """The upstream's name leads to another address than nginx dialled a minute ago."""
    here = {"address": address, "result": "ok", "errno": None, "probe": "answered"}
    host = a_host("exhausted_tcp").silent_logs().dialled("ok", None, "answered", 1.0)
    host.dials("php:9000", family="name", address="php", port=9000, addresses=[here])
    for route in host["nginx"]["routes"]:
        route["endpoints"][0].update(endpoint="php:9000", written="php:9000")
    known = dict({"loaded": older.loaded_at(hosts.now(host) - 900), "config_newer": False}, **nginx)
    return host.with_nginx(**known).nginx_said("ng-connect-econnrefused-tcp", 60.0, endpoint=old)


HITS: Dict[str, Callable[[], Host]] = {
    "no_resolver": lambda: unresolved("ng-no-resolver"),
    "name_unresolved": lambda: unresolved("ng-resolve-nxdomain"),
    "bad_address": lambda: unresolved("ng-no-port"),
    "stale_address": renamed,
}


class TestEachReason:
    @pytest.mark.parametrize("reason", sorted(HITS))
    def test_hit_each_reason_alone(self, reason: str) -> None:
        assert hosts.found(HITS[reason]()) == ([(CAUSE, reason, "active")], "failing")


class TestLookup:
    def test_hit_a_route_whose_endpoint_only_nginx_knows(self) -> None:
        host = unresolved("ng-no-resolver").another_site("cdn.example", endpoints=[])
        hosts.events(host, "nginx")[0]["site"] = "cdn.example"
        assert hosts.causes(host) == [(CAUSE, "no_resolver", "active")]

    def test_hit_a_resolver_that_is_loaded_since_ends_it(self) -> None:
        host = unresolved("ng-no-resolver").on_every_route(resolver=True)
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.found(host) == ([(CAUSE, "no_resolver", "recovered")], "recovered")

    def test_near_miss_another_change_was_loaded_since(self) -> None:
        host = unresolved("ng-no-resolver")
        host.with_nginx(config_changed_at=hosts.now(host) - 30)
        assert hosts.causes(host) == [(CAUSE, "no_resolver", "active")]

    def test_near_miss_a_change_in_the_second_of_the_loss(self) -> None:
        host = unresolved("ng-resolve-nxdomain")
        host.with_nginx(config_changed_at=hosts.now(host) - 59.5)
        assert hosts.causes(host) == [(CAUSE, "name_unresolved", "active")]

    def test_near_miss_an_endpoint_that_others_reach_by_its_address(self) -> None:
        host = unresolved("ng-no-resolver").another_site("blog.example", variable=False)
        assert hosts.found(host) == ([(CAUSE, "no_resolver", "active")], "degraded")

    def test_decoy_a_name_that_a_proxy_looks_up(self) -> None:
        assert hosts.found(unresolved("ng-no-resolver").on_every_route(variable=False)) == hosts.HEALTHY


class TestStaleAddress:
    def test_hit_nginx_is_to_be_reloaded(self) -> None:
        item = hosts.only(renamed())
        assert [remedy["action"] for remedy in item["remedy"]] == ["nginx_reload"]
        assert "10.0.0.2:9000" in item["summary"] and "10.0.0.3" in item["summary"]

    def test_hit_a_reload_since_ends_it(self) -> None:
        host = renamed()
        host.with_nginx(loaded=older.loaded_at(hosts.now(host) - 10))
        assert hosts.found(host) == ([(CAUSE, "stale_address", "recovered")], "recovered")

    @pytest.mark.parametrize(("workers", "state"), [([71, 72], "recovered"), ([48, 49], "active")])
    def test_hit_a_reload_in_the_second_of_the_loss(self, workers: Any, state: str) -> None:
        """The pids in nginx's lines tell whether its workers of now dialled the old address."""
        host = renamed(workers=workers)
        host.with_nginx(loaded_at=hosts.now(host) - 59.5)
        hosts.events(host, "nginx")[0]["pids"] = [48]
        assert hosts.causes(host) == [(CAUSE, "stale_address", state)]

    def test_near_miss_another_port(self) -> None:
        assert hosts.found(renamed("10.0.0.2:9001")) == hosts.HEALTHY

    def test_near_miss_the_address_that_the_name_has(self) -> None:
        assert CAUSE not in hosts.cause_ids(renamed("10.0.0.3:9000"))

    def test_near_miss_nobody_looked_when_nginx_had_loaded(self) -> None:
        assert hosts.found(renamed(loaded=None)) == hosts.HEALTHY

    def test_decoy_a_variable_is_looked_up_each_time(self) -> None:
        assert hosts.found(renamed().on_every_route(variable=True)) == hosts.HEALTHY

    def test_decoy_another_program_behind_proxy_pass(self) -> None:
        assert hosts.found(renamed("http://10.0.0.2:9000")) == hosts.HEALTHY
