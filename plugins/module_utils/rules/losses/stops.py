# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Losses beside a stop, a reload or a restart of php-fpm."""

from bisect import bisect_left
from math import floor
from typing import TYPE_CHECKING, List, Optional, Sequence

from ...parse.timestamps import LOG_SECOND
from ...signatures.lookup import meanings
from ...signatures.php_fpm import WORKER_ENDED
from ..case import CUT_OFF, Case
from ..model import Loss, Reason, but_nearest, sample, state_of, times_of

if TYPE_CHECKING:
    from ....plugin_utils.shapes.logs import Event

RUNS = meanings("runs")
STOP_SECONDS = 3.0  # that a stop takes at most where no log tells of its end
APART = 20.0  # seconds from one reload to the next
OFTEN = 3  # reloads or restarts that cut off requests in the window


def edited_meanwhile(case: Case, first: float, until: float) -> bool:
    """Whether somebody edited php-fpm's files in the second of a loss: the restart that mends it then looks
    like one that causes it.
    """
    times = [owner.master["config_changed_at"] for owner in case.running]
    return any(at is not None and first <= at <= until for at in times)


def _until_the_next_master(case: Case, stops: Sequence["Event"]) -> List[Loss]:
    """Lost from each stop or reload until that runs: process_control_timeout lets it wait so long."""
    starts = times_of(case.fpm_events(RUNS, of_pools=False))
    spans = []
    for stop in times_of(stops):
        number = bisect_left(starts, stop)
        spans.append((floor(stop), (starts + [stop + STOP_SECONDS])[number] + LOG_SECOND))
    lost = case.lost(CUT_OFF, perhaps=True)
    cut = [loss for loss in lost if any(begin <= loss.at <= end for begin, end in spans)]
    return but_nearest(cut, times_of(case.fpm_events(WORKER_ENDED)))


def _moments(lost: Sequence[Loss]) -> int:
    """At how many moments requests were lost."""
    times = [loss.at for loss in lost]
    return sum(1 for before, at in zip([float("-inf"), *times], times) if at - before > APART)


def cut_off(case: Case, words: str, stops: Sequence["Event"]) -> Optional[Reason]:
    lost = _until_the_next_master(case, stops)
    if not lost:
        return None
    first, last = lost[0].at, lost[-1].at
    # A stop is always of the master, and a reload may come long after it.
    nearest = min(stops, key=lambda event: abs(event["last"] - last))
    edited = last - first <= LOG_SECOND and edited_meanwhile(case, first, last + LOG_SECOND)
    return Reason(
        words % case.named,
        [sample(nearest), sample(lost[-1].event)],
        lost,
        confidence="possible" if edited else case.sure_of_log("likely"),
        state=state_of(_moments(lost) < OFTEN),  # what comes so often, by a timer or a deploy, is not over
    )
