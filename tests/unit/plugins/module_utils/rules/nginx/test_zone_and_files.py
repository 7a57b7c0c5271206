# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zone of nginx's memory without room, and pictures that PHP wrote for itself alone."""

from typing import Any, Callable, Dict

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules import hosts
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.nginx.test_nginx_own import (
    ended,
)

PICTURE = "/var/www/shop/uploads/1.jpg"


def full(signature: str = "ng-zone-full", what: str = "cache keys", **nginx: Any) -> Host:
    host = ended(signature, 'could not allocate node in %s zone "pages"' % what).with_nginx(**nginx)
    hosts.events(host, "nginx")[0]["site"] = None
    return host


def refused(times: int, owner: str = "www-data", **more: Any) -> Host:
    text = '*1 open() "%s" failed (13: Permission denied), client: 10.0.0.9' % PICTURE
    host = ended("ng-static-denied", text)
    at = hosts.now(host) - 60
    hosts.events(host, "nginx")[0].update(count=times, times=[at] * times)
    seen = {"path": PICTURE, "owner": owner, "mode": "0600", "writable": False, "changed_at": at - 9}
    seen.update({"full": False, "lacks": None, "is_file": True})
    host["logs"]["temp_dirs"] = [dict(seen, **more)]
    return host


class TestZone:
    @pytest.mark.parametrize(
        "signature, what", [("ng-zone-full", "cache keys"), ("ng-zone-full-limit", "limit_req")]
    )
    def test_hit_the_zone_is_named(self, signature: str, what: str) -> None:
        host = full(signature, what)
        assert hosts.found(host) == ([("nginx_limit", "zone_full", "active")], "degraded")
        assert "its zone pages has no room" in hosts.only(host)["summary"]
        assert hosts.only(host)["sites"] == []  # nginx's line names none

    def test_hit_the_sites_that_use_it_are_named(self) -> None:
        host = full().another_site("blog.example", server={"file": "/b", "line": 9})
        host["logs"]["zone_users"] = [
            {"zone": "pages", "server": {"file": "/b", "line": 9}},
            {"zone": "others", "server": hosts.route(host).get("server")},
        ]
        assert hosts.only(host)["sites"] == ["blog.example"]

    def test_near_miss_nginx_was_given_another_size(self) -> None:
        host = hosts.came_since(full(config_changed_at=hosts.now(a_host()) - 30))
        assert hosts.found(host) == ([("nginx_limit", "zone_full", "recovered")], "recovered")

    def test_near_miss_a_change_and_nobody_came_since(self) -> None:
        """Of a note in nginx.conf the zone has no more room."""
        host = full(config_changed_at=hosts.now(a_host()) - 30)
        assert hosts.found(host) == ([("nginx_limit", "zone_full", "active")], "degraded")

    def test_decoy_a_host_without_php(self) -> None:
        assert "nginx_limit" not in str(hosts.verdict(full(routes=[]))["findings"])


class TestWrittenFile:
    def test_hit_the_account_of_the_pool_owns_it(self) -> None:
        item = hosts.only(refused(3))
        assert (item["cause"], item["reason"], item["state"]) == ("nginx_own_error", "written_file", "active")
        assert "owned by www-data, mode 0600" in item["evidence"][0]["text"]

    def test_near_miss_a_mode_that_lets_nginx_in_since(self) -> None:
        host = refused(3, writable=True)
        host["logs"]["temp_dirs"][0]["changed_at"] = hosts.now(host) - 5
        assert hosts.only(host)["state"] == "recovered"

    @pytest.mark.parametrize("times, owner", [(2, "www-data"), (9, "root"), (9, "backup")])
    def test_decoy_few_or_somebody_elses(self, times: int, owner: str) -> None:
        assert hosts.found(refused(times, owner)) == hosts.HEALTHY

    @pytest.mark.parametrize(
        "more",
        [{"path": "/var/www/shop/uploads", "is_file": False}, {"is_file": False}, {"path": PICTURE[:-4]}],
    )
    def test_decoy_a_private_directory(self, more: Any) -> None:
        assert hosts.found(refused(9, mode="0700", **more)) == hosts.HEALTHY

    def test_decoy_nobody_looked_at_the_file(self) -> None:
        host = refused(9)
        host["logs"]["temp_dirs"] = []
        assert hosts.found(host) == hosts.HEALTHY


# Of reasons that no saved snapshot shows; see rules/test_registry.py.
HITS: Dict[str, Callable[[], Host]] = {"zone_full": full, "written_file": lambda: refused(3)}
