# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files decide where a variable leads, and where a program may set it."""

from typing import Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.value_files import note_value_files

MAIN, MAP, LINES, SITE, SETS = ["/etc/nginx/%s" % name for name in ("main", "map", "lines", "site", "sets")]
OF_MAP = {
    MAIN: "http { include map; include site; %s }",
    MAP: "map $host $to { include lines; }",
    LINES: "default unix:/run/a.sock;",
    SITE: "server { location / { %s fastcgi_pass $TO; } }",
}


def deciding(texts: Dict[str, str], in_http: str = "", in_location: str = "") -> Optional[List[str]]:
    """The names of the files."""
    more = {MAIN: in_http, SITE: in_location}
    filled = {path: text % more[path] if "%s" in text else text for path, text in texts.items()}
    conf = parse_conf(MAIN, filled.__getitem__, lambda pattern: [pattern])
    found = routes(conf, "/usr")
    note_value_files(conf, found)
    assert found[0]["endpoints"]
    return found[0].get("value_files")


class TestFiles:
    def test_hit_a_map_its_lines_and_the_pass(self) -> None:
        assert deciding(OF_MAP) == sorted([MAP, LINES, SITE])

    def test_hit_a_set_that_takes_it_from_a_map(self) -> None:
        texts = {**OF_MAP, SETS: "set $to $pool;", MAP: "map $host $pool { include lines; }"}
        assert deciding(texts, in_location="include sets;") == sorted([MAP, LINES, SETS, SITE])

    def test_hit_an_upstream_that_it_names(self) -> None:
        texts = {**OF_MAP, LINES: "default php;", SETS: "upstream php { server 127.0.0.1:9000; }"}
        assert deciding(texts, "include sets;") == sorted([MAP, LINES, SETS, SITE])

    def test_near_miss_another_server_sets_one_of_that_name(self) -> None:
        texts = {**OF_MAP, SETS: "server { set $to 1; }"}
        assert deciding(texts, "include sets;") == sorted([MAP, LINES, SITE])

    def test_near_miss_a_name_has_no_variable(self) -> None:
        assert deciding({**OF_MAP, SITE: "server { location / { fastcgi_pass 127.0.0.1:9; } }"}) is None


class TestPrograms:
    @pytest.mark.parametrize(
        "in_http, in_location",
        [
            ("js_set $other main.other;", ""),
            ("perl_set $to 'sub { 1 }';", ""),
            ("", "auth_request_set $to $upstream_http_x_pool;"),
            ("", "rewrite_by_lua_file /etc/nginx/lead.lua;"),
            ("", "set_by_lua_file $to /etc/nginx/lead.lua;"),
            ("", "set_md5 $to $uri;"),
            ("server { server_name ~^(?<to>.+)[.]example$; }", ""),
        ],
    )
    def test_hit_it_may_be_set_by_one(self, in_http: str, in_location: str) -> None:
        assert deciding(OF_MAP, in_http, in_location) is None

    @pytest.mark.parametrize(
        "in_location", ["auth_request_set $user $upstream_http_x_user;", "set_real_ip_from 10.0.0.0/8;"]
    )
    def test_near_miss_it_sets_another_one(self, in_location: str) -> None:
        assert deciding(OF_MAP, "", in_location) == sorted([MAP, LINES, SITE])
