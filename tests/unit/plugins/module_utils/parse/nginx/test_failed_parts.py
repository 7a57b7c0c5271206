# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Parts of a site that the application answers with 500 alone, by the last lines of an access log."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.failed_parts import failed_parts

SENT, API = "POST /cart 500", "GET /api/stock 500"
SEES = "GET /product/7 200"


def seen(*lines: str) -> List[Any]:
    """lines: "ADDRESS METHOD PATH STATUS [UPSTREAM_STATUS or BYTES]"; an address alone is its last number."""
    pages: List[Tuple[Any, ...]] = []
    for at, line in enumerate(lines):
        number, method, path, status, upstream = (line.split(" ") + [""])[:5]
        fields = {"remote_addr": "203.0.113." + number, "status": status, "http_user_agent": "x"}
        fields["request"] = "%s %s HTTP/1.1" % (method, path)
        if upstream.endswith("B"):
            fields["body_bytes_sent"] = upstream[:-1]
        elif upstream:
            fields["upstream_status"] = upstream
        pages.append(("shop.example", float(at), path, fields))
    return failed_parts(pages, "/a.log")


def counts(*lines: str) -> List[Tuple[Any, ...]]:
    return [(each["kind"], each["requests"], each["visitors"], each["paths"]) for each in seen(*lines)]


def visitors(*rest: str) -> List[str]:
    """Two who see a page, and then do the rest."""
    return ["%d %s" % (number, what) for number in (1, 2) for what in (SEES, *rest)]


class TestSent:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_hit_none_of_two_visitors_came(self, method: str) -> None:
        lines = visitors("%s /cart 500" % method, "%s /checkout 500" % method)
        assert counts(*lines) == [("sent", 4, 2, 2)]

    def test_hit_a_front_controller_has_one_path(self) -> None:
        assert counts(*visitors("POST /index.php 500")) == [("sent", 2, 2, 2)]

    def test_hit_who_was_answered_before(self) -> None:
        """A program shows itself no pages."""
        assert counts("1 POST /graphql 200", "1 POST /graphql 500") == [("sent", 1, 1, 1)]

    def test_hit_an_error_page_hides_it(self) -> None:
        assert counts(*visitors("POST /cart 200 500")) == [("sent", 2, 2, 1)]

    @pytest.mark.parametrize("status", ["200", "201", "302", "303"])
    def test_near_miss_one_came_since(self, status: str) -> None:
        assert counts(*visitors(SENT), "3 POST /login %s" % status) == []

    @pytest.mark.parametrize("line", ["POST /cart 301", "POST /cart 403", "POST / 200", "OPTIONS /cart 204"])
    def test_hit_what_comes_without_the_application(self, line: str) -> None:
        """nginx leads to HTTPS, and a front page may be shown to whoever sends it something."""
        assert counts(*visitors(SENT), "3 " + line) == [("sent", 2, 2, 1)]

    def test_near_miss_nginx_answered_itself(self) -> None:
        assert counts(*visitors("POST /cart 500 -")) == []

    @pytest.mark.parametrize("first", ["GET / 200", "GET /index.php 200", "GET /login 200", "GET /x 404"])
    def test_decoy_scanners_see_no_other_page(self, first: str) -> None:
        assert counts("1 " + first, "1 POST /login 500") == []

    @pytest.mark.parametrize("path", ["/xmlrpc.php", "/wp-login.php", "/wp-login"])
    def test_decoy_what_robots_send_to_any_site(self, path: str) -> None:
        assert counts(*visitors("POST %s 500" % path)) == []
        assert counts(*visitors(SENT), "3 POST %s 200" % path) == [("sent", 2, 2, 1)]

    def test_decoy_who_tries_other_names(self) -> None:
        assert counts("1 " + SEES, "1 GET /.env 404", "1 GET /old 403", "1 " + SENT) == []


class TestBelow:
    def test_hit_all_below_one_path(self) -> None:
        (found,) = seen(*visitors(API, "GET /api/prices 500", "GET /about 200"))
        assert (found["kind"], found["requests"], found["paths"], found["path"]) == ("below", 4, 2, "/api/")
        assert found["others"] == 3

    def test_near_miss_something_below_it_came_since(self) -> None:
        assert counts(*visitors(API), "3 GET /api/news 200") == []

    @pytest.mark.parametrize("path", ["/about", "/", "/api/"])
    def test_decoy_a_page_that_nothing_is_below(self, path: str) -> None:
        assert counts(*visitors("GET %s 500" % path)) == []

    def test_decoy_a_log_without_methods(self) -> None:
        assert failed_parts([("shop.example", 1.0, "/a/b", {"status": "500"})], "/a.log") == []


class TestExpired:
    """Forms whose session is gone."""

    FORM = "POST /login 419"

    def test_hit_none_of_two_visitors_came(self) -> None:
        assert counts(*visitors(self.FORM, "POST /register 419")) == [("expired", 4, 2, 2)]

    @pytest.mark.parametrize("status", ["200", "302"])
    def test_near_miss_one_came_since(self, status: str) -> None:
        assert counts(*visitors(self.FORM), "3 POST /login %s" % status) == []

    @pytest.mark.parametrize("line", ["POST /login 422", "POST /login 403", "GET /login 419"])
    def test_near_miss_another_answer(self, line: str) -> None:
        assert counts(*visitors(line)) == []

    @pytest.mark.parametrize("first", ["GET / 200", "GET /login 200"])
    def test_decoy_robots_who_saw_the_form_alone(self, first: str) -> None:
        assert counts("1 " + first, "1 " + self.FORM) == []


class TestDenied:
    """nginx itself refuses what visitors send."""

    OWN = "POST /cart 403 153B"

    @pytest.mark.parametrize("answer", ["153B", "555B", "114B", "-"])
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_hit_none_of_two_visitors_came(self, method: str, answer: str) -> None:
        """nginx's page: plain, padded for Chrome, compressed, and where the log tells who answered."""
        lines = ["%s %s 403 %s" % (method, path, answer) for path in ("/cart", "/checkout")]
        assert counts(*visitors(*lines)) == [("denied", 4, 2, 2)]

    @pytest.mark.parametrize("status", ["200", "204", "302", "303"])
    def test_near_miss_one_came_since(self, status: str) -> None:
        assert counts(*visitors(self.OWN), "3 POST /login %s" % status) == []

    @pytest.mark.parametrize(
        "line", ["POST /cart 403 200", "POST /cart 403 999B", "POST /cart 403 42B", "GET /cart 403 153B"]
    )
    def test_near_miss_the_application_or_a_page(self, line: str) -> None:
        assert counts(*visitors(line)) == []

    @pytest.mark.parametrize("first", ["GET / 200", "GET /cart 200", "GET /x 404"])
    def test_decoy_scanners_see_no_other_page(self, first: str) -> None:
        assert counts("1 " + first, "1 " + self.OWN) == []

    @pytest.mark.parametrize("line", ["GET /.env 404", "GET /old 403", "POST /old 404"])
    def test_decoy_who_tries_another_name(self, line: str) -> None:
        assert counts("1 " + SEES, "1 " + line, "1 " + self.OWN, "1 " + self.OWN) == []

    def test_decoy_what_robots_send_to_any_site(self) -> None:
        assert counts(*visitors("POST /xmlrpc.php 403 153B")) == []
