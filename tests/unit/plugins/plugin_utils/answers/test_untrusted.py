# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The readers: what passes is of the kind that was asked for, in bounds, and hides nothing from people."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers import untrusted
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.answers.untrusted import Limits, Mismatch

HIDDEN = [
    *range(0x09),
    0x0B,
    0x0C,
    *range(0x0E, 0x20),
    *range(0x7F, 0xA0),
    0xAD,
    0x61C,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xD800, 0xE000),
    *range(0xE0000, 0xE0080),
    0x10FFFF,
]


class TestClean:
    """Hidden characters."""

    def test_a_character_that_acts_or_hides_is_replaced(self) -> None:
        assert {untrusted.clean("a%sb" % chr(code)) for code in HIDDEN} == {"a?b", "a b"}

    def test_every_other_character_is_drawn_or_ends_a_line(self) -> None:
        left = untrusted.clean("".join(chr(code) for code in range(0x110000)))
        assert {unicodedata.category(char) for char in set(left) - set("\t\n")} & {
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
        } == set()

    @pytest.mark.parametrize("text", ["", "plain", "tab\there\nand a line", "müller 日本語 e\u0301 ©", "~ !"])
    def test_near_miss_what_people_write_stays(self, text: str) -> None:
        assert untrusted.clean(text) == text


class TestReaders:
    """One value of a declared kind."""

    @pytest.mark.parametrize(
        "reader, value, says",
        [
            (untrusted.number, True, "x is true or false"),
            (untrusted.number, "1", "x is a text"),
            (untrusted.number, None, "x is missing"),
            (untrusted.number, 10**400, "x is out of bounds"),
            (untrusted.number, -(10**400), "x is out of bounds"),
            (untrusted.number, float("nan"), "x is out of bounds"),
            (untrusted.number, float("-inf"), "x is out of bounds"),
            (untrusted.number, 1e20, "x is out of bounds"),
            (untrusted.count, -1, "x is out of bounds"),
            (untrusted.count, 1.0, "x is a number"),
            (untrusted.integer, False, "x is true or false"),
            (untrusted.moment, -0.1, "x is out of bounds"),
            (untrusted.moment, 1e12, "x is out of bounds"),
            (untrusted.text, b"x", "x is of no kind that JSON has"),
            (untrusted.text, {}, "x is a dict"),
            (untrusted.flag, 1, "x is a number"),
            (untrusted.flag, "no", "x is a text"),
            (untrusted.mapping, [], "x is a list"),
            (untrusted.identifier, "a-b", "x is no identifier"),
            (untrusted.identifier, "a\n", "x is no identifier"),
            (untrusted.identifier, 7, "x is a number"),
            (untrusted.one_of("a", "b"), "c", "x is none of a, b"),
            (untrusted.one_of("a"), ["a"], "x is a list"),
            (untrusted.listed(untrusted.text), "ab", "x is a text"),
            (untrusted.record(y=untrusted.text), [], "x is a list"),
            (untrusted.record(y=untrusted.text), {}, "x.y is missing"),
        ],
    )
    def test_a_value_of_another_kind_is_refused_with_its_place(
        self, reader: Any, value: Any, says: str
    ) -> None:
        with pytest.raises(Mismatch) as error:
            reader(value, "x")
        assert str(error.value) == says

    @pytest.mark.parametrize(
        "reader, value",
        [
            (untrusted.number, 2**64),
            (untrusted.number, -1.5),
            (untrusted.count, 0),
            (untrusted.moment, 1795388580.25),
            (untrusted.flag, False),
            (untrusted.integer, -3),
            (untrusted.identifier, "fpm_not_running"),
            (untrusted.mapping, {"a": [1, None, {"b": 2.5}]}),
        ],
    )
    def test_a_value_of_the_right_kind_passes_unchanged(self, reader: Any, value: Any) -> None:
        assert reader(value, "x") == value

    def test_the_words_of_a_host_are_not_in_the_message(self) -> None:
        with pytest.raises(Mismatch) as error:
            untrusted.mapping({"secret\x1b": {"deep": [[[[[[[1]]]]]]]}}, "x")
        assert "secret" not in str(error.value) and "deep" not in str(error.value).replace("deeper", "")


class TestPlain:
    """Data without a shape."""

    @pytest.mark.parametrize(
        "value, says",
        [
            ([0] * 11, "larger than 10 values"),
            (["x" * 5] * 5, "larger than 20 chars"),
            ({"x" * 5: "x" * 5, "y" * 5: "y" * 6}, "larger than 20 chars"),
            ([[[[1]]]], "nested deeper than 3 levels"),
            ({"a": {"b": {"c": {}}}}, "nested deeper than 3 levels"),
            ({1, 2}, "of no kind that JSON has"),
            ([{"a": object()}], "of no kind that JSON has"),
        ],
    )
    def test_it_is_bounded_in_depth_number_and_length(self, value: Any, says: str) -> None:
        with pytest.raises(Mismatch, match=says):
            untrusted.plain(value, "x", Limits(depth=3, values=10, text=6, chars=20))

    def test_a_list_that_holds_itself_is_refused(self) -> None:
        endless: list[Any] = []
        endless.append(endless)
        with pytest.raises(Mismatch, match="nested deeper"):
            untrusted.plain(endless, "x")
