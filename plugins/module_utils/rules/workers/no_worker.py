# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pool that gets no workers: php-fpm cannot make another process, or each ends as it starts."""

import errno
from typing import TYPE_CHECKING, List, Optional, Tuple

from ...signatures.lookup import meanings
from ...signatures.php_fpm import EXIT_SOFTWARE
from ..case import Case
from ..model import evidence, sample
from ..seen import Owner
from .held import Held

if TYPE_CHECKING:
    from ....plugin_utils.shapes.finding import Evidence
    from ....plugin_utils.shapes.logs import Event
    from ....plugin_utils.shapes.waits import ProcessLimit

NO_WORKER, ENDED = meanings("no_worker"), meanings("gave_up", "filtered")
JUST_NOW = 60.0  # seconds: php-fpm tries again each second, or at each request
AT_ONCE = 3.0  # seconds: 4 ms are usual, but a busy host keeps a worker waiting
FEWEST = 2  # ends


def _newest(case: Case, events: List["Event"]) -> Optional["Event"]:
    """The last one, if that was just now."""
    newest = max(events, key=lambda event: event["last"], default=None)
    recent = newest is not None and case.snapshot["taken_at"] - newest["last"] <= JUST_NOW
    return newest if recent else None


def _limit_words(limit: "ProcessLimit") -> str:
    group = limit["path"].rpartition("/")[2]
    if group.endswith((".service", ".slice", ".scope")):
        return "TasksMax=%d of %s" % (limit["limit"], group)
    return "a limit of %d processes (pids.max) of control group %s" % (limit["limit"], limit["path"])


def cannot_fork(case: Case, owner: Owner) -> Optional[Held]:
    newest = _newest(case, case.fpm_events(NO_WORKER, of_pools=False))
    limit = owner.pool["max_children"]
    if newest is None or limit is None or len(case.workers(owner)) >= limit:
        return None
    waits = case.snapshot.get("waits")
    reached = waits.get("process_limit") if waits else None
    proof: List["Evidence"] = [sample(newest)]
    why = "the kernel gives it no other process"
    if newest["detail"].get("errno") == errno.ENOMEM:
        why = "the kernel has no memory for another process"
    elif reached:
        text = "%d processes of at most %d" % (reached["processes"], reached["limit"])
        proof.append(evidence("cgroup", text, reached["path"] + "/pids.max"))
        why = "%s is reached" % _limit_words(reached)
    numbers = (owner.pool["name"], len(case.workers(owner)), limit, why)
    words = "Pool %s has %d workers and may have %d, but php-fpm cannot start another: %s." % numbers
    return Held("cannot_fork", "", proof, bool(reached), instead=words)


def _unfit(case: Case, owner: Owner) -> Tuple[str, List["Evidence"]]:
    """(why they end, its proof)."""
    waits, place = case.snapshot.get("waits"), (owner.master["config"], owner.pool["name"])
    for setup in waits.get("setups", ()) if waits else ():
        if (setup["config"], setup["pool"]) != place:
            continue
        if setup["directory"]:
            proof = evidence("file", "%s is not there" % setup["directory"], setup["directory"])
            return ": %s, in which they are to work, is not there" % setup["directory"], [proof]
        if setup["capabilities"]:
            names = " and ".join(setup["capabilities"])
            text = "the master (pid %s) is without %s" % (owner.master["pid"], names)
            return ": php-fpm may not make them another user's without %s" % names, [evidence("proc", text)]
    return "", []


def ends_at_start(case: Case, owner: Owner) -> Optional[Held]:
    """php-fpm tells why a worker could not be set up to nobody: its log is closed in the worker by then."""
    ends = [
        event
        for event in case.fpm_events(ENDED)
        if event["detail"].get("code") in (EXIT_SOFTWARE, None)
        if event["detail"].get("seconds", AT_ONCE) < AT_ONCE
    ]
    newest = _newest(case, ends)
    if newest is None or newest["count"] < FEWEST or case.answers:
        return None
    why, proof = _unfit(case, owner)
    how = "exit code %d" % EXIT_SOFTWARE if "code" in newest["detail"] else "SIGSYS, by SystemCallFilter="
    words = "Each worker of pool %s ends as it starts (%s after %.3f s)%s."
    numbers = (owner.pool["name"], how, newest["detail"]["seconds"], why)
    return Held("ends_at_start", "", [sample(newest)] + proof, bool(proof), instead=words % numbers)
