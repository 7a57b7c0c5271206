# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of a fleet as lines, for the tests of its blocks."""

from __future__ import annotations

from typing import Any

from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.reports import report
from ansible_collections.webmedic.php_fpm.plugins.plugin_utils.terminal import layout, table, text
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

# The heading of what is never cut, since it is there to be copied.
COPIED = "TO PASTE, on the host named above each, as root"
READ = "TO READ"


def rendered(results: dict[str, Any], cut: bool = True, **more: Any) -> list[str]:
    """cut: without what is there to be copied."""
    made = report.build(results, 900, NOW, **more)
    for page in (layout.Page(80), layout.Page(160), layout.PAGE):
        lines = [line for line, _color in table.render(made, NOW, "Report: /x/report.json", page)]
        copied = next((at for at, line in enumerate(lines) if line in (COPIED, READ)), len(lines) - 1)
        assert max(map(text.width, lines[:copied])) <= page.width
        assert all(char.isprintable() for line in lines for char in line)
    return lines[:copied] + lines[-1:] if cut else lines


def remedy_lines(results: dict[str, Any], **more: Any) -> list[str]:
    """The lines of the remediation, without heading and rule."""
    lines = [line.rstrip() for line in rendered(results, **more)]
    start = next(number for number, line in enumerate(lines) if line.startswith("REMEDY"))
    lines = lines[start : lines.index("", start)]
    return [line for line in lines if "RESULT" not in line and set(line) != {"-"}]
