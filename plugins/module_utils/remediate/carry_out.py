# Copyright (c) 2026 the webmedic.php_fpm authors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step on one host: tried first, then done, proven, and kept or put back. In check mode it is only tried
and shown.
"""

from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..change.difference import difference
from ..change.disk import Disk
from ..change.lock import STATE
from ..change.recovery import recover, shell
from ..change.transaction import Transaction, UndoFailed, check
from ..change.trial import deciding_line, trial
from ..collect.host import Host, HostError
from ..parse.redact import GONE, redact
from ..verdict.step import NoAcl, Refusal, Step
from . import preflight
from .launch import launch
from .rehearsal import start_of
from .running import Running


class Outcome(NamedTuple):
    """result: unchanged | would | refused | done | rolled_back | failed; backup: the directory with the files
    as they were before, when done. cut: running requests that it has cut.
    """

    result: str
    why: str
    files: List[str]
    commands: List[str]
    diff: List[Dict[str, str]]
    backup: Optional[str]
    cut: int = 0


# How a php-fpm without ACLs objects to a directive that it does not know.
_UNKNOWN_ACL = "unknown entry 'listen.acl_"


def tried(argv: Sequence[str]) -> str:
    """A trial's command, without the directives on nginx's command line."""
    return redact(shell([GONE if before == "-g" else word for before, word in zip([""] + list(argv), argv)]))


def complaint(step: Step, state: str = STATE) -> Optional[str]:
    """What a program objects to, or would load beside our change. A kill between two renames leaves the first
    few changes alone, so each such state must be accepted too.
    """
    why = preflight.objection(step, state)
    if why:
        return why
    for count in range(min(1, len(step.changes)), len(step.changes) + 1):
        for number, one in enumerate(step.trials):
            if one in step.trials[:number]:
                continue
            start = start_of(launch(Host(), one.unit)) if one.unit else None
            ran = trial(step.changes[:count], one.argv, one.silent, start=start)
            if ran.rc is None:
                return "`%s` could not be tried: %s" % (tried(one.argv), redact(ran.err))
            if ran.rc != 0:
                return "`%s`: %s" % (tried(one.argv), deciding_line(ran))
    return None


def way_of(step: Step, disk: Disk, check_mode: bool, state: str) -> Tuple[Step, Optional[str]]:
    """(the step, or where this host knows no ACL the first of its others that nothing speaks against; why it
    must not be taken).
    """
    whys: List[str] = []
    for way in [step] + list(step.otherwise):
        why: Optional[str] = None
        try:
            check(way, disk, check_mode)
            why = complaint(way, state)
        except NoAcl as error:
            whys.append(str(error))
            continue
        except (Refusal, HostError, OSError) as error:
            why = str(error)
        if why is None:
            return way, None
        whys.append(why)
        if not whys[1:] and _UNKNOWN_ACL not in why:
            break
    # What is in the way of the others is what a person can change.
    return step, "; ".join(dict.fromkeys(whys[1:] + whys[:1]))


def _do(
    step: Step, host: Host, disk: Disk, verify: Callable[[], Optional[str]], state: str, running: Running
) -> str:
    """Changes, commands and proof. Returns the backup's directory. Raises Refusal, HostError or OSError, and
    all of it must be put back then.
    """
    transaction = Transaction.begin(step, host, disk, state)
    transaction.replace()
    for command in step.commands:
        with running.counted(step):
            ran = transaction.run(command)
        if ran.rc != 0:
            raise Refusal("`%s` failed: %s" % (shell(command.do), deciding_line(ran)))
    why = verify()
    if why:
        raise Refusal(why)
    return transaction.keep()


def carry_out(
    step: Step,
    host: Host,
    disk: Disk,
    verify: Callable[[], Optional[str]],
    check_mode: bool,
    state: str = STATE,
    running: Optional[Running] = None,
) -> Outcome:
    """verify: asked when all is in place; a text says what is still wrong, and everything is put back.
    running: asked for a quiet moment.

    The caller holds the lock and has called settle(); neither is needed in check mode, which changes nothing.
    """
    step = step._replace(changes=[change for change in step.changes if change.before != change.after])
    if not step.changes and not step.commands:
        return Outcome("unchanged", "", [], [], [], None)
    step, why = way_of(step, disk, check_mode, state)
    running = running or Running(host)
    why = why or running.objection(step)
    if why:
        return Outcome("refused", why, [], [], [], None)
    intended = Outcome(
        "would",
        "",
        [change.path for change in step.changes],
        [shell(command.do) for command in step.commands],
        difference(step.changes),
        None,
    )
    if check_mode:
        return intended
    try:
        backup = _do(step, host, disk, verify, state, running)
        return intended._replace(result="done", backup=backup, cut=running.cut)
    except (Refusal, HostError, OSError) as error:
        why = str(error)
    except BaseException:
        recover(host, disk, state)
        raise
    try:
        cutting = step if any(command.undo for command in step.commands) else step._replace(cuts=None)
        with running.counted(cutting):
            undone = recover(host, disk, state)
    except (Refusal, UndoFailed, HostError, OSError) as error:
        why = "%s; and the way back failed: %s" % (why, error)
        return intended._replace(result="failed", cut=running.cut, why=why)
    if undone and undone.serves:
        serves = ", ".join(undone.serves)
        why = "%s; kept, since without it nobody would take requests at %s" % (why, serves)
        return intended._replace(result="done", backup=undone.backup, cut=running.cut, why=why)
    if undone and undone.left:
        why = (
            "%s; put back, but for %s, which someone else changed meanwhile: the content before is in %s"
            % (why, ", ".join(undone.left), undone.backup)
        )
        return intended._replace(result="failed", cut=running.cut, why=why)
    why = "%s; everything is as it was before" % why
    return intended._replace(result="rolled_back", cut=running.cut, why=why, diff=[])
