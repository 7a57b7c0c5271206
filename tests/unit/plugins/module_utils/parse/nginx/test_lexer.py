# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lexer against what nginx -t said about the same texts, and against hostile input. It is nginx of Debian
11, 12 and 13: all three said the same.
"""

import json
import os
import time
from typing import Any, List

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.parse.nginx.lexer import statements
from ansible_collections.webmedic.php_fpm.tests.unit.places import fixtures

FIXTURES = fixtures("nginx")


def recorded() -> List[Any]:
    with open(os.path.join(FIXTURES, "1.26.3-debian13-syntax.json"), encoding="utf-8") as stream:
        return json.load(stream)


class TestAgainstNginx:
    @pytest.mark.parametrize("case", recorded(), ids=lambda case: repr(case["text"])[:40])
    def test_says_what_nginx_says(self, case: Any) -> None:
        text = (
            case["text"]
            if isinstance(case["text"], str)
            else "".join(piece * times for piece, times in case["text"])
        )
        cut, fault = statements(text)
        words = case["said"] or ""
        if cut:
            args, end, _line = cut[0]
            if args[0] != "user":
                assert words == 'unknown directive "%s"' % args[0]
            elif end == "{":
                assert words == 'directive "user" is not terminated by ";"'
            elif len(args) in (2, 3):
                assert words.startswith(('getpwnam("%s") failed' % args[1])[:60])
            else:
                assert words == 'invalid number of arguments in "user" directive'
        elif fault:
            assert (fault.text, fault.line) == (words, case["line"])
        else:
            assert words == 'no "events" section in configuration'


class TestStatements:
    def test_lines_are_those_of_the_first_argument(self) -> None:
        cut, fault = statements('a;\n# b\n\nhttp\n{ x\n  "y\nz"; }\nlast 1\n 2;')
        assert fault is None
        assert list(cut) == [
            (["a"], ";", 1),
            (["http"], "{", 4),
            (["x", "y\nz"], ";", 5),
            ([], "}", 7),
            (["last", "1", "2"], ";", 8),
        ]

    def test_what_stands_before_a_fault_is_kept(self) -> None:
        cut, fault = statements('good 1;\ngood 2;\nbad "x"y;\ngood 3;\n')
        assert [args for args, _end, _line in cut] == [["good", "1"], ["good", "2"]]
        assert fault == (3, 'unexpected "y"')

    @pytest.mark.parametrize(
        "lua",
        [
            "ngx.say('}')",
            'ngx.say("\\"}")',
            "-- }\n",
            "--[[ } ]]",
            "--[==[ ]] } ]==]",
            "x = [[ }} ]]",
            "t = {1, {2}} -- {\n",
            "it = 'don\\'t }'",
        ],
    )
    def test_block_of_lua_ends_at_its_own_brace(self, lua: str) -> None:
        cut, fault = statements("location / {\n content_by_lua_block {\n %s \n }\n return 200;\n}\n" % lua)
        assert fault is None
        assert [args for args, _end, _line in cut] == [
            ["location", "/"],
            ["content_by_lua_block"],
            [],
            ["return", "200"],
            [],
        ]

    def test_block_of_lua_without_an_end_is_a_fault(self) -> None:
        assert statements("init_by_lua_block { x = '}'\n")[1] == (2, 'unexpected end of file, expecting "}"')


MEGABYTE = 1024 * 1024


class TestHostileText:
    @pytest.mark.long
    @pytest.mark.parametrize(
        "text",
        [
            "a" * MEGABYTE * 5,
            "a " * (MEGABYTE // 2),
            " " * MEGABYTE,
            "\n" * MEGABYTE,
            '"' + "a" * MEGABYTE,
            "'" + "\\a" * (MEGABYTE // 2),
            "\\" * MEGABYTE,
            "$" * MEGABYTE,
            "${" * (MEGABYTE // 2),
            "{" * MEGABYTE,
            "}" * MEGABYTE,
            ";" * MEGABYTE,
            "#" * MEGABYTE,
            "a" + " " * MEGABYTE + '"',
            "a b c d e f " * (MEGABYTE // 12) + '"x',
            "\0" * MEGABYTE,
            "a{" * (MEGABYTE // 2),
            "a;" * (MEGABYTE // 2),
            '"a" ' * (MEGABYTE // 4),
            "x_by_lua_block {" + "'\\" * (MEGABYTE // 2),
            "x_by_lua_block {" + "[[" * (MEGABYTE // 2),
            "#\n" * (MEGABYTE // 2),
            "\ufffd\x00\x01{};'\"" * 1000,
        ],
        ids=lambda text: repr(text[:12]),
    )
    def test_megabytes_end_soon_without_an_exception(self, text: str) -> None:
        before = time.process_time()
        statements(text)
        assert time.process_time() - before < 10, "not linear in the length of the text"

    def test_binary_garbage_is_a_fault(self) -> None:
        garbage = bytes(bytearray((index * 7919 + index // 256) % 256 for index in range(100000))).decode(
            "utf-8", "replace"
        )
        assert statements(garbage)[1] is not None
