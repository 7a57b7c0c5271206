# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the terminal can, as its environment tells."""

from __future__ import annotations

import pytest
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import links
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.catalogue import catalogue
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import screen

XTERM = {"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}
URL = links.url(catalogue.anchor("fpm_not_running", "stopped"))


def look(terminal: int | None = 120, **env: str) -> screen.Screen:
    return screen.look({**XTERM, **env}, terminal, "utf-8")


class TestWidth:
    """From 80 to 160 columns."""

    @pytest.mark.parametrize(
        "terminal, columns, width",
        [
            (80, "", 80),
            (100, "", 100),
            (137, "", 137),
            (160, "", 160),
            (40, "", 80),
            (500, "", 160),
            (None, "", 100),
            (0, "", 100),
            (120, "90", 90),
            (None, "132", 132),
            (None, "20", 80),
            (120, "0", 120),
            (120, "wide", 120),
            (120, "-5", 120),
            (120, "٣", 120),
            (None, "9" * 5000, 100),
        ],
    )
    def test_it_follows_the_terminal(self, terminal: int | None, columns: str, width: int) -> None:
        assert look(terminal, COLUMNS=columns).width == width

    def test_a_job_of_awx_has_no_terminal(self) -> None:
        """ansible-runner gives its jobs a pseudo terminal, which nobody looks at."""
        assert look(80, AWX_ISOLATED_DATA_DIR="/runner/artifacts/7").width == 100


class TestLinks:
    """OSC 8, where the terminal can."""

    @pytest.mark.parametrize(
        "terminal, env, links_there",
        [
            (120, {}, True),
            (120, {"TERM": "tmux-256color"}, True),
            (120, {"TERM": "xterm-kitty"}, True),
            (120, {"TERM": "dumb"}, False),
            (120, {"TERM": "linux"}, False),
            (120, {"TERM": "vt220"}, False),
            (120, {"TERM": ""}, False),
            (None, {}, False),
            (120, {"CI": "true"}, False),
            (120, {"JOB_ID": "7"}, False),
            (120, {"AWX_ISOLATED_DATA_DIR": "/runner"}, False),
            (120, {"VTE_VERSION": "4602"}, False),
            (120, {"VTE_VERSION": "7200"}, True),
            (None, {"FORCE_HYPERLINK": "1"}, True),
            (None, {"FORCE_HYPERLINK": "", "CI": "true"}, True),
            (120, {"FORCE_HYPERLINK": "0"}, False),
        ],
    )
    def test_they_are_there_where_it_can(
        self, terminal: int | None, env: dict[str, str], links_there: bool
    ) -> None:
        assert look(terminal, **env).links is links_there
        assert ("\x1b]8;;" in look(terminal, **env).shown("  " + URL)) is links_there


class TestLetters:
    """More than ASCII, where the terminal can."""

    @pytest.mark.parametrize(
        "env, encoding, unicode",
        [
            ({}, "utf-8", True),
            ({"LANG": "C.UTF8"}, "UTF-8", True),
            ({"LANG": "", "LC_CTYPE": "C.UTF-8"}, "utf-8", True),
            ({"LC_ALL": "C"}, "utf-8", False),
            ({"LANG": "de_DE.ISO-8859-1"}, "utf-8", False),
            ({"LANG": ""}, "utf-8", False),
            ({}, "ascii", False),
            ({}, None, False),
            ({"TERM": "vt100"}, "utf-8", False),
        ],
    )
    def test_others_are_spelled_out(self, env: dict[str, str], encoding: str | None, unicode: bool) -> None:
        there = screen.look({**XTERM, **env}, None, encoding)
        assert there.shown("bücher.example") == ("bücher.example" if unicode else "b\\xfccher.example")
