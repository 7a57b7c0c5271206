# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name that nginx looked up when it loaded its files, and that may lead elsewhere now."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts, older
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

LOADED = 300.0  # seconds ago
NAME = "php.internal"


def by_name(host: Host, changed: float = 60.0, name: str = NAME, **facts: Any) -> Host:
    """nginx dials a name, and /etc/hosts was changed so long ago."""
    key = name + ":9000"
    host.dials(key, family="name", address=name, port=9000, listening=facts.pop("listening", True), **facts)
    source = {"path": "/etc/hosts", "changed_at": hosts.now(host) - changed}
    host["endpoints"][key]["name_source"] = source
    for route in host["nginx"]["routes"]:
        route["endpoints"][0].update(endpoint=key, written=key)
    loaded = older.loaded_at(hosts.now(host) - LOADED)
    return host.silent_logs().with_nginx(loaded=loaded, config_newer=False).logging("error")


def at(address: str, result: str = "ok", probe: str = "answered") -> Dict[str, Any]:
    return {"address": address, "result": result, "errno": None, "probe": probe}


def moved(changed: float = 60.0, **facts: Any) -> Host:
    """The name leads to an address where nobody listens."""
    host = a_host("exhausted_tcp").dialled("refused", 111)
    host.with_pool(listen="127.0.0.1:9000", endpoint="127.0.0.1:9000")
    rows = [at("127.0.0.2", "refused", "not_tried")]
    return by_name(host, changed, addresses=rows, listening=False, listeners=[], **facts)


def beside(changed: float = 60.0) -> Host:
    """A stranger listens at another address of the name."""
    host = a_host("exhausted_tcp").dialled("ok", None, "answered", 1.0)
    host.with_pool(listen="127.0.0.1:9000", endpoint="127.0.0.1:9000")
    stranger = {"pid": 77, "comm": "python3", "uid": 1001, "user": "stranger", "claims_fpm": False}
    return by_name(host, changed, addresses=[at("127.0.0.1"), at("127.0.0.2")], beside=[stranger])


def fine(changed: float = 60.0, name: str = NAME) -> Host:
    host = a_host("exhausted_tcp").dialled("ok", None, "answered", 1.0)
    host.with_pool(listen="127.0.0.1:9000", endpoint="127.0.0.1:9000")
    return by_name(host, changed, name, addresses=[at("127.0.0.1")])


def visited(host: Host, ago: float) -> Host:
    host["access"]["files"][0]["newest"] = hosts.now(host) - ago
    return host


class TestChangedSince:
    @pytest.mark.parametrize("make", [moved, beside])
    def test_hit_what_is_there_now_is_no_certain_cause(self, make: Callable[..., Host]) -> None:
        item = hosts.only(make())
        assert (item["state"], item["confidence"], item["remedy"]) == ("latent", "possible", [])
        assert "/etc/hosts was changed since nginx looked php.internal up" in item["evidence"][-1]["text"]
        assert hosts.status(make()) == "unknown"

    def test_hit_nobody_came_since(self) -> None:
        assert hosts.found(fine()) == hosts.found(visited(fine(), 90)) == hosts.UNKNOWN

    def test_near_miss_visitors_came_since(self) -> None:
        assert hosts.found(visited(fine(), 30)) == hosts.HEALTHY
        assert hosts.status(visited(beside(), 30)) == "healthy"

    def test_near_miss_a_stranger_alone_answers(self) -> None:
        host = visited(fine(), 30)
        listener = {"pid": 77, "comm": "python3", "uid": 1001, "user": "stranger", "claims_fpm": True}
        host["endpoints"][NAME + ":9000"]["listeners"] = [dict(listener, fpm=False, master_config=None)]
        item = hosts.only(host)
        assert (item["cause"], item["state"], item["confidence"]) == ("impostor", "active", "possible")

    def test_near_miss_requests_were_lost_on_it(self) -> None:
        host = moved().nginx_said("ng-connect-econnrefused-tcp", 10.0, endpoint="127.0.0.2:9000")
        item = hosts.only(host)
        assert (item["state"], item["confidence"]) == ("active", "possible")

    def test_decoy_localhost_is_this_host_whatever_was_changed(self) -> None:
        assert hosts.found(fine(name="localhost")) == hosts.HEALTHY


class TestOlder:
    def test_near_miss_it_was_changed_before(self) -> None:
        assert hosts.only(moved(400))["confidence"] == "certain"
        assert hosts.only(beside(400))["confidence"] == "certain"
        assert hosts.found(fine(400)) == hosts.HEALTHY

    def test_near_miss_nginx_looks_it_up_for_each_request(self) -> None:
        host = moved().on_every_route(variable=True)
        assert hosts.only(host)["state"] == "active"

    def test_decoy_an_older_snapshot(self) -> None:
        host = moved()
        del host["endpoints"][NAME + ":9000"]["name_source"]
        assert hosts.only(host)["confidence"] == "certain"
