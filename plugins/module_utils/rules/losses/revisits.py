# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether requests that were lost are seen to be answered: after a change, to the same visitors."""

from typing import TYPE_CHECKING, Iterable, List, NamedTuple, Optional, Sequence

from ...parse.php_fpm.zlog import QUIET
from ..case import Case, reconfigured, touched
from ..model import evidence
from ..seen import Owner

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.nginx import Nginx
    from ....plugin_utils.shapes.snapshot import Snapshot

FEWEST, SECONDS = 5, 3  # answers, and seconds in which they came
SETTLE = 30.0  # a dynamic pool starts its workers by ones and twos at first (fpm_process_ctl.c)
PROVEN = 300.0  # seconds within which a remediation proves its change and writes it down
MOST = 10  # failures for each of a request that did not come again
RARELY = 0.05
ENOUGH = 64  # failures to reckon with
CAME = "requests that were lost came %d times since the change was loaded, to visitors who had lost them"
ALIKE = "where each request was lost, they came %d times since the change was loaded"
DOUBT = "a change is loaded since; nothing shows that it mended this: too few of the lost requests came since"


class Outcome(NamedTuple):
    over: bool
    proof: "List[Evidence]"


def _chance(failed: int, before: int, came: int) -> float:
    """How probable it is that the last ones came by chance, where as many fail as before."""
    chance = 1.0
    for number in range(min(failed, ENOUGH)):
        chance *= (failed + before - number) / (failed + before + came - number)
    return chance


def _answers(events: Iterable["Event"], since: float) -> int:
    """0 where they prove nothing: nearly each request has to come, and seldom came before."""
    rows = [event.get("revisits") or [] for event in events]
    known = [row for each in rows for row in each]
    late = [[at for at in row["came"] if at > since] for row in known]
    times = [at for came in late for at in came]
    came = sum(row["each"] * len(of_row) for row, of_row in zip(known, late))
    failed = sum(row["failed"] for row in known)
    lacking = sum(row["failed"] for row, of_row in zip(known, late) if not of_row)
    if not all(rows) or lacking * MOST > failed or came < FEWEST or len(set(map(int, times))) < SECONDS:
        return 0
    before = sum(row["before"] + row["each"] * len(row["came"]) for row in known) - came
    return came if _chance(failed, before, came) < RARELY else 0


def of_pools(case: Case, events: Sequence["Event"], began: float) -> List[Outcome]:
    """A static pool that was full does not log it, nor how many workers it had: it may have more by now.

    began: epoch seconds of the last request that timed out.
    """
    return [
        _by_remediation(case.snapshot, owner, began) or since_change(events, owner.master["loaded_at"])
        for owner in case.running
        if _says_nothing_when_full(case, owner)
        and reconfigured(owner.master, began - SETTLE)
        and touched(case.snapshot, (owner.pool["file"], owner.master["config"]), began - SETTLE)
    ]


def _says_nothing_when_full(case: Case, owner: Owner) -> bool:
    quiet = owner.master["log_level"] in QUIET or "fpm_log" in case.seen.blind
    return quiet or owner.pool["pm"] not in ("dynamic", "ondemand")


def _by_remediation(snapshot: "Snapshot", owner: Owner, began: float) -> Optional[Outcome]:
    """Where a remediation gave the pool more workers after began. Its ledger names the unit alone."""
    file, master = owner.pool["file"], owner.master
    at = snapshot["logs"].get("resized", {}).get(master["unit"] or "", 0.0)
    changed = snapshot.get("changed_files", {}).get(file or "", 0.0)
    shared = [pool["file"] for pool in master["pools"]].count(file) > 1
    if shared or not began < changed <= at < changed + PROVEN:
        return None
    return Outcome(True, [evidence("file", "a remediation gave the pool more workers since", file)])


def since_reload(events: Sequence["Event"], nginx: "Nginx") -> Outcome:
    return since_change(events, nginx["loaded"]["at"] if "loaded" in nginx else None)


def since_change(events: Sequence["Event"], since: Optional[float]) -> Outcome:
    """events: of nginx's log, before a change that may have mended it. since: when that was loaded."""
    each = {id(event): event for event in events}.values()
    came = _answers(each, since) if since else 0
    words = ALIKE if any("alike" in row for event in each for row in event.get("revisits") or []) else CAME
    return Outcome(came > 0, [evidence("nginx_access", words % came if came else DOUBT)])
