# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of a line that the diagnosis named: its address, or a directive beside it."""

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit import nginx_cuts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import (
    set_address_at,
    set_beside,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import BOM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.nginx_files import (
    NEW,
    OLD,
    PASS,
)

ADDRESSES = [
    ("plain", 1, "fastcgi_pass %s;", OLD, NEW),
    ("in double quotes", 1, 'fastcgi_pass "%s";', OLD, NEW),
    ("in single quotes", 1, "fastcgi_pass '%s';", OLD, NEW),
    ("CRLF", 2, "location / {\r\n\tfastcgi_pass %s;\r\n}\r\n", OLD, NEW),
    ("no newline at the end, tabs", 2, "location / {\n\t\tfastcgi_pass\t%s\t;\n}", OLD, NEW),
    ("one-line block", 1, "location / { root /x; fastcgi_pass %s; }", OLD, NEW),
    (
        "over several lines, with comments",
        2,
        (
            "location / {\n  fastcgi_pass # fastcgi_pass unix:/run/php/a.sock;\n\n   # "
            "unix:/run/php/a.sock\n   "
            "%s # here\n ; }"
        ),
        OLD,
        NEW,
    ),
    ("the comment behind stays", 1, "fastcgi_pass %s; # unix:/run/php/a.sock", OLD, NEW),
    (
        "a server of an upstream, its parameters stay",
        1,
        "upstream php { server %s  weight=5 max_fails=0; }",
        OLD,
        NEW,
    ),
    (
        "another server beside it",
        1,
        "upstream php { server 127.0.0.1:9000; server %s; server 127.0.0.1:9001; }",
        OLD,
        NEW,
    ),
    ("a stray byte and UTF-8 around it", 2, "# \udcff \u00e9\nfastcgi_pass %s; # \udce9", OLD, NEW),
    ("behind a byte order mark", 1, BOM + "fastcgi_pass %s;", OLD, NEW),
    (
        "the same words in a string before it",
        1,
        "set $a 'fastcgi_pass unix:/run/php/a.sock;'; fastcgi_pass %s;",
        OLD,
        NEW,
    ),
    (
        "the same words in Lua before it",
        2,
        "a_by_lua_block {\n fastcgi_pass = { '}', '{' } } fastcgi_pass %s;",
        OLD,
        NEW,
    ),
    (
        "the same directive on the line before",
        2,
        "location /a { fastcgi_pass unix:/run/php/a.sock; }\nlocation /b { fastcgi_pass %s; }",
        OLD,
        NEW,
    ),
    ("a variable", 1, "fastcgi_pass %s;", "$a", NEW),
    ("an address that needs quotes", 1, 'fastcgi_pass "%s";', "a b", "c d"),
]


class TestAddress:
    """set_address_at"""

    @pytest.mark.parametrize(
        "line, text, old, new", [case[1:] for case in ADDRESSES], ids=[case[0] for case in ADDRESSES]
    )
    def test_it_alone_changes(self, line: int, text: str, old: str, new: str) -> None:
        after = set_address_at(text % old, line, PASS, old, new)
        assert after == text % new
        assert set_address_at(after, line, PASS, old, new) == after

    @pytest.mark.parametrize(
        "line, text",
        [
            (1, "fastcgi_pass unix:/run/php/a.sock2;"),
            (1, "fastcgi_pass unix:/run/php/c.sock unix:/run/php/a.sock;"),
            (1, "# fastcgi_pass unix:/run/php/a.sock;"),
            (1, "set $a 'fastcgi_pass unix:/run/php/a.sock;';"),
            (1, "a_by_lua_block { fastcgi_pass unix:/run/php/a.sock; }"),
            (2, "set $a '\nfastcgi_pass unix:/run/php/a.sock;';"),
            (2, "fastcgi_pass\nunix:/run/php/a.sock;"),
            (2, "fastcgi_pass unix:/run/php/a.sock;"),
            (1, "fastcgi_pass_header unix:/run/php/a.sock;"),
            (1, "proxy_pass unix:/run/php/a.sock;"),
            (1, "server unix:/run/php/a.sock { listen 80; }"),
            (
                1,
                (
                    "location /a { fastcgi_pass unix:/run/php/a.sock; } location /b { fastcgi_pass "
                    "unix:/run/php/a.sock; }"
                ),
            ),
            (1, "fastcgi_pass;"),
            (1, "fastcgi_pass unix:/run/php/a.sock; broken"),
        ],
    )
    def test_near_miss_a_line_without_exactly_this_one_stays(self, line: int, text: str) -> None:
        with pytest.raises(Refusal):
            set_address_at(text, line, PASS, OLD, NEW)

    @pytest.mark.parametrize("text", ["a", "a {", "}", 'a "b"c;', "a 'b;"])
    def test_a_file_that_nginx_would_not_read_is_left_alone(self, text: str) -> None:
        with pytest.raises(Refusal, match="line 1: "):
            set_address_at(text, 1, PASS, OLD, NEW)

    def test_an_address_with_a_newline_is_refused(self) -> None:
        with pytest.raises(Refusal):
            set_address_at("fastcgi_pass a;", 1, PASS, "a", "b;\ninclude /etc/shadow")

    def test_an_edit_that_reads_otherwise_than_meant_is_refused(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(nginx_cuts, "written", lambda value, quote="": value)
        with pytest.raises(Refusal, match="more than the one directive"):
            set_address_at("fastcgi_pass a;", 1, PASS, "a", "b; c")
        with pytest.raises(Refusal, match="more than the one directive"):
            set_address_at("fastcgi_pass a;", 1, PASS, "a", "b {")


BESIDE = [
    (
        "below the anchor, with its indentation",
        2,
        "location / {\n    fastcgi_pass a;\n    root /x;\n}\n",
        "location / {\n    fastcgi_pass a;\n    fastcgi_read_timeout 90s;\n    root /x;\n}\n",
    ),
    (
        "tabs and CRLF",
        2,
        "location / {\r\n\tfastcgi_pass a;\r\n}\r\n",
        "location / {\r\n\tfastcgi_pass a;\r\n\tfastcgi_read_timeout 90s;\r\n}\r\n",
    ),
    (
        "CRLF of this line in a file that is LF elsewhere",
        2,
        "location / {\n\tfastcgi_pass a;\r\n}\n",
        "location / {\n\tfastcgi_pass a;\r\n\tfastcgi_read_timeout 90s;\r\n}\n",
    ),
    (
        "no newline at the end",
        2,
        "location / {\n fastcgi_pass a;\n}",
        "location / {\n fastcgi_pass a;\n fastcgi_read_timeout 90s;\n}",
    ),
    (
        "one-line block",
        1,
        "location / { fastcgi_pass a; }",
        "location / { fastcgi_pass a; fastcgi_read_timeout 90s; }",
    ),
    (
        "one-line block without spaces",
        1,
        "location /{fastcgi_pass a;}",
        "location /{fastcgi_pass a; fastcgi_read_timeout 90s;}",
    ),
    (
        "two directives on the line, the anchor first",
        2,
        "location / {\n fastcgi_pass a; root /x;\n}",
        "location / {\n fastcgi_pass a; fastcgi_read_timeout 90s; root /x;\n}",
    ),
    (
        "two directives on the line, the anchor last",
        2,
        "location / {\n root /x; fastcgi_pass a;\n}",
        "location / {\n root /x; fastcgi_pass a;\n fastcgi_read_timeout 90s;\n}",
    ),
    (
        "the block opens on the anchor's line",
        2,
        "server {\n location / { fastcgi_pass a;\n  root /x;\n }\n}",
        "server {\n location / { fastcgi_pass a; fastcgi_read_timeout 90s;\n  root /x;\n }\n}",
    ),
    (
        "a comment stays with the anchor",
        2,
        "location / {\n fastcgi_pass a; # b }\n}",
        "location / {\n fastcgi_pass a; # b }\n fastcgi_read_timeout 90s;\n}",
    ),
    (
        "an anchor over several lines",
        2,
        "location / {\n  fastcgi_pass # ;\n      a\n      ;\n}",
        "location / {\n  fastcgi_pass # ;\n      a\n      ;\n  fastcgi_read_timeout 90s;\n}",
    ),
    (
        "where it stands already",
        2,
        "location / {\n fastcgi_pass a;\n root /x;\n fastcgi_read_timeout  '30s'; # why\n}",
        "location / {\n fastcgi_pass a;\n root /x;\n fastcgi_read_timeout  '90s'; # why\n}",
    ),
    (
        "that of the block and not of those around, inside or beside it",
        4,
        (
            "server {\n fastcgi_read_timeout 1s;\n location /a { fastcgi_read_timeout 2s; }\n location /b { "
            "fastcgi_pass a; if ($x) { fastcgi_read_timeout 3s; }}\n}"
        ),
        "server {\n fastcgi_read_timeout 1s;\n location /a { fastcgi_read_timeout 2s; }\n location /b { "
        "fastcgi_pass a;%s if ($x) { fastcgi_read_timeout 3s; }}\n}" % " fastcgi_read_timeout 90s;",
    ),
    (
        "one in a comment, a string or Lua is none",
        1,
        (
            "location / { fastcgi_pass a; # fastcgi_read_timeout 1s;\n set $a 'fastcgi_read_timeout 1s;'; "
            "a_by_lua_block { fastcgi_read_timeout 1; } }"
        ),
        "location / { fastcgi_pass a;%s # fastcgi_read_timeout 1s;\n set $a 'fastcgi_read_timeout 1s;'; "
        "a_by_lua_block { fastcgi_read_timeout 1; } }" % " fastcgi_read_timeout 90s;",
    ),
    (
        "another name that begins like it",
        1,
        "location / { fastcgi_pass a; fastcgi_read_timeout_x 1s; }",
        "location / { fastcgi_pass a; fastcgi_read_timeout 90s; fastcgi_read_timeout_x 1s; }",
    ),
    (
        "the if block of the anchor",
        1,
        "location / { if ($x) { fastcgi_pass a; } }",
        "location / { if ($x) { fastcgi_pass a; fastcgi_read_timeout 90s; } }",
    ),
]


class TestBeside:
    """set_beside"""

    @pytest.mark.parametrize(
        "line, text, expected", [case[1:] for case in BESIDE], ids=[case[0] for case in BESIDE]
    )
    def test_it_is_set_in_the_block_of_its_anchor(self, line: int, text: str, expected: str) -> None:
        after = set_beside(text, line, "fastcgi_pass", "fastcgi_read_timeout", ["90s"])
        assert after == expected
        assert set_beside(after, line, "fastcgi_pass", "fastcgi_read_timeout", ["90s"]) == after

    def test_decoy_a_block_of_the_same_name_is_no_anchor(self) -> None:
        text = "upstream php { server a; } server { listen 80; }"
        assert set_beside(text, 1, "server", "keepalive", ["2"]) == text.replace(
            "server a;", "server a; keepalive 2;"
        )

    @pytest.mark.parametrize(
        "line, text, why",
        [
            (1, "fastcgi_pass a;\n", "outside of any block"),
            (1, "location / { root /x; }", "no directive"),
            (1, "location / { # fastcgi_pass a;\n}", "no directive"),
            (1, "location / { fastcgi_pass_request_body on; }", "no directive"),
            (1, "location /a { fastcgi_pass a; } location /b { fastcgi_pass b; }", "several directives"),
            (
                1,
                "location / { fastcgi_pass a; fastcgi_read_timeout 1s; fastcgi_read_timeout 2s; }",
                "several times: lines 1, 1",
            ),
            (1, "location / { fastcgi_pass a; fastcgi_read_timeout { } }", "is a block"),
            (1, "location / { fastcgi_pass a;", "unexpected end of file"),
        ],
    )
    def test_near_miss_an_uncertain_place_is_refused(self, line: int, text: str, why: str) -> None:
        with pytest.raises(Refusal, match=why):
            set_beside(text, line, "fastcgi_pass", "fastcgi_read_timeout", ["90s"])

    @pytest.mark.parametrize("name", ["", "a b", "include", "a_by_lua_block", "a;b", "#a", "a\nb"])
    def test_a_name_that_is_no_simple_directive_is_refused(self, name: str) -> None:
        with pytest.raises(Refusal):
            set_beside("location / { fastcgi_pass a; }", 1, "fastcgi_pass", name, ["1"])
