# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of nginx's configuration answers with an error."""

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.collect.nginx_answers import own_answers
from ansible_collections.webmedic.php_fpm.tests.unit.support import FakeHost

MAIN = "/etc/nginx/nginx.conf"


def seen(server: str, http: str = "", files: Tuple[str, ...] = ()) -> List[Dict[str, Any]]:
    text = "http { %s server { server_name shop.example; root /srv/shop; %s } server { return 503; } }"
    host = FakeHost(files=dict({MAIN: text % (http, server)}, **dict.fromkeys(files, "")))
    nginx: Any = {"config": MAIN, "prefix": "/etc/nginx", "options": {}, "routes": [{"site": "shop.example"}]}
    return [dict(each) for each in own_answers(host, nginx)]


class TestReturn:
    def test_hit_of_the_site(self) -> None:
        (found,) = seen("location / { return 502; }")
        assert (found["status"], found["kind"], found["off"], found["line"]) == (502, "return", False, 1)

    @pytest.mark.parametrize("test", ["-f $document_root/off", '-f "/srv/shop/off"', "-e /srv/shop/off"])
    def test_hit_its_file_is_there(self, test: str) -> None:
        block = "if (%s) { return 503; }" % test
        assert [each["off"] for each in seen(block, files=("/srv/shop/off",))] == [False]
        assert [each["off"] for each in seen(block)] == [True]

    def test_near_miss_its_file_is_not_there(self) -> None:
        assert [each["off"] for each in seen("if (!-f /srv/shop/on) { return 503; }")] == [False]
        assert [each["off"] for each in seen("if ($closed) { return 503; }")] == [False]

    def test_decoy_a_redirect(self) -> None:
        assert seen("return 301 https://shop.example;") == []


class TestLimit:
    def test_hit_with_what_holds_there(self) -> None:
        (found,) = seen(
            "limit_req_status 502; location / { limit_req zone=one; }", "limit_req_log_level info;"
        )
        assert (found["status"], found["kind"], found["level"]) == (502, "limit_req", "info")

    def test_hit_of_all_sites(self) -> None:
        (found,) = seen("", "limit_conn all 9;")
        assert (found["status"], found["kind"], found["level"]) == (503, "limit_conn", "error")

    def test_decoy_a_zone_alone(self) -> None:
        assert seen("", "limit_req_zone $server_name zone=one:1m rate=1r/s;") == []
