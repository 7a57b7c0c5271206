# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings in force of what nginx had too little of."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx_settings import scarce
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/nginx/nginx.conf"
SITE = "server { %s location / { fastcgi_pass unix:/a; %s } }\n"


def seen(meaning: str, conf: str, zone: str = "one") -> Any:
    host = FakeHost(files={MAIN: conf})
    nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}}
    events: List[Any] = [{"signature": "ng-zone-full-limit", "detail": {"zone": zone}}]
    return scarce(host, nginx, {meaning}, events)


def users(before: str, *sites: str, zone: str = "one") -> List[int]:
    """The lines of the server blocks that use it."""
    conf = "http { %s\n%s}" % (before, "".join(sites))
    return [user["server"]["line"] for user in seen("zone_full", conf, zone)["zone_users"]]


class TestConnections:
    @pytest.mark.parametrize("words, number", [("", 512), ("worker_connections 1024;", 1024)])
    def test_hit_how_many_a_worker_may_have(self, words: str, number: int) -> None:
        assert seen("no_resource", "events { %s }" % words) == {"connections": number}

    def test_decoy_nothing_is_scarce(self) -> None:
        assert seen("limited", "events { }") == {}


class TestLocations:
    SITES = "http { server { server_name shop.example; %s } server { server_name blog.example; %s } }"

    def lacking(self, of_shop: str, of_blog: str = "") -> Any:
        host = FakeHost(files={MAIN: self.SITES % (of_shop, of_blog)})
        nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}}
        events: List[Any] = [{"site": "shop.example", "detail": {"location": "@php"}}]
        return scarce(host, nginx, {"no_location"}, events)["lacking_locations"]

    def test_hit_no_block_of_the_site_has_it(self) -> None:
        wanted = [{"site": "shop.example", "location": "@php"}]
        leads = "location / { try_files $uri @php; }"
        assert self.lacking(leads + "location @other { }", "location @php { }") == wanted

    @pytest.mark.parametrize("of_shop", ["error_page 404 = @php; location @php { }", "error_page 404 /404;"])
    def test_near_miss_it_is_there_or_not_asked_for(self, of_shop: str) -> None:
        assert self.lacking(of_shop) == []


class TestBuffers:
    def test_hit_the_buffer_of_each_way_to_php(self) -> None:
        sites = SITE % ("", "fastcgi_buffer_size 32k;") + SITE % ("", "")
        (found,) = seen("too_big", "http {\n%s}" % sites)["header_buffers"]
        assert found == {"at": {"file": MAIN, "line": 2}, "bytes": 32768, "file": MAIN}


class TestUsers:
    """A zone's line of the log names no site."""

    def test_hit_of_a_server_of_a_location_or_of_all(self) -> None:
        limit = "limit_req zone=one burst=5;"
        assert users("", SITE % (limit, ""), SITE % ("", limit), SITE % ("", "")) == [2, 3]
        assert users(limit, SITE % ("", ""), SITE % ("", "")) == [2, 3]

    @pytest.mark.parametrize("words", ["limit_conn one 5;", "fastcgi_cache one;"])
    def test_hit_by_another_directive(self, words: str) -> None:
        assert users("", SITE % ("", words)) == [2]

    def test_near_miss_a_server_with_a_limit_of_its_own(self) -> None:
        """It inherits none."""
        sites = (SITE % ("limit_req zone=two;", ""), SITE % ("", ""))
        assert users("limit_req zone=one;", *sites) == [3]

    def test_decoy_another_zone(self) -> None:
        assert users("limit_req zone=one;", SITE % ("", "limit_conn two 5;"), zone="three") == []
