# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A php-fpm master that runs again: what was lost while it did not."""

from bisect import bisect
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ...parse.timestamps import LOG_SECOND, SAME_MOMENT
from ...signatures.lookup import meanings
from ..case import CUT_OFF, HIDDEN, NOBODY_THERE, Case
from ..losses.edited import edited_meanwhile
from ..lost_requests import STOP_SECONDS, WORKER_ENDED
from ..model import Cause, Loss, Match, Reason, State, but_nearest, evidence, first_line, near
from .whereabouts import name_of, of_journal

if TYPE_CHECKING:
    from ....plugin_utils.shapes.unit import Unit, UnitLine

ENDS = WORKER_ENDED | meanings("terminated")
_STARTED, _NOT_STARTED, _AGAIN = map(meanings, ("unit_started", "unit_not_started", "restarted"))
_BY_LIMIT, _ENDED, _STOPPING = map(meanings, ("limit_reached", "main_ended", "unit_stopping"))
LOOP = 3  # automatic restarts in the window, or stops that lost requests


def _ends(case: Case) -> List[float]:
    """Of workers. php-fpm logs none that its own stop brought about."""
    return sorted(at for event in case.fpm_events(ENDS) for at in event["times"])


def _unanswered(case: Case) -> List[Loss]:
    """By the access log alone. It ends a worker's request, too: that is none of them."""
    lost = sorted(case.lost(HIDDEN) + case.early, key=lambda loss: loss.at)
    ended = {id(loss) for loss in near(lost, _ends(case), SAME_MOMENT)}
    return [loss for loss in lost if id(loss) not in ended]


def _restarts(log: Sequence["UnitLine"]) -> List["UnitLine"]:
    """By systemd itself, of a master that ran. One that could not start may have been mended since."""
    ran = True
    found: List[UnitLine] = []
    for entry in log:
        meaning = entry.get("meaning")
        if meaning in _STARTED:
            ran = True
        elif meaning in _NOT_STARTED:
            ran = False
        elif meaning in _AGAIN and ran:
            found.append(entry)
    return found


class End(NamedTuple):
    """Of a master that systemd started again by itself."""

    reason_id: str
    words: str
    state: State
    line: "UnitLine"


def _end(name: str, unit: "Optional[Unit]", log: Sequence["UnitLine"]) -> Optional[End]:
    limits = (unit.get("limits") if unit else None) or {}
    named = ["%s=%s" % (each, limits[each]) for each in ("RuntimeMaxSec", "WatchdogSec") if each in limits]
    for line in reversed(log):
        meaning = line.get("meaning")
        if meaning in _BY_LIMIT and named:
            words = "systemd ended %s by %s and started it again: it will do so each time."
            return End("limit_reached", words % (name, " or ".join(named)), "active", line)
        if meaning in _ENDED and line["places"][:1] in (["killed"], ["dumped"]):
            words = "the master of %s ended by signal %s, and systemd started it again."
            return End("crashed", words % (name, line["places"][2]), "recovered", line)
    return None


def _stops_often(case: Case, lost: Sequence[Loss], stops: Sequence["UnitLine"]) -> int:
    """How often it was stopped at the cost of requests, by a timer or a monitor. 0: not often, or no more."""
    times = [line["at"] for line in stops]
    cost = sorted(
        {times[number - 1] for number in (bisect(times, loss.at + LOG_SECOND) for loss in lost) if number}
    )
    if len(cost) < LOOP:
        return 0
    longest = max(later - at for at, later in zip(cost, cost[1:]))
    return len(cost) if case.snapshot["taken_at"] - cost[-1] <= 2 * longest else 0


def _stop_after(turns: Sequence["UnitLine"], began: float) -> Optional[float]:
    """When the master was stopped that ran as the first request was lost."""
    earlier = [entry for entry in turns if entry["at"] < began - LOG_SECOND]
    ran = not earlier or earlier[-1].get("meaning") in _STARTED
    later = turns[len(earlier) : len(earlier) + 1]
    return next((entry["at"] for entry in later if ran and entry.get("meaning") in _STOPPING), None)


def was_down(case: Case, cause: Cause) -> Optional[Match]:
    """Losses that ended when the master started: that cannot be forged, as a log line can."""
    if case.connect["result"] not in ("ok", "full"):
        return None
    dead = set(case.half_dead)  # those are lost still
    lost = [loss for loss in case.lost(NOBODY_THERE) if loss.event["endpoint"] not in dead]
    lost = lost or ([] if dead else _unanswered(case))
    for owner in case.running:
        started = owner.master["started_at"]
        before = [loss for loss in lost if started is not None and loss.at <= started + LOG_SECOND]
        if not before or len(before) < len(lost):
            continue
        unit, began = owner.master["unit_state"], before[0].at
        from ...parse.linux.unit_starts import TRIED, of_meaning

        whole = unit["log"] if unit else []
        log = [entry for entry in whole if began - STOP_SECONDS <= entry["at"]]
        turns = of_meaning(log, "unit_stopping", "unit_stopped", *TRIED)
        stop = _stop_after(of_meaning(whole, "unit_stopping", "unit_stopped", *TRIED), began)
        if stop and began < stop - LOG_SECOND:
            continue  # it ran: the restart mended something else
        starts = [entry["at"] for entry in of_meaning(turns, *TRIED)]
        if before[0].meaning in HIDDEN and not any(at > before[-1].at for at in starts):
            continue  # an access log does not tell that nobody was there: the unit's journal must
        from .down import why_down

        reason_id = why_down(log)
        name = name_of(owner.master)
        runs = "the master of %s runs since then (pid %s)" % (name, owner.master["pid"])
        oldest = case.snapshot["taken_at"] - case.snapshot["window"]
        again = _restarts([entry for entry in whole if entry["at"] >= oldest])
        proof = first_line(before) + [evidence("process", runs, at=started)]
        words = "%s was not running for a while and is back." % name
        state: State = "recovered"
        end = _end(name, unit, log) if again and reason_id == "stopped" else None
        if end:
            reason_id, words, state = end.reason_id, end.words, end.state
            proof += of_journal([end.line])
        if len(again) >= LOOP:  # what ends it is still there
            words = "%s ends again and again: systemd restarted it %d times by itself." % (name, len(again))
            state, reason_id = "active", "crashed"
            proof += of_journal(again[-1:])
        stops = of_meaning([entry for entry in whole if entry["at"] >= oldest], "unit_stopping")
        often = _stops_often(case, before, stops) if reason_id == "stopped" and not again else 0
        if often:
            words = "%s was stopped and started %d times, and each time requests were lost." % (name, often)
            state, reason_id = "active", "stopped_often"
            proof = first_line(before) + of_journal(stops[-1:])
        reason = Reason(
            words,
            proof,
            before,
            confidence="possible" if stop and edited_meanwhile(case, began, stop) else "likely",
            state=state,
            severity="warning",
            place=owner.place,
            explains=before + but_nearest(near(case.lost(CUT_OFF), [began], STOP_SECONDS), _ends(case)),
        )
        return Match(cause, reason_id, reason)
    return None
