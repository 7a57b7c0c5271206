# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of one request that nginx passed from server to server, as nginx 1.26 wrote them."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log import NginxLog
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.timestamps import nginx_time

SOCKET = "fastcgi://unix:/run/php/php8.4-fpm.sock:"
PORT = "fastcgi://127.0.0.1:9000"
RESET = "recv() failed (104: Connection reset by peer) while reading response header from upstream"
REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
NO_LIVE = "no live upstreams while connecting to upstream"
TIMED_OUT = "upstream timed out (110: Connection timed out) while reading response header from upstream"
Counted = Tuple[str, object, int]


def line(message: str, upstream: str, second: int = 58, number: int = 1, request: str = "GET /a.php") -> str:
    at = "2026/11/26 16:%02d:%02d" % (40 + second // 60, second % 60)
    request = ', client: 127.0.0.1, server: shop.example, request: "%s HTTP/1.1"' % request
    tail = ', upstream: "%s", host: "shop.example"' % upstream
    return "%s [error] 84#84: *%d %s%s%s" % (at, number, message, request, tail)


def read(*lines: str) -> "List[Any]":
    until = nginx_time("2026/11/26 17:00:00", 0) or 0
    log, start = NginxLog("/e.log", until - 3600, until, 0, [84]), 0
    for each in lines:
        log.feed(each.encode(), start)
        start += len(each) + 1
    return list(log.finish().list())


def counted(*lines: str) -> List[Counted]:
    found = [(event["signature"], event.get("passed"), event["count"]) for event in read(*lines)]
    return sorted(found, key=str)


class TestPassed:
    def test_a_failed_try_that_went_on_is_marked(self) -> None:
        assert counted(line(RESET, SOCKET), line(REFUSED, PORT)) == [
            ("ng-connect-econnrefused-tcp", None, 1),
            ("ng-reset-header", True, 1),
        ]

    def test_so_is_one_that_found_no_live_server(self) -> None:
        lines = line(RESET, SOCKET), line(NO_LIVE, "fastcgi://both")
        assert ("ng-reset-header", True, 1) in counted(*lines)
        assert [event.get("none_left") for event in read(*lines)] == [None, True]
        assert not any(event.get("none_left") for event in read(line(RESET, SOCKET), line(REFUSED, PORT)))

    def test_a_server_may_answer_too_late(self) -> None:
        lines = line(TIMED_OUT, SOCKET), line(TIMED_OUT, PORT, 118)
        assert counted(*lines) == [("ng-timeout-header", None, 1), ("ng-timeout-header", True, 1)]

    @pytest.mark.parametrize(
        "second",
        [
            line(REFUSED, PORT, number=2),
            line(REFUSED, PORT, request="GET /b.php"),
            line(REFUSED, PORT, second=65),
            line(RESET, SOCKET),
        ],
        ids=["another connection", "another request", "later", "the same server"],
    )
    def test_near_miss_another_request(self, second: str) -> None:
        assert not [each for each in counted(line(RESET, SOCKET), second) if each[1]]

    def test_near_miss_the_same_request_again_without_a_live_server(self) -> None:
        lines = line(RESET, SOCKET), line(REFUSED, PORT), line(NO_LIVE, "fastcgi://both")
        assert ("ng-connect-econnrefused-tcp", None, 1) in counted(*lines)

    def test_a_post_that_was_sent_is_not_passed_on(self) -> None:
        lines = line(RESET, SOCKET, request="POST /a.php"), line(REFUSED, PORT, request="POST /a.php")
        assert ("ng-reset-header", False, 1) in counted(*lines)


class TestUnknown:
    @pytest.mark.parametrize(
        "message",
        [
            "connect() to unix:/run/a.sock failed (71: Protocol error) while connecting to upstream",
            "upstream sent something new while reading response header from upstream",
            'pwritev() "/var/lib/nginx/1" failed (28: No space left on device) while reading upstream',
        ],
    )
    def test_an_error_that_no_row_knows_is_a_loss(self, message: str) -> None:
        assert counted(line(message, SOCKET)) == [("ng-unknown", None, 1)]

    @pytest.mark.parametrize(
        "message, upstream",
        [
            ("[lua] log.lua:1: hello while reading response header from upstream", SOCKET),
            ('rename() "/a" to "/b" failed (13: Permission denied) while reading upstream', SOCKET),
            (
                "upstream sent something new while reading response header from upstream",
                "http://127.0.0.1:3000",
            ),
            ("upstream sent something new while sending to client", SOCKET),
        ],
    )
    def test_decoy_what_costs_no_answer(self, message: str, upstream: str) -> None:
        assert counted(line(message, upstream)) == []
