# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where sites log, as ngx_http_log_module.c and ngx_http_core_module.c merge it."""

from typing import Any, Dict, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Conf, parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.site_logs import (
    COMBINED,
    Defaults,
    goes_to_journal,
    log_formats,
    site_logs,
    speaks,
    used,
    writers,
)

DEFAULTS = Defaults("/var/log/nginx/access.log", "/var/log/nginx/error.log")
PHP = "location ~ \\.php$ { fastcgi_pass unix:/php.sock; %s }"


def parsed(text: str) -> Conf:
    return parse_conf("/n.conf", lambda _path: text, lambda _pattern: [])


def sites(text: str) -> List[Dict[str, Any]]:
    return [dict(site) for site in site_logs(parsed(text), "/etc/nginx", DEFAULTS, log_formats(parsed(text)))]


def site(inside: str = "", location: str = "", http: str = "", main: str = "") -> Dict[str, Any]:
    """The only site, with directives at each level."""
    return sites("%s http { %s server { %s %s } }" % (main, http, inside, PHP % location))[0]


def paths(found: Dict[str, Any]) -> List[str]:
    return [path for log in found["access"] for path in log["paths"]]


class TestAccessLogs:
    @pytest.mark.parametrize(
        "levels, expected",
        [
            ({}, ["/var/log/nginx/access.log"]),
            ({"http": "access_log /h;"}, ["/h"]),
            ({"http": "access_log /h;", "inside": "access_log /s;"}, ["/s"]),
            ({"inside": "access_log /s;", "location": "access_log /l; access_log /l2;"}, ["/l"]),
            ({"inside": "access_log logs/s.log;"}, ["/etc/nginx/logs/s.log"]),
            ({"inside": "access_log syslog:server=unix:/dev/log;"}, ["syslog:server=unix:/dev/log"]),
        ],
    )
    def test_a_block_without_one_inherits(self, levels: Dict[str, str], expected: List[str]) -> None:
        assert paths(site(**levels)) == expected

    @pytest.mark.parametrize("text", ["access_log off;", "access_log /a; access_log off;"])
    def test_off_switches_all_of_its_block_off(self, text: str) -> None:
        for found in (site(text), site(location=text), site("access_log /s;", text)):
            assert (found["access"], found["unlogged"]) == ([], ["off"])

    def test_a_location_may_log_again_below_off(self) -> None:
        found = site("access_log off;", "access_log /l;")
        assert (paths(found), found["unlogged"]) == (["/l"], [])

    def test_a_location_without_php_does_not_count(self) -> None:
        found = site("access_log /s; location /static { access_log off; } ")
        assert (paths(found), found["unlogged"]) == (["/s"], [])

    def test_an_if_inherits_from_its_location(self) -> None:
        text = "server { location / { access_log /l; if ($a) { fastcgi_pass unix:/a; } } }"
        assert paths(sites("http { %s }" % text)[0]) == ["/l"]

    @pytest.mark.parametrize(
        "options, expected",
        [
            ("", (False, False, False)),
            ("combined if=$slow", (True, False, False)),
            ("combined gzip flush=5s", (False, True, False)),
            ("combined gzip=9", (False, True, True)),
            ("combined buffer=64k", (False, False, True)),
            ("combined buffer=64k flush=10s", (False, False, False)),
            ("combined buffer=64k flush=5m", (False, False, True)),
        ],
    )
    def test_parameters_that_keep_lines_away(self, options: str, expected: Any) -> None:
        log = site("access_log /s %s;" % options)["access"][0]
        assert (log["filtered"], log["gzip"], log["late"]) == expected

    @pytest.mark.parametrize(
        "path, expected",
        [
            ("/l/$server_name.log", ["/l/a.example.log"]),
            ("/l/${host}.log", ["/l/a.example.log", "/l/b.example.log"]),
            ("/l/$date.log", []),
            ("$host.log", ["/etc/nginx/a.example.log", "/etc/nginx/b.example.log"]),
        ],
    )
    def test_variables_in_a_path_are_the_sites_names(self, path: str, expected: List[str]) -> None:
        found = site("server_name a.example b.example *.c.example ~^d; access_log %s;" % path)
        assert paths(found) == expected


class TestFilter:
    """if= may choose lines by how the requests ended: these stand for no others."""

    HTTP = 'map "$request_method$status" $bad { default 0; } map $bad$uri $worse { default 1; } '

    def by_end(self, condition: str) -> bool:
        log = "access_log /a.log combined if=%s;" % condition
        return bool(site(http=self.HTTP, inside=log)["access"][0].get("by_end"))

    @pytest.mark.parametrize("condition", ["$bad", "${bad}", "$worse", "$upstream_response_time"])
    def test_hit_it_goes_by_the_end_of_a_request(self, condition: str) -> None:
        assert self.by_end(condition)

    @pytest.mark.parametrize("condition", ["$loggable", "$statuses", "$request_uri"])
    def test_near_miss_it_goes_by_the_request(self, condition: str) -> None:
        assert not self.by_end(condition)

    def test_decoy_all_is_logged(self) -> None:
        assert "by_end" not in site(http=self.HTTP, inside="access_log /a.log;")["access"][0]


class TestErrorPages:
    PAGE = "error_page 500 502 503 504 /50x.html; access_log /s;"

    def test_the_page_of_an_error_logs_where_its_location_says(self) -> None:
        found = site(self.PAGE + "location = /50x.html { access_log off; }")
        assert (paths(found), found["unlogged"]) == (["/s"], ["off"])
        found = site(self.PAGE + "location = /50x.html { access_log /page; }")
        assert (paths(found), found["unlogged"]) == (["/s", "/page"], [])

    @pytest.mark.parametrize("page", ["/50x.html", "@down"])
    def test_near_miss_a_page_of_the_same_log(self, page: str) -> None:
        found = site("error_page 502 %s; access_log /s; location %s { root /x; }" % (page, page))
        assert (paths(found), found["unlogged"]) == (["/s"], [])

    @pytest.mark.parametrize("page", ["502 =200 /ok.html", "502 = @down", "502 http://x.example/"])
    def test_another_status_hides_the_loss(self, page: str) -> None:
        assert site("error_page %s;" % page)["unlogged"] == ["error_page"]

    @pytest.mark.parametrize("page", ["404 =200 /ok.html", "404 http://x.example/"])
    def test_decoy_a_page_for_other_errors(self, page: str) -> None:
        assert site("error_page %s;" % page)["unlogged"] == []


class TestErrorLogs:
    def silent(self, **levels: str) -> List[str]:
        return [log["target"] for log in site(**levels)["silent"]]

    @pytest.mark.parametrize(
        "written",
        [
            "/e crit",
            "/e alert",
            "/e emerg",
            "/dev/null",
            "stderr",
            "syslog:server=unix:/dev/log",
            "memory:32m",
        ],
    )
    def test_hit_no_file_tells_of_a_lost_request(self, written: str) -> None:
        for level in ("main", "http", "inside", "location"):
            assert self.silent(**{level: "error_log %s;" % written}) == [written.split()[0]]

    @pytest.mark.parametrize(
        "written", ["/e", "/e error", "/e warn", "/e notice", "/e info", "/e debug", "/e debug_http"]
    )
    def test_decoy_a_log_at_error_or_below(self, written: str) -> None:
        assert self.silent(inside="error_log %s;" % written) == []

    def test_decoy_the_default_log(self) -> None:
        found = site()
        assert (found["errors"][0]["target"], found["silent"]) == ("/var/log/nginx/error.log", [])

    def test_off_is_a_file_with_that_name(self) -> None:
        log: Any = site("error_log off;")["errors"][0]
        assert log["target"] == "/etc/nginx/off" and speaks(log)

    def test_a_second_log_of_the_level_may_speak(self) -> None:
        assert self.silent(inside="error_log /a crit; error_log /b warn;") == []

    def test_an_inner_log_replaces_the_outer_one(self) -> None:
        assert self.silent(main="error_log /m crit;", inside="error_log /s;") == []
        assert self.silent(main="error_log /m;", inside="error_log /s crit;") == ["/s"]

    def test_a_log_of_one_location_hides_its_losses(self) -> None:
        found = site("error_log /s; location /b { error_log /dev/null; fastcgi_pass unix:/b; }")
        assert [log["target"] for log in found["silent"]] == ["/dev/null"]


class TestFormats:
    def test_combined_is_always_there(self) -> None:
        assert log_formats(parsed("http { }"))["combined"] == {"escape": "default", "text": COMBINED}

    def test_parts_are_joined_and_escape_is_taken_off(self) -> None:
        text = "http { log_format Main '$status ' \"$host\"; log_format j escape=json '{\"s\":$status}'; }"
        formats = log_formats(parsed(text))
        assert formats["main"] == {"escape": "default", "text": "$status $host"}
        assert formats["j"] == {"escape": "json", "text": '{"s":$status}'}

    def test_only_those_in_use_are_kept(self) -> None:
        text = "http { log_format a x; log_format b y; server { access_log /l A; %s } }" % (PHP % "")
        conf = parsed(text)
        found = site_logs(conf, "/", DEFAULTS, log_formats(conf))
        assert list(used(log_formats(conf), found)) == ["a"]


class TestSites:
    def test_servers_without_php_are_none(self) -> None:
        assert sites("http { server { location / { proxy_pass http://x; } } }") == []

    def test_other_programs_of_a_site_are_seen(self) -> None:
        assert site("location /api { proxy_pass http://x; }")["others"] and not site()["others"]

    def test_of_many_logs_the_first_are_kept(self) -> None:
        location = "location /%d { access_log /%d; fastcgi_pass unix:/a; }"
        found = sites("http { server { %s } }" % "".join(location % (each, each) for each in range(99)))[0]
        assert (len(found["access"]), found["unlogged"]) == (64, ["too_many"])

    def test_sites_that_share_a_log_are_together(self) -> None:
        server = "server { server_name %s; access_log %s; " + PHP % "" + " }"
        text = "http { %s }" % "".join(
            server % pair for pair in (("a", "/l"), ("b", "/l"), ("c", "/dev/null"))
        )
        shared = writers(site_logs(parsed(text), "/", DEFAULTS, {}))
        assert {path: [site["site"] for site in who.sites] for path, who in shared.items()} == {
            "/l": ["a", "b"]
        }

    def test_a_log_in_two_formats_is_one(self) -> None:
        server = "server { access_log /l %s; " + PHP % "" + " }"
        conf = parsed("http { log_format x y; %s %s }" % (server % "", server % "x"))
        found = site_logs(conf, "/", DEFAULTS, log_formats(conf))
        assert [(who.formats, len(who.sites)) for who in writers(found).values()] == [(["combined", "x"], 2)]

    def test_what_is_compressed_is_not_read(self) -> None:
        conf = parsed("http { server { access_log /l combined gzip; %s } }" % (PHP % ""))
        assert writers(site_logs(conf, "/", DEFAULTS, {})) == {}


class TestBestOfOnePlace:
    """All logs of a place get the same requests. One of them is read, and counts."""

    FORMAT = "log_format own '$time_local $status $upstream_addr';"

    @pytest.mark.parametrize(
        "others",
        [
            "access_log syslog:server=unix:/dev/log;",
            "access_log /b combined if=$slow;",
            "access_log /b combined gzip;",
            "access_log /b combined buffer=64k;",
            "access_log /l/$date.log;",
            "access_log /b combined;",
        ],
    )
    def test_the_one_that_tells_most(self, others: str) -> None:
        for both in ("access_log /a own; " + others, others + "access_log /a own;"):
            assert paths(site(both, http=self.FORMAT)) == ["/a"]

    def test_near_miss_places_with_a_log_each(self) -> None:
        text = "access_log /a; location /b { access_log /b; fastcgi_pass unix:/b; }"
        assert paths(site(text)) == ["/b", "/a"]


class TestJournal:
    @pytest.mark.parametrize(
        "written, expected",
        [
            ("stderr", True),
            ("stderr crit", False),
            ("syslog:server=unix:/dev/log", True),
            ("syslog:facility=local7,server=unix:/dev/log,tag=nginx warn", True),
            ("syslog:server=unix:/run/systemd/journal/dev-log", True),
            ("syslog:server=unix:/dev/log alert", False),
            ("syslog:server=10.0.0.1", False),
            ("syslog:server=unix:/dev/log2", False),
            ("/dev/null", False),
        ],
    )
    def test_what_journald_gets(self, written: str, expected: bool) -> None:
        assert [goes_to_journal(log) for log in site("error_log %s;" % written)["errors"]] == [expected]


class TestHiding:
    ON = "fastcgi_intercept_errors on; "

    @pytest.mark.parametrize("page", ["500 502 =200 /sorry.html", "500 = @sorry", "404 500 =204 /x"])
    def test_hit_an_error_is_shown_as_a_success(self, page: str) -> None:
        found = site(self.ON + "error_page %s;" % page)["hiding"]
        assert (found["written"], found["file"], found["line"]) == ("error_page " + page, "/n.conf", 1)
        assert site("error_page %s;" % page, self.ON)["hiding"]["written"] == "error_page " + page

    @pytest.mark.parametrize(
        "page", ["500 /sorry.html", "500 =503 /sorry.html", "404 =200 /x", "502 504 =200 /x"]
    )
    def test_near_miss_it_is_seen_or_is_none_of_phps(self, page: str) -> None:
        assert "hiding" not in site(self.ON + "error_page %s;" % page)

    @pytest.mark.parametrize("off", ["", "fastcgi_intercept_errors off;"])
    def test_decoy_visitors_get_what_php_answers(self, off: str) -> None:
        assert "hiding" not in site("error_page 500 =200 /sorry.html;", off)
