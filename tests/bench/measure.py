# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures commands: wall clock, CPU of the whole process tree, peak memory.

Rounds are interleaved, and medians are taken.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """wall and cpu: seconds; peak: bytes of the largest process; output: what was printed."""

    wall: float
    cpu: float
    peak: int
    output: str


def run(argv: Sequence[str], env: Mapping[str, str], log: Path, accepted: Sequence[int] = (0,)) -> Cost:
    """One run. CPU is that of the command and of every child that it waited for. An ssh master that goes on
    is not in it.
    """
    with log.open("w+") as stream:
        began = time.monotonic()
        child = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        _pid, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        stream.seek(0)
        output = stream.read()
    if child.returncode not in accepted:
        sys.exit("%s ended with %d:\n%s" % (" ".join(argv), child.returncode, output[-4000:]))
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, output)


def interleaved(rounds: int, commands: Mapping[str, Callable[[], Cost]]) -> dict[str, list[Cost]]:
    """Run each command once a round: other work of the machine then meets all of them alike. The first round
    is not counted.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            cost = command()
            if number:
                costs[name].append(cost)
    return costs


def median(costs: Sequence[Cost], what: str) -> float:
    return statistics.median(getattr(cost, what) for cost in costs)


def ratio(ours: Sequence[Cost], floor: Sequence[Cost], what: str) -> float:
    """The median of the ratios of each round. Both sides of a round met the same machine."""
    return statistics.median(
        getattr(cost, what) / getattr(least, what) for cost, least in zip(ours, floor, strict=True)
    )


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    print("\n%s\n" % title)
    for row in (columns, ["-" * width for width in widths], *rows):
        print("| %s |" % " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)))
    sys.stdout.flush()


def per_host(costs: Sequence[Cost], count: int) -> list[str]:
    return [
        "%.0f ms" % (median(costs, "cpu") / count * 1000),
        "%.0f ms" % (median(costs, "wall") / count * 1000),
        "%.2f s" % median(costs, "wall"),
    ]
