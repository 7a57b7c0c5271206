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


def test_the_question_is_one_management_record_that_ends_a_line() -> None:
    asked = fastcgi.request()
    assert asked[:8] == bytes([1, 9, 0, 0, 0, 17, 4, 0])
    assert asked[8:] == b"\x0f\x00FCGI_MPXS_CONNS\r\n\r\n"


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("ended", [False, True])
def test_php_fpm_answers(host: str, ended: bool) -> None:
    assert fastcgi.answer(captured(host, "fcgi"), ended) == ("answered", None)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 20, 25])
def test_a_part_of_an_answer_is_waited_for(length: int) -> None:
    assert fastcgi.answer(captured("8.2-debian12", "fcgi")[:length], False) is None


@pytest.mark.parametrize("host", HOSTS)
def test_nginx_and_sshd_are_not_fastcgi(host: str) -> None:
    told = fastcgi.answer(captured(host, "nginx80"), False)
    assert told == ("not_fastcgi", "first bytes: 'HTTP/1.1 400 Bad Request'")
    told = fastcgi.answer(captured(host, "ssh"), False)
    assert told is not None and told.result == "not_fastcgi"


def test_nothing_before_the_end_is_closed() -> None:
    assert fastcgi.answer(b"", True) == ("closed", None)
    assert fastcgi.answer(b"", False) is None


def test_a_server_that_does_not_know_the_record_still_speaks_fastcgi() -> None:
    unknown = bytes([1, 11, 0, 0, 0, 8, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0])
    assert fastcgi.answer(unknown, False) == ("answered", "FastCGI record of type 11")


@pytest.mark.parametrize("data", [b"\1\x55\0\0\0\0\0\0", b"\1\0\0\0\0\0\0\0"])
def test_version_1_alone_does_not_make_fastcgi(data: bytes) -> None:
    told = fastcgi.answer(data, False)
    assert told is not None and told.result == "not_fastcgi"


def test_what_a_peer_sent_is_shown_short_and_printable() -> None:
    told: Any = fastcgi.answer(b"\x00\x1b[31m" + b"A" * 500, False)
    assert told.detail == "first bytes: '\\x00\\x1b[31m" + "A" * 18 + "'"
