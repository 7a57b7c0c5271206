# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that another upstream lost, by way of which php-fpm's pages may come."""

from typing import Any, List, Tuple

from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

OWN = "http://127.0.0.1:8081"


def proxied(signature: str = "ng-timeout-header", endpoint: str = OWN, **more: Any) -> Host:
    """A site in front lost three requests; shop.example listens at port 8081."""
    host = a_host().silent_logs()
    host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)
    host.on_every_route(listen=["127.0.0.1:8081"])
    host.nginx_said(signature, 60.0, 50.0, 40.0, endpoint=endpoint, **more)
    hosts.events(host, "nginx")[0]["site"] = "front.example"
    return host


def noted(host: Host) -> List[Tuple[str, str]]:
    return [(entry["what"], entry["why"]) for entry in hosts.verdict(host)["missing"]]


class TestOwnSite:
    def test_hit_its_pages_come_too_late(self) -> None:
        ((what, why),) = noted(proxied())
        assert what == "visitors" and "3 lost requests of http://127.0.0.1:8081" in why
        assert "front.example waits for less (proxy_read_timeout)" in why and "shop.example" in why
        assert hosts.found(proxied()) == hosts.UNKNOWN

    def test_hit_at_a_unix_socket(self) -> None:
        host = proxied(endpoint="http://unix:/run/back.sock")
        assert hosts.found(host.on_every_route(listen=["unix:/run/back.sock"])) == hosts.UNKNOWN

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        host = proxied()
        host.with_nginx(config_changed_at=hosts.now(host) - 10)
        assert hosts.found(host) == hosts.HEALTHY

    def test_near_miss_it_refused_the_connection(self) -> None:
        assert hosts.found(proxied("ng-connect-econnrefused-tcp")) == hosts.HEALTHY

    def test_near_miss_a_finding_tells_of_the_site(self) -> None:
        host = proxied().nginx_said("ng-too-big-header", 60.0, detail={"status": 502})
        assert [what for what, _why in noted(host)] == ["other_upstream"]

    def test_decoy_another_program_listens_there(self) -> None:
        assert hosts.found(proxied(endpoint="http://127.0.0.1:3000")) == hosts.HEALTHY

    def test_decoy_another_host_listens_there(self) -> None:
        assert hosts.found(proxied(endpoint="http://192.0.2.9:8081")) == hosts.HEALTHY
