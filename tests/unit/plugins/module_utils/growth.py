# Copyright (c) 2026 the webmedic.php_fpm authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures growth: twice the input may take at most MOST times the time."""

import gc
import time
from typing import Any, Callable, Dict

MOST = 3.0  # square growth gives 4; caches and allocators that become too small give up to 2.6
LEAST_SECONDS = 0.02  # a shorter run is measured badly
LARGEST = 1024 * 1024  # what is this fast with this size needs no measuring
ROUNDS = 5  # the machine does other things beside: the best of several runs counts


def _seconds(work: Callable[[Any], Any], value: Any) -> float:
    gc.disable()  # it runs when it likes
    before = time.process_time()
    work(value)
    seconds = time.process_time() - before
    gc.enable()
    return seconds


def growth(
    work: Callable[[Any], Any], make: Callable[[int], Any], size: int = 4096, largest: int = LARGEST
) -> float:
    """How much longer work(make(2 * n)) takes than work(make(n)), for an n at which that can be measured. It
    is 0 where work is fast at any size.

    The better of two neighbouring n: between one and the next the processor's caches may become too small, or
    the allocator another.
    """
    while _seconds(work, make(size)) < LEAST_SECONDS:
        size *= 2
        if size > largest:
            return 0.0
    ratio = _ratio(work, make, size)
    return ratio if ratio <= MOST else min(ratio, _ratio(work, make, 2 * size))


def _ratio(work: Callable[[Any], Any], make: Callable[[int], Any], size: int) -> float:
    values = {number: make(size * number) for number in (1, 2)}
    best: Dict[int, float] = {}
    ratio = 0.0
    for _round in range(ROUNDS):
        for number, value in values.items():
            best[number] = min(_seconds(work, value), best.get(number, 3600.0))
        ratio = best[2] / best[1]
        if ratio <= MOST:
            break
    return ratio
