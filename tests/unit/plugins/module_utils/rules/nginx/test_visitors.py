# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports at which nginx waits for another protocol than visitors speak."""

from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host


def listening(*listen: str, version: str = "1.22.1") -> Host:
    host = a_host().silent_logs().on_every_route(listen=list(listen)).with_nginx(version=version)
    return host.with_nginx(config_newer=False, config_changed_at=hosts.now(host) - 600)


def without_header(newest: Optional[float], *listen: str) -> Host:
    """Somebody came without the header a minute ago. newest: the age of the access log's last line."""
    host = listening(*(listen or ("80 default_server proxy_protocol",)))
    host.nginx_said("ng-proxy-header", 60.0, endpoint=None)
    hosts.events(host, "nginx")[0]["site"] = None
    file = {"path": "/l", "kind": "nginx_access", "complete": True, "why": None}
    at = None if newest is None else hosts.now(host) - newest
    host["access"] = {"files": [dict(file, newest=at)], "events": []}
    return host


def notes(host: Host) -> List[Any]:
    return [entry["why"] for entry in hosts.verdict(host)["missing"] if entry["what"] == "visitors"]


class TestProxyHeader:
    @pytest.mark.parametrize("newest", [None, 300.0])
    def test_hit_nobody_comes_with_it(self, newest: Optional[float]) -> None:
        (why,) = notes(without_header(newest))
        assert "1 visitors" in why and hosts.status(without_header(newest)) == "unknown"

    def test_near_miss_others_come_with_it(self) -> None:
        """As a health check does that comes without it."""
        assert hosts.found(without_header(10.0)) == hosts.HEALTHY

    def test_near_miss_nginx_has_loaded_a_change_since(self) -> None:
        host = without_header(None)
        assert notes(host.with_nginx(config_changed_at=hosts.now(host) - 30)) == []

    def test_decoy_nginx_does_not_ask_for_it_any_more(self) -> None:
        assert hosts.found(without_header(None, "80 default_server")) == hosts.HEALTHY


class TestHttp2:
    @pytest.mark.parametrize("listen", ["80 http2", "[::]:80 default_server http2"])
    def test_hit_browsers_do_not_speak_it_without_tls(self, listen: str) -> None:
        host = listening(listen)
        assert len(notes(host)) == 1 and hosts.status(host) == "unknown"

    @pytest.mark.parametrize("listen", ["443 ssl http2", "8080 http2", "80"])
    def test_near_miss_with_tls_or_behind_a_proxy(self, listen: str) -> None:
        assert hosts.found(listening(listen)) == hosts.HEALTHY

    def test_near_miss_an_nginx_that_takes_both(self) -> None:
        assert hosts.found(listening("80 http2", version="1.26.3")) == hosts.HEALTHY
