# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Styles that nginx sends itself, and has no type for."""

from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.untyped import untyped


class TestUntyped:
    ALL, PAGES = "types { text/css css; text/html html; }", "types { text/html html; }"

    def look(self, inside: str, http: str = ALL, names: str = "shop.example") -> List[List[str]]:
        text = "http { %s server { server_name %s; root /srv; %s } }" % (http, names, inside)
        conf = parse_conf("/etc/nginx/nginx.conf", lambda _path: text, lambda pattern: [pattern])
        return [found_names for found_names, _types in untyped(conf)]

    @pytest.mark.parametrize(
        "inside",
        [PAGES, "location / { %s }" % PAGES, "location ~ \\.(css|js)$ { types { text/javascript js mjs; } }"],
    )
    def test_hit_an_inner_block_has_no_type_for_styles(self, inside: str) -> None:
        assert self.look(inside) == [["shop.example"]]

    @pytest.mark.parametrize(
        "inside",
        [
            "",
            PAGES + ALL,  # blocks of one level are one table
            "location ~ \\.mjs$ { types { text/javascript mjs; } }",
            "location ~ \\.css$ { types { } default_type text/css; }",
            PAGES + "location / { proxy_pass http://127.0.0.1:81; }",
        ],
    )
    def test_near_miss_styles_have_their_type(self, inside: str) -> None:
        assert self.look(inside) == []

    def test_decoy_a_server_without_names_or_any_types(self) -> None:
        assert self.look(self.PAGES, names="~^a") == []
        assert self.look("", http="") == []
