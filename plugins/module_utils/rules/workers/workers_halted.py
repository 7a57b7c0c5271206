# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes of php-fpm are there and do not run: stopped, traced, frozen, or in an uninterruptible wait."""

from typing import TYPE_CHECKING, Dict, List, Optional

from ...signatures.lookup import meanings
from ...signatures.nginx import QUEUE_FULL
from ..case import Case
from ..model import NOTHING, Answer, Cause, Rule, ids
from ..seen import Seen

if TYPE_CHECKING:
    from ....plugin_utils.shapes.memory import Halted

CAUSE = Cause("workers_halted", ids("disk_wait frozen master_halted stopped traced"))
DELAYED = QUEUE_FULL | meanings("timed_out", "send_timed_out", "gateway_timeout", "broken_off")
DISK_WAIT = "disk_wait"


def _by_pid(seen: Seen) -> Dict[int, "Halted"]:
    return {process["pid"]: process for process in seen.snapshot.get("halted") or []}


def halted_of(case: Case) -> List["Halted"]:
    """Workers of the pools behind an endpoint."""
    if not case.snapshot.get("halted"):
        return []
    known = case.seen.once(_by_pid)
    pids = [worker["pid"] for owner in case.running for worker in case.workers(owner)]
    return [known[pid] for pid in pids if pid in known]


def master_of(case: Case) -> Optional["Halted"]:
    known = case.seen.once(_by_pid)
    masters = [known.get(owner.master["pid"] or 0) for owner in case.running]
    return next(filter(None, masters), None)


def _remote_files(case: Case) -> Dict[int, str]:
    if not case.snapshot.get("waits"):
        return {}
    from .waiting import remote_files

    return remote_files(case)


def wait_behind(case: Case) -> bool:
    """Whether those in state D wait for the server of a file system, or for another worker that does."""
    return {process["kind"] for process in halted_of(case)} == {DISK_WAIT} and bool(_remote_files(case))


def is_halted(case: Case) -> bool:
    """Whether so many workers do not run, or are not started, that the others tell nothing of the pool's
    size.
    """
    if not case.snapshot.get("halted") or wait_behind(case):
        return False
    halted, total = halted_of(case), sum(len(case.workers(owner)) for owner in case.running)
    return 2 * len(halted) >= total if halted else not total and master_of(case) is not None


def _all_run(case: Case) -> Answer:
    seen = case.snapshot.get("halted") and case.running
    return None if seen and (halted_of(case) or master_of(case)) else NOTHING


def _halted(case: Case) -> Answer:
    from .halts import halted

    return halted(case)


RULE = Rule("workers_halted", (CAUSE,), (_all_run, _halted))
