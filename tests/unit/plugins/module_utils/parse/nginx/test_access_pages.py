# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pages nginx refused by itself, and which front page it did not find."""

import gzip
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.access_pages import (
    LastPages,
    Page,
    front_page,
    spoken,
)


def refused(status: str, refusals: Sequence[str] = (), **fields: str) -> int:
    pages = LastPages(refusals)
    pages.add("shop.example", 1.0, "/", dict({"status": status, "remote_addr": "10.0.0.9"}, **fields))
    (found,) = pages.as_data()
    return found["refused"]["pages"] if "refused" in found else 0


class TestRefused:
    @pytest.mark.parametrize("status", ["503", "429", "444"])
    def test_hit_a_status_of_limits(self, status: str) -> None:
        assert refused(status) == refused(status, upstream_status="-") == 1

    @pytest.mark.parametrize("status", ["500", "502"])
    def test_hit_the_status_of_this_hosts_limits(self, status: str) -> None:
        assert refused(status, [status]) == 1

    @pytest.mark.parametrize("status", ["500", "502", "200"])
    def test_near_miss_another_status(self, status: str) -> None:
        assert refused(status) == 0

    def test_decoy_the_application_answers_so(self) -> None:
        assert refused("503", upstream_status="503") == refused("502", ["502"], upstream_status="502") == 0


def counted(*answers: str) -> Tuple[int, int, int]:
    """(answered, failed, paths) of answers as "200 /path"."""
    pages = LastPages()
    for at, answer in enumerate(answers):
        status, path = answer.split(" ")
        pages.add("shop.example", float(at), path, {"status": status})
    (found,) = pages.as_data()
    return found["answered"], found["failed"], found["paths"]


class TestPagesThatCameBefore:
    CAME = ("200 /", "200 /cart", "200 /help")

    def test_hit_they_fail_since(self) -> None:
        assert counted(*self.CAME, "500 /cart", "500 /help", "500 /cart") == (0, 3, 2)
        assert counted(*self.CAME, "500 /index.php") == (0, 1, 2)

    def test_hit_beside_a_script_that_always_fails(self) -> None:
        assert counted("500 /old", *self.CAME, "500 /cart", "500 /old", "500 /help") == (0, 2, 2)

    def test_near_miss_one_came_since(self) -> None:
        assert counted(*self.CAME, "500 /cart", "500 /help", "200 /") == (4, 2, 2)

    def test_decoy_other_scripts_fail(self) -> None:
        assert counted(*self.CAME, "500 /old", "500 /new", "500 /old") == (3, 3, 2)

    def test_decoy_nothing_came(self) -> None:
        assert counted("500 /cart", "500 /help") == (0, 2, 2)


# As nginx has it: ngx_http_special_response.c.
NOT_FOUND = (
    "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>"
    "\r\n<hr><center>%s</center>\r\n</body>\r\n</html>\r\n"
)
FOR_CHROME = 6 * "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n"
NAMES = ["nginx", "nginx/1.22.1", "nginx/1.22.1 (Ubuntu)"]
CAME, MISSED = "200 8211", "404 153"


def fed(*answers: str, path: str = "/", **more: str) -> Iterator[Page]:
    """Of answers as "200 12", with the bytes sent, in the order of the log; more: of each."""
    for at in reversed(range(len(answers))):
        status, _blank, size = answers[at].partition(" ")
        fields: Dict[str, str] = dict({"status": status}, **more)
        if size:
            fields["body_bytes_sent"] = size
        yield "shop.example", float(at + 1), path, fields


def front(*answers: str, path: str = "/", **more: str) -> Optional[Tuple[float, float]]:
    return front_page(fed(*answers, path=path, **more), "1.22.1")


class TestFrontPage:
    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("padding", ["", FOR_CHROME])
    def test_hit_nginxs_page_by_its_length(self, name: str, padding: str) -> None:
        page = (NOT_FOUND % name + padding).encode()
        sizes = [len(page)]
        for level in range(1, 10):
            packed = len(gzip.compress(page, level))
            sizes += [packed, len("%x\r\n" % packed) + packed + len("\r\n0\r\n\r\n")]
        for size in sizes:
            assert front(CAME, "404 %d" % size) == (2.0, 1.0), size

    @pytest.mark.parametrize("size", [114, 118, 125, 146, 153, 176, 181, 187, 548, 555])
    def test_hit_lengths_that_a_real_nginx_sent(self, size: int) -> None:
        assert front(CAME, "404 %d" % size) == (2.0, 1.0)

    @pytest.mark.parametrize("nobody", ["-", ""])
    def test_hit_no_upstream_was_asked(self, nobody: str) -> None:
        assert front(CAME, MISSED, upstream_addr=nobody) == (2.0, 1.0)
        assert front("200", "404", upstream_addr=nobody) == (2.0, 1.0)

    def test_hit_the_page_by_its_name(self) -> None:
        assert front(CAME, MISSED, MISSED, path="/index.php") == (3.0, 1.0)

    @pytest.mark.parametrize("later", ["404 0", "404"])
    def test_hit_a_later_answer_of_which_it_cannot_be_told(self, later: str) -> None:
        """To HEAD both answer without a page."""
        assert front(CAME, MISSED, later) == (2.0, 1.0)

    def test_hit_other_answers_between(self) -> None:
        assert front(CAME, "404 27", "302 5", MISSED) == (4.0, 1.0)

    @pytest.mark.parametrize(
        "answers",
        [
            (MISSED,),  # it never came
            (MISSED, CAME),  # it comes again
            (CAME, MISSED, "302 145"),
            (CAME, MISSED, "404 27"),  # PHP's own
            (CAME, "404 27"),
            (CAME, "404 0"),
            (CAME, "404"),
            (CAME,),
            (),
        ],
    )
    def test_near_miss_other_answers(self, answers: Tuple[str, ...]) -> None:
        assert front(*answers) is None

    def test_near_miss_a_cache_of_phps_answers_asks_nobody(self) -> None:
        assert front(CAME, "404 27", upstream_addr="-") is None

    def test_decoy_a_page_of_phps_that_is_as_long(self) -> None:
        assert front(CAME, MISSED, upstream_addr="unix:/a.sock") is None

    def test_decoy_another_page(self) -> None:
        assert front(CAME, MISSED, path="/wp-login.php") is None


def fronts(*answers: str, **fields: str) -> Tuple[int, int, int]:
    """(failed, since, lost) of "200 GET / ADDRESS" and the like."""
    pages = LastPages()
    for at, answer in enumerate(answers):
        status, method, path, address = answer.split(" ")
        line = {"status": status, "request": "%s %s HTTP/1.1" % (method, path), "remote_addr": address}
        pages.add("shop.example", float(at), path.partition("?")[0], dict(line, **fields))
    (of_site,) = pages.as_data()
    seen = of_site.get("fronts", {}).get("/")
    return (seen["failed"], seen["since"], seen["lost"]) if seen else (0, 0, 0)


class TestWhoMissesTheFrontPage:
    def test_hit_those_who_got_it_miss_it(self) -> None:
        missed = "404 GET / 10.0.0.1", "403 GET / 10.0.0.1"
        assert fronts("200 GET / 10.0.0.1", *missed) == (2, 2, 2)
        assert (
            fronts("200 GET / 1.1.1.1", "200 GET / 2.2.2.2", "404 GET / 1.1.1.1", "404 GET / 2.2.2.2")[2] == 2
        )

    def test_near_miss_it_came_since(self) -> None:
        assert fronts("404 GET / 10.0.0.1", "200 GET / 10.0.0.1") == (1, 0, 0)
        assert fronts("404 GET / 10.0.0.1", "301 GET / 10.0.0.1") == (1, 0, 0)

    def test_near_miss_one_stranger_who_is_shut_out(self) -> None:
        assert fronts("200 GET / 1.1.1.1", "403 GET / 1.1.1.1", "403 GET / 1.1.1.1") == (2, 2, 0)

    def test_decoy_scanners(self) -> None:
        came = "200 GET / 10.0.0.1"
        assert fronts(came, "404 GET /?author=1 10.0.0.1", "403 POST / 10.0.0.1") == (0, 0, 0)
        assert fronts(came, "404 GET / 10.0.0.9", "404 GET / 10.0.0.9") == (2, 2, 0)


def blank(
    size: str = "5", request: str = "GET / HTTP/1.1", status: str = "200", kind: str = "blank"
) -> Dict[str, Any]:
    """What is seen of blank front pages, of three visitors."""
    pages = LastPages()
    for agent in ("a", "b", "c"):
        line = {"status": status, "body_bytes_sent": size, "request": request, "remote_addr": "192.0.2.7"}
        pages.add("shop.example", 1.0, "/", dict(line, http_user_agent=agent))
    (of_site,) = pages.as_data()
    seen: Any = of_site
    return dict(seen.get(kind) or {})


class TestBlank:
    @pytest.mark.parametrize("size, http", [("5", "1.1"), ("0", "1.0"), ("0", "2.0")])
    def test_hit_a_front_page_without_a_byte(self, size: str, http: str) -> None:
        found = blank(size, "GET /index.php HTTP/" + http)
        assert (found["pages"], found["visitors"], found["since"]) == (3, 3, 0)

    @pytest.mark.parametrize("size", ["6", "15", "5000"])
    def test_near_miss_one_with_some(self, size: str) -> None:
        assert not blank(size)

    def test_near_miss_five_bytes_that_are_no_end(self) -> None:
        assert not blank("5", "GET / HTTP/2.0")

    @pytest.mark.parametrize("size", ["20", "31"])
    def test_near_miss_a_compressed_one_tells_nothing(self, size: str) -> None:
        assert not blank(size)
        assert blank(size, kind="zipped")["visitors"] == 3

    @pytest.mark.parametrize(
        "sizes, larger",
        [("5000 20 20", True), ("20 5000 20", False), ("46 20 20", False), ("20 20", False), ("0 20", False)],
    )
    def test_whether_the_page_was_larger_before(self, sizes: str, larger: bool) -> None:
        pages = LastPages()
        for size in sizes.split():
            line = {"status": "200", "body_bytes_sent": size, "request": "GET / HTTP/1.1"}
            pages.add("shop.example", 1.0, "/", line)
        assert pages.as_data()[0]["was_larger"] is larger

    @pytest.mark.parametrize("size", ["0", "5", "21", "36"])
    def test_near_miss_nothing_was_compressed(self, size: str) -> None:
        assert not blank(size, kind="zipped")

    @pytest.mark.parametrize(
        "request_line", ["HEAD / HTTP/1.1", "GET /?wc-ajax=x HTTP/1.1", "POST / HTTP/1.1"]
    )
    def test_decoy_not_asked_for_to_be_shown(self, request_line: str) -> None:
        assert not blank(request=request_line)


class TestForbidden:
    def test_hit_it_is_no_refusal_of_a_limit(self) -> None:
        pages = LastPages()
        for status in ("200", "403", "403"):
            pages.add("shop.example", 1.0, "/", {"status": status, "remote_addr": "192.0.2.7"})
        (of_site,) = pages.as_data()
        assert of_site["forbidden"]["pages"] == 2 and of_site["forbidden"]["answered"] == 1
        assert "refused" not in of_site

    def test_pages_with_400_are_kept_apart(self) -> None:
        pages = LastPages()
        for status in ("200", "400", "400"):
            pages.add("shop.example", 1.0, "/", {"status": status, "remote_addr": "192.0.2.7"})
        (of_site,) = pages.as_data()
        assert of_site["bad"]["pages"] == 2 and of_site["bad"]["answered"] == 1
        assert "refused" not in of_site and "forbidden" not in of_site

    def test_what_begins_a_connection_is_no_page(self) -> None:
        hello, proxied = "\\x16\\x03\\x01\\x02", "PROXY TCP4 192.0.2.1 192.0.2.2 5 80"
        assert [spoken({"request": text}) for text in (hello, "\x16\x03\x01", proxied)] == [
            "hello",
            "hello",
            "proxied",
        ]
        assert not any(spoken({"request": text}) for text in ("GET /PROXY HTTP/1.1", "\\x16\\x00", "PROXY"))


def came(*answers: str, **fields: str) -> Any:
    pages = LastPages()
    for at, answer in enumerate(answers):
        status, path = answer.split(" ")
        pages.add("shop.example", float(at), path, dict({"status": status}, **fields))
    return pages.as_data()[0]


class TestHidden:
    def test_hit_an_error_page_answers_with_a_success(self) -> None:
        seen = came("200 /a", "200 /b", upstream_status="500")
        assert (seen["answered"], seen["failed"], seen["hidden"], "came" in seen) == (0, 2, 2, False)

    @pytest.mark.parametrize("status", ["500 : 200", "500, 200", "200", "-", "502"])
    def test_near_miss_another_upstream_answered_at_last(self, status: str) -> None:
        seen = came("200 /a", "200 /b", upstream_status=status)
        assert (seen["answered"], seen["failed"], "hidden" in seen) == (2, 0, False)


class TestCame:
    def test_hit_the_last_ones_of_two_paths(self) -> None:
        assert came(*["200 /a", "200 /b"] * 6)["came"] == [float(at) for at in range(4, 12)]
        assert came("200 /", "500 /a", "200 /")["came"] == [0.0, 2.0]

    def test_near_miss_one_path_that_is_not_the_front_page(self) -> None:
        assert "came" not in came("200 /a", "200 /a", "200 /a")

    def test_decoy_pages_that_did_not_come(self) -> None:
        assert "came" not in came("500 /a", "302 /b", "404 /c")
