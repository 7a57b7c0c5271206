# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the visitors whose requests failed fared with the same requests."""

from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_format import LineFormat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.revisits import Revisits
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_access_log import (
    NOW,
    line,
    site,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_log_format import (
    COMBINED,
)

BOTH = (site("shop.example"), site("blog.example"))
NOTHING: List[Any] = []


def lost(*ago: float, **facts: Any) -> Dict[str, Any]:
    """An event of the error log."""
    times = [NOW - each for each in ago]
    event = {"site": "shop.example", "detail": {"status": 502}, "count": len(times), "times": times}
    return {**event, "first": min(times), "last": max(times), **facts}


def visit(ago: float, status: str = "200", path: str = "/login.php?a=1", **values: str) -> str:
    request = "POST %s HTTP/1.1" % path
    known = {"remote_addr": "10.0.0.9", "http_user_agent": "Firefox", "request": request}
    return line(ago, COMBINED, **{**known, **values}, status=status)


def rows(lines: Sequence[str], event: Any, form: str = COMBINED, sites: Sequence[Any] = BOTH) -> List[Any]:
    log = Revisits("/l", [LineFormat(form, "default")], list(sites), NOW - 900, NOW + 60)
    return list(log.of(event, "".join(lines).encode()))


LOST = [visit(300, "502"), visit(290), visit(200, "502")]


class TestRevisits:
    def test_hit_the_same_visitor_gets_it_since(self) -> None:
        found = rows([*LOST, visit(100), visit(90, "302")], lost(300, 201))
        assert found == [{"failed": 2, "before": 1, "came": [NOW - 100, NOW - 90], "each": 1}]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(visit(90, path="/login.php"), id="without its query"),
            pytest.param(visit(90, path="/login.php?a=12"), id="a longer one"),
            pytest.param(visit(90, request="GET /login.php?a=1 HTTP/1.1"), id="another method"),
            pytest.param(visit(90, remote_addr="10.0.0.8"), id="another visitor"),
            pytest.param(visit(90, http_user_agent="Lynx"), id="another browser"),
            pytest.param(visit(90, "403"), id="refused"),
            pytest.param(visit(1000), id="before the window"),
        ],
    )
    def test_near_miss_something_else_came(self, other: str) -> None:
        assert rows([*LOST, other], lost(300, 200))[0]["came"] == NOTHING

    def test_near_miss_an_error_page_shows_it_as_a_success(self) -> None:
        form = COMBINED + ' "$upstream_status"'
        shown = line(
            90, form, status="200", upstream_status="502", request="GET / HTTP/1.1", remote_addr="::1"
        )
        failed = line(
            200, form, status="502", upstream_status="502", request="GET / HTTP/1.1", remote_addr="::1"
        )
        assert rows([failed, shown], lost(200), form)[0]["came"] == NOTHING

    def test_hit_many_answers_are_counted_by_few_times(self) -> None:
        found = rows([*LOST, *[visit(190 - n / 2) for n in range(100)]], lost(300, 200))
        assert len(found[0]["came"]) * found[0]["each"] in range(100, 108) and len(found[0]["came"]) <= 17

    @pytest.mark.parametrize(
        "event",
        [
            pytest.param(lost(300, 250, 200), id="a loss that is not in the log"),
            pytest.param(lost(300, 200, detail={"status": 504}), id="another status"),
            pytest.param(lost(30), id="another moment"),
        ],
    )
    def test_near_miss_the_log_has_no_such_line(self, event: Any) -> None:
        assert rows([*LOST, visit(100)], event) == NOTHING

    def test_near_miss_a_format_without_the_visitor(self) -> None:
        form = '[$time_local] "$request" $status'
        lines = [line(ago, form, status="502", request="GET / HTTP/1.1") for ago in (300, 200)]
        assert rows(lines, lost(300, 200), form) == NOTHING

    def test_near_miss_each_request_is_another(self) -> None:
        lines = [visit(300, "502", path="/?id=%d" % n) for n in range(17)]
        assert rows(lines, lost(300)) == NOTHING

    def test_hit_lines_beyond_the_times_that_an_event_keeps(self) -> None:
        event = lost(200, count=40, first=NOW - 400)
        assert rows([visit(390, "502"), *LOST], event)[0]["failed"] == 3

    def test_decoy_a_log_of_another_site(self) -> None:
        assert rows(LOST, lost(300, 200), sites=[site("blog.example")]) == NOTHING

    def test_hit_a_message_that_names_no_site(self) -> None:
        assert rows(LOST, lost(300, 200, site=None))[0]["failed"] == 2


def of_one(lines: Sequence[str], event: Any) -> List[Any]:
    return rows(lines, event, sites=BOTH[:1])


def product(ago: float, number: int, status: str = "200", who: int = 9, **values: str) -> str:
    values.setdefault("path", "/product/%d" % number)
    return visit(ago, status, remote_addr="10.0.0.%d" % who, **values)


class TestAlike:
    """Of one kind, which page it was does not matter, nor whose it was where everybody lost his."""

    AGO = [300.0 - 2 * number for number in range(20)]
    FAILED = [product(ago, number, "502") for number, ago in enumerate(AGO)]
    SINCE = [product(90.0 - number, 40 + number) for number in range(4)]

    def test_hit_a_visitor_gets_other_pages_of_that_kind(self) -> None:
        (found,) = of_one([product(310, 7), *self.FAILED, *self.SINCE], lost(*self.AGO))
        assert (found["failed"], found["before"], len(found["came"]), found["alike"]) == (20, 1, 4, True)

    def test_hit_a_script_with_other_arguments(self) -> None:
        failed = [visit(ago, "502", path="/a.php?n=%d" % ago) for ago in self.AGO]
        since = [visit(90.0 - number, path="/a.php?n=%d" % number) for number in range(4)]
        assert of_one([*failed, *since], lost(*self.AGO))[0]["alike"]

    def test_hit_other_visitors_where_all_lost_theirs(self) -> None:
        failed = [product(ago, number, "502", who=number) for number, ago in enumerate(self.AGO)]
        since = [product(90.0 - number, number, who=90 + number) for number in range(4)]
        assert of_one([*failed, *since], lost(*self.AGO))[0]["alike"]

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(product(280, 99, who=99), id="another visitor came meanwhile"),
            pytest.param(product(280, 99, "302", who=99), id="or was sent on"),
        ],
    )
    def test_near_miss_not_everybody_lost_his(self, other: str) -> None:
        failed = [product(ago, number, "502", who=number) for number, ago in enumerate(self.AGO)]
        since = [product(90.0 - number, number, who=90 + number) for number in range(4)]
        assert of_one([*failed[:10], other, *failed[10:], *since], lost(*self.AGO)) == NOTHING

    def test_near_miss_another_page_came_meanwhile(self) -> None:
        lines = [*self.FAILED[:10], product(280, 99), *self.FAILED[10:], *self.SINCE]
        assert of_one(lines, lost(*self.AGO)) == NOTHING

    @pytest.mark.parametrize(
        "since",
        [
            pytest.param({"path": "/blog/%d"}, id="another directory"),
            pytest.param({"path": "/product/%d.png"}, id="a file"),
            pytest.param({"path": "/product/1?%d", "who": "8"}, id="another visitor"),
            pytest.param({"path": "/product/40"}, id="one page"),
            pytest.param({"path": "/product/%d", "status": "301"}, id="sent on by nginx"),
            pytest.param({"path": "/"}, id="the front page"),
        ],
    )
    def test_decoy_something_else_comes(self, since: Dict[str, str]) -> None:
        who, status = int(since.get("who", 9)), since.get("status", "200")
        paths = [since["path"].replace("%d", str(40 + number)) for number in range(4)]
        came = [product(90.0 - n, n, status, who, path=path) for n, path in enumerate(paths)]
        assert of_one([*self.FAILED, *came], lost(*self.AGO)) == NOTHING

    @pytest.mark.parametrize(
        "failed, came",
        [
            pytest.param("/product/list?page=%d", "/product/%d", id="of a directory"),
            pytest.param("/index.php?do=list&page=%d", "/index.php?do=show&page=%d", id="of a script"),
        ],
    )
    def test_decoy_one_page_failed_with_each_of_its_arguments(self, failed: str, came: str) -> None:
        lines = [product(ago, 0, "502", path=failed % ago) for ago in self.AGO]
        lines += [product(90.0 - number, 0, path=came % number) for number in range(6)]
        assert of_one(lines, lost(*self.AGO)) == NOTHING

    def test_decoy_they_failed_in_one_moment(self) -> None:
        failed = [product(300, number, "502") for number in range(20)]
        assert of_one([*failed, *self.SINCE], lost(*[300.0] * 20)) == NOTHING

    def test_decoy_a_log_of_sites_that_it_does_not_tell_apart(self) -> None:
        assert rows([*self.FAILED, *self.SINCE], lost(*self.AGO)) == NOTHING

    def test_decoy_a_message_that_names_no_site(self) -> None:
        assert rows([*self.FAILED, *self.SINCE], lost(*self.AGO, site=None)) == NOTHING

    def test_near_miss_the_rest_has_to_come_itself(self) -> None:
        event = lost(*self.AGO, 250.0)
        found = of_one([*self.FAILED, visit(250, "502"), *self.SINCE], event)
        assert [(row["failed"], len(row["came"])) for row in found] == [(20, 4), (1, 0)]
