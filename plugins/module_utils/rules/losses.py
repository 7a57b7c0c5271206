# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lost requests: which stand near a moment, since when, and how many."""

from bisect import bisect_left
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Tuple

from .model import Loss

if TYPE_CHECKING:
    from ...plugin_utils.shapes.logs import Event


def near(losses: Iterable[Loss], times: Iterable[float], seconds: float) -> List[Loss]:
    """Losses within seconds of any of the times."""
    marks = sorted(times)
    return [loss for loss in losses if within(marks, loss.at, seconds)]


def within(marks: Sequence[float], at: float, seconds: float) -> bool:
    """Whether one of the marks, which are sorted, is that near."""
    number = bisect_left(marks, at - seconds)
    return number < len(marks) and marks[number] <= at + seconds


def span(losses: Sequence[Loss]) -> Tuple[Optional[float], int]:
    """(first, count), by the log's own count where more lines than times were kept."""
    if not losses:
        return None, 0
    seen: Dict[int, Tuple["Event", int]] = {}
    for loss in losses:
        event, number = seen.get(id(loss.event), (loss.event, 0))
        seen[id(loss.event)] = (event, number + 1)
    count = sum(
        event["count"] if number == len(event["times"]) else number for event, number in seen.values()
    )
    first = min(
        event["first"] if number == len(event["times"]) else losses[0].at for event, number in seen.values()
    )
    return first, count
