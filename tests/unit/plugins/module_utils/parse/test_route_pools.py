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
            "endpoint": canonical(one),
            "written": one,
            "file": "/etc/nginx/a",
            "line": 7,
            "down": False,
            "backup": False,
        }
        for one in written
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


def pools(found: Dict[str, Any]) -> List[str]:
    return [pool["pool"] for pool in found["pools"]]


def test_the_pool_that_listens_there_answers() -> None:
    found = match_pools(
        [route("unix:/var/run/php/a.sock")],
        [master(www="/run/php/b.sock", shop="/run/php/a.sock", broken=None)],
    )[0]
    assert (found["site"], found["mismatch"], found["unmatched"]) == ("a.example", None, [])
    assert found["pools"] == [
        {
            "endpoint": "unix:/run/php/a.sock",
            "config": "/etc/php/8.2/fpm/php-fpm.conf",
            "pool": "shop",
            "unit": "php8.2-fpm.service",
            "version": "8.2",
            "running": True,
        }
    ]


def test_a_socket_nobody_listens_on_is_a_mismatch_with_its_place_and_the_nearest() -> None:
    found = match_pools(
        [route("unix:/run/php/php8.1-fpm.sock")], [master(www="/run/php/php8.2-fpm.sock", tcp="9000")]
    )[0]
    assert (found["mismatch"], found["pools"]) == ("no_pool_listens", [])
    assert found["unmatched"] == [
        {
            "endpoint": "unix:/run/php/php8.1-fpm.sock",
            "written": "unix:/run/php/php8.1-fpm.sock",
            "file": "/etc/nginx/a",
            "line": 7,
            "reason": "other_socket",
            "listening": ["unix:/run/php/php8.2-fpm.sock"],
        }
    ]


def test_a_link_leads_to_the_pool() -> None:
    links = {"unix:/run/php/php-fpm.sock": "unix:/run/php/php8.2-fpm.sock"}
    found = match_pools(
        [route("unix:/run/php/php-fpm.sock")], [master(www="/run/php/php8.2-fpm.sock")], links
    )[0]
    assert (pools(found), found["mismatch"]) == (["www"], None)


def test_a_pool_on_every_address_answers_on_the_loopback() -> None:
    assert pools(match_pools([route("127.0.0.1:9000")], [master(www="9000")])[0]) == ["www"]


def test_another_host_is_no_mismatch() -> None:
    found = match_pools([route("10.0.0.7:9000"), route("php:9000")], [master(www="/run/a.sock")])
    assert [(one["mismatch"], one["pools"]) for one in found] == [(None, []), (None, [])]


def test_one_of_two_servers_without_a_pool_is_a_mismatch_of_some() -> None:
    found = match_pools([route("unix:/run/a.sock", "unix:/run/b.sock")], [master(www="/run/a.sock")])[0]
    assert (found["mismatch"], pools(found), [one["endpoint"] for one in found["unmatched"]]) == (
        "some_without_pool",
        ["www"],
        ["unix:/run/b.sock"],
    )


def test_a_server_that_is_down_is_not_missed() -> None:
    upstream = route("unix:/run/a.sock", "unix:/run/b.sock")
    upstream["endpoints"][1]["down"] = True
    assert match_pools([upstream], [master(www="/run/a.sock")])[0]["mismatch"] is None


def test_what_nobody_can_know_is_unresolved() -> None:
    assert match_pools([route()], [master(www="/run/a.sock")])[0]["mismatch"] == "unresolved"


def test_two_pools_that_claim_one_socket_are_both_named() -> None:
    found = match_pools([route("unix:/run/a.sock")], [master(one="/run/a.sock"), master(two="/run/a.sock")])[
        0
    ]
    assert pools(found) == ["one", "two"]


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
def test_how_a_route_misses_the_pools(
    dialled: str, listening: List[str], reason: str, nearest: List[str]
) -> None:
    assert Listening(listening).nearest(dialled) == (reason, nearest)
