# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nginx's files make of a path behind a script's name."""

from typing import Any, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.nginx import collect_nginx
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.path_info import (
    meant_way,
    used_ways,
    wrong_way,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Directive, parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.collect.hosts.nginx import (
    a_host,
    master,
)
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

SPLIT = "fastcgi_split_path_info ^(.+?\\.php)(/.*)$;"
TRY = "try_files $fastcgi_script_name =404;"
HANDED = "fastcgi_param PATH_INFO $fastcgi_path_info;"
SCRIPT = "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;"
SERVER = {"file": "/n.conf", "line": 1}
KEPT = "set $path $fastcgi_path_info;"


def way(
    *parts: str, match: str = "~ \\.php(/|$)", around: str = "", raw: str = "", wanted: bool = False
) -> Optional[str]:
    inside = " ".join([*parts, SCRIPT, "fastcgi_pass unix:/run/php.sock;"])
    server = "server { root /srv; location %s { %s } %s }" % (match, inside, around)
    conf = parse_conf("/n.conf", {"/n.conf": "events {} http { %s }" % server}.get, lambda _pattern: [])
    assert not conf.errors
    http = named_block(conf.directives, "http")
    block = named_block(http.block or [], "server")
    host = FakeHost(files={"/srv/index.php": "<?php"})
    if wanted:
        front = meant_way(host, "/etc/nginx", http, block)
    else:
        front = wrong_way(host, "/etc/nginx", http, block, "/index.php/about", raw)
    return front["kind"] if front else None


def named_block(directives: List[Directive], name: str) -> Directive:
    return next(each for each in directives if each.name == name)


class TestWay:
    def test_hit_try_files_empties_it(self) -> None:
        assert way(SPLIT, TRY, HANDED) == "emptied"

    def test_near_miss_it_is_kept_before(self) -> None:
        assert way(SPLIT, KEPT, TRY, "fastcgi_param PATH_INFO $path;") is None

    def test_near_miss_no_try_files(self) -> None:
        assert way(SPLIT, HANDED) is None

    def test_hit_it_is_not_split_off(self) -> None:
        assert way(HANDED) == way("fastcgi_split_path_info ^(.+\\.phtml)(/.+)$;", HANDED) == "emptied"

    @pytest.mark.parametrize("split", [SPLIT, ""])
    def test_hit_it_is_not_handed_on(self, split: str) -> None:
        assert way(split) == "not_handed"

    @pytest.mark.parametrize("tries", ["try_files $uri =404;", "try_files $uri $uri/ =403;"])
    def test_hit_try_files_looks_for_it(self, tries: str) -> None:
        assert way(SPLIT, tries, HANDED) == "no_file"

    def test_decoy_try_files_leads_to_a_front_controller(self) -> None:
        assert way(SPLIT, "try_files $uri /index.php;", HANDED) is None

    @pytest.mark.parametrize("around", ["", "location / { try_files $uri $uri/ =404; }"])
    def test_hit_no_location_takes_it(self, around: str) -> None:
        assert way(match="~ \\.php$", around=around) == "no_location"

    @pytest.mark.parametrize(
        "around",
        [
            *("location / { try_files $uri /index.php?$args; }", "location / { try_files $uri @app; }"),
            *("location / { return 404; }", "location / { proxy_pass http://x; }"),
        ],
    )
    def test_decoy_another_location_answers(self, around: str) -> None:
        assert way(match="~ \\.php$", around=around) is None

    def test_decoy_the_script_itself_is_not_of_php(self) -> None:
        assert way(match="= /other.php") is None

    def test_hit_php_does_not_look_for_the_script(self) -> None:
        assert way(HANDED, raw="/etc/php.ini") == "as_script"

    def test_near_miss_the_path_is_split_off_for_it(self) -> None:
        assert way(SPLIT, HANDED, raw="/etc/php.ini") is None

    @pytest.mark.parametrize("split", ["^(/([a-z]+[-_.]?)+)(/.*)$", "^(?|(.+\\.php)(/.*))$"])
    def test_decoy_a_split_that_cannot_be_judged(self, split: str) -> None:
        assert way("fastcgi_split_path_info %s;" % split, TRY, HANDED) is None


class TestMeant:
    def test_hit_the_path_is_split_off_in_vain(self) -> None:
        assert way(SPLIT, TRY, HANDED, wanted=True) == "path_info"

    def test_near_miss_the_way_of_debian(self) -> None:
        assert way(SPLIT, TRY, KEPT, "fastcgi_param PATH_INFO $path;", match="~ \\.php$", wanted=True) is None

    def test_near_miss_nobody_wrote_that_it_is_wanted(self) -> None:
        assert way(SPLIT, wanted=True) is None and way(wanted=True) is None


def kept_kinds(
    log: str, *, kind: str = "path_info", site: str = "shop.example", written_at: str = "/l"
) -> List[str]:
    """The kinds that are kept of two fronts. log: of the site."""
    fronts: Any = [{"kind": kind, "server": SERVER}, {"kind": "no_root", "server": SERVER}]
    access = {"paths": [written_at], "gzip": False, "written": "/l", "format": "combined"}
    logs = [{"site": site, "names": [], "access": [access]}]
    nginx: Any = {"routes": [{"site": "shop.example", "server": SERVER}], "site_logs": logs}
    return [front["kind"] for front in used_ways(FakeHost(files={"/l": log}), nginx, fronts)]


class TestUsed:
    LINE = '192.0.2.7 - - [27/Nov/2026:03:00:00 +0000] "GET %s HTTP/1.1" %d 9 "-" "curl"\n'

    @pytest.mark.parametrize(("path", "status"), [("/index.php/about", 200), ("/a.php/x?y=z", 302)])
    def test_hit_visitors_get_pages_behind_a_script(self, path: str, status: int) -> None:
        assert kept_kinds(self.LINE % (path, status)) == ["path_info", "no_root"]

    @pytest.mark.parametrize(
        ("path", "status"), [("/index.php/x", 404), ("/index.php", 200), ("/a?x=.php/b", 200)]
    )
    def test_near_miss_strangers_or_other_pages(self, path: str, status: int) -> None:
        assert kept_kinds(self.LINE % (path, status)) == ["no_root"]

    def test_decoy_the_log_of_another_site_or_none(self) -> None:
        line = self.LINE % ("/index.php/about", 200)
        assert kept_kinds(line, site="blog.example") == kept_kinds(line, written_at="/gone") == ["no_root"]

    @pytest.mark.parametrize(("status", "kinds"), [(404, ["sent_place", "no_root"]), (200, ["no_root"])])
    def test_visitors_miss_a_file_that_is_sent(self, status: int, kinds: List[str]) -> None:
        assert kept_kinds(self.LINE % ("/get.php?id=1", status), kind="sent_place") == kinds

    @pytest.mark.parametrize(("status", "kinds"), [(404, ["sent_place"]), (200, [])])
    def test_the_look_at_nginx_asks_who_misses_one(self, status: int, kinds: List[str]) -> None:
        files = "location /files/ { internal; log_not_found off; alias /srv/none/; }"
        server = "server { access_log /l; root /srv; %s location ~ \\.php$ { %s fastcgi_pass unix:/a; } }"
        host = a_host(
            {
                "/etc/nginx/sites-enabled/a": server % (files, SCRIPT),
                "/srv/index.php": "<?php",
                "/l": self.LINE % ("/get.php", status),
            }
        )
        assert [front["kind"] for front in collect_nginx(host, [master()])["fronts"]] == kinds

    @pytest.mark.parametrize(("path", "kinds"), [("/index.php/about", ["path_info"]), ("/index.php", [])])
    def test_the_look_at_nginx_asks_its_log(self, path: str, kinds: List[str]) -> None:
        inside = " ".join([SPLIT, TRY, HANDED, SCRIPT, "fastcgi_pass unix:/a;"])
        server = "server { access_log /l; root /srv; location ~ [^/]\\.php(/|$) { %s } }" % inside
        files = {
            "/etc/nginx/sites-enabled/a": server,
            "/srv/index.php": "<?php",
            "/l": self.LINE % (path, 200),
        }
        assert [front["kind"] for front in collect_nginx(a_host(files), [master()])["fronts"]] == kinds
