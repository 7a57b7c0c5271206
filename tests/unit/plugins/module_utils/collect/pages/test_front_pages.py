# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where nginx's files lead a request for a site's front page."""

from typing import Any, Dict, Iterator, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.front_pages import front_pages
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import Directive, parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

CODE = "<?php echo 'a page of the shop, longer than a stub';"
PAGE = {"/srv/shop/index.php": CODE}
PARAMS = "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;"
TRY = "try_files $uri $uri/ =404;"


def php(inside: str = PARAMS, match: str = "~ \\.php$") -> str:
    return "location %s { %s fastcgi_pass unix:/run/php.sock; }" % (match, inside)


def look(
    *parts: str,
    files: Optional[Dict[str, str]] = None,
    links: Optional[Dict[str, str]] = None,
) -> List[Any]:
    text = "events {} http { server { server_name shop.example; index index.php; %s } }" % " ".join(parts)
    host = FakeHost(files=PAGE if files is None else files, links=links)
    conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
    assert not conf.errors
    return [
        (front["kind"], front["looked_for"], front["found"])
        for front in front_pages(host, conf, "/etc/nginx")
    ]


ELSEWHERE = [("no_root", "/etc/nginx/html/index.php", "/srv/shop/index.php")]
AT_SITE = "root /srv/shop;"


class TestNoRoot:
    def test_hit_the_root_stands_in_another_location(self) -> None:
        assert look("location / { root /srv/shop; }", php()) == ELSEWHERE

    def test_hit_nginx_looks_for_the_script_before(self) -> None:
        tries = "try_files $fastcgi_script_name =404;"
        assert look("location / { root /srv/shop; }", php(PARAMS + tries)) == ELSEWHERE

    def test_hit_an_alias_is_the_whole_site(self) -> None:
        assert look("location / { alias /srv/shop/; }", php()) == ELSEWHERE

    @pytest.mark.parametrize(
        ("script", "wanted"),
        [
            ("$document_root", "/srv/shop"),
            ("$request_filename.php", "/srv/shop/index.php.php"),
            ("/srv/old$fastcgi_script_name", "/srv/old/index.php"),
            ("$document_root/public$fastcgi_script_name", "/srv/shop/public/index.php"),
            ("$base$fastcgi_script_name", "/srv/older/index.php"),
        ],
    )
    def test_hit_another_script_is_named(self, script: str, wanted: str) -> None:
        way = "set $base /srv/older; fastcgi_param SCRIPT_FILENAME %s;" % script
        assert look(AT_SITE, php(way)) == [("no_root", wanted, "/srv/shop/index.php")]

    def test_hit_a_page_of_another_name(self) -> None:
        page = {"/srv/shop/app.php": CODE}
        front = "location / { root /srv/shop; try_files $uri /app.php$is_args$args; }"
        assert look(front, php(), files=page) == [("no_root", "/etc/nginx/html/app.php", "/srv/shop/app.php")]

    @pytest.mark.parametrize(
        "script",
        [
            *(
                "$document_root$fastcgi_script_name",
                "$document_root/$fastcgi_script_name",
                "$request_filename",
            ),
            *("$document_root$uri", "$realpath_root$fastcgi_script_name", "/srv/shop$fastcgi_script_name"),
            *("/srv/shop/index.php", "$unknown$fastcgi_script_name"),
        ],
    )
    def test_near_miss_the_script_is_there_or_not_known(self, script: str) -> None:
        assert look(AT_SITE, php("fastcgi_param SCRIPT_FILENAME %s;" % script)) == []

    def test_near_miss_a_nested_location_has_the_root(self) -> None:
        assert look("location / { root /srv/shop; %s }" % php()) == []

    def test_near_miss_no_other_root_has_the_page(self) -> None:
        assert look("location / { root /srv/shop; }", php(), files={"/srv/shop/a.txt": ""}) == []

    @pytest.mark.parametrize("stop", ["return 404;", "deny all;", "auth_basic x;", "proxy_pass http://x;"])
    def test_decoy_something_answers_before(self, stop: str) -> None:
        assert look("location / { root /srv/shop; }", php(), stop) == []

    def test_decoy_a_set_has_two_values(self) -> None:
        sets = "set $base /srv/a; if ($host) { set $base /srv/b; }"
        assert look(AT_SITE, sets, php("fastcgi_param SCRIPT_FILENAME $base$fastcgi_script_name;")) == []


class TestFrontController:
    """What is no file is led to the front page: that says nothing against what is one."""

    @pytest.mark.parametrize("condition", ["(!-e $request_filename)", "( !-f $request_filename )"])
    @pytest.mark.parametrize("way", ["^ /index.php last", "^(.*)$ /index.php?q=$1", "^ /index.php"])
    def test_hit_the_root_stands_in_another_location(self, condition: str, way: str) -> None:
        stop = "if %s { rewrite %s; break; }" % (condition, way)
        assert look("location / { root /srv/shop; }", php(), stop) == ELSEWHERE

    def test_hit_a_rewrite_of_other_paths(self) -> None:
        assert look("location / { root /srv/shop; }", php(), "rewrite ^/old/ /new/ last;") == ELSEWHERE

    def test_hit_the_front_page_is_a_file(self) -> None:
        """The source of which nginx sends."""
        stop = "if (!-e $request_filename) { rewrite ^ /app.php last; }"
        sent = [("source_front", "/srv/shop/index.php", "")]
        assert look(AT_SITE, stop, php(match="~ \\.phtml$")) == sent

    @pytest.mark.parametrize(
        "stop",
        [
            "if (!-e $request_filename) { rewrite ^ /app.php last; }",
            "if (!-e $request_filename) { return 404; }",
            "if (-e $request_filename) { rewrite ^ /index.php last; }",
            "if ($host) { rewrite ^ /index.php last; }",
            "rewrite ^/index /x.php last;",
        ],
    )
    def test_near_miss_it_may_lead_elsewhere(self, stop: str) -> None:
        assert look("location / { root /srv/shop; }", php(), stop) == []

    def test_near_miss_a_condition_of_the_location_itself(self) -> None:
        """By which it would go round."""
        stop = "if (!-e $request_filename) { rewrite ^ /index.php last; }"
        assert look("location / { root /srv/shop; }", php(PARAMS + stop)) == []


class TestSentPlaces:
    """Of files that the application has nginx send: who misses them stands in no error log."""

    def sent(self, inside: str, *more: str, place: str = "/files/") -> List[Any]:
        location = "location %s { %s internal; }" % (place, inside)
        return [each[:2] for each in look(AT_SITE, php(), location, *more)]

    @pytest.mark.parametrize(
        "inside, wanted",
        [("alias /srv/files/;", "/srv/files"), ("root /srv/all;", "/srv/all/files"), ("", "/srv/shop/files")],
    )
    def test_hit_the_directory_is_not_there(self, inside: str, wanted: str) -> None:
        found = self.sent(inside + " log_not_found off;")
        assert found == self.sent(inside, "log_not_found off;") == [("sent_place", wanted)]

    @pytest.mark.parametrize("inside", ["alias /srv/files/;", "alias /srv/files/; log_not_found on;"])
    def test_near_miss_the_error_log_has_it(self, inside: str) -> None:
        assert self.sent(inside, "location /x { log_not_found off; }") == []

    def test_near_miss_it_is_there(self) -> None:
        assert self.sent("alias /srv/shop/; log_not_found off;") == []

    @pytest.mark.parametrize("place", ["= /50x.html", "@app", "~ ^/files/", "/files"])
    def test_decoy_no_place_of_files(self, place: str) -> None:
        assert self.sent("root /srv/none; log_not_found off;", place=place) == []

    def test_decoy_its_directory_is_decided_at_run_time(self) -> None:
        assert self.sent("alias /srv/$host/; log_not_found off;") == []


class TestLinks:
    LINKS = {"/srv/shop": "/rel/1", "/srv/shop/index.php": "/rel/1/index.php"}
    FILES = {"/rel/1/index.php": CODE}

    def refused(self, *switch: str, **more: Any) -> List[Any]:
        more = dict({"files": self.FILES, "links": self.LINKS}, **more)
        return look(AT_SITE, *switch, "location / { %s }" % TRY, php(), **more)

    @pytest.mark.parametrize("switch", ["on", "off"])
    def test_hit_and_near_miss_the_switch(self, switch: str) -> None:
        found = self.refused("disable_symlinks %s;" % switch)
        assert [each[0] for each in found] == (["symlinks"] if switch == "on" else [])
        assert not found or found[0][2] == "/srv/shop"

    def test_near_miss_link_and_files_have_one_owner(self) -> None:
        assert self.refused("disable_symlinks if_not_owner;") == []

    def test_near_miss_no_link_is_on_the_way(self) -> None:
        assert self.refused("disable_symlinks on;", files=PAGE, links={"/srv/shop/up": "/etc"}) == []

    def test_decoy_links_of_the_way_to_the_root_are_followed(self) -> None:
        assert self.refused("disable_symlinks on from=$document_root;") == []


class TestSource:
    FILES = {"/srv/shop/admin/index.php": CODE, **PAGE}

    def sent(self, inside: str = TRY, match: str = "^~ /admin/", **more: Any) -> List[Any]:
        more = dict({"files": self.FILES}, **more)
        return look(AT_SITE, "location %s { %s }" % (match, inside), php(), **more)

    def test_hit_a_location_without_php_has_a_script(self) -> None:
        assert self.sent() == [("source", "/srv/shop/admin/index.php", "")]

    def test_hit_no_location_runs_the_front_page(self) -> None:
        assert look(AT_SITE, php(match="~ \\.phtml$")) == [("source_front", "/srv/shop/index.php", "")]

    @pytest.mark.parametrize("inside", ["return 301 https://x;", "set $a b; rewrite ^ /x;", "deny all;"])
    @pytest.mark.parametrize("of_server", [True, False])
    def test_near_miss_a_condition_may_stop_it(self, inside: str, of_server: bool) -> None:
        stop = "if ($scheme = http) { %s }" % inside
        parts = (AT_SITE, stop) if of_server else (AT_SITE, "location / { %s }" % stop)
        assert look(*parts) == look(*parts, php(match="~ \\.phtml$")) == []

    def test_hit_a_condition_stops_nothing(self) -> None:
        assert look(AT_SITE, "if ($scheme = http) { set $a b; }") == [
            ("source_front", "/srv/shop/index.php", "")
        ]

    def test_near_miss_another_page_is_the_front_page(self) -> None:
        page = {"/srv/shop/index.html": "", **PAGE}
        parts = AT_SITE, "location / { index index.html index.php; }"
        assert (
            look(
                *parts, "location = /index.php { index index.html index.php; }", php(match="~ a"), files=page
            )
            == []
        )

    @pytest.mark.parametrize(
        "inside",
        ["location ~ \\.php$ { deny all; }", php(), "internal;", "return 403;", "try_files /x.txt =404;"],
    )
    def test_near_miss_the_script_is_not_sent(self, inside: str) -> None:
        assert self.sent(inside) == []

    @pytest.mark.parametrize("name", ["a.txt", "index.php"])
    def test_decoy_no_script_or_one_that_says_nothing(self, name: str) -> None:
        files = {"/srv/shop/admin/" + name: "<?php // Silence is golden.", **PAGE}
        assert self.sent(files=files) == []

    def test_decoy_a_prefix_that_leaves_scripts_to_php(self) -> None:
        assert self.sent(match="/admin/") == []


class Walked(List[Directive]):
    times = 0

    def __iter__(self) -> Iterator[Directive]:
        self.times += 1
        return super().__iter__()


class TestCost:
    def test_the_servers_are_walked_a_few_times_in_all(self) -> None:
        server = "server { %s location / { %s } %s }" % (AT_SITE, TRY, php())
        text = "events {} http { index index.php; %s }" % (50 * server)
        conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
        servers = Walked(conf.directives[1].block or [])
        conf.directives[1] = conf.directives[1]._replace(block=servers)
        assert front_pages(FakeHost(files=PAGE), conf, "/etc/nginx") == []
        assert servers.times <= 3
