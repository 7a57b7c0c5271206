# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""When requests were lost, in few numbers."""

from typing import TYPE_CHECKING, Optional, Sequence

from ..model import Loss

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Timeline

STEPS = (60, 300, 900, 3600, 6 * 3600, 86400)
MOST_SLOTS = 60


def timeline(losses: Sequence[Loss]) -> "Optional[Timeline]":
    return _of_times([int(loss.at) for loss in losses])


def joined(parts: "Sequence[Optional[Timeline]]") -> "Optional[Timeline]":
    """One of all, as coarse as the coarsest."""
    known = [part for part in parts if part]
    times = [
        int(part["begin"]) + number * part["step"]
        for part in known
        for number, count in enumerate(part["counts"])
        for _loss in range(count)
    ]
    return _of_times(times, max((part["step"] for part in known), default=0))


def _of_times(times: Sequence[int], least: int = 0) -> "Optional[Timeline]":
    """The newest times in the smallest steps that are few enough. None where there is no time. least: of a
    step, in seconds.
    """
    if not times:
        return None
    last, steps = max(times), [step for step in STEPS if step >= least]
    step = next((step for step in steps if last // step - min(times) // step < MOST_SLOTS), STEPS[-1])
    first = max(min(times) // step, last // step - MOST_SLOTS + 1)
    counts = [0] * (last // step - first + 1)
    for at in times:
        if at // step >= first:
            counts[at // step - first] += 1
    return {"begin": float(first * step), "step": step, "counts": counts}
