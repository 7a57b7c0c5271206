# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps strangers out of a location."""

from typing import List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.guards import guard, local_only
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.locations import locate


def why(inside: str, server: str = "", http: str = "") -> Optional[str]:
    text = "http { %s server { %s location = /status { %s } } }" % (http, server, inside)
    conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: text, lambda pattern: [pattern])
    around = conf.directives[0].block or []
    block = next(each for each in around if each.name == "server")
    found = guard(around, locate(block, "/status").blocks)
    return found.why if found else None


class TestGuard:
    @pytest.mark.parametrize(
        "inside",
        [
            "allow 127.0.0.1; deny all;",
            "allow 10.0.0.0/8; allow ::1; deny all;",
            "deny all;",
            "deny 0.0.0.0/0;",
            "internal;",
            'auth_basic "staff";',
            "auth_request /auth;",
            "satisfy any; allow 127.0.0.1; deny all; auth_basic x;",
            "if ($remote_addr != 127.0.0.1) { return 403; }",
            "if ($outside) { return 404; }",
            "return 404;",
            'if ($arg_key != "secret") { return 403; }',
            "access_by_lua_block { ngx.exit(403) }",
        ],
    )
    def test_hit_it_is_kept(self, inside: str) -> None:
        assert why(inside)

    @pytest.mark.parametrize(
        "inside",
        [
            "",
            "access_log off;",
            "allow all;",
            "allow 127.0.0.1;",  # a list without an end
            "deny 192.0.2.1;",
            "allow 0.0.0.0/0; deny all;",
            "allow 0.0.0.0/1; allow 128.0.0.0/1; deny all;",
            "allow all; deny all;",
            "auth_basic off;",
            "satisfy any; allow all; auth_basic x;",
            "if ($request_method = POST) { return 405; }",
            "if ($http_user_agent ~ bot) { return 403; }",
            "if ($args ~ base64_encode) { return 403; }",
        ],
    )
    def test_near_miss_it_is_open(self, inside: str) -> None:
        assert why(inside) is None

    def test_levels(self) -> None:
        assert why("", server="allow 10.0.0.0/8; deny all;")
        assert why("", http="deny all;")
        assert why("", server="auth_basic x;") and why("auth_basic off;", server="auth_basic x;") is None
        # A list of its own takes the place of the outer one.
        assert why("allow all;", server="deny all;") is None
        assert why("", server="ssl_verify_client on;")
        assert why("", server="return 301 https://a.example;")


class TestLocalOnly:
    @pytest.mark.parametrize(
        "listen, expected",
        [
            (["127.0.0.1:80"], True),
            (["localhost:8080"], True),
            (["unix:/run/status.sock"], True),
            (["[::1]:80", "127.0.0.1:80"], True),
            ([], False),
            (["80"], False),
            (["127.0.0.1:80", "80"], False),
            (["10.0.0.1:80"], False),
            (["[::]:80"], False),
            (["host.example:80"], False),
            (["443 quic"], False),
        ],
    )
    def test_of(self, listen: List[str], expected: bool) -> None:
        assert local_only(listen) is expected
