# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When requests were lost, one lane for each cause, as the bars of a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..shapes.finding import Timeline
from ..terminal.text import clock, span
from .view import Cause

STEPS = (60, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400)
MOST_SLOTS = 60
# Of the drawing: a lane is so wide, so high.
WIDTH, HEIGHT = 600.0, 28.0
TICKS = 5


class Bar(NamedTuple):
    x: float
    width: float
    height: float
    title: str


class Lane(NamedTuple):
    cause: Cause
    bars: list[Bar]
    counted: int  # of the losses, how many have a time on the axis


class Axis(NamedTuple):
    """ticks: (where, in hundredths of the width; what is written there). step: in words."""

    ticks: list[tuple[float, str]]
    step: str
    lanes: list[Lane]


def _times(cause: Cause) -> list[Timeline]:
    found = [finding.get("timeline") for finding in cause.findings]
    return [line for line in found if line is not None]


def _counts(lines: Sequence[Timeline], begin: int, step: int, slots: int) -> list[int]:
    """Lost requests of each slot. What lies outside of the axis is left out."""
    counts = [0] * slots
    for line in lines:
        for number, lost in enumerate(line["counts"]):
            slot = (int(line["begin"]) + number * line["step"] - begin) // step
            if 0 <= slot < slots:
                counts[slot] += lost
    return counts


def axis_of(causes: Sequence[Cause], window: int, now: float) -> Axis | None:
    """None where the report has no times of lost requests, as one of an older version."""
    timed = [(cause, _times(cause)) for cause in causes]
    steps = [line["step"] for _cause, lines in timed for line in lines]
    if not steps:
        return None
    coarse = min(max(steps), STEPS[-1])
    step = next((size for size in STEPS if size >= coarse and window // size < MOST_SLOTS), STEPS[-1])
    end = (int(now) // step + 1) * step
    slots = max(1, min(MOST_SLOTS, -(-window // step) + 1))
    begin = end - slots * step
    rows = [(cause, _counts(lines, begin, step, slots)) for cause, lines in timed if lines]
    highest = max((max(counts) for _cause, counts in rows), default=0) or 1
    wide = WIDTH / slots
    lanes = [
        Lane(
            cause,
            [
                Bar(
                    round(slot * wide + 0.5, 2),
                    round(wide - 1, 2),
                    round(max(2.0, (HEIGHT - 2) * (lost / highest) ** 0.5), 2),
                    "%s: %d lost" % (clock(begin + slot * step, now), lost),
                )
                for slot, lost in enumerate(counts)
                if lost
            ],
            sum(counts),
        )
        for cause, counts in rows
    ]
    ticks = [
        (round(100 * number / TICKS, 2), _time(begin + number * slots * step / TICKS, now))
        for number in range(TICKS + 1)
    ]
    return Axis(ticks, span(step), lanes)


def _time(at: float, now: float) -> str:
    shown = clock(at, now)
    return shown[:-3] if shown.count(":") == 2 else shown
