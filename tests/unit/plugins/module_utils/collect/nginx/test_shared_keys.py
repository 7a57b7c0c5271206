# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that keep their pages in one cache of nginx's, by a key that does not tell them apart."""

from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.astray import shared_keys
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

KEEPS = "fastcgi_cache pages; fastcgi_cache_valid 200 1h; "
KEY = "fastcgi_cache_key $request_uri; "


def notes(*blocks: str) -> List[str]:
    text = "http { %s }" % "\n".join(blocks)
    conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
    host = FakeHost()
    shared_keys(host, conf)
    assert {entry["what"] for entry in host.missing} <= {"shared_cache"}
    return [entry["why"] for entry in host.missing]


def site(name: str, inside: str = "", root: str = "", names: str = "") -> str:
    location = "location ~ \\.php$ { fastcgi_pass unix:/a; %s }" % inside
    return "server { server_name %s.example %s; root /srv/%s; %s }" % (name, names, root or name, location)


def two(inside: str) -> List[str]:
    return notes(site("shop", inside), site("blog", inside))


def proxied(name: str, inside: str, to: str = "http://127.0.0.1:8080") -> str:
    words = "server { server_name %s.example; location / { proxy_pass %s; proxy_cache pages; %s } }"
    return words % (name, to, "proxy_cache_valid 1h; " + inside)


class TestPhp:
    @pytest.mark.parametrize(
        "key", ["$request_uri", '"$scheme$request_method$request_uri"', "$uri$args", "v1:${request_uri}"]
    )
    def test_hit_no_host_is_in_the_key(self, key: str) -> None:
        (why,) = two(KEEPS + "fastcgi_cache_key %s;" % key)
        assert "shop.example and blog.example share cache pages, and fastcgi_cache_key has no $host" in why

    def test_hit_all_is_set_for_http(self) -> None:
        assert len(notes(KEEPS, KEY, site("shop"), site("blog"))) == 1

    @pytest.mark.parametrize(
        "variable", ["$host", "$http_host", "$server_name", "$tenant", "$document_root", "$http_x_site"]
    )
    def test_near_miss_a_variable_may_tell_them_apart(self, variable: str) -> None:
        assert two(KEEPS + "fastcgi_cache_key $scheme$request_method%s$request_uri;" % variable) == []

    def test_near_miss_keys_or_zones_of_their_own(self) -> None:
        keys = ["fastcgi_cache_key %s$request_uri;" % name for name in ("shop", "blog")]
        assert notes(site("shop", KEEPS + keys[0]), site("blog", KEEPS + keys[1])) == []
        assert notes(KEEPS, KEY, site("shop"), site("blog", "fastcgi_cache blog;")) == []

    @pytest.mark.parametrize("inside", ["fastcgi_cache off;", "fastcgi_cache $zone;"])
    def test_near_miss_one_site_keeps_nothing(self, inside: str) -> None:
        assert notes(KEEPS, KEY, site("shop"), site("blog", inside)) == []

    def test_hit_there_is_no_key_at_all(self) -> None:
        assert len(two(KEEPS)) == 1

    def test_near_miss_nothing_says_for_how_long(self) -> None:
        assert two("fastcgi_cache pages; " + KEY) == []

    def test_decoy_one_site_or_one_application(self) -> None:
        keeps = KEEPS + KEY
        assert notes(site("shop", keeps)) == []
        assert notes(site("shop", keeps), site("shop", keeps, root="tls")) == []
        assert notes(site("shop", keeps), site("www", keeps, root="shop")) == []
        assert notes(site("shop", keeps), site("www", keeps, names="shop.example")) == []


class TestProxy:
    HOST = "proxy_set_header Host $host; "

    def test_hit_the_default_key_has_no_host(self) -> None:
        assert len(notes(proxied("a", self.HOST), proxied("b", self.HOST))) == 1

    def test_hit_a_key_for_two_programs(self) -> None:
        key = "proxy_cache_key $request_uri;"
        assert len(notes(proxied("a", key), proxied("b", key, "http://127.0.0.1:9090"))) == 1

    def test_near_miss_it_names_the_program(self) -> None:
        assert notes(proxied("a", self.HOST), proxied("b", self.HOST, "http://127.0.0.1:9090")) == []
        key = "proxy_cache_key $proxy_host$request_uri;"
        assert notes(proxied("a", key), proxied("b", key, "http://127.0.0.1:9090")) == []

    def test_decoy_the_program_hears_of_no_site(self) -> None:
        assert notes(proxied("a", ""), proxied("b", "")) == []
