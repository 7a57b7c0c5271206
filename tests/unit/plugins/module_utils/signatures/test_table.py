# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of messages: what is refused when they are loaded, and how a text is found in one."""

import pytest
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures import kinds
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.lookup import (
    OF_START,
    OF_UNIT,
    meaning_of,
    meanings,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.nginx import (
    LOST,
    MEANINGS,
    NGINX,
    UNKNOWN,
)
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import MEANINGS as OF_FPM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_fpm import PHP_FPM
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.php_start import PHP_START
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.systemd import SYSTEMD
from ansible_collections.webmedic.php_fpm.plugins.module_utils.signatures.table import Signature, Table

FIRST = "x-slow start 504 late it took %d s"


def table(text: str) -> Table:
    return Table(("start", "end"), frozenset(("late", "lost")), text)


class TestLoading:
    @pytest.mark.parametrize(
        ("row", "problem"),
        [
            ("x-gone start - vanished it is gone", "unknown meaning vanished"),
            ("x-gone middle - lost it is gone", "unknown phase middle"),
            ("x-gone start 504 late it took %d s", "a second row"),
            ("x-slow end 504 lost it took %d s", "two meanings"),
            ("    it took %d s", "a second row"),
        ],
    )
    def test_a_wrong_row_is_refused(self, row: str, problem: str) -> None:
        with pytest.raises(ValueError, match=problem):
            table(FIRST + "\n" + row)

    def test_a_row_is_read_as_it_stands(self) -> None:
        assert table(FIRST).rows() == [Signature("x-slow", "start", 504, "late", "it took %d s")]

    def test_an_indented_line_is_another_format_of_its_row(self) -> None:
        rows = table(FIRST + "\n    it took  %s").rows()
        assert rows == [
            Signature("x-slow", "start", 504, "late", written) for written in ("it took %d s", "it took  %s")
        ]

    def test_a_name_for_a_row_that_is_not_there_is_refused(self) -> None:
        assert table(FIRST).ids("x-slow") == ["x-slow"]
        with pytest.raises(ValueError, match="no signature is x-gone"):
            table(FIRST).ids("x-slow x-gone")

    def test_columns_may_be_aligned(self) -> None:
        assert table("x-slow   start  504   late   it took %d s").rows() == table(FIRST).rows()


class TestFinding:
    @pytest.mark.parametrize(
        ("text", "places"),
        [
            ("it took 5 s", ["5"]),
            ("it took 5 s more", None),
            ("so it took 5 s", None),
            ("it took five s", None),
        ],
    )
    def test_a_text_matches_whole_or_not_at_all(self, text: str, places: object) -> None:
        hit = table(FIRST).find(text, "start")
        assert (hit[1] if hit else None) == places

    def test_a_row_belongs_to_its_phase(self) -> None:
        assert table(FIRST).find("it took 5 s", "end") is None

    def test_a_star_is_any_phase(self) -> None:
        rows = table("x-slow * 504 late it took %d s")
        start = rows.find("it took 5 s", "start")
        assert start is not None and start == rows.find("it took 5 s", "end")

    def test_the_first_row_wins(self) -> None:
        hit = table("x-one start - late it %s\nx-two start - late it took %d s").find("it took 5 s", "start")
        assert hit is not None and hit[0].id == "x-one"

    @pytest.mark.parametrize("end", ["%s", "%q"])
    def test_an_open_end_may_hold_line_feeds(self, end: str) -> None:
        hit = table("x-said start - late it said: " + end).find("it said: a\nb", "start")
        assert hit is not None and hit[1] == ["a\nb"]


class TestMeanings:
    def test_a_rule_that_asks_for_an_unknown_one_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no signature means vanished"):
            meanings("missing", "vanished")

    def test_every_one_is_that_of_a_row(self) -> None:
        assert {row.meaning for row in NGINX.rows()} | {UNKNOWN.meaning} == MEANINGS
        assert {row.meaning for row in PHP_FPM.rows()} == OF_FPM
        assert {row.meaning for row in PHP_START.rows()} == OF_START
        assert {row.meaning for row in SYSTEMD.rows()} == OF_UNIT

    def test_an_event_of_another_release_has_none(self) -> None:
        assert meaning_of({"signature": "ng-connect-enoent"}) == "missing"
        assert meaning_of({"signature": "ng-vanished"}) == ""

    def test_a_kind_is_the_id_of_a_row(self) -> None:
        ids = [value for name, value in vars(kinds).items() if name.isupper() and isinstance(value, str)]
        assert len(ids) > 20 and len(set(ids)) == len(ids)
        assert {*ids, *kinds.UNTESTED, *kinds.FOLLOWS} <= {*PHP_FPM.meaning_of, *PHP_START.meaning_of}

    def test_no_id_is_in_two_tables(self) -> None:
        ids = [name for table in (NGINX, PHP_FPM, PHP_START, SYSTEMD) for name in table.meaning_of]
        assert len(ids) == len(set(ids))

    def test_a_message_that_costs_a_request_is_a_loss(self) -> None:
        """ "no live upstreams" names no endpoint: lines before it tell why. A cycle is the site's."""
        phases = ("connecting", "sending", "header")
        costly = {
            row.meaning for row in NGINX.rows() if row.phase in phases and row.status in (500, 502, 504)
        }
        assert costly - LOST == {"no_live_peer", "accel_cycle"}
