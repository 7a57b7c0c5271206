# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts and styles that visitors do not get as they should, and redirects that nginx keeps in a cache."""

import time
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.assets import (
    assets,
    keeps_redirects,
    without_ssl,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Directive, parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.served import servers
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

PHP = "location ~ \\.php$ { fastcgi_pass unix:/a; }"
FRONT = "location / { try_files $uri $uri/ /index.php?$args; }"
STATIC = "location ~* \\.(css|js)$ { expires 30d; }"
MADE, TYPED = "/livewire/livewire.js", "types { text/javascript js mjs; }"
AT = 1764363600.0
STAMP = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(AT))


def blocks(inside: str, outside: str = "") -> Tuple[Directive, Directive]:
    text = "http { %s server { server_name shop.example; root /srv/shop; %s %s } }" % (outside, inside, PHP)
    return next(servers(parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])))


def line(path: str, status: int, visitor: int, page: str = "http://shop.example/list") -> str:
    return '192.0.2.%d - - [%s] "GET %s HTTP/1.1" %d 153 "%s" "browser"' % (
        visitor,
        STAMP,
        path,
        status,
        page,
    )


def three(path: str, status: int, **more: Any) -> List[str]:
    return [line(path, status, visitor, **more) for visitor in (1, 2, 3)]


def found(
    lines: List[str],
    inside: str = FRONT + STATIC,
    files: Optional[Dict[str, str]] = None,
    outside: str = "",
    since: float = AT - 60,
) -> List[Any]:
    host = FakeHost(files={"/l": "\n".join(lines) + "\n", **(files or {})})
    log = {"paths": ["/l"], "gzip": False, "written": "/l", "format": "combined"}
    logs = [{"site": site, "names": [], "access": [log]} for site in ("shop.example", "blog.example")]
    nginx: Any = {"prefix": "/etc/nginx", "site_logs": logs}
    visits, ways = assets(host, nginx, {"shop.example": blocks(inside, outside)}, since)
    return [(each["path"], way["kind"], way["written"]) for each, way in zip(visits, ways)]


class TestMade:
    def test_hit_a_location_of_static_files_takes_it(self) -> None:
        assert found(three(MADE + "?id=9", 404)) == [(MADE, "made", "location ~* \\.(css|js)$")]

    @pytest.mark.parametrize(
        "inside",
        [
            FRONT,
            STATIC,
            FRONT + "location ~* \\.(css|js)$ { try_files $uri /index.php?$args; }",
            FRONT + "location ~* \\.(css|js)$ { try_files $uri @app; }",
            FRONT + "location ~* \\.(css|js)$ { proxy_pass http://127.0.0.1:3000; }",
        ],
    )
    def test_near_miss_nobody_makes_it_or_php_is_asked(self, inside: str) -> None:
        assert found(three(MADE, 404), inside) == []

    def test_near_miss_it_came_since_or_is_there(self) -> None:
        assert found([*three(MADE, 404), line(MADE, 200, 1)]) == []
        assert found(three(MADE, 404), files={"/srv/shop" + MADE: "x"}) == []

    def test_near_miss_before_the_window(self) -> None:
        assert found(three(MADE, 404), since=AT + 1) == []

    @pytest.mark.parametrize("page", ["-", "https://other.example/", "http://blog.example/"])
    def test_decoy_strangers_and_pages_of_other_sites(self, page: str) -> None:
        assert found(three(MADE, 404, page=page)) == []

    def test_decoy_one_visitor_many_times(self) -> None:
        assert found([line(MADE, 404, 1)] * 9) == []

    def test_few_of_many_paths_are_asked(self) -> None:
        lines = [each for number in range(9) for each in three("/a%d.js" % number, 404)]
        assert len(found(lines)) == 4

    def test_decoy_a_line_made_to_cost(self) -> None:
        begun = time.monotonic()
        assert found(['192.0.2.1 - - [%s] "GET /%s HTTP' % (STAMP, "a.js?" * 9000)] * 50) == []
        assert time.monotonic() - begun < 2


class TestUntyped:
    def test_hit_nginx_knows_no_type_of_it(self) -> None:
        types = "types { application/javascript js; }"
        assert found(three("/js/a.mjs", 200), outside=types) == [("/js/a.mjs", "untyped", "server")]

    @pytest.mark.parametrize("inside, outside", [("", TYPED), ("location ~ \\.mjs$ { %s }" % TYPED, "")])
    def test_near_miss_it_has_a_type(self, inside: str, outside: str) -> None:
        assert found(three("/js/a.mjs", 200), FRONT + inside, outside=outside) == []

    @pytest.mark.parametrize("inside", ["proxy_pass http://127.0.0.1:3000;", "fastcgi_pass unix:/a;"])
    def test_near_miss_another_program_sends_it(self, inside: str) -> None:
        assert found(three("/js/a.mjs", 200), "location /js/ { %s }" % inside) == []

    def test_decoy_another_script(self) -> None:
        assert found(three("/js/a.js", 200)) == []


class TestKeepsRedirects:
    def look(self, *inside: str, outside: str = "", status: int = 301) -> bool:
        text = "location ~ \\.php { %s }" % " ".join(inside)
        return bool(keeps_redirects(FakeHost(), "/etc/nginx", *blocks(text, outside), status))

    @pytest.mark.parametrize("valid", ["200 301 60m", "any 1m", "10m"])
    def test_hit_the_cache_takes_them(self, valid: str) -> None:
        assert self.look("fastcgi_cache a;", "fastcgi_cache_valid %s;" % valid)
        assert self.look(outside="fastcgi_cache a; fastcgi_cache_valid %s;" % valid)

    def test_near_miss_pages_alone(self) -> None:
        assert not self.look("fastcgi_cache a;", "fastcgi_cache_valid 200 60m;")
        assert not self.look("fastcgi_cache a;", "fastcgi_cache_valid 10m;", status=307)

    def test_decoy_no_cache(self) -> None:
        assert not self.look("fastcgi_cache off;", "fastcgi_cache_valid any 1m;")
        assert not self.look("fastcgi_cache_valid any 1m;")


class TestWithoutSsl:
    def look(self, listen: str, beside: str = "", http: str = "") -> Any:
        text = "http { %s server { %s fastcgi_pass unix:/a; } %s }" % (http, listen, beside)
        conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
        found = [
            (outer, each)
            for outer in conf.directives
            for each in outer.block or []
            if each.name == "server" and any(inner.name == "fastcgi_pass" for inner in each.block or [])
        ]
        return [(each["kind"], each["written"]) for each in without_ssl(FakeHost(), "/", found, conf)]

    @pytest.mark.parametrize("listen", ["listen 443", "listen [::]:443", "listen 192.0.2.1:443 http2"])
    def test_hit_the_port_for_tls_has_none(self, listen: str) -> None:
        assert self.look(listen + ";") == [("hello", listen)]

    @pytest.mark.parametrize(
        "listen",
        ["listen 443 ssl;", "listen 443 quic;", "listen 443 proxy_protocol;", "listen 80;", "listen 8443;"],
    )
    def test_near_miss_it_has_or_is_another(self, listen: str) -> None:
        assert self.look(listen) == []

    def test_near_miss_another_server_block_has_it_there(self) -> None:
        assert self.look("listen 443;", "server { listen 443 ssl; }") == []
        assert self.look("listen 443;", http="ssl on;") == []
