# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the words of a statement stand, and how a word is written."""

import json
import os
import re
from typing import List, Tuple

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_cuts import written
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.nginx_places import Source
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.lexer import (
    Spans,
    statements,
    unescape,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.nginx_files import (
    FIXTURES,
    fixture,
    fixture_files,
)


def value(text: str, start: int, end: int) -> str:
    """A word as nginx stores it."""
    raw = text[start:end]
    return unescape(raw[1:-1] if raw[0] in "\"'" else raw)


def read_by_spans(text: str) -> List[Tuple[List[str], str, int]]:
    """The statements, read by their spans. Between two spans there is nothing but space and comments."""
    spans: List[Spans] = []
    lexed, fault = statements(text, spans)
    assert fault is None
    read, at = [], 0
    for (words, stop), (_args, end, _line) in zip(spans, lexed):
        first = words[0][0] if words else stop
        read.append(([value(text, *word) for word in words], text[stop], text.count("\n", 0, first) + 1))
        for start, behind in words + [(stop, stop + 1)]:
            between = re.sub(r"#[^\n]*", "", text[at:start])
            assert not between.strip(" \t\r\n") or end == "}"  # the end of a block of Lua
            at = behind
    assert not re.sub(r"#[^\n]*", "", text[at:]).strip(" \t\r\n")
    return read


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


class TestSpans:
    @pytest.mark.parametrize("path", fixture_files(), ids=lambda path: os.path.relpath(path, FIXTURES))
    def test_hold_each_word_of_real_files(self, path: str) -> None:
        lexed, fault = statements(fixture(path))
        assert fault is None
        assert read_by_spans(fixture(path)) == lexed
        assert len(lexed) > 3

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
    def test_hold_each_word_of_odd_texts(self, text: str) -> None:
        assert read_by_spans(text) == statements(text)[0]
        for place in Source("", text).every():
            assert text[place.stop] == (";" if place.inside is None else "{")
            assert text[place.end - 1] == (";" if place.inside is None else "}")


class TestWritten:
    @pytest.mark.parametrize(
        "text", ["unix:/run/a.sock", "a#b", "a}b", 'mid"quote', "${x}y", "~ \\.php$"[2:], "a\\;b", "it's"]
    )
    def test_a_value_that_needs_no_quotes_gets_none(self, text: str) -> None:
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
    def test_a_value_is_quoted_where_nginx_needs_it(self, text: str, expected: str) -> None:
        assert written(text) == expected
        assert statements("x %s;" % expected)[0] == [(["x", text], ";", 1)]

    @pytest.mark.parametrize(
        "text, quote, expected",
        [("a", "'", "'a'"), ("a", '"', '"a"'), ("a'b", "'", "'a\\'b'"), ('a"b', "'", "'a\"b'")],
    )
    def test_the_quotes_of_the_original_stay(self, text: str, quote: str, expected: str) -> None:
        assert written(text, quote) == expected

    @pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "x" * 4096])
    def test_a_value_that_nginx_cannot_hold_in_a_line_is_refused(self, text: str) -> None:
        with pytest.raises(Refusal, match="is not written"):
            written(text)
