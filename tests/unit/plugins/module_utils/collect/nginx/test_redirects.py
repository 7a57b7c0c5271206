# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redirects that lead visitors to no host, where an access log has such answers."""

import time
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.astray import redirects
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

AT = 1764363600.0
SITE = "server { listen 443 ssl; server_name shop.example; root /srv/shop; }"
CATCH_ALL = "server { listen 80 default_server; server_name _; %s }"
TO_NAME = "return 301 https://$server_name$request_uri;"


def line(number: int, size: int = 169, status: int = 301, path: str = "/", at: float = AT) -> str:
    """As nginx 1.22.1 writes it."""
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at))
    words = '203.0.113.%d - - [%s] "GET %s HTTP/1.1" %d %d "-" "Firefox %d"'
    return words % (number, stamp, path, status, size, number)


def notes(*blocks: str, lines: Any = None, log: str = "/l", since: float = AT - 60) -> List[str]:
    text = "http { %s }" % "\n".join(blocks)
    conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
    host = FakeHost(files={log: "\n".join(lines or [line(1), line(2), line(3)]) + "\n"})
    nginx: Any = {"prefix": "/etc/nginx", "version": "1.22.1"}
    redirects(host, conf, nginx, "/l", since)
    assert {entry["what"] for entry in host.missing} <= {"redirects"}
    return [entry["why"] for entry in host.missing]


class TestNoHost:
    @pytest.mark.parametrize(
        "inside",
        [
            TO_NAME,
            "return https://$server_name/;",
            "return 301 https://;",
            "return 302 https://$request_uri;",
            "return 301 https:///new;",
            "return 308 $scheme://$uri;",
            "rewrite ^ https://$server_name$request_uri? permanent;",
            "rewrite ^(.*)$ https://$1 permanent;",
            "location / { %s }" % TO_NAME,
            "if ($scheme = http) { %s }" % TO_NAME,
        ],
    )
    def test_hit_the_placeholder_is_no_name(self, inside: str) -> None:
        (why,) = notes(SITE, CATCH_ALL % inside)
        assert why.endswith("leads visitors to no host")

    @pytest.mark.parametrize("name", ["", "server_name *.example;", "server_name ~^(www.)?shop;"])
    def test_hit_a_server_without_a_plain_name(self, name: str) -> None:
        assert notes(SITE, "server { listen 80; %s %s }" % (name, TO_NAME))

    @pytest.mark.parametrize(
        "inside",
        [
            "return 301 https://$host$request_uri;",
            "return 301 https://shop.example;",
            "rewrite ^/old/(.*)$ https:///$1 permanent;",
            "location = /old { %s }" % TO_NAME,
            "return 301 https://$target$request_uri;",
            "return 301 /new/;",
            "return 444;",
        ],
    )
    def test_near_miss_it_leads_or_is_not_known(self, inside: str) -> None:
        assert notes(SITE, CATCH_ALL % inside) == []

    @pytest.mark.parametrize("name", ["shop.example", ".shop.example", "$hostname"])
    def test_near_miss_the_first_name_is_one(self, name: str) -> None:
        assert notes(SITE, "server { listen 80; server_name %s; %s }" % (name, TO_NAME)) == []

    def test_decoy_strangers_alone_get_that_block(self) -> None:
        site = "server { listen 80; server_name shop.example; root /srv/shop; }"
        assert notes(site, CATCH_ALL % TO_NAME) == []

    def test_decoy_another_block_may_have_led_them(self) -> None:
        other = "server { listen 80; server_name www.example; return 301 https://$host$request_uri; }"
        assert notes(SITE, CATCH_ALL % TO_NAME, other) == []
        assert notes(SITE, CATCH_ALL % ("access_log /own;" + TO_NAME), other, log="/own")

    @pytest.mark.parametrize(
        "lines",
        [
            [line(1), line(2)],
            [line(1), line(1), line(1)],
            [line(number, size=0) for number in (1, 2, 3)],
            [line(number, status=200) for number in (1, 2, 3)],
            [line(number, path="/pictures") for number in (1, 2, 3)],
            [line(number, at=AT - 3600) for number in (1, 2, 3)],
        ],
    )
    def test_decoy_nobody_asks_or_php_leads(self, lines: List[str]) -> None:
        assert notes(SITE, CATCH_ALL % TO_NAME, lines=lines) == []

    @pytest.mark.parametrize("name", ["shop.example", "*.example", "~^shop"])
    def test_decoy_a_name_of_the_port_may_be_theirs(self, name: str) -> None:
        block = "server { listen 192.0.2.1:80; server_name %s; root /srv/shop; }"
        assert notes(SITE, block % name, CATCH_ALL % TO_NAME) == []

    def test_hit_and_decoy_no_site_has_a_name(self) -> None:
        site = "server { listen %s; root /srv/shop; }"
        assert notes(site % "443 ssl", CATCH_ALL % TO_NAME)
        assert notes(site % "10.0.0.1:80", CATCH_ALL % TO_NAME) == []
