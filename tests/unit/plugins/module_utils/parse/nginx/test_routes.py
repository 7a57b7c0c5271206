# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes against what a real nginx refused (nginx -t) and dialled (its error log), and settings with their
inheritance.
"""

import json
import os
import re
from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.files import NotOpened
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import (
    Conf,
    parse_conf,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import parse_time, routes
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("nginx")
MAIN = "/tmp/f.conf"


def fixture(name: str) -> str:
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return stream.read()


def read(text: str) -> Tuple[List[Dict[str, Any]], Conf]:
    def reader(path: str) -> str:
        if path != MAIN:
            raise NotOpened('open() "%s" failed (2: No such file or directory)' % path)
        return text

    conf = parse_conf(MAIN, reader, lambda pattern: [])
    return routes(conf, "/usr/share/nginx"), conf


def of(body: str) -> List[Dict[str, Any]]:
    return read("http {\n%s\n}" % body)[0]


def only_route(body: str) -> Dict[str, Any]:
    matched = of(body)
    assert len(matched) == 1
    return matched[0]


def keys(route: Dict[str, Any]) -> List[str]:
    return [entry["endpoint"] for entry in route["endpoints"]]


# What nginx said is not about the routes: a variable nobody sets, a directory as a file, a file whose
# contexts are wrong.
OTHERS = ('unknown "backend" variable', None, '"events" directive is not allowed here')
REFUSED = json.loads(fixture("1.26.3-debian13-semantics.json"))


class TestRefusals:
    """What nginx -t says of the same text."""

    @pytest.mark.parametrize(
        "case", [case for case in REFUSED if case["said"] not in OTHERS], ids=lambda case: case["text"][17:70]
    )
    def test_hit_in_the_words_of_nginx_at_its_line(self, case: Dict[str, Any]) -> None:
        errors = read(case["text"])[1].errors
        assert [(error["text"], error["line"]) for error in errors] == [(case["said"], case["line"])]

    @pytest.mark.parametrize(
        "case",
        [case for case in REFUSED if case["said"] is None and "include /tmp;" not in case["text"]],
        ids=lambda case: case["text"][17:70],
    )
    def test_near_miss_nginx_takes_it(self, case: Dict[str, Any]) -> None:
        assert read(case["text"])[1].errors == []


def dialled() -> Dict[str, List[str]]:
    """{location: the addresses to which nginx logged a connection for it}."""
    matched: Dict[str, List[str]] = {}
    for line in fixture("1.22.1-debian12-dialled.log").splitlines():
        match = re.search(r'connect\(\) to (.*?) failed .*"GET (/[^ ?]*)', line)
        assert match
        matched.setdefault(match.group(2), []).append(match.group(1))
    return matched


class TestDialled:
    """Addresses that a real nginx logged."""

    @pytest.mark.parametrize("location", sorted(dialled()))
    def test_same_addresses(self, location: str) -> None:
        matched, conf = read(fixture("1.22.1-debian12-dialled.conf"))
        assert conf.errors == []
        there = dialled()[location]
        at = {"/redirected": "@late", "/if": "/if"}.get(location, location)
        written = [
            entry["written"] for route in matched if route["location"] == at for entry in route["endpoints"]
        ]
        assert written == ([] if location in ("/several", "/maybe") else there), (
            "what can be several is left open"
        )
        assert {route["site"] for route in matched} == {"dialled.example"}


class TestRoute:
    def test_says_where_it_is_written(self) -> None:
        route = only_route(
            "server {\n listen 80 default_server;\n listen [::]:80;\n server_name Shop.example "
            "www.shop.example;\n root html;\n"
            " location ~ \\.php$ {\n  fastcgi_pass unix:/var/run/php/a.sock;\n }\n}"
        )
        assert (route["site"], route["server_names"], route["listen"]) == (
            "shop.example",
            ["shop.example", "www.shop.example"],
            ["80 default_server", "[::]:80"],
        )
        assert (route["location"], route["file"], route["line"], route["pass"]) == (
            "~ \\.php$",
            MAIN,
            8,
            "unix:/var/run/php/a.sock",
        )
        assert route["endpoints"] == [
            {
                "endpoint": "unix:/run/php/a.sock",
                "written": "unix:/var/run/php/a.sock",
                "file": MAIN,
                "line": 8,
                "down": False,
                "backup": False,
            }
        ]
        assert (route["root"], route["upstream"], route["variable"], route["keep_conn"]) == (
            "/usr/share/nginx/html",
            None,
            False,
            False,
        )
        assert route["read_timeout"] == {"seconds": 60.0, "file": None, "line": None, "context": "default"}

    def test_server_without_a_name_has_the_empty_one(self) -> None:
        assert only_route("server { location / { fastcgi_pass 127.0.0.1:9000; } }")["site"] == ""

    def test_name_that_is_an_expression_keeps_its_letters(self) -> None:
        assert (
            only_route(
                "server { server_name ~^(?<x>.+)\\.Shop; location / { fastcgi_pass 127.0.0.1:9000; } }"
            )["site"]
            == "~^(?<x>.+)\\.Shop"
        )

    def test_only_http_has_routes(self) -> None:
        assert (
            read(
                "stream { server { fastcgi_pass a:1; } } mail { server { location / { fastcgi_pass a:1; } } }"
            )[0]
            == []
        )


class TestUpstreams:
    def test_servers_are_endpoints_at_their_own_lines(self) -> None:
        route = only_route(
            "upstream PHP {\n server unix:/run/a.sock weight=5;\n server 10.0.0.1:9000 down;\n server "
            "[::1]:9000 backup max_fails=0;\n"
            " server 10.0.0.2;\n keepalive 16;\n}\nserver { location / { fastcgi_pass php; fastcgi_keep_conn "
            "on; } }"
        )
        assert keys(route) == ["unix:/run/a.sock", "10.0.0.1:9000", "[::1]:9000", "10.0.0.2:80"]
        assert [entry["line"] for entry in route["endpoints"]] == [3, 4, 5, 6]
        assert [(entry["down"], entry["backup"]) for entry in route["endpoints"]] == [
            (False, False),
            (True, False),
            (False, True),
            (False, False),
        ]
        assert (route["upstream"], route["upstream_keepalive"], route["keep_conn"]) == ("php", 16, True)

    def test_unknown_name_is_an_upstream_without_endpoints(self) -> None:
        matched, conf = read("http { server { location / { fastcgi_pass php-fpm; } } }")
        assert (matched[0]["upstream"], matched[0]["endpoints"]) == ("php-fpm", [])
        assert conf.errors[0]["text"] == 'no port in upstream "php-fpm"'

    @pytest.mark.parametrize(
        "address, words",
        [
            ("127.0.0.1:\u00b2", "invalid port"),
            ("127.0.0.1:" + "9" * 4000, "invalid port"),
            ("[::1]:x", "invalid port"),
            ("a/b:1", "invalid host"),
            (":9000", "no host"),
        ],
    )
    def test_server_that_nginx_refuses_is_no_endpoint(self, address: str, words: str) -> None:
        matched, conf = read(
            "http { upstream php { server %s; keepalive \u00b2; } server { location / { fastcgi_pass "
            "php; } } }" % address
        )
        assert (matched[0]["upstream"], matched[0]["endpoints"]) == ("php", [])
        assert [error["text"].split(" in ")[0] for error in conf.errors] == [words]

    def test_host_by_name_stays_a_name(self) -> None:
        assert keys(only_route("server { location / { fastcgi_pass Localhost:9000; } }")) == [
            "Localhost:9000"
        ]


class TestSettings:
    def test_timeout_comes_from_the_nearest_level_that_sets_it(self) -> None:
        matched = of(
            "fastcgi_read_timeout 5m;\nserver {\n location /a { fastcgi_pass a:1; }\n"
            " location /b { fastcgi_pass b:1; fastcgi_read_timeout 10; location /b/c { fastcgi_pass "
            "c:1; } }\n}\n"
            "server {\n fastcgi_read_timeout 20s;\n location /d { if ($arg_x) { fastcgi_pass d:1; } } }"
        )
        assert [
            (
                route["location"],
                route["read_timeout"]["seconds"],
                route["read_timeout"]["context"],
                route["read_timeout"]["line"],
            )
            for route in matched
        ] == [
            ("/a", 300.0, "http", 2),
            ("/b", 10.0, "location", 5),
            ("/b/c", 10.0, "location", 5),
            ("/d", 20.0, "server", 8),
        ]

    def test_a_fastcgi_param_drops_all_inherited_ones(self) -> None:
        matched = of(
            "fastcgi_param SCRIPT_FILENAME $a;\nserver { location /a { fastcgi_pass a:1; }\n"
            " location /b { fastcgi_param HTTPS on; fastcgi_pass b:1; } }"
        )
        assert [route["params"] for route in matched] == [{"SCRIPT_FILENAME": "$a"}, {}]

    def test_other_settings_are_read(self) -> None:
        route = only_route(
            "server { root /srv/www; location / { alias /srv/other; fastcgi_pass a:1; "
            "fastcgi_connect_timeout "
            "500ms; fastcgi_send_timeout 2m; } }"
        )
        assert (route["connect_timeout"]["seconds"], route["send_timeout"]["seconds"], route["root"]) == (
            0.5,
            120.0,
            "/srv/other",
        )

    @pytest.mark.parametrize(
        "text, seconds",
        [
            ("90", 90.0),
            ("90s", 90.0),
            ("1m30s", 90.0),
            ("1m 30s", 90.0),
            ("500ms", 0.5),
            ("1s500ms", 1.5),
            ("1h30", 3630.0),
            ("1d", 86400.0),
            ("1w", 604800.0),
            ("0", 0.0),
            ("30s1m", None),
            ("1.5s", None),
            ("1M", None),
            ("1y", None),
            ("", None),
            ("s", None),
            ("-1", None),
            ("5S", None),
            ("9" * 30, None),
            ("\u0663", None),
        ],
    )
    def test_times_are_read_as_ngx_parse_time_does(self, text: str, seconds: Any) -> None:
        assert parse_time(text) == seconds


class TestVariables:
    def test_unset_variable_leaves_the_route_open(self) -> None:
        route = only_route("server { location / { fastcgi_pass $nobody; } }")
        assert (route["variable"], route["endpoints"], route["pass"]) == (True, [], "$nobody")

    def test_variables_that_hold_each_other_end(self) -> None:
        route = only_route("server { set $a $b; set $b $a$a$a; location / { fastcgi_pass $a; } }")
        assert route["endpoints"] == []

    def test_near_miss_variable_of_another_server(self) -> None:
        matched = of(
            "server { location /set { set $x a:1; } location / { fastcgi_pass $x; } } server { location / { "
            "fastcgi_pass $x; } }"
        )
        assert [keys(route) for route in matched] == [["a:1"], []]

    def test_variable_with_two_values_leaves_the_route_open(self) -> None:
        body = (
            "server { location /a { set $x a:1; try_files /n @php; } location @php { fastcgi_pass $x; }"
            " location /b { set $x %s; try_files /n @php; } }"
        )
        assert keys(only_route(body % "b:1")) == []
        assert keys(only_route(body % "a:1")) == ["a:1"]

    MAP = "map $host $backend { default unix:/a.sock; b.example 127.0.0.1:9001; %s }"

    def mapped(self, passes: str, more: str = "") -> List[str]:
        server = "server { location / { fastcgi_pass %s; } }" % passes
        routes, _conf = read(
            "http { upstream php { server unix:/u.sock; } " + self.MAP % more + server + " }"
        )
        return [target["endpoint"] for target in routes[0].get("candidates", [])]

    def test_a_map_leads_to_each_of_its_values(self) -> None:
        assert self.mapped("$backend") == ["unix:/a.sock", "127.0.0.1:9001"]
        assert self.mapped("$backend", "c.example php; hostnames;")[-1] == "unix:/u.sock"

    def test_near_miss_a_map_with_a_variable_may_lead_anywhere(self) -> None:
        assert self.mapped("$backend", "c.example unix:/run/$user.sock;") == []
        assert self.mapped("$backend$uri") == [] and self.mapped("$nobody") == []

    @pytest.mark.parametrize(
        "block",
        [
            "geo $backend { ranges; default unix:/a.sock; 10.0.0.0-10.0.0.9 127.0.0.1:9001; }",
            "geo $remote_addr $backend { default unix:/a.sock; proxy 10.0.0.1; 10.0.0.0/8 127.0.0.1:9001; }",
            'split_clients "$remote_addr" $backend { 5% unix:/a.sock; * 127.0.0.1:9001; }',
        ],
    )
    def test_so_do_geo_and_split_clients(self, block: str) -> None:
        routes, _conf = read("http { %s server { location / { fastcgi_pass $backend; } } }" % block)
        found = [target["endpoint"] for target in routes[0].get("candidates", [])]
        assert found == ["unix:/a.sock", "127.0.0.1:9001"]

    def test_near_miss_a_key_of_a_map_is_no_word_of_geo(self) -> None:
        assert self.mapped("$backend", "proxy 127.0.0.1:9002;")[-1] == "127.0.0.1:9002"

    def test_many_variables_do_not_take_quadratic_time(self) -> None:
        body = "".join(
            "set $v%d a:%d; location /%d { fastcgi_pass $unknown%d; }" % (index, index + 1, index, index)
            for index in range(4000)
        )
        assert len(of("server {%s}" % body)) == 4000


class TestScript:
    METHOD = "fastcgi_param REQUEST_METHOD $request_method; "

    def test_hit_no_script_is_named(self) -> None:
        route = only_route(self.METHOD + "server { location / { fastcgi_pass 127.0.0.1:9000; } }")
        assert route["nameless"]

    @pytest.mark.parametrize("name", ["SCRIPT_FILENAME", "PATH_TRANSLATED"])
    def test_near_miss_either_name_will_do(self, name: str) -> None:
        named = "fastcgi_param %s /x.php; server { location / { fastcgi_pass 127.0.0.1:9000; } }" % name
        assert "nameless" not in only_route(self.METHOD + named)

    def test_decoy_without_a_method_no_script_is_run(self) -> None:
        assert "nameless" not in only_route("server { location / { fastcgi_pass 127.0.0.1:9000; } }")


class TestMethod:
    def test_hit_no_parameter_at_all(self) -> None:
        assert only_route("server { location / { fastcgi_pass 127.0.0.1:9000; } }")["methodless"]

    def test_hit_a_location_inherits_none_beside_its_own(self) -> None:
        inner = "location / { fastcgi_param SCRIPT_FILENAME /x; fastcgi_pass 127.0.0.1:9000; }"
        route = only_route("fastcgi_param REQUEST_METHOD $request_method; server { %s }" % inner)
        assert route["methodless"] and route["params"] == {"SCRIPT_FILENAME": "/x"}

    def test_near_miss_it_is_inherited(self) -> None:
        inner = "server { location / { fastcgi_pass 127.0.0.1:9000; } }"
        route = only_route("fastcgi_param REQUEST_METHOD $request_method; " + inner)
        assert "methodless" not in route and route["params"] == {}


class TestLacks:
    PASS = "server { location / { %s fastcgi_pass 127.0.0.1:9000; } }"
    LENGTH = "fastcgi_param CONTENT_LENGTH %s; "

    def test_hit_neither_query_nor_length(self) -> None:
        route = only_route(self.PASS % "")
        assert route["queryless"] and route["length"] == ""

    @pytest.mark.parametrize("location", ["= /index.php", r"~ \.php$", "^~ /blog/"])
    def test_hit_a_location_of_scripts(self, location: str) -> None:
        assert "queryless" in only_route(self.PASS.replace("location /", "location " + location) % "")

    @pytest.mark.parametrize("location", ["= /fpm-ping", "~ ^/(status|ping)$", "~* /php-status$"])
    def test_decoy_a_check_by_ping_or_status(self, location: str) -> None:
        route = only_route(self.PASS.replace("location /", "location " + location) % "")
        assert "queryless" not in route and "length" not in route

    def test_hit_a_fixed_length(self) -> None:
        assert only_route(self.PASS % (self.LENGTH % "1000"))["length"] == "1000"

    @pytest.mark.parametrize("value", ["$content_length", "$http_content_length"])
    def test_near_miss_a_variable(self, value: str) -> None:
        query = "fastcgi_param QUERY_STRING q=1; "
        route = only_route(self.PASS % (query + self.LENGTH % value))
        assert "length" not in route and "queryless" not in route

    def test_near_miss_the_last_one_counts(self) -> None:
        both = self.LENGTH % "1000" + self.LENGTH % "$content_length"
        assert "length" not in only_route(self.PASS % both)

    @pytest.mark.parametrize("where", ["fastcgi_pass_request_body off; %s", "%s"])
    def test_decoy_no_body_is_meant_to_come(self, where: str) -> None:
        text = where % self.PASS % ("" if where != "%s" else "fastcgi_pass_request_body off;")
        assert "length" not in only_route(text)


class TestKeptByDefault:
    TEXT = (
        "http { upstream php {\nserver a:1;%s }\n"
        "server { fastcgi_keep_conn %s; location / { fastcgi_pass %s; } } }"
    )

    def kept(self, version: Any, more: str = "", keep_conn: str = "on", to: str = "php") -> Tuple[int, Any]:
        text = self.TEXT % (more, keep_conn, to)
        conf = parse_conf("/etc/nginx/nginx.conf", lambda path: text, lambda pattern: [])
        route = routes(conf, "/usr", version)[0]
        return route["upstream_keepalive"], route.get("kept_at")

    @pytest.mark.parametrize("version", ["1.29.7", "1.30.0", "1.31.3", "2.0.0"])
    def test_a_newer_nginx_keeps_some_by_itself(self, version: str) -> None:
        count, at = self.kept(version)
        assert (count, at["line"], at["by_default"], at["keep_conn_line"]) == (32, 1, True, 3)

    @pytest.mark.parametrize("version", ["1.28.3", "1.29.6", "1.22.1", None, "x"])
    def test_an_older_one_keeps_none(self, version: Any) -> None:
        assert self.kept(version) == (0, None)

    def test_what_is_written_counts(self) -> None:
        assert self.kept("1.30.0", "keepalive 0;") == (0, None)
        count, at = self.kept("1.30.0", "keepalive 8;")
        assert count == 8 and "by_default" not in at

    def test_nothing_asks_for_it(self) -> None:
        assert self.kept("1.30.0", keep_conn="off")[1] is None
        assert self.kept("1.30.0", to="a:1") == (0, None)
