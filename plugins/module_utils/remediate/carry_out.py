# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step on one host: tried first, then done, proven, and kept or put back. In check mode it is only tried
and shown.
"""

from typing import TYPE_CHECKING, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..change.difference import difference
from ..change.disk import Disk
from ..change.lock import STATE
from ..change.record import UndoFailed
from ..change.recovery import recover, shell
from ..change.transaction import Transaction, check
from ..change.trial import deciding_line, trial
from ..collect.host import Host, HostError
from ..parse.redact import GONE, redact
from ..work.step import NoAcl, Refusal, Refused, Step
from . import preflight
from .launch import launch
from .rehearsal import start_of
from .running import Running

if TYPE_CHECKING:
    from ...plugin_utils.shapes.remediation import ActionResult, RefusalKind

Verify = Callable[[], Optional[str]]


class Outcome(NamedTuple):
    result: "ActionResult"  # not skipped
    why: str
    files: List[str]
    commands: List[str]
    diff: List[Dict[str, str]]
    backup: Optional[str]  # when done: the directory with the files as they were before
    cut: int = 0  # requests that it has cut
    refusal_kind: "Optional[RefusalKind]" = None


UNTOUCHED = Outcome("unchanged", "", [], [], [], None)
# How a php-fpm without ACLs objects to a directive that it does not know.
_UNKNOWN_ACL = "unknown entry 'listen.acl_"


def untouched(result: "ActionResult", refused: Refused) -> Outcome:
    return UNTOUCHED._replace(result=result, why=refused.why, refusal_kind=refused.kind)


class _NoWayBack(Refusal):
    """A restart failed, and no command takes that back: its unit may be down."""


def trial_words(argv: Sequence[str]) -> str:
    """A trial's command, without the directives on nginx's command line."""
    return redact(shell([GONE if before == "-g" else word for before, word in zip([""] + list(argv), argv)]))


def trial_refusal(step: Step, state: str = STATE) -> Optional[str]:
    """What a program objects to, or would load beside our change. Raises NoAcl."""
    return preflight.step_refusal(step, state) or _objection(step)


def _objection(step: Step) -> Optional[str]:
    """Of a program that is tried. A kill between two renames leaves only the first changes in place: each
    such state must be accepted, too. Raises NoAcl where it is an ACL.
    """
    trials = [test for number, test in enumerate(step.trials) if test not in step.trials[:number]]
    for count in range(min(1, len(step.changes)), len(step.changes) + 1):
        for test in trials:
            start = start_of(launch(Host(), test.unit)) if test.unit else None
            ran = trial(step.changes[:count], test.argv, test.silent, start=start)
            if ran.rc is None:
                return "`%s` could not be tried: %s" % (trial_words(test.argv), redact(ran.err))
            if ran.rc != 0:
                line = deciding_line(ran)
                why = "`%s`: %s" % (trial_words(test.argv), line)
                if _UNKNOWN_ACL in line:
                    raise NoAcl(why)
                return why
    return None


def _open_way(step: Step, disk: Disk, check_mode: bool, state: str) -> Tuple[Step, Optional[str]]:
    """(the step, why it is refused). Where this host knows no ACL: the first of its other ways that nothing
    refuses.
    """
    whys: List[str] = []
    for way in [step] + list(step.otherwise):
        why: Optional[str] = None
        try:
            check(way, disk, check_mode)
            why = trial_refusal(way, state)
        except NoAcl as error:
            whys.append(str(error))
            continue
        except (Refusal, HostError, OSError) as error:
            why = str(error)
        if why is None:
            return way, None
        whys.append(why)
        if not whys[1:]:
            break
    # A person can change what refuses the others.
    return step, "; ".join(dict.fromkeys(whys[1:] + whys[:1]))


def _do(step: Step, host: Host, disk: Disk, verify: Verify, state: str, running: Running) -> str:
    """Changes, commands and proof. Returns the backup's directory. Raises Refusal, HostError or OSError; then
    all of it must be put back.
    """
    transaction = Transaction.begin(step, host, disk, state)
    transaction.replace()
    for command in step.commands:
        with running.counted(step):
            ran = transaction.run(command)
        if ran.rc != 0:
            refusal = _NoWayBack if "restart" in command.do and not command.undo else Refusal
            raise refusal("`%s` failed: %s" % (shell(command.do), deciding_line(ran)))
    why = verify()
    if why:
        raise Refusal(why)
    return transaction.keep()


def _put_back(
    step: Step, error: Exception, intended: Outcome, host: Host, disk: Disk, state: str, running: Running
) -> Outcome:
    """error: what went wrong."""
    why = str(error)
    cutting = step if any(command.undo for command in step.commands) else step._replace(cuts=None)
    try:
        with running.counted(cutting):
            back = recover(host, disk, state)
    except (Refusal, UndoFailed, HostError, OSError) as another:
        return intended._replace(result="failed", why="%s; and the way back failed: %s" % (why, another))
    if back and back.serves:
        places = ", ".join(back.serves)
        why += "; kept, since without it nobody would take requests at %s" % places
        return intended._replace(result="done", backup=back.backup, why=why)
    if back and back.started:
        why += "; %s had ended by itself, and was started again" % ", ".join(back.started)
    if back and back.left:
        why += "; put back, but for %s, which someone else changed meanwhile: the content before is in %s" % (
            ", ".join(back.left),
            back.backup,
        )
        return intended._replace(result="failed", why=why)
    if isinstance(error, _NoWayBack):
        why += "; a restart cannot be taken back: see whether it runs now"
        return intended._replace(result="failed", why=why)
    why += "; everything is as it was before"
    return intended._replace(result="rolled_back", why=why, diff=[])


def carry_out(
    step: Step,
    host: Host,
    disk: Disk,
    verify: Verify,
    check_mode: bool,
    state: str = STATE,
    running: Optional[Running] = None,
) -> Outcome:
    """verify: asked when all is in place; a text says what is still wrong, and everything is put back.
    running: asked for a quiet moment.

    The caller has called left_behind.settle(), and holds the lock; check mode needs none.
    """
    step = step._replace(changes=[change for change in step.changes if change.before != change.after])
    if not step.changes and not step.commands:
        return UNTOUCHED
    step, why = _open_way(step, disk, check_mode, state)
    running = running or Running(host)
    refused = Refused("trial", why) if why else running.refusal(step)
    if refused:
        return untouched("refused", refused)
    files, commands = [change.path for change in step.changes], [shell(each.do) for each in step.commands]
    intended = Outcome("would", "", files, commands, difference(step.changes), None)
    if check_mode:
        return intended
    try:
        backup = _do(step, host, disk, verify, state, running)
        return intended._replace(result="done", backup=backup, cut=running.cut)
    except (Refusal, HostError, OSError) as error:
        outcome = _put_back(step, error, intended, host, disk, state, running)
        return outcome._replace(cut=running.cut)
    except BaseException:
        recover(host, disk, state)
        raise
