# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Edits of nginx's configuration: what is hit, what is only near, and what looks like it and must stay."""

import fnmatch
import json
import os
import re
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit import nginx_cuts
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_cuts import written
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_places import Source
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_text import (
    Edited,
    set_address_at,
    set_beside,
    set_directive,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.conf import BOM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.lexer import (
    Spans,
    statements,
    unescape,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.verdict.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("nginx")
MAIN = "/etc/nginx/nginx.conf"
OLD, NEW = "unix:/run/php/a.sock", "unix:/run/php/b.sock"
PASS = ("fastcgi_pass", "server")


def fixture_files() -> List[str]:
    return sorted(
        os.path.join(place, name)
        for place, _names, found in os.walk(FIXTURES)
        for name in found
        if "-default" in place or name.endswith(".conf")
    )


def fixture(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return stream.read()


def value(text: str, start: int, end: int) -> str:
    """A word as nginx stores it."""
    raw = text[start:end]
    return unescape(raw[1:-1] if raw[0] in "\"'" else raw)


def told_by_spans(text: str) -> List[Tuple[List[str], str, int]]:
    """The statements as their spans tell them. Between two spans there is nothing but space and comments."""
    spans: List[Spans] = []
    found, fault = statements(text, spans)
    assert fault is None
    told, at = [], 0
    for (words, stop), (_args, end, _line) in zip(spans, found):
        first = words[0][0] if words else stop
        told.append(([value(text, *word) for word in words], text[stop], text.count("\n", 0, first) + 1))
        for start, behind in words + [(stop, stop + 1)]:
            between = re.sub(r"#[^\n]*", "", text[at:start])
            assert not between.strip(" \t\r\n") or end == "}"  # the end of a block of Lua
            at = behind
    assert not re.sub(r"#[^\n]*", "", text[at:]).strip(" \t\r\n")
    return told


def edit(
    files: Dict[str, str],
    selector: Sequence[Tuple[str, str]],
    name: str,
    args: Optional[Sequence[str]],
    file: Optional[str] = None,
) -> List[Edited]:
    def expand(pattern: str) -> List[str]:
        return sorted(one for one in files if fnmatch.fnmatchcase(one, pattern))

    found = set_directive(MAIN, files.get, expand, selector, name, args, file)
    after = dict(files, **{one.path: one.after for one in found})
    assert all(one.before == files[one.path] and one.before != one.after for one in found)
    assert set_directive(MAIN, after.get, expand, selector, name, args, file) == []
    return found


def edit_main(
    text: str, selector: Sequence[Tuple[str, str]], name: str, args: Optional[Sequence[str]]
) -> str:
    found = edit({MAIN: text}, selector, name, args)
    return found[0].after if found else text


# Where the words of a statement stand


@pytest.mark.parametrize("path", fixture_files(), ids=lambda path: os.path.relpath(path, FIXTURES))
def test_spans_hold_each_word_of_real_files(path: str) -> None:
    found, fault = statements(fixture(path))
    assert fault is None
    assert told_by_spans(fixture(path)) == found
    assert len(found) > 3


def syntax_cases() -> List[str]:
    texts = [
        case["text"]
        if isinstance(case["text"], str)
        else "".join(piece * times for piece, times in case["text"])
        for case in json.loads(fixture(os.path.join(FIXTURES, "1.26.3-debian13-syntax.json")))
    ]
    texts += [
        re.sub(r";|\{", lambda end: end.group() if end.group() == ";" else "{ inner 1; }\n", text)
        for text in texts
    ]
    return [text for text in texts if statements(text)[1] is None]


@pytest.mark.parametrize(
    "text",
    syntax_cases()
    + [
        "a_by_lua_block { if x then t = {1} end -- }\n }b 1;",
        "a {\n'b_by_lua_block' { \"}\" } c 2; }",
        "a_by_lua_block_x { b 1; }",
        'a "x" # }\n ;b{c{}}d\n1;',
        "a\t'\n\n' b;\r\nc;",
        "a;" * 3000,
    ],
    ids=lambda text: repr(text)[:40],
)
def test_spans_hold_each_word_of_odd_texts(text: str) -> None:
    assert told_by_spans(text) == statements(text)[0]
    for place in Source("", text).every():
        assert text[place.stop] == (";" if place.inside is None else "{")
        assert text[place.end - 1] == (";" if place.inside is None else "}")


@pytest.mark.parametrize("text", ["a", "a {", "}", 'a "b"c;', "a 'b;"])
def test_a_file_that_nginx_would_not_read_is_left_alone(text: str) -> None:
    with pytest.raises(Refusal, match="line 1: "):
        set_address_at(text, 1, PASS, OLD, NEW)


@pytest.mark.parametrize(
    "text", ["unix:/run/a.sock", "a#b", "a}b", 'mid"quote', "${x}y", "~ \\.php$"[2:], "a\\;b", "it's"]
)
def test_a_value_that_needs_no_quotes_gets_none(text: str) -> None:
    assert written(text) == text


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", '""'),
        ("a b", '"a b"'),
        ("a;b", '"a;b"'),
        ("a{2}", '"a{2}"'),
        ("#a", '"#a"'),
        ("}", '"}"'),
        ('"a', "'\"a'"),
        ("'a", '"\'a"'),
        ("'a\"", '"\'a\\""'),
        ("end\\", '"end\\\\"'),
        ("a\\n", '"a\\\\n"'),
        ("\\.a b", '"\\.a b"'),
        ("a\tb", '"a\tb"'),
        ("$", "$"),
        ("a${", "a${"),
    ],
)
def test_a_value_is_quoted_where_nginx_needs_it(text: str, expected: str) -> None:
    assert written(text) == expected
    assert statements("x %s;" % expected)[0] == [(["x", text], ";", 1)]


@pytest.mark.parametrize(
    "text, quote, expected",
    [("a", "'", "'a'"), ("a", '"', '"a"'), ("a'b", "'", "'a\\'b'"), ('a"b', "'", "'a\"b'")],
)
def test_the_quotes_of_the_original_stay(text: str, quote: str, expected: str) -> None:
    assert written(text, quote) == expected


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "x" * 4096])
def test_a_value_that_nginx_cannot_hold_in_a_line_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="is not written"):
        written(text)


# set_address_at


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


@pytest.mark.parametrize(
    "line, text, old, new", [case[1:] for case in ADDRESSES], ids=[case[0] for case in ADDRESSES]
)
def test_an_address_changes_and_nothing_else(line: int, text: str, old: str, new: str) -> None:
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
def test_no_address_is_changed_on_a_line_that_has_not_exactly_this_one(line: int, text: str) -> None:
    with pytest.raises(Refusal):
        set_address_at(text, line, PASS, OLD, NEW)


def test_an_address_with_a_newline_is_refused() -> None:
    with pytest.raises(Refusal):
        set_address_at("fastcgi_pass a;", 1, PASS, "a", "b;\ninclude /etc/shadow")


def test_an_edit_that_reads_otherwise_than_meant_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr(nginx_cuts, "written", lambda value, quote="": value)
    with pytest.raises(Refusal, match="more than the one directive"):
        set_address_at("fastcgi_pass a;", 1, PASS, "a", "b; c")
    with pytest.raises(Refusal, match="more than the one directive"):
        set_address_at("fastcgi_pass a;", 1, PASS, "a", "b {")


# set_beside


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


@pytest.mark.parametrize(
    "line, text, expected", [case[1:] for case in BESIDE], ids=[case[0] for case in BESIDE]
)
def test_a_directive_is_set_in_the_block_of_its_anchor(line: int, text: str, expected: str) -> None:
    after = set_beside(text, line, "fastcgi_pass", "fastcgi_read_timeout", ["90s"])
    assert after == expected
    assert set_beside(after, line, "fastcgi_pass", "fastcgi_read_timeout", ["90s"]) == after


def test_a_block_of_the_same_name_is_no_anchor() -> None:
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
def test_a_directive_is_not_set_where_its_place_is_not_certain(line: int, text: str, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        set_beside(text, line, "fastcgi_pass", "fastcgi_read_timeout", ["90s"])


@pytest.mark.parametrize("name", ["", "a b", "include", "a_by_lua_block", "a;b", "#a", "a\nb"])
def test_a_name_that_is_no_simple_directive_is_refused(name: str) -> None:
    with pytest.raises(Refusal):
        set_beside("location / { fastcgi_pass a; }", 1, "fastcgi_pass", name, ["1"])


# set_directive: where and what


SITE = (("server", "shop.example"), ("location", "~ \\.php$"))
SERVER = "server { server_name o.example; location ~ \\.php$ { root /o; } }\nserver {\n  server_name a.example shop.example;\n  location ~ \\.php$ {%s}\n}\n"

BODIES = [
    (
        "changed where it stands",
        "root",
        ["/y"],
        "\n    root /x; # root /x;\n    index a;\n  ",
        "\n    root /y; # root /x;\n    index a;\n  ",
    ),
    ("quotes stay", "root", ["/y"], " root '/x'; ", " root '/y'; "),
    ("quotes come where they are needed", "root", ["/y z"], " root /x; ", ' root "/y z"; '),
    ("more arguments", "index", ["a", "b", "c"], " index  a\tx; ", " index  a\tb c; "),
    ("fewer arguments", "index", ["a"], " index a  b\n  c ; ", " index a ; "),
    (
        "fewer arguments, the comments between them stay",
        "index",
        ["a"],
        "\n index a # one\n  b # two\n  c; ",
        "\n index a # one\n   # two\n  ; ",
    ),
    ("no argument at all", "internal", [], " internal; ", " internal; "),
    (
        "behind its family",
        "fastcgi_read_timeout",
        ["9s"],
        "\n    fastcgi_pass a;\n    fastcgi_index b; # c\n    root /x;\n  ",
        "\n    fastcgi_pass a;\n    fastcgi_index b; # c\n    fastcgi_read_timeout 9s;\n    root /x;\n  ",
    ),
    (
        "a name that only begins like the family is none",
        "fastcgi_read_timeout",
        ["9s"],
        "\n    fastcgix_a 1;\n    root /x;\n  ",
        "\n    fastcgix_a 1;\n    root /x;\n    fastcgi_read_timeout 9s;\n  ",
    ),
    (
        "a family inside an inner block is none",
        "fastcgi_read_timeout",
        ["9s"],
        "\n    if ($a) { fastcgi_pass a; }\n    root /x;\n  ",
        "\n    if ($a) { fastcgi_pass a; }\n    root /x;\n    fastcgi_read_timeout 9s;\n  ",
    ),
    (
        "at the end of the block, below its comments",
        "root",
        ["/x"],
        "\n\tindex a;\n\n\t# last\n  ",
        "\n\tindex a;\n\n\t# last\n\troot /x;\n  ",
    ),
    ("at the end of a one-line block", "root", ["/x"], " index a; ", " index a; root /x; "),
    ("at the end of a one-line block without spaces", "root", ["/x"], "index a;", "index a; root /x;"),
    ("in a block with nothing inside", "root", ["/x"], "", " root /x; "),
    ("in a block with a space inside", "root", ["/x"], " ", " root /x; "),
    ("in an empty block over two lines", "root", ["/x"], "\n  ", "\n    root /x;\n  "),
    (
        "in a block of comments only",
        "root",
        ["/x"],
        " # a }\n  # root /x;\n  ",
        " # a }\n  # root /x;\n    root /x;\n  ",
    ),
    (
        "behind an inner block",
        "root",
        ["/x"],
        " if ($a) { return 403; } ",
        " if ($a) { return 403; } root /x; ",
    ),
    (
        "behind Lua",
        "root",
        ["/x"],
        " a_by_lua_block { root = '}' } ",
        " a_by_lua_block { root = '}' } root /x; ",
    ),
    (
        "the one with the same first argument",
        "fastcgi_param",
        ["B", "3"],
        " fastcgi_param A 1; fastcgi_param B 2; ",
        " fastcgi_param A 1; fastcgi_param B 3; ",
    ),
    (
        "another first argument is another directive",
        "fastcgi_param",
        ["C", "3"],
        "\n    fastcgi_param A 1;\n    root /x;\n  ",
        "\n    fastcgi_param A 1;\n    fastcgi_param C 3;\n    root /x;\n  ",
    ),
    (
        "a header of another name",
        "add_header",
        ["X-B", "b c", "always"],
        " add_header X-A a; ",
        ' add_header X-A a; add_header X-B "b c" always; ',
    ),
    (
        "an entry without a key that is there",
        "deny",
        ["all"],
        " deny 192.0.2.1; deny all; ",
        " deny 192.0.2.1; deny all; ",
    ),
    (
        "the words in a comment, a string and Lua are none",
        "root",
        ["/y"],
        "\n    # root /x;\n    set $a 'root /x;';\n    a_by_lua_block { root = 1 }\n  ",
        "\n    # root /x;\n    set $a 'root /x;';\n    a_by_lua_block { root = 1 }\n    root /y;\n  ",
    ),
    ("removed with its line", "root", None, "\n    root /x;\n    index a;\n  ", "\n    index a;\n  "),
    ("removed, its comment stays", "root", None, "\n    root /x; # why\n  ", "\n    # why\n  "),
    ("removed from within a line", "root", None, " index a; root /x; internal; ", " index a; internal; "),
    ("removed from the start of a line", "root", None, "\n    root /x;  index a;\n  ", "\n    index a;\n  "),
    ("removed from the end of a line", "root", None, "\n    index a;  root /x;\n  ", "\n    index a;\n  "),
    ("removed from a line without spaces", "root", None, "index a;root /x;internal;", "index a;internal;"),
    (
        "removed over several lines",
        "root",
        None,
        "\n    index a;\n    root\n\n  /x\n  ;\n  ",
        "\n    index a;\n  ",
    ),
    (
        "removed, the comments between its words stay",
        "root",
        None,
        "\n    root # one\n  /x # two\n  ; # three\n  ",
        "\n     # one\n   # two\n   # three\n  ",
    ),
    ("the last one removed", "root", None, " root /x; ", " "),
    (
        "one of several removed by its first argument",
        "add_header B",
        None,
        " add_header A 1; add_header B 2; ",
        " add_header A 1; ",
    ),
    ("what is not there is not removed", "root", None, " # root /x;\n rootx 1; ", " # root /x;\n rootx 1; "),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(
    "name, args, body, expected", [case[1:] for case in BODIES], ids=[case[0] for case in BODIES]
)
def test_a_directive_is_set_in_the_block_that_is_meant(
    name: str, args: Any, body: str, expected: str, newline: str
) -> None:
    text, wanted = ((SERVER % one).replace("\n", newline) for one in (body, expected))
    assert edit_main(text, SITE, name, args) == wanted


@pytest.mark.parametrize(
    "name, args, body, why",
    [
        ("root", ["/x"], " root /a;\n root /b; ", "several times: lines 4, 5"),
        ("root", None, " root /a; root /b; ", "several times"),
        ("add_header", ["A", "3"], " add_header A 1; add_header A 2; ", "several times"),
        ("add_header", None, " add_header A 1; add_header B 2; ", "several times"),
        ("root /x", None, " root /x; ", "not told apart"),
        ("error_page", ["404", "/b"], " error_page 500 /a; ", "which one is meant is not certain"),
        ("if", ["a"], " if ($a) { } ", "is a block"),
        ("include", ["a"], "", "no simple directive"),
        ("root", ["/x\n}"], "", "is not written"),
    ],
)
def test_a_directive_that_is_not_the_only_one_it_could_be_is_refused(
    name: str, args: Any, body: str, why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        edit_main(SERVER % body, SITE, name, args)


MANY = """http {
 upstream PHP { server a; }
 server { server_name _ Shop.Example .b.example; location / { } location ~ "\\.php$" { } location = /x { if ($a) { } } }
 server { server_name ~^(?<x>.+)$; location / { location /deep { } } }
 map $a $b { default 1; }
}
"""


@pytest.mark.parametrize(
    "selector, before",
    [
        ((("http", ""),), "default 1; }\n"),
        ((("upstream", "php"),), "PHP { server a;"),
        ((("server", "shop.example"),), "{ if ($a) { } }"),
        ((("server", "_"),), "{ if ($a) { } }"),
        ((("http", ""), ("server", ".b.example"), ("location", "~ \\.php$")), '~ "\\.php$" {'),
        ((("location", "~ \\.php$"),), '~ "\\.php$" {'),
        ((("server", "_"), ("if", "")), "if ($a) {"),
        ((("if", "($a)"),), "if ($a) {"),
        ((("server", "~^(?<x>.+)$"), ("location", "/")), "location / { location /deep { }"),
        ((("server", "~^(?<x>.+)$"), ("location", ""), ("location", "")), "/deep {"),
        ((("map", "$a $b"),), "default 1;"),
    ],
)
def test_a_selector_finds_its_block(selector: Any, before: str) -> None:
    start, _new, end = edit_main(MANY, selector, "zz", ["1"]).partition(" zz 1;")
    assert start.endswith(before)
    assert start + end.lstrip("\n") == MANY or start + end == MANY


@pytest.mark.parametrize(
    "selector, why",
    [
        ((("server", ""),), r"2 blocks match: /etc/nginx/nginx.conf:3, /etc/nginx/nginx.conf:4\Z"),
        ((("location", "/"),), "2 blocks match"),
        ((("server", "shop"),), "no such block"),
        ((("server", "~^(?<X>.+)$"),), "no such block"),
        ((("location", "~ \\.PHP$"),), "no such block"),
        ((("location", "/x"),), "no such block"),
        ((("location", ""), ("server", "shop.example")), "no such block"),
        ((("map", "$a $b"), ("location", "/deep")), "no such block"),
        ((("upstream", "a"),), "no such block"),
        ((("stream", ""),), "no such block"),
        ((("default", ""),), "no such block"),
        ((("location", "$a $b"),), "no such block"),
    ],
)
def test_a_selector_that_fits_no_block_or_several_is_refused(selector: Any, why: str) -> None:
    with pytest.raises(Refusal, match=why):
        edit_main(MANY, selector, "zz", ["1"])


@pytest.mark.parametrize(
    "text, name, args, expected",
    [
        (
            "user a;\npid b;\n\nevents { }\nhttp { }\n",
            "worker_processes",
            ["2"],
            "user a;\npid b;\nworker_processes 2;\n\nevents { }\nhttp { }\n",
        ),
        ("user a;", "worker_processes", ["2"], "user a;\nworker_processes 2;"),
        ("user b;\r\nuser_x a;", "user_y", ["2"], "user b;\r\nuser_x a;\r\nuser_y 2;"),
        ("events { }\n", "pid", ["x"], "pid x;\nevents { }\n"),
        ("", "pid", ["x"], "pid x;\n"),
        (BOM + "user a;\n", "user", ["b"], BOM + "user b;\n"),
        (BOM + "user a;\n", "user_x", ["b"], BOM + "user a;\nuser_x b;\n"),
        ("user a;\npid b;", "pid", None, "user a;"),
        ("user a;\r\npid b;", "pid", None, "user a;"),
        ("pid b;", "pid", None, ""),
        ("pid b;\nuser a;\nhttp { pid b; }", "pid", None, "user a;\nhttp { pid b; }"),
    ],
)
def test_an_empty_selector_is_the_main_level(text: str, name: str, args: Any, expected: str) -> None:
    assert edit_main(text, (), name, args) == expected


def test_a_byte_order_mark_does_not_go_with_its_directive() -> None:
    with pytest.raises(Refusal):
        edit_main(BOM + "user a;\npid b;\n", (), "user", None)


# set_directive: includes


FLEET = {
    MAIN: "http {\n  include sites/*.conf;\n  include mime.types;\n}\n",
    "/etc/nginx/mime.types": "types { a b; }\n",
    "/etc/nginx/sites/a.conf": "server { server_name a; include own.conf; location / { include snip.conf; "
    "include params; } }\n",
    "/etc/nginx/sites/b.conf": "server { server_name b c; include snip.conf; location / { include params; } "
    "}\n",
    "/etc/nginx/sites/c.conf": "server { server_name c; root /c; }\nserver { server_name d; root /d; }\n",
    "/etc/nginx/own.conf": "# mine\r\nroot /own;\r\nlocation /own {\r\n\tindex a;\r\n}",
    "/etc/nginx/snip.conf": "location ~ \\.php$ { fastcgi_pass x; }\n",
    "/etc/nginx/params": "fastcgi_param A 1;\nfastcgi_param B 2;\n",
}


@pytest.mark.parametrize(
    "selector, name, args, file, path, old, new",
    [
        ((("server", "a"),), "root", ["/new"], None, "own.conf", "root /own;", "root /new;"),
        ((("server", "a"),), "root", None, None, "own.conf", "root /own;\r\n", ""),
        (
            (("location", "/own"),),
            "expires",
            ["1d"],
            None,
            "own.conf",
            "\tindex a;\r\n",
            "\tindex a;\r\n\texpires 1d;\r\n",
        ),
        ((("server", "d"),), "root", ["/new"], None, "sites/c.conf", "root /d;", "root /new;"),
        (
            (("server", "c"),),
            "root",
            ["/new"],
            "/etc/nginx/sites/c.conf",
            "sites/c.conf",
            "root /c;",
            "root /new;",
        ),
        ((("server", "a"),), "index", ["x"], None, "sites/a.conf", "} }", "} index x; }"),
        ((("location", "~ \\.php$"),), "fastcgi_pass", ["y"], None, "snip.conf", "x", "y"),
        (
            (("location", "~ \\.php$"),),
            "fastcgi_index",
            ["y"],
            None,
            "snip.conf",
            "x;",
            "x; fastcgi_index y;",
        ),
        (
            (("server", "a"), ("location", "/")),
            "fastcgi_param",
            ["C", "3"],
            None,
            "sites/a.conf",
            "include params;",
            "include params; fastcgi_param C 3;",
        ),
        ((("http", ""),), "gzip", ["on"], None, "nginx.conf", "types;\n", "types;\n  gzip on;\n"),
    ],
)
def test_includes_are_followed_and_the_right_file_is_edited(
    selector: Any, name: str, args: Any, file: Any, path: str, old: str, new: str
) -> None:
    path = "/etc/nginx/" + path
    assert edit(FLEET, selector, name, args, file) == [
        Edited(path, FLEET[path], FLEET[path].replace(old, new))
    ]


@pytest.mark.parametrize(
    "selector, name, args, file, why",
    [
        (
            (("server", "c"),),
            "root",
            ["/new"],
            None,
            "2 blocks match: /etc/nginx/sites/b.conf:1, /etc/nginx/sites/c.conf:1",
        ),
        (
            (("server", ""),),
            "root",
            ["/new"],
            "/etc/nginx/sites/c.conf",
            "2 blocks match: /etc/nginx/sites/c.conf:1, /etc/nginx/sites/c.conf:2",
        ),
        (
            (("server", "a"),),
            "root",
            ["/new"],
            "/etc/nginx/sites/b.conf",
            "no such block in /etc/nginx/sites/b.conf",
        ),
        (
            (("server", "a"), ("location", "~ \\.php$")),
            "fastcgi_pass",
            ["y"],
            None,
            "snip.conf: line 1 is included elsewhere too: .*sites/b.conf:1 > .*snip.conf:1",
        ),
        (
            (("server", "b"), ("location", "~ \\.php$")),
            "fastcgi_index",
            ["y"],
            None,
            "snip.conf: line 1 is included elsewhere too: .*sites/a.conf:1 > ",
        ),
        (
            (("server", "b"), ("location", "/")),
            "fastcgi_param",
            ["A", "2"],
            None,
            "params: line 1 is included elsewhere too: .*sites/a.conf:1 > .*sites/a.conf:1",
        ),
        (
            (("server", "b"), ("location", "/")),
            "fastcgi_param A",
            None,
            None,
            "params: line 1 is included elsewhere too",
        ),
    ],
)
def test_what_other_blocks_share_is_left_alone(
    selector: Any, name: str, args: Any, file: Any, why: str
) -> None:
    with pytest.raises(Refusal, match=why):
        edit(FLEET, selector, name, args, file)


@pytest.mark.parametrize(
    "files, why",
    [
        (
            {
                MAIN: "include a;",
                "/etc/nginx/a": "http { include b; }",
                "/etc/nginx/b": "server { include a; }",
            },
            '/etc/nginx/b: line 1: include "/etc/nginx/a" comes back to itself',
        ),
        (
            {MAIN: "http { }\ninclude a;"},
            "/etc/nginx/a cannot be read, which /etc/nginx/nginx.conf:2 includes",
        ),
        ({}, "/etc/nginx/nginx.conf cannot be read"),
        ({MAIN: "http { }\ninclude a;", "/etc/nginx/a": "b"}, "/etc/nginx/a: line 1: unexpected end of file"),
    ],
)
def test_a_configuration_that_cannot_be_read_whole_is_left_alone(files: Dict[str, str], why: str) -> None:
    with pytest.raises(Refusal, match=why):
        edit(files, (("http", ""),), "gzip", ["on"])


def test_more_directives_than_anybody_writes_are_not_followed() -> None:
    files = {"/etc/nginx/%d" % number: "include %d;" % (number + 1) * 10 for number in range(9)}
    files.update({MAIN: "include 0;", "/etc/nginx/9": "a;"})
    with pytest.raises(Refusal, match="more than 400000 directives"):
        edit(files, (), "pid", ["x"])


# Debian's own files


@pytest.mark.parametrize("version", ["1.18.0-debian11", "1.22.1-debian12", "1.26.3-debian13"])
def test_debians_default_server_gets_a_directive_in_a_line_of_its_own(version: str) -> None:
    top = os.path.join(FIXTURES, version + "-default")
    files = {
        "/etc/nginx/" + os.path.relpath(path, top): fixture(path)
        for path in fixture_files()
        if path.startswith(top + os.sep)
    }
    files["/etc/nginx/sites-enabled/default"] = files["/etc/nginx/sites-available/default"]
    before = files["/etc/nginx/sites-enabled/default"]
    wanted: List[Tuple[Any, str, Any, Callable[[str], str]]] = [
        (
            (("server", "_"),),
            "root",
            ["/srv"],
            lambda text: text.replace("\n\troot /var/www/html;", "\n\troot /srv;"),
        ),
        (
            (("server", "_"),),
            "server_tokens",
            ["off"],
            lambda text: text.replace("\tserver_name _;\n", "\tserver_name _;\n\tserver_tokens off;\n"),
        ),
        (
            (("server", "_"), ("location", "/")),
            "expires",
            ["1h"],
            lambda text: text.replace(
                "/ =404;\n\t}\n\n\t# pass", "/ =404;\n\t\texpires 1h;\n\t}\n\n\t# pass", 1
            ),
        ),
        (
            (("server", "_"),),
            "charset",
            ["utf-8"],
            lambda text: text.replace("#}\n}\n", "#}\n\tcharset utf-8;\n}\n", 1),
        ),
    ]
    for selector, name, args, expected in wanted:
        assert edit(files, selector, name, args) == [
            Edited("/etc/nginx/sites-enabled/default", before, expected(before))
        ]
        assert expected(before) != before
    assert (
        edit(files, (("http", ""),), "keepalive_timeout", ["5"])[0].after.count("\n\tkeepalive_timeout 5;\n}")
        == 1
    )
