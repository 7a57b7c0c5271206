# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pool answers a route, and how a route misses the pools that are there."""

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.endpoint import canonical
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.route_pools import Listening, match_pools


def route(*written: str, **more: Any) -> Dict[str, Any]:
    endpoints = [
        {
            "endpoint": canonical(address),
            "written": address,
            "file": "/etc/nginx/a",
            "line": 7,
            "down": False,
            "backup": False,
        }
        for address in written
    ]
    return dict({"site": "a.example", "endpoints": endpoints}, **more)


def master(**pools: Optional[str]) -> Dict[str, Any]:
    return {
        "config": "/etc/php/8.2/fpm/php-fpm.conf",
        "version": "8.2",
        "unit": "php8.2-fpm.service",
        "running": True,
        "pools": [
            {"name": name, "endpoint": canonical(listen) if listen else None}
            for name, listen in sorted(pools.items())
        ],
    }


def pools(matched: Dict[str, Any]) -> List[str]:
    return [pool["pool"] for pool in matched["pools"]]


class TestPoolsThatAnswer:
    def test_pool_that_listens_there_answers(self) -> None:
        matched = match_pools(
            [route("unix:/var/run/php/a.sock")],
            [master(www="/run/php/b.sock", shop="/run/php/a.sock", broken=None)],
        )[0]
        assert (matched["site"], matched["mismatch"], matched["unmatched"]) == ("a.example", None, [])
        assert matched["pools"] == [
            {
                "endpoint": "unix:/run/php/a.sock",
                "config": "/etc/php/8.2/fpm/php-fpm.conf",
                "pool": "shop",
                "unit": "php8.2-fpm.service",
                "version": "8.2",
                "running": True,
            }
        ]

    def test_link_leads_to_the_pool(self) -> None:
        links = {"unix:/run/php/php-fpm.sock": "unix:/run/php/php8.2-fpm.sock"}
        matched = match_pools(
            [route("unix:/run/php/php-fpm.sock")], [master(www="/run/php/php8.2-fpm.sock")], links
        )[0]
        assert (pools(matched), matched["mismatch"]) == (["www"], None)

    def test_pool_on_every_address_answers_on_the_loopback(self) -> None:
        assert pools(match_pools([route("127.0.0.1:9000")], [master(www="9000")])[0]) == ["www"]

    def test_both_pools_that_claim_a_socket_are_named(self) -> None:
        matched = match_pools(
            [route("unix:/run/a.sock")], [master(one="/run/a.sock"), master(two="/run/a.sock")]
        )[0]
        assert pools(matched) == ["one", "two"]


class TestMismatch:
    def test_socket_without_listener_has_its_place_and_the_nearest(self) -> None:
        matched = match_pools(
            [route("unix:/run/php/php8.1-fpm.sock")], [master(www="/run/php/php8.2-fpm.sock", tcp="9000")]
        )[0]
        assert (matched["mismatch"], matched["pools"]) == ("no_pool_listens", [])
        assert matched["unmatched"] == [
            {
                "endpoint": "unix:/run/php/php8.1-fpm.sock",
                "written": "unix:/run/php/php8.1-fpm.sock",
                "file": "/etc/nginx/a",
                "line": 7,
                "reason": "other_socket",
                "listening": ["unix:/run/php/php8.2-fpm.sock"],
            }
        ]

    def test_near_miss_another_host(self) -> None:
        matched = match_pools([route("10.0.0.7:9000"), route("php:9000")], [master(www="/run/a.sock")])
        assert [(address["mismatch"], address["pools"]) for address in matched] == [(None, []), (None, [])]

    def test_one_of_two_servers_without_a_pool(self) -> None:
        matched = match_pools([route("unix:/run/a.sock", "unix:/run/b.sock")], [master(www="/run/a.sock")])[0]
        assert (
            matched["mismatch"],
            pools(matched),
            [address["endpoint"] for address in matched["unmatched"]],
        ) == (
            "some_without_pool",
            ["www"],
            ["unix:/run/b.sock"],
        )

    def test_near_miss_server_that_is_down(self) -> None:
        upstream = route("unix:/run/a.sock", "unix:/run/b.sock")
        upstream["endpoints"][1]["down"] = True
        assert match_pools([upstream], [master(www="/run/a.sock")])[0]["mismatch"] is None

    def test_unknown_endpoint_is_unresolved(self) -> None:
        assert match_pools([route()], [master(www="/run/a.sock")])[0]["mismatch"] == "unresolved"

    @pytest.mark.parametrize(
        "dialled, listening, reason, nearest",
        [
            ("unix:/run/a.sock", [], "no_pool", []),
            ("unix:/run/a.sock", ["127.0.0.1:9000"], "tcp_vs_unix", ["127.0.0.1:9000"]),
            ("127.0.0.1:9000", ["unix:/run/a.sock"], "tcp_vs_unix", ["unix:/run/a.sock"]),
            ("127.0.0.1:9000", ["127.0.0.1:9001", "unix:/run/a.sock"], "other_port", ["127.0.0.1:9001"]),
            ("[::1]:9000", ["127.0.0.1:9000", "127.0.0.1:9001"], "address_family", ["127.0.0.1:9000"]),
            ("127.0.0.1:9000", ["10.0.0.1:9000"], "other_address", ["10.0.0.1:9000"]),
            (
                "unix:/run/a.sock",
                ["unix:/run/%d.sock" % index for index in range(9)],
                "other_socket",
                ["unix:/run/%d.sock" % index for index in range(5)],
            ),
        ],
    )
    def test_reason_names_what_differs(
        self, dialled: str, listening: List[str], reason: str, nearest: List[str]
    ) -> None:
        assert Listening(listening).nearest(dialled) == (reason, nearest)
