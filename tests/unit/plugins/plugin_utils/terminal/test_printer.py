# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who prints the table: a callback of ours, the task, or nobody."""

from __future__ import annotations

import pytest
from ansible import constants, context
from ansible.module_utils.common.collections import ImmutableDict
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import printer, screen
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal.layout import Line

BRIEF, TABLE = "webmedic.php_fpm.brief", "webmedic.php_fpm.table"
LINES: list[Line] = [("3 hosts: 1 failing", "red"), ("looked back", None)]


class Display:
    """Stands for the engine's."""

    shown: list[str]

    def display(self, text: str, screen_only: bool = False, log_only: bool = False) -> None:
        if not log_only:
            self.shown.append(text)


@pytest.fixture(name="shown", autouse=True)
def _shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    Display.shown = []
    monkeypatch.setattr(printer, "Display", Display)
    monkeypatch.setattr(printer, "stringc", lambda text, color: text)
    monkeypatch.setattr(printer, "SCREEN", screen.Screen())
    monkeypatch.setattr(printer, "_claimed", [])
    monkeypatch.delenv(printer.WRAPPED, raising=False)
    return Display.shown


def configured(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(constants, "DEFAULT_STDOUT_CALLBACK", name, raising=False)


class TestTask:
    """Without a callback of ours."""

    @pytest.mark.parametrize(
        "name, prints",
        [
            ("default", True),
            ("ansible.builtin.default", True),
            ("ansible.posix.debug", True),
            ("community.general.yaml", True),
            ("json", False),
            ("ansible.posix.json", False),
            ("ansible.posix.jsonl", False),
            ("minimal", False),
            ("oneline", False),
            ("community.general.unixy", False),
            ("community.general.null", False),
            ("somebody.elses.own", False),
        ],
    )
    def test_it_prints_where_people_read(
        self, monkeypatch: pytest.MonkeyPatch, shown: list[str], name: str, prints: bool
    ) -> None:
        configured(monkeypatch, name)
        returned = printer.hand_out(LINES)
        assert shown == (["\n3 hosts: 1 failing\nlooked back"] if prints else [])
        assert returned == ({} if prints else {"table": ["3 hosts: 1 failing", "looked back"]})

    @pytest.mark.parametrize(
        "wrapped, prints", [(None, True), ("default", True), ("ansible.posix.json", False)]
    )
    def test_the_callback_that_awx_wraps_counts(
        self, monkeypatch: pytest.MonkeyPatch, shown: list[str], wrapped: str | None, prints: bool
    ) -> None:
        configured(monkeypatch, "awx_display")
        if wrapped:
            monkeypatch.setenv(printer.WRAPPED, wrapped)
        printer.hand_out(LINES)
        assert bool(shown) is prints

    def test_the_command_ansible_has_a_form_of_its_own(
        self, monkeypatch: pytest.MonkeyPatch, shown: list[str]
    ) -> None:
        monkeypatch.setattr(context, "CLIARGS", ImmutableDict(module_name="webmedic.php_fpm.fleet_report"))
        assert "table" in printer.hand_out(LINES) and not shown


class TestCallback:
    """A callback of ours prints the last table."""

    def test_it_prints_the_last_one_at_the_end(self, shown: list[str]) -> None:
        assert printer.claim(BRIEF)
        kept = printer.LastTable()
        for lines in ([("an earlier batch", None)], LINES):
            assert kept.take("webmedic.php_fpm.fleet_report", printer.hand_out(lines))
        assert shown == []
        kept.show()
        assert shown == ["\n3 hosts: 1 failing\nlooked back"]

    def test_what_is_on_the_way_is_printed_at_once(self, shown: list[str]) -> None:
        printer.claim(BRIEF)
        kept = printer.LastTable()
        kept.take("fleet_report", printer.hand_out([("REMEDY  1 of 5", None)], interim=True))
        kept.show()
        assert shown == ["\nREMEDY  1 of 5"]

    def test_no_other_task_can_print_a_table(self, shown: list[str]) -> None:
        kept = printer.LastTable()
        assert not kept.take("webmedic.php_fpm.diagnosis_info", {"table": ["\x1b[2J"], "interim": True})
        assert not kept.take("fleet_report", {"table": "text"})
        kept.show()
        assert shown == []

    def test_only_one_of_two_prints(self) -> None:
        assert printer.claim(BRIEF) and not printer.claim(TABLE)
        assert printer.claim(BRIEF)

    @pytest.mark.parametrize("name", ["json", "ansible.posix.json", "ansible.posix.jsonl"])
    def test_a_document_gets_no_line_of_ours(
        self, monkeypatch: pytest.MonkeyPatch, shown: list[str], name: str
    ) -> None:
        configured(monkeypatch, name)
        assert not printer.claim(TABLE)
        assert printer.hand_out(LINES) == {"table": ["3 hosts: 1 failing", "looked back"]}
