# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules of change share: one step under the host's lock, once what a killed run left is closed."""

import contextlib
from typing import TYPE_CHECKING, Callable, Dict, List, Optional

from ..change import managed
from ..change.disk import Disk
from ..change.left_behind import settle
from ..change.lock import STATE, lock
from ..change.record import left_open
from ..collect.endpoint.endpoints import collect_endpoints
from ..collect.host import Host
from ..collect.identity import running_identity
from ..collect.linux.processes import processes
from ..work.step import Refusal, Step
from .carry_out import UNTOUCHED, Outcome, Verify, carry_out
from .running import Running

if TYPE_CHECKING:
    from ..change.left_behind import Closed

PAUSE = 0.25
_WRONG = {
    "refused": "Nothing was changed",
    "rolled_back": "It did not work",
    "failed": "Look at this host now",
}
_FATES = {"kept": "kept", "left": "left to a person", "damaged": "put aside"}


def changed(outcome: Outcome) -> bool:
    return outcome.result in ("would", "done", "failed")


def _warning(closed: "Closed", check_mode: bool) -> str:
    by_hand = ". What would take it back: %s" % "; ".join(closed.by_hand) if closed.fate == "left" else ""
    return "A run that was killed had left a change open (%s of %s). It %s %s: %s%s." % (
        closed.name,
        closed.target,
        "would be" if check_mode else "was",
        _FATES.get(closed.fate, "put back"),
        closed.why,
        by_hand,
    )


def one_change(
    host: Host,
    make: Callable[[], Step],
    verify: Verify,
    check_mode: bool,
    warn: Callable[[str], None],
    state: str = STATE,
    running: Optional[Running] = None,
) -> Outcome:
    """make is called again under the lock: another change may have come first. warn: told what became of a
    change that a killed run had left open. running: asked for a quiet moment. The outcome's why, where it
    went well: what a person should know of it. Raises Refusal, Busy while another holds the lock, and
    UndoFailed.
    """
    step, disk = make(), Disk()
    # What a killed run left may be the very change that now seems to be there.
    if not step.changes and not step.commands and not (host.is_root() and left_open(disk, state)):
        return UNTOUCHED
    if not host.is_root():
        raise Refusal("only root can change %s and test it: become root" % step.target)
    with contextlib.ExitStack() as held:
        if not check_mode:
            held.enter_context(lock(state, disk))
        closed = settle(host, disk, state, not check_mode)
        if closed and closed.fate != "tidied":
            warn(_warning(closed, check_mode))
        step = make()
        step = step._replace(to_load=[*step.to_load, *(closed.in_force if closed else [])])
        why = managed.refusal(step, disk, managed.LEAVE, wanted=True)
        if why:
            raise Refusal(why)
        known = managed.warnings(step, disk)
        outcome = carry_out(step, host, disk, verify, check_mode, state, running)
        return outcome._replace(why=outcome.why or "; ".join(known))


def answering(host: Host, keys: List[str], seconds: float) -> List[str]:
    """Those of the endpoints at which a worker answers nginx's user now."""
    procs = processes(host)
    endpoints = collect_endpoints(host, keys, running_identity(host, procs), procs, seconds)
    return [key for key in keys if endpoints[key]["probe"]["result"] == "answered"]


def still_answering(host: Host, keys: List[str], seconds: float) -> Optional[str]:
    """None once all the endpoints answer; the first that does not, when so many seconds are over."""
    deadline = host.monotonic() + seconds
    while True:
        up = answering(host, keys, min(1.0, seconds))
        if len(up) == len(keys):
            return None
        if host.monotonic() >= deadline:
            return "nobody answers at %s" % next(key for key in keys if key not in up)
        host.sleep(PAUSE)


def failure(outcome: Outcome) -> Optional[str]:
    """Why the module has to fail, None when it has not."""
    return "%s: %s." % (_WRONG[outcome.result], outcome.why) if outcome.result in _WRONG else None


def reply(outcome: Outcome) -> Dict[str, object]:
    """The part of a module's return that all of them have."""
    return {
        "changed": changed(outcome),
        "diff": outcome.diff,
        "files": outcome.files,
        "commands": outcome.commands,
        "backup": outcome.backup,
    }
