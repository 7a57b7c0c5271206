# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""php-fpm's status page: what is asked, and what is believed of an answer."""

import json
import struct
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import status

PAGE = {
    "pool": "www",
    "start time": 1700000000,
    "max children reached": 4,
    "active processes": 2,
    "idle processes": 1,
    "processes": [
        {"state": "Running", "request duration": 2500000, "request uri": "/a"},
        {"state": "Idle", "request duration": 99000000},
        {"state": "Running", "request duration": 500000},
    ],
}
HEAD = b"Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/json\r\n\r\n"


def record(kind: int, content: bytes, padding: int = 0) -> bytes:
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), padding, 0) + content + b"\0" * padding


def answer(page: Any) -> bytes:
    return HEAD + json.dumps(page).encode("ascii")


class TestRequest:
    def test_it_names_the_page_and_asks_for_all_workers(self) -> None:
        data = status.request("/fpm-status")
        assert data.startswith(record(1, b"\0\1\0\0\0\0\0\0")) and data.endswith(record(5, b""))
        assert b"SCRIPT_NAME/fpm-status" in data and b"QUERY_STRINGjson&full" in data


class TestBody:
    def test_it_is_put_together(self) -> None:
        data = record(6, b"one", 5) + record(7, b"stderr") + record(6, b"two") + record(3, b"\0" * 8)
        assert status.body(data) == (b"onetwo", True)

    @pytest.mark.parametrize("cut", range(1, 30))
    def test_a_cut_one_is_not_whole(self, cut: int) -> None:
        data = record(6, b"one") + record(6, b"two") + record(3, b"\0" * 8)
        assert status.body(data[:-cut])[1] is False


class TestParse:
    def test_the_oldest_is_one_that_is_served(self) -> None:
        page = status.parse(answer(PAGE))
        assert page == status.Status("www", 2, 1, 4, 1700000000.0, 2.5)

    def test_where_nobody_is_served_there_is_none(self) -> None:
        page = status.parse(answer(dict(PAGE, processes=[])))
        assert page is not None and page.oldest == 0.0

    def test_a_page_without_its_workers_does_not_know(self) -> None:
        page = status.parse(answer({name: PAGE[name] for name in PAGE if name != "processes"}))
        assert page is not None and page.oldest is None

    @pytest.mark.parametrize(
        "text",
        [b"", HEAD, b"Content-Type: text/html\r\n\r\n{}", HEAD + b"[]", HEAD + b"{}", HEAD + b"[" * 100000]
        + [HEAD + json.dumps(dict(PAGE, pool=3)).encode("ascii"), HEAD + b'{"pool": "www"}'],
    )
    def test_what_is_no_page_is_none(self, text: bytes) -> None:
        assert status.parse(text) is None

    @pytest.mark.parametrize("value", ["4", -1, 1e300, None, [], True and 2**70])
    def test_an_odd_count_is_nothing(self, value: Any) -> None:
        page = status.parse(answer(dict(PAGE, **{"max children reached": value})))
        assert page is not None and page.max_children_reached == 0


class TestForged:
    """Older php-fpm writes a request's path as it came."""

    @pytest.mark.parametrize(
        "path",
        [
            '"}],"active processes":0,"idle processes":9,"max children reached":0,"processes":[{"a":"',
            '"}],"processes":[],"pool":"other","active processes":0,"a":[{"a":"',
            '"},{"state":"Running","request duration":9000000000,"a":"',
        ],
    )
    def test_a_visitors_path_changes_no_number(self, path: str) -> None:
        page = status.parse(answer(PAGE).replace(b'"/a"', b'"/a%s"' % path.encode("ascii")))
        assert page == status.Status("www", 2, 1, 4, 1700000000.0, None)

    def test_it_makes_no_idle_worker_of_a_busy_one(self) -> None:
        path = b'"/a","state":"Idle","request duration":0,"a":""'
        page = status.parse(answer(PAGE).replace(b'"/a"', path))
        assert page == status.parse(answer(PAGE))
