# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A php-fpm master that runs again: what was lost while it did not."""

from bisect import bisect
from typing import TYPE_CHECKING, List, NamedTuple, Optional, Sequence

from ...parse.linux.unit_starts import (
    BEGUN,
    ENDED,
    LIMIT_REACHED,
    MAIN_ENDED,
    STARTED,
    STOPPING,
    TURNS,
    of_meaning,
)
from ...parse.timestamps import LOG_SECOND, SAME_MOMENT
from ...signatures.lookup import meanings
from ...signatures.nginx import HIDDEN
from ...signatures.php_fpm import WORKER_ENDED
from ..case import CUT_OFF, NOBODY_THERE, Case
from ..losses.stops import STOP_SECONDS, edited_meanwhile
from ..model import Cause, Loss, Match, Reason, State, but_nearest, evidence, first_line, near, times_of
from ..seen import Owner
from .whereabouts import name_of, of_journal

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.unit import UnitLine

ENDS = WORKER_ENDED | meanings("terminated")
_NOT_STARTED, _AGAIN = map(meanings, ("unit_not_started", "restarted"))
LOOP = 3  # automatic restarts in the window, or stops that lost requests


def _ends(case: Case) -> List[float]:
    """Of workers. php-fpm logs none that its own stop brought about."""
    return times_of(case.fpm_events(ENDS))


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
        if meaning in STARTED:
            ran = True
        elif meaning in _NOT_STARTED:
            ran = False
        elif meaning in _AGAIN and ran:
            found.append(entry)
    return found


class Outage(NamedTuple):
    """A master that was not running, and is back."""

    case: Case
    owner: Owner
    lost: Sequence[Loss]  # while it was not
    journal: Sequence["UnitLine"]  # of its unit
    log: Sequence["UnitLine"]  # the part from shortly before the first loss

    @property
    def name(self) -> str:
        return name_of(self.owner.master)

    @property
    def why(self) -> str:
        """The reason, by php-fpm's own lines."""
        from .down import why_down

        return why_down(self.log)

    @property
    def recent(self) -> List["UnitLine"]:
        """The journal within the window."""
        oldest = self.case.snapshot["taken_at"] - self.case.snapshot["window"]
        return [entry for entry in self.journal if entry["at"] >= oldest]

    @property
    def runs(self) -> "Evidence":
        words = "the master of %s runs since then (pid %s)" % (self.name, self.owner.master["pid"])
        return evidence("process", words, at=self.owner.master["started_at"])


class End(NamedTuple):
    """How it came to be down."""

    reason_id: str
    words: str
    state: State
    proof: "List[Evidence]"


def _ended(outage: Outage) -> Optional[End]:
    """Ended by a limit or a signal, and started again by systemd."""
    if not _restarts(outage.recent) or outage.why != "stopped":
        return None
    limits = outage.owner.state.get("limits") or {}
    named = ["%s=%s" % (each, limits[each]) for each in ("RuntimeMaxSec", "WatchdogSec") if each in limits]
    for line in reversed(outage.log):
        meaning, proof = line.get("meaning"), [outage.runs, *of_journal([line])]
        if meaning in LIMIT_REACHED and named:
            words = "systemd ended %s by %s and started it again: it will do so each time."
            return End("limit_reached", words % (outage.name, " or ".join(named)), "active", proof)
        if meaning in MAIN_ENDED and line["places"][:1] in (["killed"], ["dumped"]):
            words = "the master of %s ended by signal %s, and systemd started it again."
            return End("crashed", words % (outage.name, line["places"][2]), "recovered", proof)
    return None


def _ends_often(outage: Outage) -> Optional[End]:
    """What ends it is still there."""
    again = _restarts(outage.recent)
    if len(again) < LOOP:
        return None
    end = _ended(outage)
    words = "%s ends again and again: systemd restarted it %d times by itself." % (outage.name, len(again))
    return End("crashed", words, "active", (end.proof if end else [outage.runs]) + of_journal(again[-1:]))


def _stopped_often(outage: Outage) -> Optional[End]:
    """By a timer or a monitor, at the cost of requests, and not long ago."""
    if outage.why != "stopped" or _restarts(outage.recent):
        return None
    stops = of_meaning(outage.recent, STOPPING)
    times = [line["at"] for line in stops]
    before = {bisect(times, loss.at + LOG_SECOND) for loss in outage.lost}
    cost = sorted({times[number - 1] for number in before if number})
    longest = max([later - at for at, later in zip(cost, cost[1:])], default=0.0)
    if len(cost) < LOOP or outage.case.snapshot["taken_at"] - cost[-1] > 2 * longest:
        return None
    words = "%s was stopped and started %d times, and each time requests were lost."
    return End("stopped_often", words % (outage.name, len(cost)), "active", of_journal(stops[-1:]))


def _once(outage: Outage) -> End:
    words = "%s was not running for a while and is back." % outage.name
    return End(outage.why, words, "recovered", [outage.runs])


ENDINGS = (_ends_often, _ended, _stopped_often, _once)


def _stop_after(journal: Sequence["UnitLine"], began: float) -> Optional[float]:
    """When the master was stopped that ran as the first request was lost."""
    turns = of_meaning(journal, TURNS)
    earlier = [entry for entry in turns if entry["at"] < began - LOG_SECOND]
    ran = not earlier or earlier[-1].get("meaning") in STARTED
    later = turns[len(earlier) : len(earlier) + 1]
    return next((entry["at"] for entry in later if ran and entry.get("meaning") in STOPPING), None)


def _outage(case: Case, owner: Owner, lost: Sequence[Loss]) -> Optional[Outage]:
    """None where the master ran as requests were lost, or nobody knows."""
    started = owner.master["started_at"]
    if started is None or not lost or any(loss.at > started + LOG_SECOND for loss in lost):
        return None
    journal = owner.state.get("log") or []
    log = [entry for entry in journal if lost[0].at - STOP_SECONDS <= entry["at"]]
    stop = _stop_after(journal, lost[0].at)
    if stop and lost[0].at < stop - LOG_SECOND:
        return None  # the restart mended something else
    # An access log does not tell that nobody was there: the unit's journal must.
    # Where it tells of no stop either, a loss in the second of the start may have come after it.
    over = lost[-1].at + (0.0 if of_meaning(log, STOPPING | ENDED) else LOG_SECOND)
    if lost[0].meaning in HIDDEN and not any(entry["at"] > over for entry in of_meaning(log, BEGUN)):
        return None
    return Outage(case, owner, lost, journal, log)


def _reason(outage: Outage, end: End) -> Reason:
    case, lost, began = outage.case, list(outage.lost), outage.lost[0].at
    stop = _stop_after(outage.journal, began)
    return Reason(
        end.words,
        first_line(lost) + end.proof,
        lost,
        confidence="possible" if stop and edited_meanwhile(case, began, stop) else "likely",
        state=end.state,
        severity="warning",
        place=outage.owner.place,
        explains=lost + but_nearest(near(case.lost(CUT_OFF), [began], STOP_SECONDS), _ends(case)),
    )


def was_down(case: Case, cause: Cause) -> Optional[Match]:
    """Losses that ended when the master started: that cannot be forged, as a log line can."""
    if not case.is_let_in:
        return None
    dead = set(case.half_dead)  # those are lost still
    lost = [loss for loss in case.lost(NOBODY_THERE) if loss.event["endpoint"] not in dead]
    lost = lost or ([] if dead else _unanswered(case))
    outage = next(filter(None, (_outage(case, owner, lost) for owner in case.running)), None)
    if outage is None:
        return None
    end = next(filter(None, (ending(outage) for ending in ENDINGS)))
    return Match(cause, end.reason_id, _reason(outage, end))
