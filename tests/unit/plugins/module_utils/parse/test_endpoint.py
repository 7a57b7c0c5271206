# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One key for one listening place."""

from typing import Any, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.endpoint import (
    canonical,
    dialled_at,
    is_this_host,
    parse,
    reached,
)


class TestSpelling:
    @pytest.mark.parametrize(
        "written, key",
        [
            ("unix:/run/php/www.sock", "unix:/run/php/www.sock"),
            ("unix:/var/run/php/www.sock", "unix:/run/php/www.sock"),
            ("unix:/var/runaway/www.sock", "unix:/var/runaway/www.sock"),
            ("/run/php//www.sock", "unix:/run/php/www.sock"),
            ("/run/x/../php/www.sock", "unix:/run/php/www.sock"),
            ("unix:/run/php/www.sock:", "unix:/run/php/www.sock"),
            (' "unix:/run/php/www.sock" ', "unix:/run/php/www.sock"),
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("9000", "*:9000"),
            ("*:9000", "*:9000"),
            ("0.0.0.0:9000", "*:9000"),
            ("[::1]:9000", "[::1]:9000"),
            ("localhost:9000", "localhost:9000"),
            ("php.internal:9000", "php.internal:9000"),
            ("php_backend", "php_backend"),
        ],
    )
    def test_all_spellings_of_a_place_have_one_key(self, written: str, key: str) -> None:
        assert canonical(written) == key and canonical(key) == key

    def test_relative_socket_is_below_the_prefix(self) -> None:
        assert canonical("unix:var/run/www.sock", "/opt/php") == "unix:/opt/php/var/run/www.sock"
        assert canonical("unix:www.sock") == "unix:/www.sock"

    @pytest.mark.parametrize(
        "written, parts",
        [
            ("unix:/run/a.sock", ("unix", "/run/a.sock", None, None)),
            ("10.0.0.1:9000", ("inet", None, "10.0.0.1", 9000)),
            ("[fe80::1]:9001", ("inet6", None, "fe80::1", 9001)),
            ("php:9000", ("name", None, "php", 9000)),
            ("backend", ("name", None, "backend", None)),
            ("127.0.0.1:0", ("inet", None, "127.0.0.1", None)),
            ("127.0.0.1:70000", ("inet", None, "127.0.0.1", None)),
            ("host:\u0669\u0660", ("name", None, "host", None)),
        ],
    )
    def test_parts(self, written: str, parts: Tuple[Any, ...]) -> None:
        endpoint = parse(written)
        assert (endpoint.family, endpoint.path, endpoint.address, endpoint.port) == parts


class TestReach:
    @pytest.mark.parametrize(
        "dialled, listened",
        [
            ("unix:/run/a.sock", "unix:/run/a.sock"),
            ("127.0.0.1:9000", "*:9000"),
            ("10.0.0.1:9000", "*:9000"),
            ("127.0.0.1:9000", "[::]:9000"),
            ("localhost:9000", "127.0.0.1:9000"),
            ("127.0.0.1:9000", "localhost:9000"),
        ],
    )
    def test_hit_dialled_endpoint_arrives_at_the_listener(self, dialled: str, listened: str) -> None:
        assert listened in reached(dialled)

    @pytest.mark.parametrize(
        "dialled, listened",
        [
            ("unix:/run/a.sock", "unix:/run/b.sock"),
            ("127.0.0.1:9000", "127.0.0.1:9001"),
            ("127.0.0.1:9000", "10.0.0.1:9000"),
            ("[::1]:9000", "127.0.0.1:9000"),
            ("unix:/run/a.sock", "*:9000"),
            ("127.0.0.1:9000", "unix:/run/a.sock"),
            ("backend", "*:9000"),
            ("10.0.0.1:9000", "127.0.0.1:9000"),
        ],
    )
    def test_near_miss_dialled_endpoint_arrives_elsewhere(self, dialled: str, listened: str) -> None:
        assert listened not in reached(dialled)

    def test_hit_link_arrives_at_the_socket_behind_it(self) -> None:
        assert reached("unix:/run/link.sock", "unix:/run/a.sock") == [
            "unix:/run/link.sock",
            "unix:/run/a.sock",
        ]
        assert reached("unix:/run/a.sock", "unix:/run/a.sock") == ["unix:/run/a.sock"]


class TestHost:
    @pytest.mark.parametrize(
        "endpoint, ours",
        [
            ("unix:/run/a.sock", True),
            ("9000", True),
            ("127.0.0.2:9000", True),
            ("[::1]:9000", True),
            ("[::]:9000", True),
            ("LocalHost:9000", True),
            ("localhost.localdomain:9000", True),
            ("localhost-db:9000", False),
            ("10.0.0.1:9000", False),
            ("[::1234]:9000", False),
            ("php", False),
        ],
    )
    def test_this_host_or_another(self, endpoint: str, ours: bool) -> None:
        assert is_this_host(parse(endpoint)) == ours

    @pytest.mark.parametrize(
        "listens, dialled", [("*", "127.0.0.1"), ("::", "::1"), ("10.0.0.1", "10.0.0.1")]
    )
    def test_listener_on_every_address_is_dialled_on_loopback(self, listens: str, dialled: str) -> None:
        assert dialled_at(listens) == dialled
