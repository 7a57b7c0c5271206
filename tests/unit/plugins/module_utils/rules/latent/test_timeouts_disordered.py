# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timeouts in the wrong order, for each location."""

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.hosts import Host, a_host
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.latent.capacity_parts import (
    a_limit,
    location,
    of_capacity,
    risks,
    the_risk,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.rules.parts import route

CAUSE = "timeouts_disordered"
SITE = "/etc/nginx/sites-enabled/shop"


def chain(script: Any = 30, terminate: float = 0.0, read: float = 60.0, **more: Any) -> Host:
    """Timeouts in the order in which they should end a request. source: of max_execution_time."""
    timeout = {"seconds": read, "file": SITE, "line": 7, "context": "location"}
    host = a_host().with_pool(terminate_timeout=terminate).with_route(read_timeout=timeout)
    limit = a_limit(script, more.pop("source", "php.ini"))
    return of_capacity(host, dict({"script": limit}, **more.pop("settings", {})), locations=more)


def found(host: Host) -> List[str]:
    assert all(cause == CAUSE for cause, _reason in risks(host))
    return [reason for _cause, reason in risks(host)]


HITS: Dict[str, Callable[[], Host]] = {
    "read_before_terminate": lambda: chain(30, 300.0, 60.0),
    "terminate_before_script": lambda: chain(30, 10.0, 60.0),
    "read_before_script": lambda: chain(300, 0.0, 60.0),
    "never_ended": lambda: chain(0, 0.0, 60.0),
}


class TestOrder:
    @pytest.mark.parametrize(
        ("script", "terminate", "read", "expected"),
        [
            (30, 0.0, 60.0, []),  # as Debian ships it
            (60, 65.0, 70.0, []),  # as it should be
            (60, 60.0, 60.0, []),
            (30, 300.0, 60.0, ["read_before_terminate"]),
            (30, 61.0, 60.0, ["read_before_terminate"]),
            (30, 29.0, 60.0, ["terminate_before_script"]),
            (0, 30.0, 60.0, ["terminate_before_script"]),
            (61, 0.0, 60.0, ["read_before_script"]),
            (600, 300.0, 60.0, ["read_before_terminate", "terminate_before_script"]),
            (0, 300.0, 60.0, ["read_before_terminate", "terminate_before_script"]),
            (0, 0.0, 60.0, ["never_ended"]),
            (None, 0.0, 60.0, []),
            (None, 300.0, 60.0, ["read_before_terminate"]),
        ],
    )
    def test_hit_or_near_miss_each_order(
        self, script: Any, terminate: float, read: float, expected: List[str]
    ) -> None:
        assert found(chain(script, terminate, read)) == expected

    def test_hit_the_evidence_shows_all_three_where_they_stand(self) -> None:
        item = the_risk(chain(30, 300.0, 60.0))
        assert [piece["text"] for piece in item["evidence"][:4]] == [
            "PHP ends a script after 30 s, php-fpm after 300 s, and nginx gives up after 60 s",
            "max_execution_time = 30 (php.ini)",
            "request_terminate_timeout = 300 s",
            "fastcgi_read_timeout = 60 s",
        ]
        assert [piece["line"] for piece in item["evidence"][1:4]] == [409, 12, 7]
        assert (item["confidence"], item["sites"], item["pool"]) == ("certain", ["shop.example"], "www")

    @pytest.mark.parametrize(
        ("script", "terminate", "words"),
        [
            (0, 0.0, "PHP ends a script never, php-fpm never, and nginx gives up after 60 s"),
            (
                None,
                90.0,
                "PHP ends a script at an unknown time, php-fpm after 90 s, and nginx gives up after 60 s",
            ),
        ],
    )
    def test_hit_what_never_comes_is_called_so(self, script: Any, terminate: float, words: str) -> None:
        assert the_risk(chain(script, terminate))["evidence"][0]["text"] == words

    @pytest.mark.parametrize(
        ("host", "confidence"),
        [
            (chain(30, 300.0, settings={"stale": True}), "likely"),
            (chain(30, 300.0).with_nginx(config_newer=True), "likely"),
            (chain(0, 30.0), "likely"),  # code may set its own limit
        ],
    )
    def test_hit_what_may_be_otherwise_is_not_certain(self, host: Host, confidence: str) -> None:
        assert the_risk(host)["confidence"] == confidence


class TestRemedy:
    def test_hit_one_location_can_wait_longer(self) -> None:
        (remedy,) = the_risk(chain(30, 90.0))["remedy"]
        assert (remedy["action"], remedy["arguments"]["terminate"]) == ("read_timeout_set", 90.0)

    def test_near_miss_a_line_that_two_locations_share(self) -> None:
        host = chain(30, 90.0)
        host.another_route(location="/b")
        host["risks"]["locations"].append(location(host["nginx"]["routes"][-1]))
        assert the_risk(host)["remedy"] == []

    def test_decoy_another_order_has_another_cure(self) -> None:
        assert the_risk(chain(300))["remedy"] == []


class TestWhoseLimit:
    """max_execution_time has five places."""

    SENT = a_limit(300, "PHP_VALUE", SITE, 9)
    ADMIN = a_limit(300, "PHP_ADMIN_VALUE", SITE, 9)
    OWN = a_limit(300, ".user.ini", "/var/www/shop/.user.ini", 1)

    @pytest.mark.parametrize("sent", [SENT, ADMIN])
    @pytest.mark.parametrize("source", ["php.ini", "php_value", "php_admin_value"])
    def test_hit_what_nginx_sends_along_wins(self, sent: Any, source: str) -> None:
        host = chain(30, source=source)
        assert found(host) == []
        host["risks"]["locations"][0]["script"] = sent
        assert found(host) == ["read_before_script"]

    def test_hit_a_user_ini_wins_over_a_value(self) -> None:
        assert found(chain(30, source="php_value", user_ini=self.OWN)) == ["read_before_script"]

    def test_near_miss_an_administrators_value_stays(self) -> None:
        assert found(chain(30, source="php_admin_value", user_ini=self.OWN)) == []
        host = chain(30, user_ini=self.OWN)
        host["risks"]["locations"][0]["script"] = a_limit(30, "PHP_ADMIN_VALUE", SITE, 9)
        assert found(host) == []

    def test_hit_a_shorter_one_of_the_location_ends_the_risk(self) -> None:
        host = chain(300)
        host["risks"]["locations"][0]["script"] = a_limit(20, "PHP_VALUE", SITE, 9)
        assert found(host) == []


class TestLocations:
    def two(self, **more: Any) -> Host:
        """The site has a second location to the same pool."""
        host = chain(30, 100.0, 60.0)
        timeout = dict({"seconds": 120.0, "file": SITE, "line": 20, "context": "location"}, **more)
        host.another_route(location="= /import.php", line=19, read_timeout=timeout)
        host["risks"]["locations"].append(location(host["nginx"]["routes"][-1]))
        return host

    def test_near_miss_a_location_with_a_longer_timeout(self) -> None:
        item = the_risk(self.two())
        assert [piece["text"] for piece in item["evidence"][4:]] == ["location ~ \\.php$ of shop.example"], (
            "the other one is in order"
        )

    def test_hit_one_setting_is_told_once_with_its_locations(self) -> None:
        item = the_risk(self.two(seconds=60.0, line=7))
        assert len(item["evidence"]) == 6 and item["sites"] == ["shop.example"]

    def test_hit_each_setting_is_told(self) -> None:
        assert found(self.two(seconds=30.0)) == ["read_before_terminate"] * 2

    def test_decoy_a_location_that_dials_another_host(self) -> None:
        host = chain(30, 300.0)
        route(host)["endpoints"][0]["endpoint"] = "192.0.2.7:9000"
        assert found(host) == []

    @pytest.mark.parametrize("subject", ["locations", "pool_settings"])
    def test_near_miss_without_the_files_nothing_is_said(self, subject: str) -> None:
        host = chain(30, 300.0)
        del host["risks"][subject]
        assert found(host) == []
