# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules of change share: one step under the host's lock, after what a killed run left has been
closed.
"""

from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

from ..change import managed
from ..change.disk import Disk
from ..change.lock import STATE, lock
from ..change.transaction import left_open
from ..collect.endpoint.endpoints import collect_endpoints
from ..collect.host import Host
from ..collect.identity import running_identity
from ..collect.linux.processes import processes
from ..verdict.step import Refusal, Step
from .carry_out import Outcome, carry_out

if TYPE_CHECKING:
    from ..change.left_behind import Closed

PAUSE = 0.25
_WRONG = {
    "refused": "Nothing was changed",
    "rolled_back": "It did not work",
    "failed": "Look at this host now",
}


def quiet(module: Any, option: str, shown: object) -> None:
    """What the engine prints of an option that may hold a secret. Its own no_log would blot out each "4" of
    the reply, if that is a value.
    """
    module.no_log_values.clear()
    module.params[option] = shown


def changed(outcome: Outcome) -> bool:
    return outcome.result in ("would", "done", "failed")


def _close(
    host: Host, disk: Disk, check_mode: bool, warn: Callable[[str], None], state: str
) -> "Optional[Closed]":
    """What a killed run left is closed, or in check mode only judged, and told."""
    if not left_open(state):
        return None
    from ..change.left_behind import TIDIED, pending, settle  # pylint: disable=import-outside-toplevel  # few hosts need it compiled

    found = pending(host, state) if check_mode else settle(host, disk, state)
    if not found or found.fate == TIDIED:
        return None
    fate = {"kept": "kept", "left": "left to a person", "damaged": "put aside"}.get(found.fate, "put back")
    by_hand = ". What would take it back: %s" % "; ".join(found.by_hand) if found.fate == "left" else ""
    warn(
        "A run that was killed had left a change open (%s of %s). It %s %s: %s%s."
        % (found.name, found.target, "would be" if check_mode else "was", fate, found.why, by_hand)
    )
    return found


def one_change(
    host: Host,
    make: Callable[[], Step],
    verify: Callable[[], Optional[str]],
    check_mode: bool,
    warn: Callable[[str], None],
    state: str = STATE,
) -> Outcome:
    """make is called again under the lock: another change may have come first. warn: told what became of a
    change that a killed run had left open. The outcome's why, where it went well: what a person should know
    of it. Raises Refusal, Busy while another holds the lock, and UndoFailed.
    """
    step = make()
    # What a killed run left may be the very change that now seems to be there.
    if not step.changes and not step.commands and not (host.is_root() and left_open(state)):
        return Outcome("unchanged", "", [], [], [], None)
    if not host.is_root():
        raise Refusal("only root can change %s and test it: become root" % step.target)
    disk = Disk()
    if check_mode:
        return _carried(make, host, disk, verify, True, warn, state)
    with lock(state, disk):
        return _carried(make, host, disk, verify, False, warn, state)


def _carried(
    make: Callable[[], Step],
    host: Host,
    disk: Disk,
    verify: Callable[[], Optional[str]],
    check_mode: bool,
    warn: Callable[[str], None],
    state: str,
) -> Outcome:
    closed = _close(host, disk, check_mode, warn, state)
    step = make()
    step = step._replace(meant=[*step.meant, *(closed.in_force if closed else [])])
    why = managed.objection(step, disk, managed.LEAVE, asked=True)
    if why:
        raise Refusal(why)
    known = managed.warnings(step, disk)
    outcome = carry_out(step, host, disk, verify, check_mode, state)
    return outcome._replace(why=outcome.why or "; ".join(known))


def answering(host: Host, keys: List[str], seconds: float) -> List[str]:
    """Those of the endpoints at which a worker answers nginx's user now."""
    procs = processes(host)
    found = collect_endpoints(host, keys, running_identity(host, procs), procs, seconds)
    return [name for name in keys if found[name]["probe"]["result"] == "answered"]


def still_answering(host: Host, keys: List[str], seconds: float) -> Optional[str]:
    """None once all the endpoints answer; the first that does not, when that has not come within so many
    seconds.
    """
    deadline = host.monotonic() + seconds
    while True:
        up = answering(host, keys, min(1.0, seconds))
        if len(up) == len(keys):
            return None
        if host.monotonic() >= deadline:
            return "nobody answers at %s" % next(name for name in keys if name not in up)
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
