# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that no error log names, by the last lines of an access log."""

from typing import Any, List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.odd_visits import odd_visits

HOME, ABROAD = "127.0.0.1", "203.0.113.%d"
PATH = "/index.php/about"


def seen(*lines: str, version: str = "1.22.1") -> List[Any]:
    """lines: "ADDRESS STATUS PATH [BYTES [METHOD]]"."""
    pages: List[Tuple[Any, ...]] = []
    for at, line in enumerate(lines):
        address, status, path, size, method = (line.split(" ") + ["9", "GET"])[:5]
        if len(line.split(" ")) == 4:
            method = "GET"
        fields = {"remote_addr": address, "status": status, "body_bytes_sent": size, "http_user_agent": "x"}
        fields["request"] = "%s %s HTTP/1.1" % (method, path)
        pages.append(("shop.example", float(at), path, fields))
    return list(odd_visits(pages, version, "/a.log"))


def counts(*lines: str) -> List[Tuple[Any, ...]]:
    return [(each["kind"], each["requests"], each["visitors"], each["since"]) for each in seen(*lines)]


class TestPathInfo:
    @pytest.mark.parametrize("status", ["404", "403"])
    def test_hit_of_an_internal_network(self, status: str) -> None:
        line = "%s %s %s" % (HOME, status, PATH)
        assert counts(line, line, line) == [("path_info", 3, 1, 0)]

    def test_hit_visitors_who_got_pages(self) -> None:
        lines = ["%s %s" % (ABROAD % number, rest) for number in (1, 2) for rest in ("200 /", "404 " + PATH)]
        assert counts(*lines) == [("path_info", 2, 2, 0)]

    def test_near_miss_strangers_who_got_none(self) -> None:
        assert counts(*["%s 404 %s" % (ABROAD % 1, PATH)] * 3) == []

    def test_near_miss_who_tries_other_names_too(self) -> None:
        lines = ["%s 404 %s" % (HOME, path) for path in (PATH, "/old", "/wp-login.php")]
        assert counts(*lines) == []

    def test_near_miss_such_a_page_came_since(self) -> None:
        missed = "%s 404 %s" % (HOME, PATH)
        assert counts(missed, "%s 200 /index.php/list" % HOME) == [("path_info", 1, 1, 1)]
        assert counts(missed, "%s 200 /" % HOME) == [("path_info", 1, 1, 0)]

    def test_near_miss_pages_came_by_another_way(self) -> None:
        missed = "%s 404 %s" % (HOME, PATH)
        assert counts(missed, "%s 200 /about" % HOME, missed) == [("path_info", 2, 1, 1)]
        assert counts("%s 200 /about" % HOME, missed, missed, missed, "%s 301 /x" % HOME)[0][3] == 0

    def test_hit_only_another_script_gets_its_paths(self) -> None:
        """As Moodle has one for styles, and one for files."""
        missed, style = "%s 404 /pluginfile.php/7/a.png" % HOME, "%s 200 /theme/styles.php/boost" % HOME
        assert counts(missed, style, missed, style, "%s 200 /about" % HOME) == [("path_info", 2, 1, 0)]
        assert counts(missed, style, "%s 200 /pluginfile.php/8/b.png" % HOME) == [("path_info", 1, 1, 1)]

    def test_decoy_a_scanner_comes_last(self) -> None:
        missed, scan = "%s 404 %s" % (HOME, PATH), ABROAD % 9 + " 404 /wp-login.php/../../etc/passwd"
        (found,) = seen(missed, missed, *["%s 200 /index.php/ok" % HOME] * 20, scan)
        assert (found["since"], found["path"], found["paths"], found["last"]) == (20, PATH, 1, 1.0)

    def test_who_had_pages_and_who_is_external(self) -> None:
        lines = ["%s %s" % (ABROAD % number, rest) for number in (1, 2) for rest in ("200 /", "404 " + PATH)]
        (found,) = seen("%s 404 %s" % (HOME, PATH), *lines)
        assert (found["had"], found["external"], found["internal"]) == (2, 2, False)

    @pytest.mark.parametrize("path", ["/index.php", "/index.php/", "/about", "/x.phps/about"])
    def test_decoy_another_path(self, path: str) -> None:
        assert counts("%s 404 %s" % (HOME, path)) == []


class TestPermalinks:
    """Pages that are no files, and that nginx itself does not find."""

    @pytest.mark.parametrize("size", ["146", "153", "548", "162"])
    def test_hit_nginx_answers_itself(self, size: str) -> None:
        line = "%s 404 /about/ %s" % (HOME, size)
        assert counts(line, line, "%s 200 /style.css" % HOME) == [("permalink", 2, 1, 0)]

    def test_near_miss_such_a_page_came(self) -> None:
        assert counts("%s 200 /news/1" % HOME, "%s 404 /about/ 153" % HOME) == [("permalink", 1, 1, 1)]

    def test_near_miss_who_tries_other_names_too(self) -> None:
        assert counts("%s 404 /admin 153" % HOME, "%s 404 /.env 153" % HOME) == []

    @pytest.mark.parametrize(
        "rest", ["404 /about/ 5120", "404 /old.html 153", "404 / 153", "403 /about/ 153"]
    )
    def test_decoy_the_application_answers_or_a_file_is_missed(self, rest: str) -> None:
        assert counts("%s %s" % (HOME, rest)) == []


class TestTooLong:
    # As nginx 1.22 wrote them: plain and padded for Chrome, server_tokens off and on.
    @pytest.mark.parametrize("size", ["226", "233", "628", "635"])
    def test_hit_headers(self, size: str) -> None:
        assert counts("%s 400 / %s" % (HOME, size)) == [("header", 1, 1, 0)]

    @pytest.mark.parametrize("size", ["170", "177"])
    def test_hit_the_first_line(self, size: str) -> None:
        assert counts("%s 414 / %s" % (HOME, size)) == [("uri", 1, 1, 0)]

    @pytest.mark.parametrize("size", ["150", "157", "0", "-"])
    def test_near_miss_another_page_of_400(self, size: str) -> None:
        assert counts("%s 400 / %s" % (HOME, size)) == []

    def test_decoy_the_application_answers_so(self) -> None:
        fields = {"remote_addr": HOME, "status": "400", "body_bytes_sent": "226", "upstream_status": "400"}
        assert odd_visits([("shop.example", 1.0, "/", fields)], "1.22.1", "/a.log") == []

    def test_others_and_who_gets_pages_again_are_counted(self) -> None:
        hit = "%s 400 / 226" % HOME
        (found,) = seen(hit, hit, "10.0.0.7 200 /", "%s 200 /" % HOME)
        assert (found["others"], found["since"], found["internal"]) == (2, 2, True)


class TestMethod:
    def test_hit_a_form_to_a_file(self) -> None:
        assert counts("%s 405 / 150 POST" % HOME) == [("method", 1, 1, 0)]

    def test_near_miss_another_method(self) -> None:
        assert counts("%s 405 / 150 TRACE" % HOME) == []


class TestProtocols:
    """What is spoken to a port that does not have it."""

    # As nginx 1.22 writes its page: plain and padded for Chrome, server_tokens off and on.
    @pytest.mark.parametrize("size", ["248", "255", "650", "657"])
    def test_hit_plain_http_to_a_port_with_ssl(self, size: str) -> None:
        assert counts("%s 400 / %s" % (HOME, size)) == [("plain", 1, 1, 0)]

    def test_near_miss_strangers_who_got_no_page(self) -> None:
        assert counts("%s 400 / 248" % ABROAD % 1) == []

    @pytest.mark.parametrize("size", ["150", "249", "5120"])
    def test_decoy_another_page_with_400(self, size: str) -> None:
        assert counts("%s 400 / %s" % (HOME, size)) == []

    @pytest.mark.parametrize("kind", ["hello", "proxied"])
    def test_hit_what_begins_a_connection(self, kind: str) -> None:
        """Whoever it is, since nobody gets a page by that."""
        lines = ["%s 400 %s 150" % (ABROAD % number, kind) for number in (1, 2)]
        assert counts(*lines, "%s 200 /" % HOME) == [(kind, 2, 2, 1)]
