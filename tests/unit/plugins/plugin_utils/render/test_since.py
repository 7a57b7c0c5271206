# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is different from an earlier report, on the page of the later one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.render import html
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports.compare import changes
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.render.parsed import (
    HOSTILE,
    Page,
    hostile,
    made,
)
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import (
    answer,
    finding,
    unreachable,
)

ILL = answer("failing", finding())


def page(before: dict[str, Any], after: dict[str, Any]) -> Page:
    later = made(after)
    return Page(html.render(later, changes(made(before), later)))


class TestSince:
    def test_it_says_what_is_new_and_gone_and_where(self) -> None:
        before = {"a": answer(), "b": ILL, "c": ILL, "d": ILL}
        shown = page(before, {"a": ILL, "b": answer(), "c": unreachable(), "d": ILL}).shown
        assert "What is different since 2026-04-02 " in shown
        assert "1 new, 1 gone, 1 as before" in shown
        assert "new 1 PHP-FPM is not running: stopped fpm_not_running/stopped : a" in shown
        assert "gone 1 PHP-FPM is not running: stopped fpm_not_running/stopped : b" in shown
        assert "not seen any more 1 PHP-FPM is not running: stopped fpm_not_running/stopped : c" in shown

    def test_hosts_that_came_and_went_are_counted(self) -> None:
        shown = page({"a": ILL, "b": ILL}, {"a": ILL, "new": ILL}).shown
        assert "1 host came; 1 host went" in shown

    def test_without_an_earlier_report_there_is_no_such_part(self) -> None:
        assert not Page(html.render(made({"a": ILL}))).all("section", id="since")

    @pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
    def test_a_hostile_text_stays_text(self, text: str) -> None:
        for before, after in (({}, hostile(text)), (hostile(text), {"a": answer()}), (hostile(text),) * 2):
            found = page(before, after)
            assert len(found.all("script")) == 1 and not found.all("img") and not found.wrong
