# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buffers and PHP's settings of each fastcgi_pass, as ngx_http_fastcgi_module.c merges them."""

from typing import List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.pass_settings import (
    Pass,
    passes,
    size,
)


def found(text: str) -> List[Pass]:
    return passes(parse_conf("/n.conf", lambda _path: text, lambda _pattern: []))


def only(inside: str = "", server: str = "", http: str = "") -> Pass:
    """The only location, with directives at each level."""
    location = "location ~ \\.php$ { fastcgi_pass unix:/a.sock; %s }" % inside
    each = found("http { %s server { %s %s } }" % (http, server, location))
    assert len(each) == 1
    return each[0]


def header(each: Pass) -> Optional[str]:
    return each.header.args[0] if each.header else None


class TestHeader:
    def test_hit_the_innermost_counts(self) -> None:
        assert header(only("fastcgi_buffer_size 1k;", "fastcgi_buffer_size 2k;")) == "1k"
        assert header(only("", "fastcgi_buffer_size 2k;", "fastcgi_buffer_size 3k;")) == "2k"
        assert header(only("", "", "fastcgi_buffer_size 3k;")) == "3k"

    @pytest.mark.parametrize("text", ["", "fastcgi_buffers 4 1k;", "proxy_buffer_size 1k;"])
    def test_decoy_other_buffers_hold_no_header(self, text: str) -> None:
        assert header(only(text)) is None

    def test_near_miss_another_location_has_it(self) -> None:
        text = "location /a { fastcgi_pass a:1; fastcgi_buffer_size 1k; } location /b { fastcgi_pass a:1; }"
        assert [header(each) for each in found("http { server { %s } }" % text)] == ["1k", None]

    def test_a_location_in_a_location_and_an_if(self) -> None:
        text = "location / { fastcgi_buffer_size 1k; location ~ a { if ($b) { fastcgi_pass a:1; } } }"
        each = found("http { server { %s } }" % text)
        assert [(header(way), way.location) for way in each] == [("1k", "~ a")]

    @pytest.mark.parametrize(
        ("text", "bytes_"),
        [("4096", 4096), ("4k", 4096), ("1M", 1 << 20), ("4g", None), ("", None), ("k", None), ("-1", None)],
    )
    def test_a_size(self, text: str, bytes_: Optional[int]) -> None:
        assert size(text) == bytes_


class TestPhp:
    VALUE = 'fastcgi_param PHP_VALUE "max_execution_time=300\nmemory_limit=1G";'

    def test_hit_what_nginx_sends_along(self) -> None:
        assert only(self.VALUE).php["PHP_VALUE"].args[1] == "max_execution_time=300\nmemory_limit=1G"
        assert list(only("", self.VALUE).php) == ["PHP_VALUE"], "a location without params inherits them"

    def test_near_miss_a_location_with_params_inherits_none(self) -> None:
        assert only("fastcgi_param SCRIPT_FILENAME $a;", self.VALUE).php == {}

    def test_decoy_a_param_of_another_name(self) -> None:
        assert only('fastcgi_param PHP_VALUES "max_execution_time=300";').php == {}
