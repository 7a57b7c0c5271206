# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers are asked for a path that a visitor chose, and how many."""

import time
from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages import odd_visits
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.served import servers
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_log_format import (
    COMBINED,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/nginx/nginx.conf"
SITE = """
server { server_name %s; root /srv; location ~ \\.php$ { fastcgi_pass unix:/a; } %s location / { } }"""
COSTLY = "location ~ ^/([a-z0-9]+[-_]?)+/?$ { }"


def visit(path: str, site: Optional[str] = "shop.example", log: str = "/l") -> Any:
    return {"kind": "path_info", "path": path, "site": site, "log": log}


def ways(*visits: Any, more: str = "", late: bool = False) -> List[int]:
    """The lines of the servers that lead a visit wrongly."""
    sites = [SITE % (name, more) for name in ("shop.example", "blog.example")]
    host = FakeHost(files={MAIN: "http { %s }" % "".join(sites)})
    host.deadline = 0.0 if late else float("inf")
    log = {"paths": ["/l"], "gzip": False, "written": "/l", "format": "combined"}
    logs = [{"site": "blog.example", "names": [], "access": [log]}]
    nginx = {"config": MAIN, "prefix": "/etc/nginx", "options": {}, "routes": [], "site_logs": logs}
    snapshot: Any = {"nginx": nginx, "fpm": {"masters": []}}
    conf = odd_visits.Reading.of(host, snapshot["nginx"]).conf
    return [way["server"]["line"] for way in odd_visits._ways(host, snapshot, conf, list(visits))]


class TestWays:
    def test_hit_the_server_of_the_visits_site(self) -> None:
        assert ways(visit("/index.php/a")) == [2]

    def test_hit_the_servers_that_write_the_log(self) -> None:
        assert ways(visit("/index.php/a", site=None)) == [3]

    def test_near_miss_no_server_has_the_site(self) -> None:
        assert ways(visit("/index.php/a", site="other.example")) == []
        assert ways(visit("/index.php/a", site=None, log="/other")) == []

    @pytest.mark.parametrize(("length", "lines"), [(20, [2]), (200, [])])
    def test_near_miss_a_path_that_is_long(self, length: int, lines: List[int]) -> None:
        assert ways(visit("/index.php/" + length * "a")) == lines

    def test_near_miss_no_time_is_left(self) -> None:
        assert ways(visit("/index.php/a"), late=True) == []

    def test_decoy_a_path_made_to_cost(self) -> None:
        begun = time.monotonic()
        assert ways(visit("/" + 60 * "a" + ".php/x"), more=COSTLY) == []
        assert time.monotonic() - begun < 2

    def test_few_of_many_paths_are_asked(self, monkeypatch: Any) -> None:
        led: List[str] = []
        monkeypatch.setattr(odd_visits, "wrong_way", lambda *of: led.append(of[4]))
        ways(*(visit("/index.php/%d" % number) for number in range(99)))
        assert len(led) == odd_visits.MOST_PATHS


class TestLogs:
    def test_few_of_many_logs_are_read(self, monkeypatch: Any) -> None:
        read: List[str] = []
        monkeypatch.setattr(odd_visits, "tail", lambda _host, path, *_more: bytes(read.append(path) or 0))
        logs = [
            {"paths": ["/%d" % number], "gzip": False, "written": "/l", "format": "combined"}
            for number in range(99)
        ]
        nginx = {
            "site_logs": [{"site": "a", "names": [], "access": logs}],
            "log_formats": {"combined": {"text": COMBINED, "escape": "default"}},
            "version": None,
        }
        snapshot: Any = {"nginx": nginx}
        odd_visits.collect_odd_visits(FakeHost(), snapshot, 0.0, False)
        assert len(read) == odd_visits.MOST_TAILS


class TestDenying:
    """What may refuse forms, and no pages."""

    def found(self, inside: str, around: str = "") -> List[str]:
        text = "http { %s %s }" % (around, SITE % ("shop.example", inside))
        http, server = next(servers(parse_conf(MAIN, {MAIN: text}.get, lambda _pattern: [])))
        return [way["written"] for way in odd_visits._denying(FakeHost(), http, server)]

    @pytest.mark.parametrize(
        "inside, written",
        [
            ("location /a { limit_except GET HEAD { deny all; } }", "limit_except GET HEAD"),
            ("if ($request_method = POST) { return 403; }", "if ($request_method = POST)"),
            ("location /a { modsecurity on; }", "modsecurity on"),
            ("SecRulesEnabled;", "SecRulesEnabled"),
        ],
    )
    def test_hit_a_rule_about_what_is_sent(self, inside: str, written: str) -> None:
        assert self.found(inside) == [written]

    def test_hit_it_is_on_for_all_sites(self) -> None:
        assert self.found("", "modsecurity on;") == ["modsecurity on"]

    @pytest.mark.parametrize(
        "inside",
        ["location /a { deny all; }", "modsecurity off;", "if ($a) { return 403; }"],
    )
    def test_near_miss_it_refuses_pages_as_well(self, inside: str) -> None:
        assert self.found(inside) == []
