# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of nginx's configuration answers with an error."""

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx_answers import own_answers
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/nginx/nginx.conf"


def look(http: str, files: Tuple[str, ...] = ()) -> Any:
    host = FakeHost(files=dict({MAIN: "http { %s }" % http}, **dict.fromkeys(files, "")))
    logs = [{"site": "shop.example", "access": [{"paths": ["/built-in.log"]}]}]
    nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}, "site_logs": logs}
    return own_answers(host, nginx)


def seen(server: str, http: str = "", files: Tuple[str, ...] = ()) -> List[Dict[str, Any]]:
    found = look("%s server { server_name shop.example; root /srv/shop; %s }" % (http, server), files)
    return [dict(each) for each in found[0]]


class TestReturn:
    def test_hit_of_the_site(self) -> None:
        (found,) = seen("location / { return 502; }")
        assert (found["status"], found["kind"], found["off"], found["line"]) == (502, "return", False, 1)

    @pytest.mark.parametrize("test", ["-f $document_root/off", '-f "/srv/shop/off"', "-e /srv/shop/off"])
    def test_hit_its_file_is_there(self, test: str) -> None:
        block = "if (%s) { return 503; }" % test
        assert [each["off"] for each in seen(block, files=("/srv/shop/off",))] == [False]
        assert [each["off"] for each in seen(block)] == [True]

    def test_near_miss_its_file_is_not_there(self) -> None:
        assert [each["off"] for each in seen("if (!-f /srv/shop/on) { return 503; }")] == [False]
        assert [each["off"] for each in seen("if ($closed) { return 503; }")] == [False]

    def test_near_miss_it_is_of_some_pages(self) -> None:
        assert seen("location = /old { return 503; } location /api/ { return 503; }") == []
        every = "location @off { return 503; } location ~ \\.php$ { return 503; }"
        assert len(seen(every)) == 2

    def test_decoy_a_redirect(self) -> None:
        assert seen("return 301 https://shop.example;") == []


class TestDeny:
    @pytest.mark.parametrize("server", ["allow 192.0.2.7; deny all;", "location / { deny all; }"])
    def test_hit_of_all_pages(self, server: str) -> None:
        (found,) = seen(server)
        assert (found["status"], found["kind"], found["written"]) == (403, "deny", "deny all")

    def test_hit_of_all_sites(self) -> None:
        assert [each["kind"] for each in seen("", "deny all;")] == ["deny"]

    @pytest.mark.parametrize("around", ["~ /\\.ht", "/admin/", "= /a.php", "~ \\.php$"])
    @pytest.mark.parametrize("directive", ["deny all;", "return 403;"])
    def test_near_miss_of_some_pages(self, around: str, directive: str) -> None:
        assert seen("location %s { %s }" % (around, directive)) == []

    def test_decoy_one_address(self) -> None:
        assert seen("deny 192.0.2.7; allow all;") == []


class TestCertificates:
    @pytest.mark.parametrize("server, http", [("ssl_verify_client on;", ""), ("", "ssl_verify_client on;")])
    def test_hit_each_client_must_have_one(self, server: str, http: str) -> None:
        (found,) = seen(server, http)
        assert (found["status"], found["kind"]) == (400, "ssl_verify_client")

    @pytest.mark.parametrize("server", ["ssl_verify_client optional;", "ssl_verify_client off;"])
    def test_near_miss_one_without_comes_in(self, server: str) -> None:
        assert seen(server, "ssl_verify_client on;") == []


class TestPasswords:
    @pytest.mark.parametrize("name", ["/etc/shop.htpasswd", "shop.htpasswd"])
    def test_hit_there_is_no_such_file(self, name: str) -> None:
        (found,) = seen("auth_basic x; auth_basic_user_file %s;" % name)
        assert (found["status"], found["kind"]) == (403, "auth_basic_user_file")
        assert found["written"] == "auth_basic_user_file [redacted]"  # its name may be a secret

    def test_near_miss_it_is_there(self) -> None:
        files = ("/etc/shop.htpasswd", "/etc/nginx/shop.htpasswd")
        for name in ("/etc/shop.htpasswd", "shop.htpasswd"):
            assert seen("auth_basic x; auth_basic_user_file %s;" % name, files=files) == []

    def test_near_miss_of_some_pages(self) -> None:
        assert seen("auth_basic x; location /admin/ { auth_basic_user_file /etc/shop.htpasswd; }") == []

    def test_decoy_a_variable_names_it(self) -> None:
        """nginx knows $remote_user by then."""
        assert seen("auth_basic x; auth_basic_user_file /etc/$host.htpasswd;") == []
        assert seen("auth_basic x; auth_basic_user_file /etc/$remote_user;") == []

    @pytest.mark.parametrize("basic", ["", "auth_basic off;"])
    def test_decoy_nobody_is_asked_for_a_password(self, basic: str) -> None:
        assert seen(basic + " auth_basic_user_file /etc/gone;") == []


class TestLimit:
    def test_hit_with_what_holds_there(self) -> None:
        (found,) = seen(
            "limit_req_status 502; location / { limit_req zone=one; }", "limit_req_log_level info;"
        )
        assert (found["status"], found["kind"], found["level"]) == (502, "limit_req", "info")

    def test_hit_of_all_sites(self) -> None:
        (found,) = seen("", "limit_conn all 9;")
        assert (found["status"], found["kind"], found["level"]) == (503, "limit_conn", "error")

    def test_decoy_a_zone_alone(self) -> None:
        assert seen("", "limit_req_zone $server_name zone=one:1m rate=1r/s;") == []


class TestLogs:
    def test_hit_another_site_with_a_return(self) -> None:
        server = "server { server_name _; return 444; } "
        (found,), others = look("access_log /a.log; " + server)
        assert (found["site"], found["status"], found["logs"], others) == ("_", 444, ["/a.log"], [])
        assert look(server)[0][0]["logs"] == ["/built-in.log"]

    def test_hit_who_asks_another_program(self) -> None:
        passes = "server { access_log logs/b.log; location / { proxy_pass http://x; } } "
        assert look("access_log /a.log; " + passes)[1] == ["/etc/nginx/logs/b.log"]

    def test_decoy_who_asks_php_fpm_or_does_not_log(self) -> None:
        php = "server { location / { fastcgi_pass unix:/a; } location /x { proxy_pass http://x; } } "
        quiet = "server { access_log off; location / { proxy_pass http://x; } }"
        assert look("access_log /a.log; " + php + quiet)[1] == []


class TestBadRequest:
    def test_hit_nginx_is_told_to_refuse_all(self) -> None:
        (found,) = seen("return 400;")
        assert (found["status"], found["kind"]) == (400, "return")

    def test_decoy_a_redirect(self) -> None:
        assert seen("return 301 https://shop.example;") == []
