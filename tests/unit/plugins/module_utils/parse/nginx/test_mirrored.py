# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which endpoints get copies of requests alone."""

from typing import List

from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.mirrored import without_mirrors
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.routes import routes

PAGES = "location ~ [.]php$ { mirror /copy; fastcgi_pass 127.0.0.1:9000; }"


def copied(*more: str) -> List[str]:
    text = "http { server { %s\n%s } }" % (PAGES, "\n".join(more))
    conf = parse_conf("/etc/nginx/nginx.conf", lambda path: text, lambda pattern: [])
    found = routes(conf, "/usr")
    kept, endpoints = without_mirrors(conf, found)
    assert not {target["endpoint"] for route in kept for target in route["endpoints"]}.intersection(endpoints)
    return endpoints


class TestWithoutMirrors:
    def test_hit_an_internal_location_gets_copies_alone(self) -> None:
        assert copied("location = /copy { internal; fastcgi_pass 127.0.0.1:9009; }") == ["127.0.0.1:9009"]

    def test_near_miss_visitors_may_ask_for_it(self) -> None:
        assert copied("location = /copy { fastcgi_pass 127.0.0.1:9009; }") == []

    def test_near_miss_the_same_name_is_open_elsewhere(self) -> None:
        copy = "location = /copy { %s fastcgi_pass 127.0.0.1:9009; }"
        assert copied(copy % "internal;", "} server {", copy % "") == []

    def test_near_miss_an_error_page_leads_visitors_there_too(self) -> None:
        copy = "location = /copy { internal; fastcgi_pass 127.0.0.1:9009; }"
        assert copied("error_page 404 /copy;", copy) == []

    def test_near_miss_another_server_leads_visitors_there(self) -> None:
        copy = "location = /copy { internal; fastcgi_pass 127.0.0.1:%d; }"
        assert copied(copy % 9009, "} server { error_page 404 /copy;", copy % 9010) == ["127.0.0.1:9009"]

    def test_hit_a_mirror_of_all_servers(self) -> None:
        copy = "location = /copy { internal; fastcgi_pass 127.0.0.1:9009; }"
        assert copied("} mirror /copy; server {", copy) == ["127.0.0.1:9009"]

    def test_decoy_an_internal_location_of_an_error_page(self) -> None:
        assert copied("location = /error { internal; fastcgi_pass 127.0.0.1:9009; }") == []
