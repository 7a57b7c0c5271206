# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers that died in a request."""

from typing import TYPE_CHECKING, Callable, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from ...parse.php_fpm.pools import ZONEINFO
from ...parse.timestamps import RING_DRIFT, SAME_MOMENT
from ...signatures.lookup import meanings
from ..case import CUT_OFF, KILLED, Case
from ..model import Match, Reason, but_nearest, evidence, near, sample, times_of
from .ends import killed_by_others
from .invalid_response import CAUSE

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.memory import Segfault

NX = 0x15  # x86: a page that may not run
BY_JIT = "it ran code of PHP's JIT compiler (opcache.jit)"
BY_NX = ", where its memory may not be run: see MemoryDenyWriteExecute= of the unit, or SELinux"

# What ran lay in opcache's shared memory, which is code of its JIT alone.
JIT_CODE = "dev/zero"


class Death(NamedTuple):
    """How a worker ended in a request, by php-fpm's own log (fpm_children.c): words, so likely at most."""

    reason: str
    meanings: FrozenSet[str]
    words: str
    needs_loss: bool = False  # a worker may end so while idle. PHP's own faults strike while it runs
    unsure_words: str = ""  # where the kernel's log was not read; "": that tells nothing else
    times: Callable[[Case], Optional[Sequence[float]]] = lambda case: None  # None: all that are logged
    # Words behind what is said of it, and proof.
    show: Callable[[Case, Sequence["Event"]], Tuple[str, List["Evidence"]]] = lambda case, events: ("", [])


def _jit_code(fault: "Segfault") -> "Evidence":
    return evidence("kernel", BY_JIT + (BY_NX if fault.get("error") == NX else ""))


def _segfault(case: Case, events: Sequence["Event"]) -> List["Evidence"]:
    """The kernel's line names the library that crashed. Containers share its ring, so it only adds. A
    stranger's program may be called so, too.
    """
    oom, times = case.snapshot["oom"], times_of(events)
    pids = {pid for event in events for pid in event["pids"]} if oom.get("own_pids") else set()
    for fault in oom.get("segfaults") or []:
        if pids and fault["pid"] not in pids:
            continue
        if any(abs(fault["at"] - at) <= RING_DRIFT for at in times):
            proof = [evidence("kernel", fault["text"], at=fault["at"])]
            if fault["module"] == JIT_CODE:
                proof.append(_jit_code(fault))
            return proof
    return []


def _crash(case: Case, events: Sequence["Event"]) -> Tuple[str, List["Evidence"]]:
    proof = _segfault(case, events)
    if not case.owner or not case.owner.pool.get("zoneless"):
        return "", proof
    lacks = evidence("file", "PHP of Debian or Fedora crashes without it, at a date", ZONEINFO)
    return "; its chroot has no " + ZONEINFO, proof + [lacks]


DEATHS = (
    Death("segfault", meanings("crashed"), "crashed", show=_crash),
    Death("system_call", meanings("filtered"), "was ended by a filter of system calls (SIGSYS)"),
    Death("resource_limit", meanings("limited"), "was ended at a limit of its processes (see setrlimit(2))"),
    Death("hard_timeout", meanings("hard_timeout"), "ended itself at PHP's hard_timeout"),
    # exit(1) is a heap that is broken or out of memory, 70 a request that could not begin, 255 a bailout. An
    # extension exits with whatever code.
    Death("exit_code", meanings("gave_up"), "ended itself with an error code", needs_loss=True),
    Death(
        "killed",
        KILLED,
        "was killed with SIGKILL, not by the OOM killer,",
        needs_loss=True,
        unsure_words="was killed with SIGKILL, by whom is not known,",
        times=killed_by_others,
    ),
)


def _times(case: Case, death: Death) -> Sequence[float]:
    times = death.times(case)
    return times_of(case.fpm_events(death.meanings)) if times is None else times


def _death(case: Case, death: Death) -> Optional[Match]:
    events, times = case.fpm_events(death.meanings), _times(case, death)
    others = [at for other in DEATHS if times and other is not death for at in _times(case, other)]
    lost = near(case.lost(CUT_OFF, perhaps=True) + case.early, times, SAME_MOMENT)
    lost = but_nearest(lost, sorted(others))
    if not times or not lost and (case.unheard is None or death.needs_loss):
        return None
    unsure = death.unsure_words if "kernel_log" in case.seen.blind else ""
    when = "in the middle of a request" if lost else "and no log tells of requests that were lost"
    pool, (more, proof) = events[0]["pool"], death.show(case, events)
    reason = Reason(
        "A worker of pool %s %s %s%s." % (pool, unsure or death.words, when, more),
        [sample(events[-1]), *proof] + [sample(loss.event) for loss in lost[-1:]],
        lost,
        confidence=case.sure_of_log("possible" if unsure else "likely"),
        severity="warning",
        place=case.place._replace(pool=pool),
        since=min(times),
    )
    return Match(CAUSE, death.reason, reason)


def deaths(case: Case) -> Optional[List[Match]]:
    return [match for match in (_death(case, death) for death in DEATHS) if match] or None
