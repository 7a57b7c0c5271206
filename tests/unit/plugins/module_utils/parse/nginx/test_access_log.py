# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers counted by site and upstream."""

import time
from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.access_log import AccessLog
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_format import LineFormat
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import meaning_of
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.parse.nginx.test_log_format import (
    COMBINED,
    TIMED,
    written,
)

NOW = 1775139797.0


def site(name: str, *names: str) -> Dict[str, Any]:
    return {"site": name, "names": [name] + list(names)}


def line(ago: float = 60, form: str = TIMED, **values: str) -> str:
    stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(NOW - ago))
    return written(form, time_local=stamp, **values) + "\n"


def log_of(
    lines: Sequence[str], form: str = TIMED, sites: Sequence[Any] = (site("shop.example"),)
) -> AccessLog:
    log = AccessLog("/l", [LineFormat(form, "default")], list(sites), NOW - 900, NOW + 60)
    log.feed_lines("".join(lines).encode())
    return log


def events(lines: Sequence[str], form: str = TIMED, **more: Any) -> List[Any]:
    return log_of(lines, form, **more).events.list()


class TestMeant:
    """504 of the application itself, by the time that it took."""

    def seen(
        self,
        took: str,
        soonest: Any = (60.0, NOW - 500),
        form: str = TIMED,
        ago: float = 60,
        upstream: str = "504",
    ) -> Any:
        log = AccessLog("/l", [LineFormat(form, "default")], [site("a")], NOW - 900, NOW + 60, soonest)
        log.feed_lines(line(ago, form, status="504", request_time=took, upstream_status=upstream).encode())
        return [meaning_of(event) for event in log.events.list()]

    def test_hit_it_came_before_any_timeout_of_nginxs(self) -> None:
        assert self.seen("3.000") == ["meant"]

    def test_near_miss_a_timeout_may_have_ended_it(self) -> None:
        assert self.seen("60.001") == self.seen("59.500") == ["gateway_timeout"]

    def test_near_miss_of_before_the_configuration_was_loaded(self) -> None:
        assert self.seen("3.000", ago=501) == self.seen("3.000", ago=498) == ["gateway_timeout"]

    def test_near_miss_the_application_said_something_else(self) -> None:
        form = "[$time_local] $status $request_time $upstream_status"
        seen = [
            self.seen("0.001", form=form, upstream=upstream)[0]
            for upstream in ("504", "502, 504", "502", "504, 502")
        ]
        assert seen == ["meant", "meant", "gateway_timeout", "gateway_timeout"]

    def test_near_miss_no_time_is_told(self) -> None:
        assert self.seen("3.000", form=COMBINED) == ["gateway_timeout"]
        assert self.seen("3.000", soonest=(0.0, 0.0)) == ["gateway_timeout"]


class TestCounts:
    def test_hit_first_last_and_count_of_each_status(self) -> None:
        seen = events([line(300), line(60), line(30, status="504"), line(20, status="200")])
        assert [(event["signature"], event["count"]) for event in seen] == [
            ("access-502", 2),
            ("access-504", 1),
        ]
        assert (seen[0]["first"], seen[0]["last"]) == (NOW - 300, NOW - 60)
        assert seen[0]["endpoint"] == "unix:/run/php/a.sock" and seen[0]["site"] == "shop.example"
        assert seen[0]["detail"] == {
            "status": 502,
            "seconds": 0.003,
            "upstream_status": "502",
        }

    def test_hit_which_page_was_too_slow(self) -> None:
        (seen,) = events([line(status="504")])
        assert seen["detail"]["uri"].startswith("/") and "?" not in seen["detail"]["uri"]

    def test_near_miss_lines_outside_of_the_window(self) -> None:
        assert events([line(1000), line(-600)]) == []

    def test_decoy_a_502_that_php_sent_itself(self) -> None:
        seen = events([line(upstream_header_time="0.002")])
        assert [meaning_of(event) for event in seen] == ["meant"]

    @pytest.mark.parametrize("nobody", ["-", ""])
    def test_decoy_a_502_for_which_no_upstream_was_asked(self, nobody: str) -> None:
        assert [meaning_of(event) for event in events([line(upstream_addr=nobody)])] == ["unasked"]

    @pytest.mark.parametrize("seconds, meaning", [("0.900", "client_gone"), ("5.000", "client_waited")])
    def test_a_client_that_waited_is_told_from_one_that_left(self, seconds: str, meaning: str) -> None:
        assert [meaning_of(event) for event in events([line(status="499", request_time=seconds)])] == [
            meaning
        ]

    def test_an_upstreams_name_is_no_endpoint(self) -> None:
        assert events([line(upstream_addr="php8")])[0]["endpoint"] is None
        assert events([line(upstream_addr="127.0.0.1:9000")])[0]["endpoint"] == "127.0.0.1:9000"

    def test_lines_of_another_format_are_counted(self) -> None:
        log = log_of([line(form=COMBINED), line()])
        assert (log.unread, log.events.list()[0]["count"]) == (1, 1)

    def test_a_line_in_doubt_is_not_believed(self) -> None:
        form = "[$time_local] $http_referer $status $request_uri"
        log = log_of([line(form=form, http_referer="/a 504 b", request_uri="/x 499 y")], form)
        assert (log.untrusted, log.events.list()) == (1, [])

    def test_overlong_lines_and_holes_are_passed_over(self) -> None:
        assert events(["\0" * 9000 + line(), line(request="x" * 20000)])[0]["count"] == 1


# As the hosts that wrote the fixtures were configured.
OWN_JSON = (
    '{"t":"$time_iso8601","h":"$host","r":"$request","s":$status,"ua":"$upstream_addr",'
    '"us":"$upstream_status","ut":"$upstream_response_time","rt":$request_time,"a":"$http_user_agent"}'
)
OWN_TIMED = (
    '$remote_addr - $remote_user [$time_local] $host "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" rt=$request_time ua="$upstream_addr" us="$upstream_status" '
    'ut="$upstream_response_time" uh="$upstream_header_time"'
)
LOOSE = "[$time_local] $remote_user $request_uri $status $http_referer $upstream_addr $upstream_status"
MSEC = "$msec $server_name $status $request_time $upstream_addr $upstream_status $upstream_response_time $uri"
CAPTURED = {
    "combined": (COMBINED, "default"),
    "json": (OWN_JSON, "json"),
    "timed": (OWN_TIMED, "default"),
    "loose": (LOOSE, "default"),
    "msec": (MSEC, "default"),
}


class TestCaptured:
    """Twelve requests to real hosts. They are a crash, two with php-fpm stopped and one given up after a
    second. Eight only look like losses in user, user agent, referrer, query or path.
    """

    @pytest.mark.parametrize("form", sorted(CAPTURED))
    @pytest.mark.parametrize("host", ["nginx1.18.0-debian11", "nginx1.22.1-debian12"])
    def test_only_true_losses_count(self, host: str, form: str) -> None:
        with open(fixtures("access/%s-%s.log" % (host, form)), "rb") as stream:
            data = stream.read()
        log = AccessLog("/l", [LineFormat(*CAPTURED[form])], [site("shop.example")], 0, 2e9)
        log.feed_lines(data)
        counts = [(event["detail"]["status"], event["count"]) for event in log.events.list()]
        assert sorted(counts) == [(499, 1), (502, 3)] and log.unread == 0
        socket = {event["endpoint"] for event in log.events.list()}
        assert form == "combined" or len(socket) == 1 and str(socket.pop()).startswith("unix:/run/php/php")


class TestSites:
    SHARED = (site("a.example", "www.a.example"), site("b.example"))

    def names(self, form: str, **values: str) -> List[Any]:
        return [event["site"] for event in events([line(form=form, **values)], form, sites=self.SHARED)]

    def test_a_shared_log_tells_them_apart_by_name(self) -> None:
        form = COMBINED + ' "$server_name"'
        assert self.names(form.replace("$server_name", "$host"), host="www.a.example") == ["a.example"]
        assert self.names(COMBINED + ' "$http_referer"', http_referer="b.example") == [None]

    def test_a_name_of_nobody_is_no_site(self) -> None:
        assert self.names(TIMED, host="evil.example") == [None]


class TestSample:
    def test_secrets_stay_on_the_host(self) -> None:
        text = events([line()])[0]["sample"]["text"]
        assert "s3cret" not in text and "curl" not in text and "203.0.113.9" not in text
        assert text.startswith('502 to "GET /cart?[redacted]"') and "unix:/run/php/a.sock: 502" in text


class TestEarlier:
    def test_the_newest_loss_before_the_window_is_found(self) -> None:
        data = "".join([line(9000), line(7200), line(3600, status="500"), line(60)]).encode()
        log = log_of([])
        assert log.last_lost(data) == {"at": NOW - 7200, "status": 502, "site": "shop.example"}
        assert (log.read, log.events.list()) == (0, [])

    def test_decoy_nothing_was_lost(self) -> None:
        data = "".join(
            [line(9000, status="200"), line(7200, upstream_header_time="0.100"), line(60)]
        ).encode()
        assert log_of([]).last_lost(data) is None


class TestTimes:
    def test_the_latest_counts_and_none_to_come(self) -> None:
        log = log_of([])
        data = (line(600) + line(30) + line(-3600)).encode()
        assert (log.latest(data), log.earliest(data)) == (NOW - 30, NOW - 600)
        assert log.latest(b"garbage 02/Foo/2026:14:23:17 +0000") is None


class TestTries:
    """Several servers, and redirects to another location (ngx_http_upstream_addr_variable())."""

    def lost(self, **values: str) -> List[Any]:
        seen = events([line(**dict({"upstream_header_time": "-"}, **values))])
        return [(event["signature"], event["endpoint"], event.get("tried")) for event in seen]

    def test_hit_each_server_that_was_tried(self) -> None:
        found = self.lost(upstream_addr="unix:/a.sock, 127.0.0.1:9000", upstream_status="502, 502")
        assert found == [("access-502", "127.0.0.1:9000", ["unix:/a.sock", "127.0.0.1:9000"])]

    def test_hit_the_pass_that_nginx_answered_itself(self) -> None:
        """The page that says so came from another program, or from none."""
        for status, header in (("502 : 200", "- : 0.003"), ("502 : 502", "- : -")):
            found = self.lost(
                upstream_addr="unix:/a.sock : unix:/b.sock",
                upstream_status=status,
                upstream_header_time=header,
            )
            assert found == [("access-502", "unix:/a.sock", None)]

    def test_near_miss_php_sent_it_on_to_another_program(self) -> None:
        """X-Accel-Redirect."""
        found = self.lost(
            upstream_addr="unix:/a.sock : 10.0.0.1:80",
            upstream_status="200 : 502",
            upstream_header_time="0.002 : -",
        )
        assert found == [("access-502", "10.0.0.1:80", None)]

    def test_near_miss_a_format_that_does_not_tell_which(self) -> None:
        form = '[$time_local] "$request" $status ua="$upstream_addr"'
        seen = events([line(form=form, upstream_addr="unix:/a.sock : unix:/b.sock")], form)
        assert [event["endpoint"] for event in seen] == [None]

    def test_no_server_was_left(self) -> None:
        seen = events([line(upstream_addr="both", upstream_status="502", upstream_header_time="-")])
        assert [(event["endpoint"], event.get("none_left")) for event in seen] == [(None, True)]
        seen = events([line(upstream_addr="unix:/a.sock, both", upstream_status="502, 502")])
        assert [event["endpoint"] for event in seen] == ["unix:/a.sock"]

    def test_decoy_nginx_answers_without_an_upstream(self) -> None:
        assert self.lost(upstream_addr="-", upstream_status="-")[0][0] == "access-502-unasked"


class TestPages:
    """What the last lines tell of pages."""

    def pages(self, *lines: str, form: str = COMBINED, sites: Sequence[Any] = (site("shop.example"),)) -> Any:
        return log_of([], form, sites=sites).pages("".join(lines).encode())

    def page(self, path: str, status: str, ago: float = 60) -> str:
        return line(ago, COMBINED, request="GET %s HTTP/1.1" % path, status=status)

    def test_hit_each_page_failed(self) -> None:
        (seen,) = self.pages(self.page("/", "500"), self.page("/about.php?x=1", "500", 30))
        assert seen == {"site": "shop.example", "answered": 0, "failed": 2, "paths": 3, "last": NOW - 30}

    def test_near_miss_pictures_and_redirects_tell_nothing(self) -> None:
        lines = [self.page("/a.png", "200"), self.page("/", "301"), self.page("/x", "404")]
        (seen,) = self.pages(*lines)
        assert (seen["answered"], seen["failed"]) == (0, 0)

    def test_near_miss_a_page_that_came(self) -> None:
        (seen,) = self.pages(self.page("/", "500"), self.page("/", "200"))
        assert (seen["answered"], seen["failed"], seen["paths"]) == (1, 1, 2)

    def test_decoy_lines_from_before_the_window_or_of_no_format(self) -> None:
        assert self.pages(self.page("/", "500", 1000), "GET / 500\n") == []


class TestRefusedPages:
    """Pages that limits of nginx refuse."""

    def refused(self, *pages: Any) -> Any:
        """(path, status, address, agent) of each."""
        lines = [
            line(
                60,
                COMBINED,
                request="GET %s HTTP/1.1" % path,
                status=status,
                remote_addr=address,
                http_user_agent=agent,
            )
            for path, status, address, agent in pages
        ]
        (seen,) = log_of([], COMBINED, sites=(site("shop.example"),)).pages("".join(lines).encode())
        return seen.get("refused")

    def test_hit_visitors_are_counted_by_address_and_agent(self) -> None:
        first, second = ("/", "503", "10.0.0.1", "a"), ("/b.php", "429", "10.0.0.1", "b")
        assert self.refused(first, first, second, ("/c.png", "503", "10.0.0.9", "c")) == {
            "pages": 3,
            "paths": 3,
            "visitors": 2,
            "addresses": 1,
            "internal": True,
            "others": 0,
            "answered": 0,
            "since": 0,
        }

    def test_hit_who_got_pages_before_and_since(self) -> None:
        came, other = ("/", "200", "10.0.0.1", "a"), ("/", "200", "10.0.0.2", "a")
        seen = self.refused(came, other, ("/", "503", "10.0.0.1", "a"), came)
        assert (seen["answered"], seen["since"], seen["others"]) == (2, 1, 1)

    @pytest.mark.parametrize(
        ("address", "internal"),
        [
            ("192.168.0.9", True),
            ("::1", True),
            ("fd00::9", True),
            ("172.32.0.9", False),
            ("2001:db8::1", False),
        ],
    )
    def test_hit_addresses_as_those_of_proxies(self, address: str, internal: bool) -> None:
        assert self.refused(("/", "503", address, "a"))["internal"] is internal

    def test_near_miss_no_page_was_refused(self) -> None:
        assert self.refused(("/", "200", "10.0.0.1", "a"), ("/", "500", "10.0.0.1", "a")) is None
