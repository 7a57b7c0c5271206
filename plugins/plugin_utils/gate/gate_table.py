# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate as lines for a terminal: its reasons, and its verdict at the end."""

from __future__ import annotations

from collections.abc import Container, Sequence

from ..answers.bounds import DECISIONS
from ..reports.remedies import full_name
from ..shapes.gate import Gate, Reason
from ..terminal.layout import MAX_COMMAND, PAGE, Line, Page, cells, fold, hosts_cell, hosts_of, labelled
from ..terminal.text import clean, plural, wrap

COLORS = {"fail": "red", "warn": "yellow", "pass": "green"}
MAX_ROWS = 12
FLEET = "(all)"


def _name(reason: Reason) -> str:
    marks = [
        word for word, holds in (("new", reason["new"]), ("was so before", reason["new"] is False)) if holds
    ]
    return "%s%s" % (full_name(reason), " (%s)" % ", ".join(marks) if marks else "")


def columns_of(page: Page) -> tuple[int, int, int]:
    """Of a row: decision, hosts, what."""
    rest = page.width - 11
    return (5, rest // 3, rest - rest // 3)


def render(gate: Gate, path: str = "", page: Page = PAGE, above: Container[str] = ()) -> list[Line]:
    """path: the page that was asked of each site, empty for none. above: fixes and errors that the table of
    the fleet shows, above this one.
    """
    lines: list[Line] = [("", None), ("GATE  reasons", None)]
    shown = [reason for reason in gate["reasons"] if reason["decision"] != "pass" or reason["waiver"]]
    rows = _rows(shown)
    for row in rows[:MAX_ROWS]:
        lines += _row(row, page, above)
    if rows[MAX_ROWS:]:
        lines.append(("  and %s more in the report" % plural(len(rows) - MAX_ROWS, "row"), None))
    if not rows:
        lines.append(("  none", None))
    if path:
        lines.append(("  %s was asked of each site through nginx." % clean(path), None))
    return [*lines, *((line, COLORS[gate["verdict"]]) for line in wrap(gate["summary"], page.width, 3))]


def _rows(reasons: Sequence[Reason]) -> list[list[tuple[str, Reason]]]:
    """Equal reasons of several hosts in one row, what fails first."""
    pairs = [(reason["host"] or FLEET, reason) for reason in reasons]
    rows = fold(pairs, [lambda item: (item["decision"], _name(item), item["site"], item["why"], item["fix"])])
    return sorted(rows, key=lambda row: DECISIONS.index(row[0][1]["decision"]))


def _row(row: list[tuple[str, Reason]], page: Page, above: Container[str]) -> list[Line]:
    reason, columns = row[0][1], columns_of(page)
    where, below = hosts_cell(page, hosts_of(row), columns[1])
    lines: list[Line] = [
        (cells((reason["decision"], where, _name(reason)), columns), COLORS[reason["decision"]]),
        *below,
    ]
    shown = reason["fix"] in above or reason["why"] in above
    lines += [] if shown else labelled(page, "why", reason["why"], 3)
    if reason["decision"] == "fail" and not shown:
        lines += labelled(page, "fix", reason["fix"], MAX_COMMAND)
    return lines + (labelled(page, "", reason["waiver"], 2) if reason["waiver"] else [])
