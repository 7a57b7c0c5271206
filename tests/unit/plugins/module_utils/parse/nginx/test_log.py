# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""nginx's error log: real lines of nginx 1.18, 1.22 and 1.26 on Debian 11, 12 and 13, and what visitors wrote
into them.
"""

import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log import NginxLog
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.log_entry import (
    brief,
    fields,
    parse_entry,
    upstream_key,
)
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("logs")
HOSTS = ["nginx1.18.0-debian11", "nginx1.22.1-debian12", "nginx1.26.3-debian13"]
STAT = "unix:/run/php/stat.sock"
HEAD = "2026/11/22 22:50:00 [error] 91#91: *7 "
RESET = "recv() failed (104: Connection reset by peer) while reading response header from upstream"
TAIL = (
    ', client: 203.0.113.9, server: shop.example, request: "GET /a HTTP/1.1"'
    ', upstream: "fastcgi://unix:/run/php/stat.sock:", host: "shop.example"'
)


def raw(name: str) -> bytes:
    """nginx writes whatever bytes a client sent, so its logs are no text files."""
    with open(os.path.join(FIXTURES, name + ".bin"), "rb") as stream:
        return stream.read()


def read(
    text: bytes, known: Sequence[int] = (), since: float = 0, inside: bool = False
) -> Tuple[List[Dict[str, Any]], NginxLog]:
    log = NginxLog("/var/log/nginx/error.log", since, 9e9, 0, known)
    if inside:
        log.begin_inside(0)
    position = 0
    for line in text.split(b"\n")[:-1]:
        log.feed(line, position)
        position += len(line) + 1
    return log.finish().list(), log


def counts(events: List[Dict[str, Any]]) -> Dict[Tuple[str, Optional[str]], int]:
    return {(event["signature"], event["endpoint"]): event["count"] for event in events}


def pids(text: bytes) -> List[int]:
    """The workers that a whole capture shows: what the process table of that host said."""
    counted = {
        int(line.split(b"] ")[1].split(b"#")[0])
        for line in text.split(b"\n")
        if b"#" in line[:60] and line[:2] == b"20"
    }
    return sorted(counted - {4242})


class TestRealFailures:
    @pytest.mark.parametrize("host", HOSTS)
    def test_counted_by_meaning_per_endpoint(self, host: str) -> None:
        text = raw(host + "-failures")
        counted = counts(read(text, pids(text))[0])
        assert counted[("ng-connect-enoent", "unix:/run/php/gone.sock")] == 1  # nginx dialled /var/run
        assert counted[("ng-connect-enoent", STAT)] == 1
        assert counted[("ng-connect-eacces", STAT)] == 1
        if "debian13" not in host:  # whose unit restarts php-fpm before the request arrives
            assert counted[("ng-connect-econnrefused-unix", STAT)] == 1
        assert counted[("ng-connect-econnrefused-tcp", "127.0.0.1:9555")] == 1
        assert counted[("ng-no-live", "pair")] == 1
        assert counted[("ng-timeout-header", STAT)] == 4
        assert counted[("ng-timeout-header", "unix:/run/php/ond.sock")] == 4
        assert (
            counted[("ng-connect-eagain", "unix:/run/php/dyn.sock")]
            + counted[("ng-timeout-header", "unix:/run/php/dyn.sock")]
            == 10
        )
        assert counted[("ng-reset-header", "unix:/run/php/term.sock")] == 1
        assert counted[("ng-reset-header", "127.0.0.1:9001")] == 1
        assert counted[("ng-readv-reset-body", STAT)] == 1
        assert counted[("ng-too-big-header", STAT)] == 1
        assert counted[("ng-stderr-fatal", STAT)] == 2
        assert counted[("ng-fcgi-version", "127.0.0.1:80")] == 1
        assert counted[("ng-no-resolver", None)] == 1
        assert counted[("ng-499-epoll", STAT)] == 1

    @pytest.mark.parametrize("host", HOSTS)
    def test_fatal_error_over_several_lines_names_its_site(self, host: str) -> None:
        events = read(raw(host + "-failures"), pids(raw(host + "-failures")))[0]
        assert [
            (event["site"], event["detail"]) for event in events if event["signature"] == "ng-stderr-fatal"
        ] == [("shop.example", {"status": 500, "fault": "memory_limit"})]


class TestForgery:
    """What visitors and applications write into nginx's log."""

    @pytest.mark.parametrize("host", HOSTS)
    @pytest.mark.parametrize(
        ("case", "untrusted"),
        [
            ("open-newline", 1),  # %0a in the path of a missing file, the true end sticks to the forged line
            ("open-closed", 1),  # the first line forges its own end, the last one its own head
            ("stderr-lines", 1),  # error_log() with a whole entry between two lines
            ("stderr-tail", 1),
            ("stderr-full", 2),
            ("stderr-long", 0),  # cut by php or at 2048 bytes before the forged line
            ("quote", 0),
            ("referer", 0),
            ("host", 0),
            ("space", 0),
            ("09", 0),
            ("bytes", 0),
            ("jinja", 0),
            ("long-path", 0),
            ("long-request", 0),
        ],
    )
    def test_decoy_nobody_but_nginx_makes_an_event(self, host: str, case: str, untrusted: int) -> None:
        text = raw("%s-hostile-%s" % (host, case))
        events, log = read(text, pids(text))
        assert not [
            event for event in events if "evil" in str(event["endpoint"]) or "evil" in str(event["site"])
        ]
        if case.startswith(("open", "stderr")):
            assert not [event for event in events if event["signature"].startswith("ng-connect")]
        assert log.untrusted == untrusted

    @pytest.mark.parametrize("host", HOSTS)
    @pytest.mark.parametrize("case", ["quote", "referer", "host", "bytes"])
    def test_hostile_request_counts_for_the_dialled_endpoint(self, host: str, case: str) -> None:
        events = read(raw("%s-hostile-%s" % (host, case)))[0]
        assert counts(events) == {("ng-connect-enoent", "unix:/run/php/gone.sock"): 1}

    @pytest.mark.parametrize("case", ["space", "09"])
    def test_quotes_in_a_request_leave_the_endpoint_true(self, case: str) -> None:
        assert counts(read(raw("nginx1.18.0-debian11-hostile-" + case))[0]) == {
            ("ng-connect-enoent", "unix:/run/php/gone.sock"): 1
        }

    @pytest.mark.parametrize("host", HOSTS)
    def test_request_that_fills_the_entry_hides_the_endpoint(self, host: str) -> None:
        assert counts(read(raw(host + "-hostile-long-request"))[0]) == {("ng-connect-enoent", None): 1}

    def test_forger_who_knows_a_pid_is_the_documented_limit(self) -> None:
        text = raw("nginx1.18.0-debian11-hostile-stderr-knownpid")
        assert ("ng-connect-enoent", "unix:/run/php/evil.sock") in counts(read(text, pids(text))[0])

    def test_guessing_pids_fails_after_sixteen_wrong_guesses(self) -> None:
        tail = '" while reading response header from upstream' + TAIL
        pair = (
            HEAD
            + 'FastCGI sent in stderr: "PHP message: x'
            + tail
            + "\n{head}"
            + RESET
            + TAIL
            + '\n{head}FastCGI sent in stderr: "PHP message: y'
            + tail
            + "\n"
        )
        text = "".join(
            pair.format(head="2026/11/22 22:50:00 [error] %d#%d: *9 " % (guess, guess)) + " " * 3000 + "\n"
            for guess in list(range(1000, 1020)) + [91]
        )
        events, log = read(text.encode("ascii"), [91])
        assert "ng-reset-header" not in [event["signature"] for event in events]
        assert log.untrusted >= 21


class TestDoubt:
    """Entries within reach of one with foreign text."""

    def test_failures_between_ordinary_php_warnings_count(self) -> None:
        warning = (
            HEAD + 'FastCGI sent in stderr: "PHP message: PHP Warning:  x in /a.php on line 1" while reading '
            "response header from upstream" + TAIL + "\n"
        )
        text = (warning + HEAD + RESET + TAIL + "\n") * 50 + warning
        events, log = read(text.encode("ascii"), [91])
        assert counts(events)[("ng-reset-header", STAT)] == 50
        assert log.untrusted == 0

    def test_worker_proves_itself_by_an_entry_beyond_doubt(self) -> None:
        text = (
            HEAD
            + RESET
            + TAIL
            + "\n"
            + HEAD
            + 'open() "/a" failed (20: Not a directory)'
            + TAIL
            + "\n"
            + HEAD
            + RESET
            + TAIL
            + "\n"
            + HEAD
            + 'open() "/b" failed (20: Not a directory)'
            + TAIL
            + "\n"
        )
        assert counts(read(text.encode("ascii"))[0]) == {("ng-reset-header", STAT): 2}

    @pytest.mark.parametrize("pids", [[91], [91, 4242]])
    def test_end_cut_at_the_limit_makes_all_before_it_text(
        self,
        pids: List[int],
    ) -> None:
        first = HEAD + 'open() "/x" failed (2: No such file or directory)' + TAIL + "\n"
        forged = "2026/11/22 22:50:00 [error] 4242#4242: *7 " + RESET + TAIL
        for filled, untrusted in ((2048, 1), (2000, 0)):
            forged_line = forged[:-1] + "x" * (filled - len(first) - len(forged) - 1) + '"\n'
            assert read((first + forged_line).encode("ascii"), pids)[1].untrusted == untrusted

    def test_line_without_a_head_makes_the_lines_before_it_text(self) -> None:
        tail = '" while reading response header from upstream' + TAIL
        text = (
            HEAD
            + 'FastCGI sent in stderr: "PHP message: x'
            + tail
            + "\n"
            + HEAD
            + RESET
            + TAIL
            + "\ny"
            + tail
            + "\n"
        )
        events, log = read(text.encode("ascii"), [91])
        assert [event["signature"] for event in events] == ["ng-stderr"] and log.untrusted == 1

    @pytest.mark.parametrize("pid, counted", [(91, 2), (4242, 0)])
    def test_a_visitors_referrer_hides_no_loss_before_it(self, pid: int, counted: int) -> None:
        """Nor does a forged line whose head names no process of nginx's make one count."""
        visit = "2026/11/22 22:50:00 [error] %d#%d: *9 access forbidden by rule" % (pid, pid)
        visit += TAIL + ', referrer: "http://x/, client: 192.0.2.1"'
        lines = [HEAD + 'open() "/a" failed (20: Not a directory)' + TAIL, HEAD + RESET + TAIL]
        text = "".join(line + "\n" for line in [*lines, HEAD + RESET + TAIL, visit])
        events, _log = read(text.encode("ascii"), [91])
        assert counts(events).get(("ng-reset-header", STAT), 0) == counted

    def test_line_behind_an_entry_without_an_end_is_its_text(self) -> None:
        first = HEAD + 'open() "/x\n'
        forged = HEAD + RESET + TAIL
        text = (
            first
            + forged[:-1]
            + "x" * (2048 - len(first) - len(forged) - 1)
            + '"\n'
            + HEAD
            + RESET
            + TAIL
            + "\n"
        )
        events, log = read(text.encode("ascii"), [91])
        assert counts(events) == {("ng-reset-header", STAT): 1} and log.untrusted == 1

    def test_entry_of_several_lines_has_the_site_of_its_end(self) -> None:
        thrown = "PHP Fatal error:  Uncaught Exception: x\n#0 {main}\n  thrown in /a.php on line 1"
        text = (
            HEAD
            + 'FastCGI sent in stderr: "PHP message: '
            + thrown
            + '" while reading response header from upstream'
            + TAIL
            + "\n"
        )
        assert [
            (event["signature"], event["site"], event["count"]) for event in read(text.encode("ascii"))[0]
        ] == [("ng-stderr-fatal", "shop.example", 1)]

    def test_reading_may_begin_inside_an_entry(self) -> None:
        forged = "2026/11/22 22:50:00 [error] 4242#4242: *7 " + RESET + TAIL + "\n"
        closing = (
            "2026/11/22 22:50:00 [error] 4242#4242: *8 "
            'FastCGI sent in stderr: "z" while reading response header from upstream' + TAIL + "\n"
        )
        assert read((forged + closing).encode("ascii"), [91], inside=True)[0] == []

    def test_lines_before_the_window_only_prove_their_writer(self) -> None:
        old = (HEAD + RESET + TAIL + "\n").replace("2026/", "2025/")
        events, log = read((old + HEAD + RESET + TAIL + "\n").encode("ascii"), since=1780000000)
        assert [event["count"] for event in events] == [1] and log.first_at == log.last_at == 1795387800


class TestEntry:
    def test_cut_entry_proves_no_endpoint(self) -> None:
        line = HEAD + RESET + ', client: 1.2.3.4, server: a, request: "GET /' + "x" * 3000
        forged = '", upstream: "fastcgi://evil:1"'
        for length, endpoint in ((2047, None), (1900, "evil:1")):
            entry = parse_entry(line[: length - len(forged)] + forged, 0)
            assert entry is not None and entry.row is not None and entry.endpoint == endpoint

    @pytest.mark.parametrize(
        ("rest", "endpoint"),
        [
            (
                (
                    '1.2.3.4, server: a, request: "GET / HTTP/2.0", upstream: "fastcgi://unix:/run/a.sock:", '
                    "host: "
                    '"a"'
                ),
                "unix:/run/a.sock",
            ),
            (
                (
                    '1.2.3.4, server: a, request: "GET / HTTP/1.1", upstream: "fastcgi://e:1", host: "a '
                    'HTTP/2.0", '
                    'upstream: "fastcgi://unix:/run/a.sock:", host: "a"'
                ),
                None,
            ),
            (
                (
                    '1.2.3.4, server: a, request: "GET / HTTP/1.1", subrequest: "/b", upstream: '
                    '"fastcgi://127.0.0.1:9000", host: "a"'
                ),
                "127.0.0.1:9000",
            ),
            ('1.2.3.4, server: a, request: "GET / HTTP/1.1", host: "a"', None),
        ],
    )
    def test_endpoint_is_read_from_the_left_or_not_at_all(self, rest: str, endpoint: Optional[str]) -> None:
        assert fields(rest, False) == ("a", endpoint)

    @pytest.mark.parametrize(
        ("value", "key"),
        [
            ("fastcgi://unix:/var/run/php/a.sock:", "unix:/run/php/a.sock"),
            ("fastcgi://unix:/run/a.sock", "unix:/run/a.sock"),
            ("fastcgi://[::1]:9000", "[::1]:9000"),
            ("http://unix:/run/a.sock:/cart", "http://unix:/run/a.sock"),
            ("http://10.0.0.1:8080/cart?x=1", "http://10.0.0.1:8080"),
            ("nonsense", None),
        ],
    )
    def test_upstreams_of_other_protocols_keep_their_scheme(self, value: str, key: Optional[str]) -> None:
        assert upstream_key(value) == key

    @pytest.mark.parametrize(
        "message",
        [
            (
                'open() "/srv/recv() failed (104: Connection reset by peer) while reading response '
                "header from "
                'upstream" failed (20: Not a directory)'
            ),
            (
                "recv() failed (104: Connection reset by peer) while reading response header from upstream "
                "and more"
            ),
            "xrecv() failed (104: Connection reset by peer) while reading response header from upstream",
        ],
    )
    def test_near_miss_message_without_a_row(self, message: str) -> None:
        entry = parse_entry(HEAD + message + TAIL, 0)
        assert entry is not None and (entry.row is None or entry.row.id == "ng-unknown")

    def test_near_miss_a_static_file_has_no_upstream(self) -> None:
        message = 'open() "/srv/shop/0000000001" failed (13: Permission denied)'
        static = parse_entry(HEAD + message + TAIL.partition(", upstream: ")[0], 0)
        sent = parse_entry(HEAD + message + TAIL, 0)
        assert static and sent and static.row is None and sent.row and sent.row.id == "ng-sent-denied"


class TestCut:
    """nginx cuts an entry at 2048 bytes, before the upstream where the URL is long."""

    def read(self, message: str, url: int) -> List[Tuple[str, Optional[str], Optional[str]]]:
        text = (HEAD + message + TAIL.replace("/a ", "/" + "a" * url + " ")).encode()[:2047]
        return [
            (event["signature"], event["site"], event["endpoint"]) for event in read(text + b"\n", [91])[0]
        ]

    @pytest.mark.parametrize("url, endpoint", [(100, STAT), (2000, None)])
    def test_what_was_lost_counts_without_its_endpoint(self, url: int, endpoint: Optional[str]) -> None:
        assert self.read(RESET, url) == [("ng-reset-header", "shop.example", endpoint)]

    @pytest.mark.parametrize("url, endpoint", [(100, STAT), (2000, None)])
    def test_so_does_what_no_row_knows(self, url: int, endpoint: Optional[str]) -> None:
        message = "send() failed (32: Broken pipe) while sending request to upstream"
        assert self.read(message, url) == [("ng-unknown", "shop.example", endpoint)]


class TestSample:
    def test_no_query_no_referrer(self) -> None:
        text = brief(
            HEAD
            + RESET
            + TAIL.replace("/a HTTP", "/a?token=s3cret HTTP")
            + ', referrer: "https://shop.example/?password=s3cret"'
        )
        assert (
            "s3cret" not in text
            and "GET /a?[redacted] HTTP/1.1" in text
            and text.endswith('upstream: "fastcgi://unix:/run/php/stat.sock:"')
        )

    def test_template_braces_are_plain_text(self) -> None:
        events = read(raw(HOSTS[1] + "-hostile-jinja"))[0]
        assert "{{ 7*7 }}" in events[0]["sample"]["text"]


class TestCaught:
    """Texts that fastcgi_catch_stderr names: nginx throws the answer away."""

    STDERR = HEAD + 'FastCGI sent in stderr: "PHP message: PHP Warning:  cold%s" while '
    HEADER = "reading response header from upstream"

    def caught(self, *lines: str, site: str = "shop.example") -> List[Any]:
        log = NginxLog("/e.log", 0, 9e9, 0, [91], {site: ["PHP Notice", "PHP Warning"]})
        position = 0
        for each in lines:
            log.feed(each.encode(), position)
            position += len(each) + 1
        return [event.get("caught", False) for event in log.finish().list()]

    def test_hit_before_the_header_is_whole(self) -> None:
        assert self.caught(self.STDERR % "" + self.HEADER + TAIL) == [True]

    def test_hit_a_message_of_several_lines(self) -> None:
        first, last = (self.STDERR % "\n#0 PHP Warning").replace("PHP Warning:", "x").split("\n")
        assert self.caught(first, last + self.HEADER + TAIL) == [True]

    def test_near_miss_behind_the_header_nobody_looks(self) -> None:
        fatal = (self.STDERR % "").replace("PHP Warning:", "PHP Fatal error:  Uncaught PHP Warning")
        assert self.caught(fatal + "reading upstream" + TAIL) == [False]

    def test_near_miss_another_text(self) -> None:
        line = (self.STDERR % "").replace("Warning", "Deprecated")
        assert self.caught(line + self.HEADER + TAIL) == [False]

    def test_decoy_another_site(self) -> None:
        assert self.caught(self.STDERR % "" + self.HEADER + TAIL, site="blog.example") == [False]

    def test_decoy_the_text_stands_in_the_request(self) -> None:
        line = (self.STDERR % "").replace("PHP Warning:", "x") + self.HEADER
        assert self.caught(line + TAIL.replace("/a ", "/PHP Warning ")) == [False]


class TestOwn:
    """Visitors who come from the host itself."""

    def own(self, line: str) -> List[Any]:
        log = NginxLog("/e.log", 0, 9e9, 0, [91], own=["203.0.113.9"])
        log.feed(line.encode(), 0)
        return [event.get("own", False) for event in log.finish().list()]

    def test_hit_a_lost_request_of_the_own_address(self) -> None:
        assert self.own(HEAD + RESET + TAIL) == [True]

    def test_near_miss_another_address(self) -> None:
        assert self.own(HEAD + RESET + TAIL.replace("113.9", "113.99")) == [False]

    def test_decoy_a_line_that_tells_of_no_loss(self) -> None:
        line = HEAD + 'FastCGI sent in stderr: "PHP message: x" while reading response header from upstream'
        assert self.own(line + TAIL) == [False]
