# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether nginx leads pages that are no files to an application that makes them."""

from typing import Any, Dict, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.pages.permalinks import permalinks
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

PAGE = {"/srv/shop/index.php": "<?php"}
WORDPRESS = {**PAGE, "/srv/shop/wp-load.php": "<?php"}
PHP = "location ~ \\.php$ { fastcgi_pass unix:/a; }"


def look(location: str, files: Optional[Dict[str, str]] = None, uri: str = "/about/") -> Any:
    text = "http { server { root /srv/shop; %s %s } }" % (location, PHP)
    conf = parse_conf("/n.conf", {"/n.conf": text}.get, lambda _pattern: [])
    http = conf.directives[0]
    server = (http.block or [])[0]
    return permalinks(FakeHost(files=WORDPRESS if files is None else files), "/etc/nginx", http, server, uri)


class TestPermalinks:
    @pytest.mark.parametrize(
        "location, written",
        [
            ("location / { try_files $uri $uri/ =404; }", "try_files $uri $uri/ =404"),
            ("location / { index index.php; }", "location /"),
            ("", "server"),
        ],
    )
    def test_hit_nothing_leads_them_there(self, location: str, written: str) -> None:
        assert look(location)["written"] == written

    @pytest.mark.parametrize(
        "location",
        [
            "location / { try_files $uri $uri/ /index.php?$args; }",
            "location / { try_files $uri @app; } location @app { fastcgi_pass unix:/a; }",
            "location / { if (!-e $request_filename) { rewrite ^ /index.php last; } }",
            "error_page 404 /index.php;",
            "location / { return 404; }",
            "location /about/ { deny all; }",
        ],
    )
    def test_near_miss_something_leads_or_answers(self, location: str) -> None:
        assert look(location) is None

    @pytest.mark.parametrize("files", [PAGE, {"/srv/shop/wp-load.php": "x"}, {}])
    def test_decoy_a_plain_site(self, files: Dict[str, str]) -> None:
        assert look("", files) is None

    def test_decoy_the_page_is_a_file(self) -> None:
        assert look("", {**WORDPRESS, "/srv/shop/about": "x"}, "/about") is None
