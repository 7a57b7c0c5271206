# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What closes the table: the commands to paste on each host, and the page about each cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalogue.catalogue import Step, steps_for
from ..links import url
from ..reports.remedies import for_a_person
from ..shapes.report import Explained, HostEntry
from .cause_blocks import Group
from .layout import INDENT, MAX_ROWS, Line, Page
from .text import clean, names, plural, wrap

# Hosts whose commands are shown. A longer list is not pasted by hand.
MAX_HOSTS = 12
MAX_LINES = 24
# What joins the words of a fix to its commands, and says nothing on a line of its own.
_JOINTS = ("and", "then", "or")
_COMMENT = INDENT * 2 + "# "


def _remark(words: str) -> str:
    """Words between commands as a remark: without what joined them."""
    kept = words.strip(" ,;:")
    while kept.rpartition(" ")[2] in _JOINTS:
        kept = kept.rpartition(" ")[0].rstrip(" ,;:")
    first, _gap, others = kept.partition(" ")
    return others if first in ("and", "then") else kept


def _steps(findings: Sequence[Explained]) -> tuple[Step, ...]:
    """What is to be typed for these findings, each once; nothing where no command is known in full."""
    steps: list[Step] = []
    for finding in findings:
        fix = steps_for(finding)
        if any(step.command for step in fix):
            # What follows a command after a colon speaks of it, and is no step.
            fix = fix[:-1] if fix[-1].text.startswith(":") else fix
            steps += [step if step.command else Step(False, _remark(step.text)) for step in fix]
    return tuple(dict.fromkeys(step for step in steps if step.text))


def _typed(page: Page, hosts: Sequence[str], steps: Sequence[Step]) -> list[Line]:
    """A command is never cut or broken: it is there to be copied."""
    lines: list[Line] = [(INDENT + names(hosts, page.width - len(INDENT))[0], None)]
    for step in steps:
        if step.command:
            lines.append((INDENT * 2 + clean(step.text), None))
        else:
            lines += [(_COMMENT + line, None) for line in wrap(step.text, page.width - len(_COMMENT), 3)]
    return lines


def commands(page: Page, hosts: Mapping[str, HostEntry]) -> list[Line]:
    """The commands of the fixes by host, as they are typed there. Hosts with the same ones share them."""
    alike: dict[tuple[Step, ...], list[str]] = {}
    for name, entry in hosts.items():
        steps = _steps(for_a_person(entry))
        if steps:
            alike.setdefault(steps, []).append(name)
    lines: list[Line] = []
    rows = sorted(alike.items(), key=lambda row: -len(row[1]))
    shown = 0
    for steps, members in rows[:MAX_HOSTS]:
        block = _typed(page, members, steps)
        if shown and len(lines) + len(block) > (MAX_LINES // 2 if page.terse else MAX_LINES):
            break
        lines += block
        shown += 1
    left = [name for _steps_of, members in rows[shown:] for name in members]
    if left:
        more = "%s more have commands of their own, in the report: " % plural(len(left), "host")
        lines.append((INDENT + more + names(left, page.width - len(INDENT) - len(more))[0], None))
    return [("TO PASTE, on the host named above each, as root", None), *lines] if lines else []


def pages(page: Page, groups: Sequence[Group]) -> list[Line]:
    """Where each cause is explained. An address is never cut."""
    addresses = list(dict.fromkeys(url(group.pairs[0][1]["doc"]) for group in groups))
    most = MAX_ROWS if page.terse else len(addresses)
    lines: list[Line] = [(INDENT + address, None) for address in addresses[:most]]
    left = plural(len(addresses) - most, "more cause")
    lines += [(INDENT + "and %s on the same page" % left, None)] if len(addresses) > most else []
    return [("TO READ", None), *lines] if lines else []
