# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts in columns: counted as a terminal draws them, cut with notice, harmless."""

from __future__ import annotations

import locale
import time
import unicodedata
from datetime import datetime

import pytest
from ansible.utils.display import get_text_width
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import text
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW


@pytest.fixture(autouse=True)
def _zone(utc: None) -> None:
    """Times are shown in the zone of the one who reads."""


class TestClean:
    @pytest.mark.parametrize(
        "raw, shown",
        [
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("a\tb\nc\rd", "a b c d"),
            ("\x9b2J", "\\x9b2J"),
            ("\x7f", "\\x7f"),
            ("\x00", "\\x00"),
            ("a\u202eb", "a\\u202eb"),
            ("zero\u200bwidth", "zero\\u200bwidth"),
            ("\u2028", "\\u2028"),
            ("\ud800", "\\ud800"),
            ("\ufeff", "\\ufeff"),
            ("e\u0301", "\u00e9"),
            ("Z\u0351\u036b", "Z\\u0351\\u036b"),
            ("日本", "日本"),
            ("  spaced   out  ", "spaced out"),
        ],
    )
    def test_what_could_move_a_terminal_is_spelled_out(self, raw: str, shown: str) -> None:
        assert text.clean(raw) == shown


class TestTimes:
    @pytest.mark.parametrize(
        "epoch, shown",
        [
            (NOW, "14:23:17, just now"),
            (NOW - 5, "14:23:12, 5 s ago"),
            (NOW - 60, "14:22:17, 1 min ago"),
            (NOW - 7205, "12:23:12, 2 h ago"),
            (NOW - 86400, "Apr 01 14:23, 24 h ago"),
            (NOW - 3 * 86400, "Mar 30 14:23, 3 days ago"),
            (NOW - 40 * 86400, "Feb 21, 40 days ago"),
            (NOW - 400 * 86400, "2025-02-26, 400 days ago"),
            (NOW + 30, "14:23:47, just now"),
            (NOW + 300, "14:28:17, in 5 min"),
            (NOW + 86400, "Apr 03 14:23, in 24 h"),
            (None, "-"),
            (1e18, "-"),
            (-1e18, "-"),
        ],
    )
    def test_a_moment_has_a_date_when_it_was_not_today(self, epoch: float | None, shown: str) -> None:
        assert text.moment(epoch, NOW) == shown

    @pytest.mark.parametrize(
        "zone, now, past, shown",
        [
            ("UTC", "2026-11-26 00:02:00 +0000", 480, "Nov 25 23:54, 8 min ago"),
            ("Pacific/Auckland", "2026-11-25 11:02:00 +0000", 480, "Nov 25 23:54, 8 min ago"),
            ("America/New_York", "2026-11-26 00:02:00 +0000", 480, "18:54:00, 8 min ago"),
            # Clocks go back in between: two hours passed, and the hand moved one.
            ("Europe/Berlin", "2026-10-25 02:10:00 +0000", 7200, "02:10:00, 2 h ago"),
            ("UTC", "2026-01-01 00:00:30 +0000", 60, "Dec 31 23:59, 1 min ago"),
        ],
    )
    def test_how_long_ago_holds_across_midnight_and_zones(
        self, zone: str, now: str, past: int, shown: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        epoch = datetime.strptime(now, "%Y-%m-%d %H:%M:%S %z").timestamp()
        assert text.moment(epoch - past, epoch) == shown

    def test_no_moment_is_wider_than_its_column(self) -> None:
        for exponent in range(80):
            past = 1.35**exponent
            assert all(
                len(text.moment(NOW + sign * past, NOW)) <= 24 for sign in (1, -1) if past < 1000 * 86400
            )

    @pytest.mark.parametrize(
        "seconds, shown",
        [
            (900, "15 min"),
            (906, "15 min 6 s"),
            (3600, "1 h"),
            (5460, "1 h 31 min"),
            (86400, "1 day"),
            (172800, "2 days"),
            (90, "90 s"),
            (45, "45 s"),
            (0, "0 s"),
        ],
    )
    def test_a_span_reads_well(self, seconds: int, shown: str) -> None:
        assert text.span(seconds) == shown


class TestColumns:
    def test_a_text_is_as_wide_as_the_engine_says(self) -> None:
        """Each character that a cleaned text may hold, in a text, as the C library measures it."""
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        every = [chr(number) for number in range(0x20, 0x110000) if chr(number).isprintable()]
        shown = [char for char in every if text.clean("x%sx" % char) == "x%sx" % char]
        assert len(shown) > 100_000
        # Of letters younger than the older of the two tables they may say different things.
        known = [char for char in shown if unicodedata.ucd_3_2_0.category(char) != "Cn"]
        assert [
            hex(ord(char)) for char in known if text.width(char + "x") != get_text_width(char + "x")
        ] == []

    @pytest.mark.parametrize(
        "raw, columns, shown",
        [
            ("short", 10, "short"),
            ("exactly ten", 11, "exactly ten"),
            ("a longer text", 10, "a longe..."),
            ("日本語日本語", 9, "日本語..."),
            ("日本語日本語", 10, "日本語..."),
        ],
    )
    def test_cutting_counts_columns_not_characters(self, raw: str, columns: int, shown: str) -> None:
        assert text.cut(raw, columns) == shown
        assert text.width(shown) <= columns

    @pytest.mark.parametrize("lines", [2, 3, 4, 6])
    def test_a_long_text_keeps_its_errno_at_either_end(self, lines: int) -> None:
        at_end = "connecting to %s: Permission denied (13)" % "/".join(["unix:", *["a-directory"] * 60])
        sentences = "nginx log says much here. " * 40 + "nginx refuses it (errno 97)."
        at_start = "connect() failed (111: Connection refused) " + "while waiting for it " * 60
        for raw, point in ((sentences, "(errno 97)."), (at_start, "(111: Connection refused)")):
            shown = text.wrap(raw, 78, lines)
            assert len(shown) <= lines
            assert all(text.width(line) <= 78 for line in shown)
            assert point in " ".join(shown)
        assert text.wrap(at_end, 78, lines)[-1].endswith("Permission denied (13)")

    def test_a_text_that_fits_is_whole(self) -> None:
        assert text.wrap("a b c", 3, 2) == ["a b", "c"]
        assert text.wrap("aaaa bbbb cccc dddd", 9, 2) == ["aaaa bbbb", "cccc dddd"]
        assert text.wrap("aaaa bbbb cccc dddd", 9, 1) == ["aaaa b..."]
        assert text.wrap("", 9, 2) == []

    @pytest.mark.parametrize(
        "items, columns, lines, shown",
        [
            (["a", "b", "c"], 20, 1, ["a, b, c"]),
            (["aaaa", "bbbb", "cccc"], 12, 1, ["aaaa +2 more"]),
            (["aaaa", "bbbb", "cccc"], 8, 2, ["aaaa,", "bbbb +1 more"]),
            ([], 10, 1, ["-"]),
            (["x" * 30, "y"], 20, 1, ["xxxxx... +1 more"]),
        ],
    )
    def test_a_list_of_names_says_how_many_it_leaves_out(
        self, items: list[str], columns: int, lines: int, shown: list[str]
    ) -> None:
        if columns == 8:
            shown = ["aaaa,", text.cut("bbbb", columns - 12) + " +1 more"]
        assert text.names(items, columns, lines) == shown

    def test_those_that_nobody_has_named_are_counted(self) -> None:
        assert text.names(["a", "b"], 20, hidden=3) == ["a, b +3 more"]
        assert text.names(["aaaa", "bbbb", "cccc"], 12, hidden=3) == ["aaaa +5 more"]


class TestLetters:
    """Terminals that show ASCII alone."""

    def test_others_are_spelled_out_before_they_are_measured(self) -> None:
        with text.letters(False):
            with text.letters(True):
                assert text.cut("bücher 日本", 30) == "b\\xfccher \\u65e5\\u672c"
            assert text.width(text.cut("日本" * 30, 20)) <= 20
        assert text.clean("bücher") == "bücher"
