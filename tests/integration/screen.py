# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people see: ``python3 -m tests.integration.screen [--all]``.

Real runs in pseudo terminals of several widths and into a pipe, with our own callbacks and with those that
people bring along. Without --all one of each kind: a terminal, a pipe, a document, a callback of others; and
no large fleet. The hosts are scripts that print a prepared answer, and ports on which nobody listens.
"""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ansible.utils.display import get_text_width

from tests.integration import terminal
from tests.integration.prepared_hosts import shortened
from tests.integration.terminal import Fleets, Shown
from tests.run import env
from tests.run.checks import Check, print_checks

BRIEF, TABLE = "webmedic.php_fpm.brief", "webmedic.php_fpm.table"
URL = "https://github.com/webmedic/webmedic.php_fpm/blob/main/docs/causes.md#"
AS_USER = ("-e", json.dumps({"diagnose_become": False, "remediate_become": False}))
CURSOR = re.compile("\x1b(?!\\[[0-9;]*m|\\]8;;|\\\\)")
MOST_LINES = 60
COUNTS = "12 hosts: 2 failing, 2 unreachable, 8 healthy"


class Homes(NamedTuple):
    """The environments of the two controllers: ours, and one with the callbacks of other collections."""

    dev: Path
    guests: Path
    tree: Path


def play(homes: Homes, columns: int, inventory: Path, *words: str, **environment: str) -> Shown:
    """A playbook, with the callback of ours unless another one is named. columns: 0 for a pipe."""
    home = homes.dev if environment.get("ANSIBLE_STDOUT_CALLBACK", BRIEF) == BRIEF else homes.guests
    named = terminal.environment(home, homes.tree, **{"ANSIBLE_STDOUT_CALLBACK": BRIEF, **environment})
    report = tempfile.mkdtemp(dir=terminal.HERE)
    where = json.dumps({"diagnose_report_dir": report, "remediate_report_dir": report})
    argv = terminal.command(home, "ansible-playbook", "-i", str(inventory), *words, *AS_USER, "-e", where)
    return terminal.in_terminal(argv, named, columns) if columns else terminal.in_pipe(argv, named)


def start(lines: Sequence[str], words: str) -> int:
    """The number of the line that begins so; -1 where there is none."""
    return next((number for number, line in enumerate(lines) if line.startswith(words)), -1)


def whole(shown: Shown, width: int) -> str | None:
    """What is wrong with the table at the end of a screen."""
    lines = shown.lines
    first, paste = start(lines, COUNTS), start(lines, "TO PASTE")
    if shown.rc or first < 0 or paste < first or not lines[-1].startswith("Report: "):
        return "rc %d: %s" % (shown.rc, "\n".join(lines[-60:]))
    wide = [line for line in lines[first:paste] if get_text_width(line) > width]
    if wide:
        return "wider than %d: %s" % (width, wide[0])
    rule = next(line for line in lines[first:] if set(line) == {"-"})
    if len(rule) != width:
        return "the table has %d columns" % len(rule)
    typed = ("systemctl start php8.2-fpm.service", "nginx -t && systemctl reload nginx")
    wanted = ("  https://", *("    " + words for words in typed))
    absent = [words for words in wanted if start(lines[paste:], words) < 0]
    if absent or not re.search(r"[0-9]+ min ago", shown.raw):
        return "not shown: %s, or how long ago" % absent
    return None


def ours(homes: Homes, fleets: Fleets, everything: bool) -> Iterator[Callable[[], Sequence[Check]]]:
    """Our callback: in terminals, in a pipe, and where the terminal can do little."""

    def at(columns: int, width: int, **environment: str) -> Sequence[Check]:
        shown = play(homes, columns, fleets.few, "webmedic.php_fpm.diagnose", **environment)
        old = environment.get("TERM") == "vt100"
        coloured = bool(columns) and not old and not environment.keys() & {"NO_COLOR", "ANSIBLE_NOCOLOR"}
        there = {
            "colours": (coloured, "\x1b[0;31m" in shown.raw),
            "links": (bool(columns) and not old, "\x1b]8;;" + URL in shown.raw),
            "letters": (not old, "b\u00fccher.example" in shown.raw and "b\\xfccher" not in shown.raw),
        }
        wrong = [name for name, (wanted, seen) in there.items() if wanted != seen]
        noise = [line for line in shown.lines if re.search("WARNING|ERROR|TASK", line)]
        noise += [line for line in shown.raw.split("\n") if CURSOR.search(line)]
        name = "%d columns %s" % (columns, environment or "")
        return [
            Check(name, "the table is last and whole", whole(shown, width)),
            Check(name, "colours, links and letters are there where they can be", ", ".join(wrong) or None),
            Check(name, "nothing else is said", "; ".join(noise) or too_many(shown.lines)),
        ]

    yield lambda: at(80, 80)
    yield lambda: at(0, 100)
    if everything:
        yield lambda: at(100, 100, NO_COLOR="1")
        yield lambda: at(160, 160, ANSIBLE_NOCOLOR="1")
        yield lambda: at(120, 120, TERM="vt100")


def guests(homes: Homes, fleets: Fleets, everything: bool) -> Iterator[Callable[[], Sequence[Check]]]:
    """Other people's callbacks, alone and with ours beside them."""

    def beside(name: str, columns: int = 0) -> Sequence[Check]:
        environment = {"ANSIBLE_STDOUT_CALLBACK": name, "ANSIBLE_CALLBACKS_ENABLED": TABLE}
        shown = play(homes, columns, fleets.few, "webmedic.php_fpm.diagnose", **environment)
        wrong = whole(shown, columns or 100)
        return [Check("%s with %s" % (name, TABLE), "the table is last and whole", wrong)]

    def alone(name: str) -> Sequence[Check]:
        shown = play(homes, 0, fleets.few, "webmedic.php_fpm.diagnose", ANSIBLE_STDOUT_CALLBACK=name)
        bare = start(shown.lines, COUNTS)
        failed = None if shown.rc == 0 else shown.errors
        wrong = shown.lines[bare] if bare >= 0 else failed
        return [Check(name, "no line of ours stands in its output", wrong)]

    def document(name: str, **environment: str) -> Sequence[Check]:
        shown = play(
            homes, 0, fleets.few, "webmedic.php_fpm.diagnose", ANSIBLE_STDOUT_CALLBACK=name, **environment
        )
        try:
            tasks = [task for each in json.loads(shown.raw)["plays"] for task in each["tasks"]]
            tables = [
                result["table"] for task in tasks for result in task["hosts"].values() if "table" in result
            ]
            wrong = None if len(tables) == 1 and tables[0][0] == COUNTS else "tables: %s" % tables
        except (KeyError, ValueError) as error:
            wrong = "%r: %s" % (error, shown.raw[:500])
        return [Check("%s %s" % (name, environment or ""), "its output is JSON, with the table in it", wrong)]

    yield lambda: document("ansible.posix.json", ANSIBLE_CALLBACKS_ENABLED=TABLE)
    yield partial(alone, "minimal")
    yield lambda: beside("community.general.unixy")
    if everything:
        yield partial(alone, "oneline")
        yield partial(alone, "community.general.unixy")
        yield lambda: beside("default", 80)


def others(homes: Homes, fleets: Fleets, everything: bool) -> Iterator[Callable[[], Sequence[Check]]]:
    """A large fleet, a slow host, a remediation in check mode, and a module alone."""

    def large() -> Sequence[Check]:
        gate = json.dumps({"diagnose_fail_on": ["failing", "unreachable"]})
        shown = play(homes, 100, fleets.many, "webmedic.php_fpm.diagnose", "-e", gate)
        lines = shown.lines
        counts = start(lines, "300 hosts: ")
        often = {line.strip() for line in lines if len(line) > 30 and lines.count(line) > 2}
        last = counts > 0 and lines[-1].startswith("Report: ")
        failed = [line for line in lines if line.startswith(("FAILED", "UNREACHABLE"))]
        return [
            Check("300 hosts", "the whole output has at most %d lines" % MOST_LINES, too_many(lines)),
            Check("300 hosts", "the table is last", None if last else shown.raw),
            Check("300 hosts", "no line stands there three times", "; ".join(often) or None),
            Check("300 hosts", "a failure is a line", None if len(failed) == 3 else shown.raw[:900]),
        ]

    def slow() -> Sequence[Check]:
        shown = play(homes, 100, fleets.slow, "webmedic.php_fpm.diagnose")
        named = re.search("after 1[0-9] s: 1 host has answered, waiting for slow.example", shown.raw)
        return [Check("a slow host", "it is named", None if named else shown.raw[:500])]

    def change() -> Sequence[Check]:
        words = ("webmedic.php_fpm.remediate", "--check", "--diff")
        shown = play(homes, 100, fleets.change, *words)
        wanted = ("one.example:", "-pm.max_children = 2", "+pm.max_children = 16", "REMEDY  would fix 2 of 2")
        absent = [part for part in (*wanted, "check mode") if part not in text_of(shown)]
        return [Check("remediate --check --diff", "what would change is shown", ", ".join(absent) or None)]

    def alone() -> Sequence[Check]:
        words = ("-i", str(fleets.few), "web001.example", "-m", "webmedic.php_fpm.diagnosis_info")
        named = terminal.environment(homes.dev, homes.tree)
        shown = terminal.in_pipe(terminal.command(homes.dev, "ansible", *words), named)
        explained = re.search(r'"msg": "failing: PHP-FPM is not running: stopped .*min ago', shown.raw)
        return [Check("ansible -m", "it says what is wrong", None if explained else shown.raw[-900:])]

    yield from (slow, change, alone)
    if everything:
        yield large


def text_of(shown: Shown) -> str:
    return "\n".join(shown.lines)


def too_many(lines: Sequence[str]) -> str | None:
    return None if len(lines) <= MOST_LINES else "%d: %s" % (len(lines), "\n".join(lines))


def prove(everything: bool) -> Iterator[Check]:
    tree = shortened(env.tree("tree-screen"))
    homes = Homes(Path(sys.prefix), env.venv("callbacks", env.controller()), tree)
    fleets = terminal.fleets()
    runs = [
        *others(homes, fleets, everything),
        *guests(homes, fleets, everything),
        *ours(homes, fleets, everything),
    ]
    with ThreadPoolExecutor(3) as pool:
        for checks in pool.map(lambda run: run(), runs):
            yield from checks


if __name__ == "__main__":
    sys.exit(print_checks(prove("--all" in sys.argv[1:])))
