# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""listen directives: what this host can ask, in which order, and what it cannot ask at all."""

from typing import List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.listen import (
    Target,
    takes,
    targets,
)


def plain(family: str, address: str, port: int) -> Target:
    return Target(family, address, port, False, False)


class TestTargets:
    @pytest.mark.parametrize(
        "written, expected",
        [
            ("80", plain("inet", "127.0.0.1", 80)),
            ("80 default_server", plain("inet", "127.0.0.1", 80)),
            ("8080", plain("inet", "127.0.0.1", 8080)),
            ("8080-8090", plain("inet", "127.0.0.1", 8080)),
            ("*:81", plain("inet", "127.0.0.1", 81)),
            ("0.0.0.0:81", plain("inet", "127.0.0.1", 81)),
            ("LocalHost:8000", plain("inet", "127.0.0.1", 8000)),
            ("127.0.0.2", plain("inet", "127.0.0.2", 80)),
            ("10.1.2.3:8080", plain("inet", "10.1.2.3", 8080)),
            ("[::]:80", plain("inet6", "::1", 80)),
            ("[::]", plain("inet6", "::1", 80)),
            ("[2001:db8::5]:8080 ipv6only=on", plain("inet6", "2001:db8::5", 8080)),
            ("unix:/run/x.sock", plain("unix", "/run/x.sock", 0)),
            ("UNIX:/run/x.sock", plain("unix", "/run/x.sock", 0)),
            ("443 ssl http2", Target("inet", "127.0.0.1", 443, True, False)),
            ("443", plain("inet", "127.0.0.1", 443)),
            ("127.0.0.1:8443 ssl", Target("inet", "127.0.0.1", 8443, True, False)),
            ("127.0.0.1:8080 proxy_protocol", Target("inet", "127.0.0.1", 8080, False, True)),
            ("unix:/run/ssl.sock backlog=511", plain("unix", "/run/ssl.sock", 0)),
        ],
    )
    def test_directive_gives_its_target(self, written: str, expected: Target) -> None:
        assert targets([written]) == [expected]

    @pytest.mark.parametrize(
        "written",
        [
            "443 quic reuseport",
            "",
            "unix:",
            "web.example.org:80",
            "0",
            "127.0.0.1:70000",
            "[::1",
            "127.0.0.1:http",
        ],
    )
    def test_near_miss_listener_that_cannot_be_asked(self, written: str) -> None:
        assert targets([written]) == []

    def test_no_directive_is_port_80(self) -> None:
        assert targets([]) == [plain("inet", "127.0.0.1", 80)]


class TestOrder:
    @pytest.mark.parametrize(
        "listen, ports",
        [
            (["443 ssl", "80"], [80, 443]),
            (["10.0.0.1:80", "127.0.0.1:81"], [81, 80]),
            (["[::1]:80", "127.0.0.1:81"], [81, 80]),
            (["10.0.0.1:80", "[::1]:81"], [81, 80]),
            (["127.0.0.1:443 ssl", "10.0.0.1:80"], [80, 443]),
            (["82 proxy_protocol", "83"], [83, 82]),
            (["82 http2", "443 ssl http2"], [443, 82]),
            (["443 quic", "443 ssl"], [443]),
            (["80", "*:80 default_server"], [80]),
            (["81", "82"], [81, 82]),
        ],
    )
    def test_best_one_comes_first(self, listen: List[str], ports: List[int]) -> None:
        assert [target.port for target in targets(listen)] == ports

    def test_socket_stands_between_loopback_and_other_addresses(self) -> None:
        assert [
            target.family
            for target in targets(["10.0.0.1:80", "unix:/run/x.sock", "[::1]:80", "127.0.0.1:80"])
        ] == ["inet", "inet6", "unix", "inet"]


class TestTakes:
    @pytest.mark.parametrize(
        ("listen", "address"),
        [("80", "10.0.0.5"), ("*:80", "127.0.0.1"), ("10.0.0.5:80", "10.0.0.5"), ("[::]:80", "::1")],
    )
    def test_hit_every_address_or_that_one(self, listen: str, address: str) -> None:
        assert takes([listen], address, 80)

    def test_near_miss_another_port_or_address(self) -> None:
        assert not takes(["8080"], "127.0.0.1", 80) and not takes(["10.0.0.5:80"], "127.0.0.1", 80)

    def test_decoy_a_socket(self) -> None:
        assert not takes(["unix:/run/nginx.sock"], "127.0.0.1", 0)
