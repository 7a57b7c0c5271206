# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Server blocks that pass nothing on and have scripts, and roots by maps."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.ignored_servers import (
    ignored_servers,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.maps import choices_of
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.front_pages import front_pages
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Conf, parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CODE = "<?php echo 'a page of the shop, longer than a stub';"
NAME = "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;"
PHP = "location ~ \\.php$ { fastcgi_pass x:1; %s }" % NAME

OTHER = "server { listen 81; root /srv/none; %s }" % PHP


def read(http: str) -> Conf:
    conf = parse_conf("/n.conf", {"/n.conf": "events {} http { %s }" % http}.get, lambda _pattern: [])
    assert not conf.errors
    return conf


def look(http: str, files: Optional[Dict[str, str]] = None) -> List[Any]:
    host = FakeHost(files={"/srv/shop/index.php": CODE} if files is None else files)
    return list(front_pages(host, read(http), "/etc/nginx"))


def kinds(http: str, files: Optional[Dict[str, str]] = None) -> List[str]:
    return [front["kind"] for front in look(http, files)]


class TestSourceWithoutPhp:
    def test_hit_an_index_names_the_script(self) -> None:
        (front,) = look("server { listen 8080; server_name wiki.example; root /srv/shop; index index.php; }")
        assert front["kind"] == "source_front" and front["looked_for"] == "/srv/shop/index.php"
        assert front["site"] == {"name": "wiki.example", "listen": "8080", "file": "/n.conf", "line": 1}

    def test_hit_no_index_names_it(self) -> None:
        assert kinds("server { root /srv/shop; } %s" % OTHER) == ["source"]

    def test_near_miss_nothing_here_runs_php(self) -> None:
        assert kinds("server { root /srv/shop; }") == []

    def test_near_miss_another_page_comes_first(self) -> None:
        files = {"/srv/shop/index.php": CODE, "/srv/shop/index.html": "x"}
        assert kinds("server { root /srv/shop; index index.html index.php; } %s" % OTHER, files) == ["source"]

    @pytest.mark.parametrize("files", [{"/srv/shop/index.html": "x"}, {"/srv/shop/index.php": "<?php"}])
    def test_near_miss_a_static_site(self, files: Dict[str, str]) -> None:
        assert kinds("server { root /srv/shop; } %s" % OTHER, files) == []

    @pytest.mark.parametrize(
        "inside",
        [
            *("location / { proxy_pass http://x; }", "location @app { proxy_pass http://x; }"),
            *("return 301 https://x;", "location ~ \\.php$ { deny all; }", "location / { uwsgi_pass x:1; }"),
        ],
    )
    def test_decoy_something_else_answers(self, inside: str) -> None:
        assert kinds("server { root /srv/shop; %s } %s" % (inside, OTHER)) == []


class TestSourceByRegex:
    FILES = {"/srv/shop/app/index.php": CODE, "/srv/shop/index.php": CODE}

    @pytest.mark.parametrize("match", ["~ ^/app/", "~* ^/(app|lib)/", "~ /app", "^~ /app/", "^~ /app"])
    def test_hit_a_location_takes_a_directory(self, match: str) -> None:
        http = "server { root /srv/shop; index index.php; location %s { } %s }" % (match, PHP)
        assert kinds(http, self.FILES) == ["source"]

    @pytest.mark.parametrize(
        "location",
        [
            *(
                "~ ^/other/ { }",
                "~ ^/app/ { deny all; }",
                "~ ^/app/ { %s }" % PHP,
            ),
            *("~ \\.(?:js|css)$ { }", "~ ^/app/ { try_files $uri.html =404; }"),
        ],
    )
    def test_near_miss_scripts_are_not_sent(self, location: str) -> None:
        http = "server { root /srv/shop; index index.php; location %s %s }" % (location, PHP)
        assert kinds(http, self.FILES) == []

    def test_decoy_the_location_of_php_stands_before(self) -> None:
        http = "server { root /srv/shop; index index.php; %s location ~ ^/app/ { } }" % PHP
        assert kinds(http, self.FILES) == []


class TestMaps:
    def choices(
        self, lines: str, source: str = "$host", root: str = "$base", names: str = "shop.example"
    ) -> List[Dict[str, str]]:
        conf = read("map %s $base { %s } server { server_name %s; root %s; }" % (source, lines, names, root))
        http = conf.directives[1]
        return choices_of(http, (http.block or [])[1])

    @pytest.mark.parametrize(
        ("lines", "value"),
        [
            ("default /d; shop.example /a; *.example /b;", "/a"),
            ("default /d; *.example /b;", "/b"),
            ("default /d; ~^shop /c; other.example /b;", "/c"),
            ("default /d; other.example /b;", "/d"),
            ("other.example /b;", ""),
        ],
    )
    def test_hit_by_the_name_of_the_site(self, lines: str, value: str) -> None:
        assert self.choices(lines) == [{"base": value}]

    @pytest.mark.parametrize(
        ("names", "source", "values"),
        [
            ("shop.example www.example", "$host", ["/a", "/b"]),
            ("shop.example shop.example", "$host", ["/a"]),
            # This one is the first of the names, whichever was asked for.
            ("shop.example www.example", "$server_name", ["/a"]),
            *(("shop.example " + wild, "$host", ["/a", "/b", "/d"]) for wild in ("*.x", ".x", "www.*", "~x")),
        ],
    )
    def test_each_name_of_the_server_is_asked(self, names: str, source: str, values: List[str]) -> None:
        found = self.choices("default /d; shop.example /a; www.example /b;", source, names=names)
        assert [each["base"] for each in found] == values

    def test_hit_each_value_of_another_variable(self) -> None:
        found = self.choices("default /a; 1 /b; 2 /a;", "$arg_x")
        assert found == [{"base": "/a"}, {"base": "/b"}]

    def test_near_miss_its_values_are_in_a_file(self) -> None:
        assert self.choices("volatile; default /a; 1 /b;", "$arg_x")[0] == {"base": "/a"}

    def test_decoy_nothing_of_the_server_uses_it(self) -> None:
        assert self.choices("default /a;", root="/srv") == [{}]

    def test_decoy_too_many_values(self) -> None:
        lines = " ".join("%d /%d;" % (number, number) for number in range(9))
        assert self.choices(lines, "$arg_x") == [{}]

    def fronts(self, lines: str, source: str = "$host", php: str = PHP, more: str = "") -> List[str]:
        server = "server { server_name shop.example%s; root $base; index index.php; %s }" % (more, php)
        return kinds("map %s $base { %s } %s" % (source, lines, server))

    def test_hit_the_map_leads_to_no_page(self) -> None:
        assert self.fronts("default /none; other.example /srv/shop;") == ["map_root"]

    def test_hit_the_location_of_php_has_another_root(self) -> None:
        other = PHP.replace("{", "{ root /none;", 1)
        assert self.fronts("default /none; shop.example /srv/shop;", php=other) == ["no_root"]

    def test_hit_another_name_of_the_server_has_no_page_either(self) -> None:
        other = PHP.replace("{", "{ root /none;", 1)
        lines = "default /gone; shop.example /srv/shop;"
        assert len(self.fronts(lines, php=other, more=" www.shop.example")) == 1

    def test_near_miss_one_value_has_the_page(self) -> None:
        assert self.fronts("default /none; 1 /srv/shop;", "$arg_x") == []
        assert self.fronts("default /srv/shop; other.example /none;") == []


class TestIgnoredServers:
    def pairs(self, *servers: str) -> List[Any]:
        conf = read("\n".join("server { %s }" % server for server in servers))
        found = ignored_servers(conf, routes(conf, "/etc/nginx"))
        return [(pair["names"], pair["address"], pair["alone"]) for pair in found]

    def test_hit_two_blocks_have_one_name(self) -> None:
        assert self.pairs("server_name a; %s" % PHP, "server_name a b;") == [(["a"], "*:80", False)]

    def test_hit_two_blocks_have_none(self) -> None:
        assert self.pairs("root /x;", PHP) == [([""], "*:80", True)]

    @pytest.mark.parametrize(
        "other",
        ["server_name b;", "server_name a; listen 8080;", "server_name a; access_log /x; %s" % PHP],
    )
    def test_near_miss_another_name_port_or_the_same_text(self, other: str) -> None:
        assert self.pairs("server_name a; %s" % PHP, other) == []

    def test_decoy_neither_leads_to_php(self) -> None:
        assert self.pairs("server_name a;", "server_name a; root /x;") == []
