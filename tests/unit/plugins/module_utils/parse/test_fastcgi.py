# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The FastCGI question and what comes back. Answers are bytes that php-fpm, nginx and sshd sent on real
hosts.
"""

import json
import os
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import fastcgi
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("sockets")
HOSTS = ["7.4-debian11", "8.2-debian12", "8.4-debian13"]


def captured(host: str, name: str) -> bytes:
    with open(os.path.join(FIXTURES, host + "-saturated.json"), encoding="utf-8") as stream:
        return bytes.fromhex(json.load(stream)[name])


class TestRequest:
    def test_management_record_that_ends_a_line(self) -> None:
        data = fastcgi.request()
        assert data[:8] == bytes([1, 9, 0, 0, 0, 17, 4, 0])
        assert data[8:] == b"\x0f\x00FCGI_MPXS_CONNS\r\n\r\n"


class TestAnswer:
    @pytest.mark.parametrize("host", HOSTS)
    @pytest.mark.parametrize("ended", [False, True])
    def test_php_fpm_answers(self, host: str, ended: bool) -> None:
        assert fastcgi.answer(captured(host, "fcgi"), ended) == ("answered", None)

    @pytest.mark.parametrize("length", [0, 1, 7, 8, 20, 25])
    def test_rest_of_a_part_is_waited_for(self, length: int) -> None:
        assert fastcgi.answer(captured("8.2-debian12", "fcgi")[:length], False) is None

    @pytest.mark.parametrize("host", HOSTS)
    def test_decoy_nginx_or_sshd(self, host: str) -> None:
        answer = fastcgi.answer(captured(host, "nginx80"), False)
        assert answer == ("not_fastcgi", "first bytes: 'HTTP/1.1 400 Bad Request'")
        answer = fastcgi.answer(captured(host, "ssh"), False)
        assert answer is not None and answer.result == "not_fastcgi"

    def test_nothing_before_the_end_is_closed(self) -> None:
        assert fastcgi.answer(b"", True) == ("closed", None)
        assert fastcgi.answer(b"", False) is None

    def test_server_that_does_not_know_the_record_is_fastcgi(self) -> None:
        unknown = bytes([1, 11, 0, 0, 0, 8, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0])
        assert fastcgi.answer(unknown, False) == ("answered", "FastCGI record of type 11")

    @pytest.mark.parametrize("data", [b"\1\x55\0\0\0\0\0\0", b"\1\0\0\0\0\0\0\0"])
    def test_near_miss_version_1_alone(self, data: bytes) -> None:
        answer = fastcgi.answer(data, False)
        assert answer is not None and answer.result == "not_fastcgi"

    def test_sent_bytes_are_shown_short_in_ascii(self) -> None:
        answer: Any = fastcgi.answer(b"\x00\x1b[31m" + b"A" * 500, False)
        assert answer.detail == "first bytes: '\\x00\\x1b[31m" + "A" * 18 + "'"
