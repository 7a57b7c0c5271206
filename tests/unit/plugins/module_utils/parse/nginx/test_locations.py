# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which location takes a path. Each case is what nginx does with it."""

import time
from typing import Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.locations import Found, locate


def found(locations: str, path: str) -> Found:
    text = "server { %s }" % locations
    conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: text, lambda pattern: [pattern])
    return locate(conf.directives[0], path)


class TestLocate:
    @pytest.mark.parametrize(
        "locations, innermost",
        [
            ("location / {} location = /status {}", "= /status"),
            ("location / {} location /st {} location /status {}", "/status"),
            ("location / {} location ~ ^/(status|ping)$ {}", "~ ^/(status|ping)$"),
            ("location /status {} location ~ status {}", "~ status"),
            ("location ^~ /status {} location ~ status {}", "^~ /status"),
            ("location = /status {} location ~ status {}", "= /status"),
            ("location ~* STATUS {}", "~* STATUS"),
            ("location ~ STATUS {}", None),
            ("location ~ \\.php$ {}", None),
            ("location @status {}", None),
            ("location / { location /status {} }", "/status"),
            # A regular expression below the longest one comes before those beside that.
            ("location / { location ~ tat {} } location ~ status {}", "~ tat"),
            ("location / { location /status {} } location ~ status {}", "~ status"),
            ("location / { location ^~ /status {} } location ~ status {}", "~ status"),
            ("location ~ ^/(?<page>status)$ {}", "~ ^/(?<page>status)$"),
            ("location =/status {}", "=/status"),
        ],
    )
    def test_of(self, locations: str, innermost: Optional[str]) -> None:
        last = found(locations, "/status").blocks[-1]
        assert (" ".join(last.args) if last.name == "location" else None) == innermost

    def test_an_expression_that_python_cannot_read(self) -> None:
        there = found("location ~ ^/(?|status|x)$ {} location / {}", "/status")
        assert not there.certain and there.blocks[-1].args == ["/"]
        assert found("location ~ ^/a$ {} location / {}", "/status").certain


class TestCost:
    PATH = "/" + 60 * "a" + ".php/x"

    @pytest.mark.parametrize(
        "pattern",
        [
            *("^/([a-z0-9]+[-_]?)+/?$", "^/(?:a*)*$", "^/((a|aa)+b)?$", "^/(a|aa)+$", "^/(?:(a?)a?)*$"),
            *("^/(a+)+?$", '"^/(a+){2,}$"', "^/(?<p>[^/]+)+$", "^/(?=(a+)+$)"),
        ],
    )
    def test_a_pattern_that_may_take_for_ever_is_not_asked(self, pattern: str) -> None:
        begun = time.monotonic()
        assert not found("location ~ %s {} location / {}" % pattern, self.PATH).certain
        assert time.monotonic() - begun < 1

    @pytest.mark.parametrize(
        "pattern",
        [
            *("[^/]\\.php(/|$)", "^(.+?\\.php)(/.*)?$", "^/(a+|b)?\\.php", "^/(?:[a-z])+/$", "^/[(a+)]+x$"),
            *("^/\\(a+\\)+$", '"^/([0-9]){2,}$"', "\\.(png|jpg)$", "^/(a+)/(b+)$"),
        ],
    )
    def test_near_miss_what_everybody_writes(self, pattern: str) -> None:
        assert found("location ~ %s {} location / {}" % pattern, self.PATH).certain

    def test_near_miss_a_short_path_takes_no_time(self) -> None:
        assert found("location ~ ^/([a-z]+[-_]?)+/?$ {} location / {}", "/index.php").certain
