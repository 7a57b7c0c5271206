# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody may write to lead a parser astray: digits that are none, numbers without end, includes
without end, names with line feeds.
"""

import re
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit import fpm_text
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse import endpoint, timestamps
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.linux import (
    kernel_log,
    proc_net,
    swap,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import conf as nginx_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import log_entry as nginx_entry
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx import routes as nginx_routes
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.number import number
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import conf as fpm_conf
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import log as fpm_log
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.php_fpm import pools as fpm_pools
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import NGINX
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal

ENDLESS = "9" * 5000
FPM = "[02-Apr-2026 14:23:17] WARNING: [pool a] "


class TestDigits:
    @pytest.mark.parametrize(
        "text, value",
        [
            ("7", 7),
            ("-7", -7),
            ("007", 7),
            ("9" * 18, int("9" * 18)),
            ("9" * 19, None),
            (ENDLESS, None),
            ("\u00b2", None),
            ("\u0667", None),
            ("", None),
            (None, None),
            ("7\n", None),
            ("+7", None),
            ("7_0", None),
            ("7.0", None),
            ("-", None),
        ],
    )
    def test_number_is_short_ascii(self, text: Any, value: Any) -> None:
        assert number(text) == value


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, (int, float)):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)


def pool(text: str) -> Any:
    conf = fpm_conf.parse_fpm_conf("/c", lambda _path: "[www]\n" + text, lambda _pattern: [])
    facts = [fpm_pools.pool_facts(section, "/usr") for section in conf.pools]
    return facts[0], fpm_pools.start_problems(conf, facts)


class TestDigitsInTexts:
    @pytest.mark.parametrize("digits", ["\u00b2", "\u0667", ENDLESS, "-" + ENDLESS])
    def test_pool_with_odd_digits_is_read_without_them(self, digits: str) -> None:
        facts, _refused = pool(
            "\n".join(
                "%s = %s" % (key, digits)
                for key in (
                    "pm.max_children",
                    "pm.max_requests",
                    "listen",
                    "listen.backlog",
                    "request_terminate_timeout",
                    "pm.process_idle_timeout",
                )
            )
        )
        assert (facts["max_children"], facts["max_requests"], facts["backlog"]) == (None, 0, None)
        assert facts["endpoint"].startswith("unix:")
        assert facts["terminate_timeout"] < 1e18

    @pytest.mark.parametrize(
        "parse",
        [
            lambda digits: endpoint.canonical("127.0.0.1:" + digits),
            nginx_routes.parse_time,
            lambda digits: swap.kernel_version(digits + ".1"),
            lambda digits: timestamps.journal_line("1775139797.1 h php[%s]: x" % digits),
            lambda digits: list(timestamps.ring_lines("<4>[%s.000001] x" % digits, re.compile(""))),
            lambda digits: fpm_log.parse_message(
                FPM + "child %s exited on signal 9 (SIGKILL) after 1.0 seconds from start" % digits, 0
            ),
            lambda digits: fpm_log.parse_message(
                FPM + "server reached pm.max_children setting (%s), consider raising it" % digits, 0
            ),
            lambda digits: nginx_entry.parse_entry(
                "2026/04/02 14:23:17 [error] %s#7: *1 recv() failed (104: x), client: a, server: b" % digits,
                0,
            ),
            lambda digits: nginx_entry.parse_entry(
                "2026/04/02 14:23:17 [error] 7#7: *1 %s worker_connections are not enough while "
                "connecting to "
                "upstream" % digits,
                0,
            ),
            lambda digits: nginx_entry.parse_entry(
                "2026/04/02 14:23:17 [error] 7#7: *1 upstream sent unexpected FastCGI record: %s while "
                "reading "
                "response header"
                " from upstream" % digits,
                0,
            ),
            lambda digits: kernel_log.kills(
                [(1.0, "Killed process %s (php-fpm) total-vm:1kB, anon-rss:%skB" % (digits, digits))]
            ),
            lambda digits: swap.parse_swaps("Filename\n/a file %s %s -2\n" % (digits, digits)),
            lambda digits: proc_net.parse_tcp_proc(
                "sl\n 0: 0100007F:0050 0:0 0A 00000000:00000000 00:00000000 00000000 0 0 %s 1\n" % digits
            ),
            lambda digits: proc_net.parse_unix_proc(
                "Num\n0: 00000002 00000000 00010000 0001 01 %s /a\n" % digits
            ),
        ],
    )
    @pytest.mark.parametrize("digits", ["\u00b2", "\u0667", ENDLESS])
    def test_no_parser_stumbles_over_digits(self, parse: Callable[[str], Any], digits: str) -> None:
        assert all(abs(value) < 1e18 for value in numbers(parse(digits)))

    def test_place_for_anything_may_hold_odd_digits(self) -> None:
        text = "bind(\u00b2) failed (\u00b2: x)"
        assert NGINX.find(text, "connecting") is None
        assert NGINX.find("bind(\u00b2) failed (99: x)", "connecting") is not None


class TestLogLines:
    @pytest.mark.parametrize(
        ("address", "end", "identifier"),
        [
            ("/a': b", "(98)", "fpm-bind-addrinuse"),
            ("/a", "(98) (", "fpm-error"),
        ],
    )
    def test_message_that_holds_its_own_pieces_is_matched_whole(
        self, address: str, end: str, identifier: str
    ) -> None:
        text = "unable to bind listening socket for address '%s': Address already in use %s" % (address, end)
        hit = PHP_FPM.find(text, "ERROR")
        assert hit is not None and hit[0].id == identifier

    def test_decoy_name_with_line_feeds_is_no_row(self) -> None:
        """Anybody may bind such a socket."""
        head = "Num       RefCount Protocol Flags    Type St Inode Path\n"
        row = "0000000000000001: 00000002 00000000 00010000 0001 01 %s %s\n"
        rows = proc_net.parse_unix_proc(
            head
            + row % ("7", "/tmp/a\nx x x zz x x x /b\n\u00b2: 0 0 zzzzzzzz 0 01 7 /c")
            + row % ("8", "/run/php/a.sock")
        )
        assert [(item.name, item.inode) for item in rows] == [("/tmp/a", 7), ("/run/php/a.sock", 8)]


def read(texts: Any) -> nginx_conf.Conf:
    return nginx_conf.parse_conf("/0", texts, lambda pattern: [])


class TestEndlessNginx:
    def test_blocks_nested_over_several_files_are_bounded(self) -> None:
        blocks = "location / {" * 60 + "include /%d;" + "}" * 60
        files = {"/0": "http { include /1; }", "/4": "a;"}
        conf = read(lambda path: files.get(path) or blocks % (int(path[1:]) + 1))
        assert [item["text"] for item in conf.errors] == [
            "more than 100 nested blocks, /%d was left out" % number for number in (3, 2)
        ]
        assert [item.name for item in nginx_conf.every(conf.directives)] == ["http"] + ["location"] * 60

    def test_near_miss_nested_blocks_over_two_files(self) -> None:
        conf = read(
            lambda path: (
                "a {" * 50 + "include /1;" + "}" * 50
                if path == "/0"
                else "b {" * 50 + "fastcgi_pass x;" + "}" * 50
            )
        )
        assert conf.errors == []
        assert [item.name for item in nginx_conf.every(conf.directives)] == ["a"] * 50 + ["b"] * 50 + [
            "fastcgi_pass"
        ]

    def test_each_error_once_up_to_the_limit(self) -> None:
        conf = read(lambda path: "include;\n" * 10 + "include a b;include a b;\n" * 1000)
        assert len(conf.errors) == nginx_conf.MOST_ERRORS + 1
        assert conf.errors[-1]["text"] == "more errors are left out"
        assert len({(item["line"], item["text"]) for item in conf.errors}) == len(conf.errors)

    def test_empty_file_included_without_end_ends(self) -> None:
        names = ["/%d" % number for number in range(1, 1001)]
        conf = nginx_conf.parse_conf(
            "/0", lambda path: "include /*;\n" * 1000 if path == "/0" else "", lambda pattern: names
        )
        assert any("more than 400000 directives" in item["text"] for item in conf.errors)


@pytest.mark.long
class TestEndlessPhpFpm:
    def test_file_that_includes_itself_is_cut(self) -> None:
        conf = fpm_conf.parse_fpm_conf("/c", lambda path: "include = /c\n" * 100, lambda pattern: [pattern])
        assert conf.cut
        with pytest.raises(Refusal, match="too long"):
            fpm_text.set_directives(
                "/c",
                lambda path: "[www]\n" + "include = /c\n" * 100,
                lambda pattern: [pattern],
                "www",
                [("pm", "static")],
            )

    def test_near_miss_configuration_of_ordinary_length(self) -> None:
        conf = fpm_conf.parse_fpm_conf(
            "/c", lambda path: "[p]\n" + "env[A] = b\n" * 50000, lambda pattern: []
        )
        assert not conf.cut
        assert len(conf.pools[0].arrays["env"]) == 50000

    @pytest.mark.parametrize(
        "raw, value",
        [
            ('"${A:-b}"', "b"),
            ("${A}", ""),
            ("${A:-b$c}", "b$c"),
            ('"${A"', "${A"),
            ('"${A ${B:-c}"', "${A c"),
            ('"$A ${B}"', "$A "),
            ("${:-x}", "x"),
        ],
    )
    def test_variables_of_a_value_are_those_of_php_fpm(self, raw: str, value: str) -> None:
        assert fpm_conf.scan_value(raw)[0] == value

    @pytest.mark.parametrize(
        "line, key",
        [
            ("listen = a", "listen"),
            ("listen   =   a", "listen"),
            ("two words = a", "two words"),
            ("env[A]=b", "env"),
            ("x", "x"),
        ],
    )
    def test_name_ends_with_its_last_letter(self, line: str, key: str) -> None:
        match = fpm_conf.ENTRY.match(line)
        assert match is not None
        assert match.group(1) == key
