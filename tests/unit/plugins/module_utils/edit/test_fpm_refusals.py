# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The editor of php-fpm's configuration: what it refuses, and what it leaves as it is."""

from typing import Dict

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.edit.fpm_text import set_directives
from ansible_collections.webmedic.php_fpm.plugins.module_utils.work.step import Refusal
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.module_utils.edit.fpm_files import (
    Settings,
    alone,
    edit,
    edited,
)


class TestRefusals:
    @pytest.mark.parametrize(
        "files, pool, settings, why",
        [
            ({"/c": "[www]\nx = 1\n"}, "api", [("x", "1")], r"no pool \[api\] in /c"),
            ({"/c": ";[www]\n[global]\nx = 1\n"}, "www", [("x", "1")], r"no pool \[www\]"),
            ({"/c": "[global]\nx = 1\n"}, "global", [("x", "2")], r"no pool \[global\]"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x", "1\ny = 2")], "one line"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x", "1\r")], "one line"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x", "1\0")], "one line"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x\n", "1")], "no directive"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x = 1\ny", "1")], "no directive"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("access.suppress_path[]", "/a")], "no directive"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("env[a]b]", "/a")], "no directive"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("Include", "/a")], "no directive"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("", "/a")], "no directive"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x", "2"), ("X", "3")], "X is asked for twice"),
            (
                {"/c": "[www]\nx = 1\n"},
                "www",
                [("clear_env", "maybe")],
                "clear_env is yes or no, and not what is asked for",
            ),
            ({"/c": "[www]\nx = 1\n"}, "www", [("clear_env", "no ; x")], "clear_env is yes or no"),
            ({"/c": "[www]\nx = 1\n"}, "www", [("x", "${A}'\"")], "no spelling for the value of x"),
            (
                {"/c": "[www]\nx = ${X:-1}\n"},
                "www",
                [("x", "1")],
                "x is set from the environment in /c, line 2",
            ),
            (
                {"/c": "[www]\nx = 1\ninclude = ${D}/*\n"},
                "www",
                [("x", "2")],
                "an include of /c depends on the environment",
            ),
            ({"/c": "[www]\nx = 1\r; x\n"}, "www", [("x", "2")], "lone carriage return"),
            ({"/c": "[www]\nx = 1\0\n"}, "www", [("x", "2")], "NUL"),
        ],
    )
    def test_what_cannot_be_done_safely_is_refused(
        self, files: Dict[str, str], pool: str, settings: Settings, why: str
    ) -> None:
        with pytest.raises(Refusal, match=why):
            edit(files, pool, settings)

    def test_a_file_that_cannot_be_read_is_refused(self) -> None:
        with pytest.raises(Refusal, match="/s cannot be read"):
            set_directives(
                "/c",
                {"/c": "[www]\nx = 1\ninclude = /s\n"}.get,
                lambda pattern: [pattern],
                "www",
                [("x", "2")],
            )
        with pytest.raises(Refusal, match="/c cannot be read"):
            set_directives("/c", lambda path: None, lambda pattern: [], None, [("x", "2")])

    def test_a_value_that_would_break_its_line_is_refused(self) -> None:
        text = "[www]\nx = a' left open\n"
        assert alone(text, [("x", "b")]) == text.replace("= a", "= b")
        with pytest.raises(Refusal, match="x would not read back as asked"):
            edit({"/c": text}, "www", [("x", "")])


class TestLeftAlone:
    @pytest.mark.parametrize("broken", ["[www\n", 'x = "1\n', "x\n", "= 5\n", "include = /c\n"])
    def test_a_line_that_php_fpm_refuses_stays_as_it_is(self, broken: str) -> None:
        text = "[www]\nx = 1\n" + broken
        assert alone(text, [("x", "2")]) == text.replace("= 1", "= 2")

    def test_an_include_that_goes_too_deep_is_not_read(self) -> None:
        files = {"/c%d" % depth: "include = /c%d\n[p%d]\n" % (depth + 1, depth) for depth in range(5)}
        files["/c5"] = "[p5]\nx = 1\n"
        assert edited(files, "p0", [("x", "2")]) == {"/c0": "include = /c1\n[p0]\nx = 2\n"}
