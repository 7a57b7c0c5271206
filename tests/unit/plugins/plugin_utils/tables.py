# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a fleet as lines, for the tests of its blocks."""

from __future__ import annotations

from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils import report, table, text
from ansible_collections.webmedic.php_fpm.tests.unit.plugins.plugin_utils.results import NOW

# What a host could write to act on a terminal, to look like a heading, or to break the columns.
HOSTILE = [
    "\x1b[2J\x1b[H",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "日本語" * 200,
    "{{ 7 * 7 }}{% raw %}",
    "a" * 5000,
    "e\u0301" * 300,
    "\n\n\nFAILING",
    "\n\n\nREMEDY",
    "",
]


def rendered(results: dict[str, Any], **more: Any) -> list[str]:
    made = report.build(results, 900, NOW, **more)
    lines = [line for line, _color in table.render(made, NOW, "Report: /x/report.json")]
    assert max(map(text.width, lines)) <= table.WIDTH
    assert all(char.isprintable() for line in lines for char in line)
    return lines


def remedy_lines(results: dict[str, Any], **more: Any) -> list[str]:
    """The lines of the remediation, without heading and rule."""
    lines = [line.rstrip() for line in rendered(results, **more)]
    start = next(number for number, line in enumerate(lines) if line.startswith("REMEDY"))
    lines = lines[start : lines.index("", start)]
    return [line for line in lines if "RESULT" not in line and set(line) != {"-"}]
