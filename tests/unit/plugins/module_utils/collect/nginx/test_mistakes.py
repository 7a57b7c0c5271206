# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes on what nginx's files prove to be wrong."""

from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.linux import addresses
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx.mistakes import note_mistakes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import parse_conf
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

LINE = '192.0.2.1 - - [10/Oct/2026:00:00:00 +0000] "GET %s HTTP/1.1" %d 153 "%s" "browser"\n'
TYPES = "types { text/css css; } server { server_name shop.example; types { text/html html; } }"


def notes(http: str, log: str = "") -> List[str]:
    host = FakeHost(files={"/l": log})
    access = [{"paths": ["/l"]}]
    nginx: Any = {
        "config_newer": False,
        "site_logs": [{"site": "shop.example", "names": ["shop.example"], "access": access}],
    }
    conf = parse_conf("/n.conf", {"/n.conf": "http { %s }" % http}.get, lambda _pattern: [])
    note_mistakes(host, nginx, conf, "/var/log/nginx/access.log", None)
    return [note["what"] for note in host.missing]


class TestNotes:
    @pytest.mark.parametrize(
        "listen, what",
        [
            ("192.0.2.7:80", ["site_left_out"]),
            ("192.0.2.8:80", []),
            ("127.0.0.1:80", []),
            ("[::]:80", []),
        ],
    )
    def test_hit_a_listen_at_the_own_address_takes_all(
        self, monkeypatch: pytest.MonkeyPatch, listen: str, what: List[str]
    ) -> None:
        monkeypatch.setattr(addresses, "addresses", lambda _host: ["192.0.2.7", "172.17.0.1", "2001:db8::7"])
        http = "server { server_name shop.example; } server { server_name new.example; listen %s; }"
        assert notes(http % listen) == what

    def test_hit_visitors_of_a_page_ask_for_its_styles(self) -> None:
        assert notes(TYPES, LINE % ("/a.css?v=1", 200, "http://shop.example/") * 3) == ["assets"]

    @pytest.mark.parametrize(
        "path, status, page",
        [
            ("/a.css", 404, "http://shop.example/"),
            ("/a.css", 200, "http://blog.example/"),
            ("/a.css", 200, "-"),
            ("/a.js", 200, "http://shop.example/"),
        ],
    )
    def test_near_miss_nobody_does(self, path: str, status: int, page: str) -> None:
        assert notes(TYPES, LINE % (path, status, page) * 3) == []

    def test_decoy_one_types_block(self) -> None:
        http = "types { text/css css; } server { server_name shop.example; }"
        assert notes(http, LINE % ("/a.css", 200, "http://shop.example/") * 3) == []
