# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""proxy_pass that leads to php-fpm; and proxies whose HTTP servers are lost."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host

PORT = "127.0.0.1:9000"
FOUND = [("invalid_response", "http_to_fpm", "active")]


def proxied(upstream: str, signature: str = "ng-reset-header", ago: float = 30.0, site: str = "blog") -> Host:
    """The first pool listens on TCP, and a page of another site is asked of that upstream."""
    host = a_host("plain")
    first = host["nginx"]["routes"][0]["endpoints"][0]
    host["endpoints"][PORT] = dict(host["endpoints"].pop(first["endpoint"]), **hosts.port("127.0.0.1"))
    first["endpoint"] = PORT
    host.with_pool(endpoint=PORT, listen=PORT)
    host.nginx_said(signature, ago, endpoint=upstream)
    host["logs"]["events"][-1]["site"] = site
    return host


def notes(host: Host) -> List[Any]:
    return [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "other_upstream"]


class TestHttpToFpm:
    @pytest.mark.parametrize("signature", ["ng-reset-header", "ng-timeout-header"])
    def test_hit_nginx_speaks_http_to_a_pool(self, signature: str) -> None:
        host = proxied("http://" + PORT, signature)
        assert (hosts.causes(host), hosts.status(host), notes(host)) == (FOUND, "degraded", [])
        item = hosts.only(host)
        assert (item["sites"], item["count"], item["remedy"]) == (["blog"], 1, [])
        assert "http://127.0.0.1:9000 (proxy_pass)" in item["summary"]

    def test_hit_its_site_has_pages_of_fastcgi_as_well(self) -> None:
        site = a_host("plain")["nginx"]["routes"][0]["site"]
        assert hosts.only(proxied("http://" + PORT, site=site))["sites"] == [site]

    def test_near_miss_nginx_was_reloaded_with_another_configuration(self) -> None:
        host = proxied("http://" + PORT)
        host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 20)
        assert hosts.causes(host) == [("invalid_response", "http_to_fpm", "active")]
        assert hosts.causes(hosts.came_since(host)) == [("invalid_response", "http_to_fpm", "recovered")]

    def test_near_miss_another_port(self) -> None:
        host = proxied("http://127.0.0.1:3000")
        assert hosts.causes(host) == [] and len(notes(host)) == 1

    def test_decoy_a_pool_that_nobody_runs_any_more(self) -> None:
        host = proxied("http://" + PORT).with_endpoint(listening=False)
        assert FOUND[0] not in hosts.causes(host)
